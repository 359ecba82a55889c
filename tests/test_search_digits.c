/* The search for a law's optimum on small and awkward tables: what is printed does not hang on the eleventh digit of the losses.
 * Subsets of simulated tables, and of the public ones where those are present. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "search_samples.h"

static size_t n_settled, n_unsettled;

/* One unit of the sixth digit, the last that is printed. */
static double unit(double v)
{
    return v == 0 ? 0 : pow(10, floor(log10(fabs(v))) - 5);
}

static void round_losses(struct sample *s, size_t k)
{
    struct solve_result a, b;
    struct err err;
    double x[LAW_MAX_PARAMS], y[LAW_MAX_PARAMS], rounded[MAX_ROWS];
    EXPECT_OK(search_global(&a, &s->q, &err));
    for (size_t i = 0; i < s->q.n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.10g", s->loss[i]);
        rounded[i] = strtod(text, NULL);
    }
    set_losses(s, rounded);
    EXPECT_OK(search_global(&b, &s->q, &err));
    law_external(x, s->q.law, a.p, &s->q.centre);
    law_external(y, s->q.law, b.p, &s->q.centre);
    for (size_t j = 0; j < s->q.law->n_params; j++) {
        bool settled = a.converged && b.converged && !((a.unsettled | b.unsettled) >> j & 1);
        n_settled += settled;
        n_unsettled += !settled;
        EXPECT_MSG(!settled || fabs(x[j] - y[j]) <= 1.01 * unit(x[j]),
                   "sample %zu, law %s, %zu rows: %s is %.9g, and %.9g after rounding", k, s->q.law->name, s->q.n,
                   s->q.law->params[j].name, x[j], y[j]);
    }
}

/* What is printed is the same when losses are rounded to ten digits, or is called not identified; and not all is. */
static void rounding_changes_nothing(void)
{
    n_settled = n_unsettled = 0;
    over_simulated(150, round_losses);
    EXPECT_MSG(n_settled > 2 * n_unsettled, "%zu settled, %zu not", n_settled, n_unsettled);
}

static void rounding_changes_nothing_public(void)
{
    n_settled = n_unsettled = 0;
    over_public(100, round_losses);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"rounding_changes_nothing", rounding_changes_nothing},
        {"rounding_changes_nothing_public", rounding_changes_nothing_public},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
