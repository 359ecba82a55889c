/* Quantiles, resamples, the weights of laws and windows, and the noise: against tables and closed forms, and on known truth. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/fit_json.h"
#include "fit/solve/boot.h"
#include "fit/stats.h"
#include "fit_grid.h"

static void intervals_cover(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_options o = quick("chinchilla", 400);
    size_t covered = 0, wide = 0;
    for (int k = 0; k < 20; k++) {
        grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
        o.seed = (uint64_t)k;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        const struct fit_value *e = &r.laws.at[0].params[0];
        covered += e->lo <= 1.8 && 1.8 <= e->hi;
        wide += e->hi - e->lo > 0 && e->hi - e->lo < 0.4;
        fit_report_free(&r);
        fit_table_free(&t);
    }
    /* 15 of 20 has a chance of 0.0003 to be missed where the true coverage is 95 % */
    EXPECT_MSG(covered >= 15, "E covered in %zu of 20", covered);
    EXPECT_MSG(wide == 20, "%zu of 20 intervals of E have a sensible width", wide);
}

static void same_seed_same_report(void)
{
    struct err err;
    struct fit_table t;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    char *json[3];
    grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
    for (int k = 0; k < 3; k++) {
        struct fit_report r;
        struct fit_options o = quick("chinchilla", 50);
        o.seed = k < 2 ? 5 : 6;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_OK(fit_json_report(&json[k], &r, &err));
        fit_report_free(&r);
    }
    EXPECT(strcmp(json[0], json[1]) == 0);
    EXPECT(strcmp(json[0], json[2]) != 0);
    for (int k = 0; k < 3; k++)
        free(json[k]);
    fit_table_free(&t);
}

/* Within strata of one run each nothing can be drawn anew; without strata it can. */
static void stratified(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("floor", 40);
    o.break_sims = 0;
    line_table(&t, 60, 0.7, 30, 0.4, 0.01);
    for (int k = 0; k < 2; k++) {
        o.stratify = k;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(r.laws.at[0].n_boot == 40);
        for (size_t j = 0; j < 3; j++)
            EXPECT((r.laws.at[0].params[j].se <= 1e-9 * r.laws.at[0].outer[j]) == o.stratify);
        fit_report_free(&r);
    }
    fit_table_free(&t);
}

/* t with n - 1 degrees of freedom times sqrt(n / (n - 1)) (Hesterberg 2015, section 4.3). */
static void expanded_quantiles(void)
{
    EXPECT_NEAR(stats_expanded(10), 2.262157163 * sqrt(10.0 / 9), 1e-4);
    EXPECT_NEAR(stats_expanded(1000000), 1.959963985, 1e-4);
    /* tables of chi-squared */
    EXPECT_REL(stats_chi2_quantile(0.025, 5), 0.8312116, 1e-6);
    EXPECT_REL(stats_chi2_quantile(0.975, 35), 53.203349, 1e-6);
    EXPECT_REL(stats_chi2_quantile(0.975, 1000), 1089.5309, 1e-4);
}

/* Tables of the normal law; order statistics of 0, 1, ... 100 shuffled, whose sd is sqrt(101 102 / 12). */
static void quantiles(void)
{
    EXPECT_NEAR(stats_normal_quantile(0.999), 3.090232306, 1e-7);
    EXPECT_NEAR(stats_normal_quantile(0.001), -3.090232306, 1e-7);
    EXPECT_NEAR(stats_normal_quantile(0.975), STATS_Z95, 1e-8);
    EXPECT_NEAR(stats_normal_quantile(0.9), 1.281551566, 1e-8);
    const double five[] = {1, 2, 4, 8, 16};
    EXPECT_NEAR(stats_quantile(five, 5, 0.5), 4, 0);
    EXPECT_NEAR(stats_quantile(five, 5, 0.9), 12.8, 1e-12);
    EXPECT_NEAR(stats_quantile(five, 5, 1), 16, 0);
    double draws[101];
    for (size_t i = 0; i < 101; i++)
        draws[i] = (double)(37 * i % 101);
    struct fit_value v = stats_summary(7, draws, 101, STATS_Z95);
    EXPECT_NEAR(v.value, 7, 0);
    EXPECT_REL(v.se, sqrt(101 * 102 / 12.0), 1e-12);
    EXPECT_NEAR(v.lo, 2.5, 1e-6);
    EXPECT_NEAR(v.hi, 97.5, 1e-6);
}

/* 0 .. 99 shuffled, the lower half three times as heavy: the middle of value i < 50 lies at (3 i + 1.5) / 200 of the
 * weight, that of a higher one at (i + 100.5) / 200. The median's distances are stretched, and the value is inside. */
static void quantiles_of_a_mixture(void)
{
    struct stats_draw draws[101];
    for (size_t i = 0; i < 100; i++) {
        double v = (double)(37 * i % 100);
        draws[i] = (struct stats_draw){v, v < 50 ? 3 : 1};
    }
    draws[100] = (struct stats_draw){(double)NAN, 100};
    double middle = 98.5 / 3, lo = 3.5 / 3, hi = 94.5, mean = (3 * 1225 + 3725) / 200.0;
    struct fit_value v = stats_mixture(40, draws, 101, 1);
    EXPECT_NEAR(v.value, 40, 0);
    EXPECT_NEAR(v.lo, lo, 1e-9);
    EXPECT_NEAR(v.hi, hi, 1e-9);
    EXPECT_REL(v.se, sqrt((3 * 40425 + 287925) / 200.0 - mean * mean), 1e-9);
    v = stats_mixture(40, draws, 100, 2);
    EXPECT_NEAR(v.lo, middle - 2 * (middle - lo), 1e-9);
    EXPECT_NEAR(v.hi, middle + 2 * (hi - middle), 1e-9);
    EXPECT_NEAR(stats_mixture(-99, draws, 100, 1).lo, -99, 0);
    EXPECT_NEAR(stats_mixture(200, draws, 100, 1).hi, 200, 0);
}

/* Weights of a resample sum to the clusters: counts where they are many, shares where they are few. */
static void weights_of_a_resample(void)
{
    double share[80];
    for (int many = 0; many < 2; many++) {
        size_t n = many ? 80 : 12;
        bool whole = true;
        double sum = 0;
        boot_weights(share, n, NULL, n, test_rng());
        for (size_t i = 0; i < n; i++) {
            sum += share[i];
            whole = whole && share[i] == floor(share[i]);
        }
        EXPECT_REL(sum, (double)n, 1e-12);
        EXPECT(whole == (many == 1));
    }
}

/* Of 7 sizes and 8 budgets, windows leave out up to 2 and 3 of the smallest, and one of them none; a law in a window
 * counts as one over its mean squared error on larger runs, to whose sum the square of 1e-4 is added. */
static void windows_and_their_weights(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_options o = quick(NULL, 20);
    o.break_sims = 0;
    grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct ensemble *e = &r.spread;
    EXPECT(e->n_windows == 12 && e->n_cells == 12 * r.laws.n && r.odd.n == 0);
    double share[12 * FIT_MAX_LAWS] = {0}, want[12 * FIT_MAX_LAWS] = {0}, all = 0;
    for (size_t i = 0; i < e->n_members; i++)
        share[e->members[i].cell] += e->members[i].weight;
    for (size_t i = 0; i < e->n_cells; i++) {
        const struct ensemble_cell *c = &e->cells[i];
        const struct ensemble_window *w = &e->windows[c->window];
        double ss = 0;
        EXPECT(w->sizes == c->window / 4 && w->budgets == c->window % 4);
        EXPECT(c->n == (7 - w->sizes) * (8 - w->budgets) && c->fitted);
        for (size_t k = 0; k < ENSEMBLE_ORIGINS; k++)
            ss += c->error[k] * c->error[k] / ENSEMBLE_ORIGINS;
        all += want[i] = 1 / (ss + 1e-8 / ENSEMBLE_ORIGINS);
    }
    for (size_t i = 0; i < e->n_cells; i++)
        EXPECT_REL(share[i], want[i] / all, 1e-9);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Seven budgets on two trajectories are one comparison of seeds; seven pairs of runs are seven. */
static void noise_counts_trajectories(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r[2];
    struct fit_options o = quick("chinchilla", 100);
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    o.break_sims = 0;
    struct fit_table g;
    grid_table(&g, law_find("chinchilla"), truth, 0, 1);
    for (int k = 0; k < 2; k++) {
        EXPECT_OK(fit_table_init(&t, 2 * g.n, &err));
        for (size_t i = 0; i < t.n; i++) {
            for (int c = 0; c < FIT_N_COLUMNS; c++)
                t.col[c][i] = g.col[c][i % g.n];
            t.col[FIT_SEED][i] = (double)(i / g.n);
            t.col[FIT_LOSS][i] *= i < g.n ? 1.001 : 0.999;
            if (k == 1)
                t.trunk[i] = i % 7 + 7 * (i / g.n);
        }
        if (k == 1)
            t.n_trunks = 14;
        EXPECT_OK(fit_analyse(&r[k], &t, &o, &err));
        EXPECT(r[k].noise.df == 56 && r[k].noise.independent == (k ? 7 : 56));
        fit_table_free(&t);
    }
    EXPECT(r[0].noise.sigma == r[1].noise.sigma);
    /* chi-squared of 7 for the level, and some more for the way from the middle of the grid to its corner */
    EXPECT(r[1].noise.hi / r[1].noise.sigma > sqrt(7 / 1.6898692) && r[1].noise.hi / r[1].noise.sigma < 4);
    EXPECT(r[0].noise.hi < r[1].noise.hi && r[0].noise.lo > r[1].noise.lo);
    fit_report_free(&r[0]);
    fit_report_free(&r[1]);
    fit_table_free(&g);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"intervals_cover", intervals_cover},
        {"same_seed_same_report", same_seed_same_report},
        {"stratified", stratified},
        {"expanded_quantiles", expanded_quantiles},
        {"quantiles", quantiles},
        {"quantiles_of_a_mixture", quantiles_of_a_mixture},
        {"weights_of_a_resample", weights_of_a_resample},
        {"windows_and_their_weights", windows_and_their_weights},
        {"noise_counts_trajectories", noise_counts_trajectories},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
