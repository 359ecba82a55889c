/* The noise that the verdict quotes: of one cell, of many, of none. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/fit_json.h"
#include "fit/verdict/noise.h"
#include "verdict_grid.h"

/* Noise that falls with the data is quoted at the largest budget, and one wild pair does not make it. */
static void noise_at_the_largest_budget(void)
{
    struct fit_table t;
    struct fit_report r[2];
    struct fit_options o = quick("chinchilla", 0);
    grid(&t, 2);
    double least = t.col[FIT_TOKENS][0], most = t.col[FIT_TOKENS][t.n - 1], at_most = 0.02 * pow(most / least, -0.5);
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS][i] += 0.02 * pow(t.col[FIT_TOKENS][i] / least, -0.5) * rng_normal(test_rng());
    analyse(&r[0], &t, &o);
    EXPECT(r[0].noise.sigma > at_most / 2 && r[0].noise.sigma < at_most * 2);
    EXPECT(r[0].noise.lo < at_most && at_most < r[0].noise.hi && r[0].noise.model.pooled > 3 * at_most);
    t.col[FIT_LOSS][t.n - 6] += 0.3;
    analyse(&r[1], &t, &o);
    EXPECT(r[1].noise.sigma > at_most / 2.5 && r[1].noise.sigma < at_most * 2.5);
    /* nor where nobody has named it */
    struct err err;
    struct noise_model m;
    EXPECT_OK(noise_model_fit(&m, &t, FIT_PARAMS, NULL, &err));
    double at = noise_model_at(&m, t.col[FIT_PARAMS][t.n - 1], most);
    EXPECT_MSG(at > at_most / 2.5 && at < at_most * 2.5, "noise %g, expected about %g", at, at_most);
    fit_report_free(&r[0]);
    fit_report_free(&r[1]);
    fit_table_free(&t);
}

/* Six seeds of the largest run alone: sigma is their standard deviation, and its interval that of chi-squared with
 * five degrees of freedom (0.831212 and 12.832502). */
static void noise_of_one_cell(void)
{
    static const double off[] = {-0.012, 0.004, 0.01, -0.006, 0.008, -0.004};
    struct err err;
    struct fit_table t, g;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 0);
    double ss = 0;
    grid(&g, 1);
    shake(&g, 0.004); /* all others scatter as much */
    EXPECT_OK(fit_table_init(&t, g.n + 5, &err));
    for (size_t i = 0; i < t.n; i++) {
        for (int c = 0; c < FIT_N_COLUMNS; c++)
            t.col[c][i] = g.col[c][i < g.n ? i : g.n - 1];
        if (i + 6 < t.n)
            continue;
        size_t k = i + 6 - t.n;
        t.col[FIT_SEED][i] = (double)k;
        t.col[FIT_LOSS][i] += off[k];
        ss += off[k] * off[k];
    }
    analyse(&r, &t, &o);
    double sigma = sqrt(ss / 5); /* the six sum to 0 */
    EXPECT(r.noise.df == 5 && r.noise.independent == 5);
    EXPECT_REL(r.noise.sigma, sigma, 1e-6);
    EXPECT_REL(r.noise.lo, sigma * sqrt(5 / 12.832502), 1e-5);
    EXPECT_REL(r.noise.hi, sigma * sqrt(5 / 0.831212), 1e-5);
    fit_report_free(&r);
    fit_table_free(&g);
    fit_table_free(&t);
}

/* Of noise drawn anew k sigma^2 / draw^2 is chi-squared: its mean is k, its variance 2 k. */
static void noise_drawn_anew(void)
{
    enum { DRAWS = 4000, K = 4 };
    const struct fit_report r = {.noise.sigma = 0.02, .noise.independent = K};
    double sum = 0;
    for (size_t i = 0; i < DRAWS; i++)
        sum += K * pow(r.noise.sigma / noise_draw(&r.noise, test_rng()), 2) / DRAWS;
    EXPECT_NEAR(sum, K, 6 * sqrt(2.0 * K / DRAWS));
}

/* One seed: the scatter is what the noise is at most, and where returns flatten no earlier than it says. */
static void noise_is_unknown_without_seeds(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 0);
    char *json;
    grid(&t, 1);
    shake(&t, 0.003);
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS_SE][i] = 0.01;
    analyse(&r, &t, &o);
    EXPECT(isnan(r.noise.sigma) && r.noise.scatter > 0.005 && r.noise.scatter < 0.03);
    EXPECT(says(&r, "Noise: unknown") && says(&r, "repeat a corner"));
    EXPECT(r.verdict.returns.flatten_at_least && r.verdict.returns.flatten.value > r.cost.max_flops);
    EXPECT_OK(fit_json_report(&json, &r, &err));
    EXPECT(strstr(json, "\"flattens_no_earlier\":\ttrue") && strstr(json, "\"withheld\":\tnull"));
    free(json);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* More noise than any doubling gains: no place below the smallest run is one where returns flatten. */
static void no_place_below_the_smallest_run(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("power", 60);
    EXPECT_OK(fit_table_init(&t, 32, &err));
    snprintf(t.x_name, sizeof t.x_name, "x");
    for (size_t i = 0; i < t.n; i++) {
        t.col[FIT_X][i] = 1e3 * pow(1.7, (double)(i / 2));
        t.col[FIT_SEED][i] = (double)(i % 2);
        t.col[FIT_LOSS][i] = 3 * pow(t.col[FIT_X][i], -0.05) + (i % 2 ? 0.15 : -0.15);
    }
    analyse(&r, &t, &o);
    EXPECT(r.noise.sigma > 0.1 && isfinite(r.verdict.returns.gain.value) && r.verdict.returns.gain.value < r.noise.sigma);
    EXPECT(isnan(r.verdict.returns.flatten.value));
    EXPECT(says(&r, "no place can be named") || says(&r, "is not settled"));
    fit_report_free(&r);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"noise_of_one_cell", noise_of_one_cell},
        {"noise_drawn_anew", noise_drawn_anew},
        {"noise_at_the_largest_budget", noise_at_the_largest_budget},
        {"noise_is_unknown_without_seeds", noise_is_unknown_without_seeds},
        {"no_place_below_the_smallest_run", no_place_below_the_smallest_run},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
