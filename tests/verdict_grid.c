#include "verdict_grid.h"

#include <math.h>
#include <string.h>

#include "test.h"

double law_at_point(double n, double d)
{
    return E0 + A0 * pow(n, -ALPHA) + B0 * pow(d, -BETA);
}

void grid(struct fit_table *t, size_t seeds)
{
    struct err err;
    EXPECT_OK(fit_table_init(t, SIZES * BUDGETS * seeds, &err));
    for (size_t i = 0; i < t->n; i++) {
        size_t cell = i / seeds;
        double n = 1e6 * pow(3, (double)(cell % SIZES)), d = 2e7 * pow(2.5, (double)(cell / SIZES));
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_LOSS][i] = law_at_point(n, d);
        if (seeds > 1)
            t->col[FIT_SEED][i] = (double)(i % seeds);
    }
}

void shake(struct fit_table *t, double noise)
{
    for (size_t i = 0; i < t->n; i++)
        t->col[FIT_LOSS][i] *= exp(noise * rng_normal(test_rng()));
}

struct fit_options quick(const char *law, size_t bootstrap)
{
    struct fit_options o = fit_options_default();
    o.law = law;
    o.bootstrap = bootstrap;
    o.break_sims = 0;
    return o;
}

void analyse(struct fit_report *r, const struct fit_table *t, const struct fit_options *o)
{
    struct err err;
    EXPECT_OK(fit_analyse(r, t, o, &err));
}

bool says(const struct fit_report *r, const char *words)
{
    for (size_t i = 0; i < r->verdict.lines.n; i++)
        if (strstr(r->verdict.lines.text[i], words))
            return true;
    return false;
}
