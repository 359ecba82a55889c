#include "fit_grid.h"

#include <math.h>
#include <stdio.h>

#include "test.h"

void grid_table(struct fit_table *t, const struct law *law, const double *truth, double noise, double repeat)
{
    struct err err;
    const struct law_centre c = {log(1e6), log(3e7)};
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(t, 56, &err));
    for (size_t i = 0; i < 56; i++) {
        double n = 1e5 * pow(2.5, (double)(i % 7)), d = 2e6 * pow(2.2, (double)(i / 7));
        double unique = repeat > 1 && i % 3 ? d / pow(repeat, (double)(i % 3)) : d;
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(unique), {0, 0}};
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_UNIQUE_TOKENS][i] = unique;
        t->col[FIT_LOSS][i] = law_value(law, p, &x, &c) * exp(noise * rng_normal(test_rng()));
    }
}

void line_table(struct fit_table *t, size_t n, double e, double k, double g, double noise)
{
    struct err err;
    EXPECT_OK(fit_table_init(t, n, &err));
    snprintf(t->x_name, sizeof t->x_name, "x");
    for (size_t i = 0; i < n; i++) {
        double x = 1e3 * pow(1.7, (double)i);
        t->col[FIT_X][i] = x;
        t->col[FIT_LOSS][i] = (e + k * pow(x, -g)) * exp(noise * rng_normal(test_rng()));
    }
}

struct fit_options quick(const char *law, size_t bootstrap)
{
    struct fit_options o = fit_options_default();
    o.law = law;
    o.bootstrap = bootstrap;
    return o;
}
