/* IsoFLOP minima against closed forms: curves whose minimum and its error are known. */
#include "test.h"

#include <math.h>

#include "verdict_grid.h"

/* Curves that are symmetric about a size have their minimum there, by parabola and by Akima's curve. */
static void minima_of_symmetric_curves(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 0);
    EXPECT_OK(fit_table_init(&t, 21, &err));
    for (size_t i = 0; i < t.n; i++) {
        double c = 1e13 * pow(8, (double)(i / 7)), best = 40 * pow(c / 1e8, 0.5), z = (double)(i % 7) - 3;
        t.col[FIT_PARAMS][i] = best * pow(1.5, z);
        t.col[FIT_TOKENS][i] = c / (6 * t.col[FIT_PARAMS][i]);
        t.col[FIT_FLOPS][i] = c;
        t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + 0.01 * z * z;
    }
    analyse(&r, &t, &o);
    EXPECT(r.isoflop.n == 3);
    for (size_t i = 0; i < r.isoflop.n; i++) {
        double c = 1e13 * pow(8, (double)i), n = 40 * pow(c / 1e8, 0.5);
        EXPECT_REL(r.isoflop.at[i].n_opt.value, n, 1e-6);
        EXPECT_REL(r.isoflop.at[i].n_opt_local, n, 1e-6);
        EXPECT_REL(r.isoflop.at[i].d_opt.value, c / (6 * n), 1e-6);
        EXPECT_NEAR(r.isoflop.at[i].loss.value, 2 + 100 * pow(c, -0.15), 1e-9);
    }
    EXPECT_NEAR(r.isoflop.n_exponent.value, 0.5, 1e-6);
    EXPECT_NEAR(r.isoflop.d_exponent.value, 0.5, 1e-6);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Budgets that are a tenth apart were chosen, those of a log's checkpoints are closer. */
static void budgets_stand_apart(void)
{
    struct err err;
    struct fit_options o = quick("chinchilla", 0);
    for (int k = 0; k < 2; k++) {
        struct fit_table t;
        struct fit_report r;
        EXPECT_OK(fit_table_init(&t, 35, &err));
        for (size_t i = 0; i < t.n; i++) {
            double c = 1e16 * pow(k ? 1.12 : 1.08, (double)(i / 7)), n = 4e5 * pow(1.5, (double)(i % 7) - 3);
            t.col[FIT_PARAMS][i] = n;
            t.col[FIT_TOKENS][i] = c / (6 * n);
            t.col[FIT_FLOPS][i] = c;
            t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + 0.05 * pow(log(n / 4e5), 2);
        }
        analyse(&r, &t, &o);
        EXPECT(r.isoflop.n == (k ? 5 : 0));
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* Minima that lie between the sizes, or a little beyond them: a parabola finds place and height exactly. */
static void minima_between_the_sizes(void)
{
    static const double off[] = {1.15, 1.3 * 1.5 * 1.5 * 1.5}; /* of the middle size of seven, which are 1.5 apart */
    struct err err;
    struct fit_options o = quick("chinchilla", 0);
    for (int k = 0; k < 2; k++) {
        struct fit_table t;
        struct fit_report r;
        EXPECT_OK(fit_table_init(&t, 21, &err));
        for (size_t i = 0; i < t.n; i++) {
            double c = 1e13 * pow(8, (double)(i / 7)), middle = 40 * pow(c / 1e8, 0.5), n = middle * pow(1.5, (double)(i % 7) - 3);
            t.col[FIT_PARAMS][i] = n;
            t.col[FIT_TOKENS][i] = c / (6 * n);
            t.col[FIT_FLOPS][i] = c;
            t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + 0.05 * pow(log(n / (off[k] * middle)), 2);
        }
        analyse(&r, &t, &o);
        EXPECT(r.isoflop.n == 3);
        for (size_t i = 0; i < r.isoflop.n; i++) {
            double c = 1e13 * pow(8, (double)i), n = 40 * pow(c / 1e8, 0.5) * off[k];
            EXPECT(r.isoflop.at[i].valid && r.isoflop.at[i].at_edge == (k == 1));
            EXPECT_REL(r.isoflop.at[i].n_opt.value, n, 1e-6);
            EXPECT_REL(r.isoflop.at[i].d_opt.value, c / (6 * n), 1e-6);
            EXPECT_NEAR(r.isoflop.at[i].loss.value, 2 + 100 * pow(c, -0.15), 1e-9);
        }
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* Residuals that no parabola takes up (the cubic contrast of seven points), so that their variance is 6 e^2 over 4
 * degrees of freedom. Its error in the minimum, -c1 / (2 c2), is that of the slope c1: sd / (sqrt(28) ln 1.5 2 c2). */
static void error_of_a_minimum(void)
{
    static const double contrast[] = {-1, 1, 1, 0, -1, -1, 1};
    const double e = 0.002, c2 = 0.05, want = e * sqrt(6.0 / 4) / (sqrt(28) * log(1.5) * 2 * c2);
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 400);
    EXPECT_OK(fit_table_init(&t, 28, &err));
    for (size_t i = 0; i < t.n; i++) {
        double c = 1e13 * pow(8, (double)(i / 7)), z = log(1.5) * ((double)(i % 7) - 3), n = 40 * pow(c / 1e8, 0.5) * exp(z);
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = c / (6 * n);
        t.col[FIT_FLOPS][i] = c;
        t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + c2 * z * z + e * contrast[i % 7];
    }
    analyse(&r, &t, &o);
    EXPECT(r.isoflop.n == 4);
    for (size_t i = 0; i < r.isoflop.n; i++)
        EXPECT_REL(r.isoflop.at[i].n_opt.se / r.isoflop.at[i].n_opt.value, want, 0.15);
    fit_report_free(&r);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"minima_of_symmetric_curves", minima_of_symmetric_curves},
        {"budgets_stand_apart", budgets_stand_apart},
        {"minima_between_the_sizes", minima_between_the_sizes},
        {"error_of_a_minimum", error_of_a_minimum},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
