/* Running out of memory: every allocation of a fit made to fail in turn, alone and with all that follow. What comes back
 * is E_NOMEM with a message, or a report that lacks nothing; nothing leaks, which AddressSanitizer sees. */
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/analysis.h"

static void fill(struct fit_table *t)
{
    struct err err;
    struct rng rng = rng_make(3, RNG_TEST, 0, 0);
    EXPECT_OK(fit_table_init(t, 12, &err));
    for (size_t i = 0; i < t->n; i++) {
        double n = 1e5 * pow(4, (double)(i % 3)), d = 2e6 * pow(4, (double)(i / 3));
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_LOSS][i] = (1.8 + 480 / pow(n, 0.35) + 2100 / pow(d, 0.37)) * exp(0.003 * rng_normal(&rng));
    }
}

static bool same(const struct fit_value *a, const struct fit_value *b)
{
    const double x[] = {a->value, a->se, a->lo, a->hi}, y[] = {b->value, b->se, b->lo, b->hi};
    for (size_t i = 0; i < 4; i++)
        if (!(x[i] == y[i] || (isnan(x[i]) && isnan(y[i]))))
            return false;
    return true;
}

/* Laws, intervals, frontier, and as many sentences. */
static bool complete(const struct fit_report *r, const struct fit_report *whole)
{
    if (r->laws.n != whole->laws.n || r->notes.n != whole->notes.n || r->warnings.n != whole->warnings.n ||
        r->verdict.lines.n != whole->verdict.lines.n || r->methods.n != whole->methods.n)
        return false;
    for (size_t i = 0; i < r->laws.n; i++)
        for (size_t j = 0; j < r->laws.at[i].law->n_params; j++)
            if (!same(&r->laws.at[i].params[j], &whole->laws.at[i].params[j]))
                return false;
    return same(&r->frontier.e, &whole->frontier.e) && same(&r->frontier.g, &whole->frontier.g) &&
           same(&r->frontier.n_exponent, &whole->frontier.n_exponent);
}

static void every_allocation_fails(void)
{
    struct fit_table t;
    struct fit_report whole, r;
    struct fit_options o = fit_options_default();
    struct err err;
    o.law = "chinchilla";
    o.bootstrap = 20;
    o.break_sims = 20;
    if (!wrap_works())
        return;
    fill(&t);
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(fit_analyse(&whole, &t, &o, &err));
    size_t n = wrap_stop(), tried = 0, refused = 0;
    EXPECT_MSG(n > 50, "%zu allocations", n);
    for (size_t k = 0; k < 2 * n && !test_failed(); k++) {
        if (test_slow() && k % 2 != k / 2 % 2)
            continue; /* each in one of the two ways */
        err.msg[0] = '\0';
        wrap_fail(k / 2, k % 2);
        enum status st = fit_analyse(&r, &t, &o, &err);
        wrap_stop();
        tried++;
        refused += st == E_NOMEM;
        EXPECT_MSG(st == OK ? complete(&r, &whole) : st == E_NOMEM && strstr(err.msg, "memory"),
                   "allocation %zu of %zu: status %d, '%s'", k / 2 + 1, n, (int)st, err.msg);
        fit_report_free(&r);
    }
    EXPECT_MSG(refused > tried / 2, "%zu of %zu refused", refused, tried);
    fit_report_free(&whole);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"every_allocation_fails", every_allocation_fails}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
