/* The noise apart: of initial weights, of the order of data, and of what neither explains. Simulated tables whose parts are
 * known. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fit/analysis.h"
#include "fit/fit_json.h"
#include "fit/verdict/crossed.h"
#include "fit/verdict/noise_split.h"

/* --- one cell ------------------------------------------------------------------------------------- */

/* Effects by hand: y = 10 + a + b + e with a = -1, 0, 1 (J = 4), b = -3, -1, 1, 3, and e orthogonal to both. */
static size_t by_hand(struct crossed_run *r)
{
    static const double e[3][4] = {{.1, -.1, .1, -.1}, {-.2, .2, -.2, .2}, {.1, -.1, .1, -.1}};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 4; j++)
            r[4 * i + j] = (struct crossed_run){7 + (double)i, 20 - (double)j,
                                                10 + (double)i - 1 + 2 * (double)j - 3 + e[i][j]};
    return 12;
}

static void one_cell(void)
{
    struct crossed_run r[12];
    struct crossed c;
    double df;
    size_t n = by_hand(r);
    EXPECT(crossed_fit(&c, r, NULL, n));
    EXPECT_NEAR(c.ms_a, 4 * 2.0 / 2, 1e-12);
    EXPECT_NEAR(c.ms_b, 3 * 20.0 / 3, 1e-12);
    EXPECT_NEAR(c.ms_e, 0.24 / 6, 1e-12);
    EXPECT(c.df_a == 2 && c.df_b == 3 && c.df_e == 6 && c.per_a == 4 && c.per_b == 3);
    /* the variances a run has of a, b and e: (4 - .04)/4, (20 - .04)/3 and .04 */
    EXPECT_NEAR(crossed_total(&df, &c), 0.99 + 19.96 / 3 + 0.04, 1e-12);
    EXPECT(df > 3 && df < 5);
    /* without e a missing pair is filled in exactly */
    for (size_t i = 0; i < n; i++)
        r[i].y = 10 + (r[i].a - 8) + 2 * (20 - r[i].b) - 3;
    bool skip[12] = {[5] = true, [10] = true};
    EXPECT(crossed_fit(&c, r, skip, n));
    EXPECT_NEAR(c.ms_e, 0, 1e-15);
    EXPECT(c.df_e == 4);
    EXPECT_NEAR(c.ms_a / c.per_a, 1, 1e-8);
    EXPECT_NEAR(c.ms_b / c.per_b, 20.0 / 3, 1e-8);
    r[2].y += 1; /* the run that is off is named, with all of what it is off by */
    EXPECT(crossed_fit(&c, r, NULL, n));
    EXPECT(c.at == 2);
    EXPECT_NEAR(c.farthest, 0.5, 1e-9); /* it left (1 - h) of 1, h = 6/12, and that over 1 - h */
}

static void no_crossing(void)
{
    struct crossed_run r[16];
    struct crossed c;
    size_t n = by_hand(r);
    EXPECT(!crossed_fit(&c, r, NULL, 3) && !crossed_fit(&c, r, NULL, 4) /* one seed */);
    r[12] = r[3]; /* a pair that ran twice */
    EXPECT(!crossed_fit(&c, r, NULL, n + 1));
    r[12] = (struct crossed_run){99, 99, 5}; /* a run of a plain grid beside them says nothing */
    EXPECT(crossed_fit(&c, r, NULL, n + 1) && c.df_a == 2 && c.df_b == 3 && c.df_e == 6);
    for (size_t i = 0; i < 12; i++)
        r[i].b = r[i].a = (double)i; /* each seed its own order */
    EXPECT(!crossed_fit(&c, r, NULL, 12));
}

/* --- tables --------------------------------------------------------------------------------------- */

struct design {
    size_t sizes, budgets, seeds, orders;
    double init, order, rest; /* sd at the first budget; all fall as budget^-slope */
    double slope;
    bool trunks;  /* effects are those of a trajectory, and shared by its budgets */
    double odd;   /* one run is so many nats off */
};

/* Each part's sd at the largest budget. */
static double at_top(const struct design *s, double sd)
{
    return sd * pow(pow(4, (double)(s->budgets - 1)), -s->slope);
}

static struct fit_table simulate(const struct design *s, uint64_t seed)
{
    struct fit_table t = {0};
    struct err err;
    struct rng rng = rng_make(seed, RNG_TEST, 26, 0);
    size_t runs = s->seeds * s->orders;
    double a[64] = {0}, b[64] = {0}, e[64] = {0};
    EXPECT_OK(fit_table_init(&t, s->sizes * s->budgets * runs, &err));
    for (size_t k = 0; k < s->sizes * s->budgets; k++) {
        size_t size = k / s->budgets, budget = k % s->budgets;
        double n = 1e5 * pow(3, (double)size), d = 1e6 * pow(4, (double)budget), fall = pow(d / 1e6, -s->slope);
        for (size_t i = 0; i < 64 && (budget == 0 || !s->trunks); i++) {
            a[i] = s->init * rng_normal(&rng);
            b[i] = s->order * rng_normal(&rng);
            e[i] = s->rest * rng_normal(&rng);
        }
        for (size_t r = 0; r < runs; r++) {
            size_t row = k * runs + r, i = r / s->orders, j = r % s->orders;
            t.col[FIT_PARAMS][row] = n;
            t.col[FIT_TOKENS][row] = d;
            t.col[FIT_FLOPS][row] = 6 * n * d;
            t.col[FIT_SEED][row] = (double)i;
            t.col[FIT_ORDER_SEED][row] = 100 + (double)j;
            t.col[FIT_LOSS_SE][row] = 0.004;
            t.col[FIT_LOSS][row] = 1.7 + 40 / pow(n, 0.34) + 60 / pow(d, 0.28) + fall * (a[i] + b[j] + e[r]);
            if (s->trunks)
                t.trunk[row] = size * runs + r;
        }
    }
    if (s->trunks)
        t.n_trunks = s->sizes * runs;
    t.col[FIT_LOSS][t.n - 2] += s->odd;
    return t;
}

/* The split at the largest size and budget. */
static struct noise_split split_of(const struct fit_table *t, const bool *off)
{
    struct noise_model m;
    struct noise_split s;
    struct err err;
    size_t top = t->n - 1;
    EXPECT_OK(noise_model_fit(&m, t, FIT_PARAMS, off, &err));
    double n = t->col[FIT_PARAMS][top], d = t->col[FIT_TOKENS][top];
    EXPECT_OK(noise_split_fit(&s, t, FIT_PARAMS, off, &m, noise_model_at(&m, n, d), sqrt(noise_model_slope_var(&m, n, d)), 1,
                              &err));
    return s;
}

static bool covers(struct fit_value v, double truth)
{
    return v.lo <= truth && truth <= v.hi;
}

static void expect_coverage(const char *what, const struct design *s, double least)
{
    enum { TABLES = 200 };
    size_t init = 0, order = 0, rest = 0;
    double ratio = 0;
    for (size_t k = 0; k < TABLES; k++) {
        struct fit_table t = simulate(s, k);
        struct noise_split n = split_of(&t, NULL);
        init += covers(n.init, at_top(s, s->init));
        order += covers(n.order, at_top(s, s->order));
        rest += covers(n.rest, at_top(s, s->rest));
        ratio += log(n.rest.value / at_top(s, s->rest)) / TABLES;
        fit_table_free(&t);
    }
    printf("    %s: 95 %% intervals hold init %.1f %%, order %.1f %%, rest %.1f %%; rest off by %+.1f %%\n", what,
           100.0 * (double)init / TABLES, 100.0 * (double)order / TABLES, 100.0 * (double)rest / TABLES,
           100 * (exp(ratio) - 1));
    EXPECT_MSG((double)init >= least * TABLES, "%s: init %zu of %d", what, init, TABLES);
    EXPECT_MSG((double)order >= least * TABLES, "%s: order %zu of %d", what, order, TABLES);
    EXPECT_MSG((double)rest >= least * TABLES, "%s: rest %zu of %d", what, rest, TABLES);
    EXPECT_MSG(fabs(ratio) < 0.1, "%s: what is left is off by %g", what, ratio);
}

static void coverage(void)
{
    const struct design grid = {3, 4, 4, 4, 0.006, 0.003, 0.004, 0.3, false, 0};
    struct design s = grid;
    expect_coverage("12 cells of 4 x 4", &s, 0.9);
    s.trunks = true;
    expect_coverage("3 sizes, 4 budgets on each trajectory", &s, 0.85);
    s = grid;
    s.sizes = s.budgets = 1;
    expect_coverage("one cell of 4 x 4", &s, 0.9);
    s.seeds = 2, s.orders = 3, s.budgets = 4;
    expect_coverage("4 cells of 2 x 3", &s, 0.85);
    s = grid;
    s.init = 0;
    expect_coverage("no noise of initial weights", &s, 0.9);
}

/* The report's split and noise, without what takes time. */
static struct noise_split reported(double *sigma, const struct fit_table *t, bool *named)
{
    struct fit_options o = fit_options_default();
    struct fit_report r;
    struct err err;
    o.bootstrap = 0;
    o.break_sims = 0;
    EXPECT_OK(fit_analyse(&r, t, &o, &err));
    struct noise_split s = r.noise.split;
    *sigma = r.noise.sigma;
    *named = r.odd.off && r.odd.off[t->n - 2];
    fit_report_free(&r);
    return s;
}

/* One run far off moves little, whether it is named and left out before or falls out of its cell. */
static void one_odd_run(void)
{
    static const double odd[] = {0.5, 0.05, -0.05, 0.025};
    struct design s = {3, 4, 4, 4, 0.006, 0.003, 0.004, 0.3, false, 0};
    struct fit_table clean = simulate(&s, 3);
    double sigma, clean_sigma;
    bool named;
    struct noise_split want = reported(&clean_sigma, &clean, &named), got;
    EXPECT(want.left_out == 0 && !named && want.cells == 12);
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        s.odd = odd[k];
        struct fit_table t = simulate(&s, 3);
        got = reported(&sigma, &t, &named);
        printf("    a run %+.3f off: %s, noise %.4f (clean %.4f), init %.4f (%.4f), order %.4f (%.4f), rest %.4f (%.4f)\n", odd[k],
               named ? "named" : got.left_out ? "left out" : "kept", sigma, clean_sigma, got.init.value, want.init.value,
               got.order.value, want.order.value, got.rest.value, want.rest.value);
        EXPECT(named || got.left_out == 1);
        EXPECT(fabs(log(got.rest.value / want.rest.value)) < 0.25 && fabs(log(got.init.value / want.init.value)) < 0.25);
        EXPECT(got.init.hi < 1.4 * want.init.hi && got.order.hi < 1.4 * want.order.hi);
        fit_table_free(&t);
    }
    fit_table_free(&clean);
    /* in one cell alone there is nothing but its own runs to tell */
    s.sizes = s.budgets = 1, s.odd = 0;
    clean = simulate(&s, 4);
    want = split_of(&clean, NULL);
    clean.col[FIT_LOSS][5] += 0.1;
    got = split_of(&clean, NULL);
    EXPECT(want.left_out == 0 && got.left_out == 1);
    fit_table_free(&clean);
    /* and in a clean table hardly any is */
    size_t left_out = 0;
    s.sizes = 3, s.budgets = 4;
    for (uint64_t k = 0; k < 100; k++) {
        struct fit_table t = simulate(&s, 500 + k);
        left_out += split_of(&t, NULL).left_out;
        fit_table_free(&t);
    }
    EXPECT_MSG(left_out <= 5, "%zu runs of 100 clean tables are left out", left_out);
}

/* The noise of one run is all three, whatever the crossing: 16 runs of 4 seeds and 4 orders hold less than 16 of each. */
static void total(void)
{
    enum { TABLES = 400 };
    const struct design s = {1, 4, 3, 3, 0.006, 0.006, 0.0005, 0.3, false, 0};
    double var = 0, want = s.init * s.init + s.order * s.order + s.rest * s.rest;
    for (uint64_t k = 0; k < TABLES; k++) {
        struct fit_table t = simulate(&s, k);
        struct noise_model m;
        struct err err;
        EXPECT_OK(noise_model_fit(&m, &t, FIT_PARAMS, NULL, &err));
        EXPECT_MSG(m.df < 8 * 4, "%zu degrees of freedom", m.df);
        double sd = noise_model_at(&m, 1e5, 1e6 * 8);
        var += sd * sd * pow(8, 2 * s.slope) / TABLES;
        fit_table_free(&t);
    }
    EXPECT_MSG(fabs(var / want - 1) < 0.1, "variance %g, true %g", var, want);
}

static bool says(const struct fit_report *r, const char *words)
{
    for (size_t i = 0; i < r->verdict.lines.n; i++)
        if (strstr(r->verdict.lines.text[i], words))
            return true;
    return false;
}

static void verdict(void)
{
    const struct design s = {3, 4, 3, 3, 0.006, 0.003, 0.004, 0.3, false, 0};
    struct fit_table t = simulate(&s, 9);
    struct fit_options o = fit_options_default();
    struct fit_report r;
    struct err err;
    char *json;
    o.bootstrap = 30;
    o.break_sims = 0;
    for (int k = 0; k < 2; k++) {
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_OK(fit_json_report(&json, &r, &err));
        EXPECT((r.noise.split.cells == 12) == (k == 0));
        EXPECT(says(&r, "Initial weights move it by 0.00") == (k == 0));
        EXPECT(says(&r, "Crossing train.seed with train.order_seed would tell") == (k == 1));
        EXPECT(says(&r, "All runs share the held-out set's error, 0.004"));
        EXPECT((strstr(json, "\"init\":") && strstr(json, "\"order\":") && strstr(json, "\"rest\":")) == (k == 0));
        EXPECT(strstr(json, "\"heldout\":") != NULL);
        free(json);
        fit_report_free(&r);
        for (size_t i = 0; i < t.n; i++) /* as without a column of orders */
            t.col[FIT_ORDER_SEED][i] = (double)NAN;
    }
    fit_table_free(&t);
}

static const struct test tests[] = {
    {"one_cell", one_cell}, {"no_crossing", no_crossing}, {"coverage", coverage},
    {"one_odd_run", one_odd_run}, {"total", total}, {"verdict", verdict},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
