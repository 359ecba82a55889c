/* One new run against a direct computation: the curve's interval over its members, the noise, and both together; and
 * what is said of predictions of runs held out. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/verdict/choice.h"
#include "fit/verdict/predict.h"
#include "sim.h"

enum { CHINCHILLA = 3, REPEAT = 5 }; /* of sim_laws */

static void fitted(struct fit_report *r, struct fit_table *t, const struct sim_design *s, const struct fit_options *o)
{
    struct err err;
    EXPECT_OK(sim_table(t, s, 7, &err));
    EXPECT_OK(fit_analyse(r, t, o, &err));
}

static struct fit_options quick(size_t bootstrap)
{
    struct fit_options o = fit_options_default();
    o.bootstrap = bootstrap;
    o.break_sims = 0;
    o.holdout = 0;
    return o;
}

/* --- the curve --------------------------------------------------------------------------------------- */

/* Laws chinchilla and joint as the papers write them. */
static double by_hand(const struct fit_law *f, const double *inner, double n, double d)
{
    double o[LAW_MAX_PARAMS];
    law_external(o, f->law, inner, &f->problem.centre);
    double g = f->law->n_params > 5 ? o[5] : 1;
    return o[0] + pow(pow(o[1] * pow(n, -o[3]), 1 / g) + pow(o[2] * pow(d, -o[4]), 1 / g), g);
}

static int by_value(const void *a, const void *b)
{
    const struct stats_draw *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* The value below which this share of the weight lies, each draw at the middle of its own. */
static double quantile(const struct stats_draw *x, size_t n, double share)
{
    double below = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        double at = below + x[i].weight / 2;
        if (at >= share)
            return i ? x[i - 1].value + (share - last) / (at - last) * (x[i].value - x[i - 1].value) : x[i].value;
        below += x[i].weight;
        last = at;
    }
    return x[n - 1].value;
}

static void curve_over_laws_and_windows(void)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(20);
    fitted(&r, &t, &sim_laws[CHINCHILLA], &o);
    const struct ensemble *e = &r.spread;
    EXPECT(r.laws.n == 2 && e->n_members > 100 && !r.frontier.bent);
    struct stats_draw *x = calloc(e->n_members, sizeof *x);
    for (double n = 1e5; x && n < 1e9; n *= 100) {
        double d = 3e7, value = by_hand(fit_report_selected(&r), fit_report_selected(&r)->best.p, n, d);
        for (size_t i = 0; i < e->n_members; i++) {
            const struct ensemble_member *m = &e->members[i];
            x[i] = (struct stats_draw){by_hand(&r.laws.at[e->cells[m->cell].law], m->p, n, d), m->weight};
        }
        qsort(x, e->n_members, sizeof *x, by_value);
        double lo = quantile(x, e->n_members, 0.025), mid = quantile(x, e->n_members, 0.5);
        double hi = quantile(x, e->n_members, 0.975);
        struct fit_value v = fit_curve(&r, n, d, d);
        EXPECT_REL(v.value, value, 1e-9);
        /* moved away from the median by one and the same factor */
        double low = (mid - v.lo) / (mid - lo), high = (v.hi - mid) / (hi - mid);
        EXPECT_MSG(low >= 1 - 1e-6 && high >= 1 - 1e-6, "N = %g: %g to %g is within the quantiles", n, v.lo, v.hi);
        if (v.lo < value && value < v.hi)
            EXPECT_REL(low, high, 1e-6);
    }
    free(x);
    /* where size and data are the best ones, the frontier's loss; NaN is no interval down to 0 */
    for (double c = r.cost.max_flops; c < 2e3 * r.cost.max_flops; c *= 1e3) {
        struct fit_value a = fit_frontier_loss(&r.frontier, c), b;
        b = fit_curve(&r, fit_frontier_params(&r.frontier, c).value, fit_frontier_tokens(&r.frontier, c).value, (double)INFINITY);
        EXPECT_REL(b.value, a.value, 1e-9);
    }
    fit_report_free(&r);
    fit_table_free(&t);
}

static void curve_of_one_law(void)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(40);
    o.law = "repeat";
    o.exponents_only = true; /* no further windows either */
    fitted(&r, &t, &sim_laws[REPEAT], &o);
    EXPECT(r.spread.n_members == 0 && r.frontier.n_boot > 0);
    struct fit_value all = fit_curve(&r, 1e6, 2e8, 2e8), few = fit_curve(&r, 1e6, 2e8, 4e6);
    struct fit_value want = fit_predict_repeated(&r.laws.at[0], 1e6, 2e8, 4e6);
    EXPECT_REL(few.value, want.value, 1e-12);
    EXPECT_REL(few.lo, want.lo, 1e-12);
    EXPECT_REL(few.hi, want.hi, 1e-12);
    EXPECT(few.lo < few.value && few.value < few.hi && few.value > all.value + 0.01);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Beyond a break the curve is the bent law's, as the frontier is. */
static void curve_beyond_a_break(void)
{
    const struct sim_design far[] = {
        {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 1, 8, 0, 0.001, SIM_BREAK_COMPUTE},
        {"chinchilla", {1.8, 480, 2100, 0.35, 0.37}, 6, 1, 8, 0, 0.001, SIM_BREAK_DATA},
    };
    for (size_t k = 0; k < 2; k++) {
        struct fit_table t = {0};
        struct fit_report r = {0};
        struct fit_options o = quick(40);
        o.law = "chinchilla";
        o.break_sims = 199;
        fitted(&r, &t, &far[k], &o);
        EXPECT_MSG(r.frontier.bent, "design %zu: no break", k);
        double c = 1e6 * r.cost.max_flops;
        double n = fit_frontier_params(&r.frontier, c).value, d = fit_frontier_tokens(&r.frontier, c).value;
        struct fit_value v = fit_curve(&r, n, d, d), unbent = fit_predict(&r.laws.at[0], n, d);
        struct fit_value small = fit_curve(&r, 1e5, 2e6, 2e6);
        EXPECT_REL(v.value, fit_frontier_loss(&r.frontier, c).value, 1e-6);
        EXPECT_MSG(fabs(v.value - unbent.value) > 0.02, "design %zu: %g is no other than %g", k, v.value, unbent.value);
        EXPECT(v.lo < v.value && v.value < v.hi);
        /* before it the excess is that of the bent law without its bend */
        double p[LAW_MAX_PARAMS];
        law_external(p, r.laws.at[0].law, r.verdict.brk.draws[0].p, &r.laws.at[0].problem.centre);
        EXPECT_REL(small.value, p[0] + p[1] * pow(1e5, -p[3]) + p[2] * pow(2e6, -p[4]), 1e-9);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* The selected law has no floor, and the break was found in that with one: its parameters are not the power law's. */
static void a_power_law_that_bends(void)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(40);
    struct err err;
    o.break_sims = 199;
    EXPECT_OK(fit_table_init(&t, 15, &err));
    strcpy(t.x_name, "x");
    for (size_t i = 0; i < t.n; i++) {
        double x = 1000 * pow(2, (double)i), far = fmax(0, (double)i - 9);
        t.col[FIT_X][i] = x;
        t.col[FIT_LOSS][i] = 5 * pow(x, -0.1) * pow(2, -0.1 * far) * exp(0.002 * sin(37 * (double)(i * i)));
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(fit_report_selected(&r)->law->level < 0 && r.frontier.bent);
    double x = t.col[FIT_X][t.n - 1], loss = 5 * pow(x, -0.1) * pow(2, -0.5);
    EXPECT_REL(fit_curve(&r, x, 1, 1).value, loss, 0.01);
    EXPECT_REL(r.verdict.returns.loss.value, loss, 0.01);
    EXPECT_REL(r.verdict.returns.gain.value, loss * (1 - pow(2, -0.2)), 0.05);
    fit_report_free(&r);
    fit_table_free(&t);
}

static void no_law_no_curve(void)
{
    struct fit_report r = {0};
    struct fit_run_noise noise = fit_run_noise_at(&r, 1e6, 1e7);
    EXPECT(isnan(fit_curve(&r, 1e6, 1e7, 1e7).value));
    EXPECT(isnan(noise.sigma) && isnan(noise.half));
}

/* Without resamples there is a value, and no interval, not one that begins at 0. */
static void no_resamples_no_interval(void)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(0);
    fitted(&r, &t, &sim_laws[CHINCHILLA], &o);
    struct fit_value curve = fit_curve(&r, 1e6, 1e7, 1e7), front = fit_frontier_loss(&r.frontier, r.cost.max_flops);
    struct fit_run_noise noise = fit_run_noise_at(&r, 1e6, 1e7);
    struct fit_value run = fit_new_run(curve, &noise);
    EXPECT(isfinite(curve.value) && isnan(curve.lo) && isnan(curve.hi));
    EXPECT(isfinite(front.value) && isnan(front.lo) && isnan(front.hi) && isnan(r.frontier.e.lo));
    EXPECT(isfinite(noise.half) && run.value == curve.value && isnan(run.lo) && isnan(run.hi));
    fit_report_free(&r);
    fit_table_free(&t);
}

/* --- the noise --------------------------------------------------------------------------------------- */

/* 36 pairs half apart by a given number: one run moves by half sqrt 2 everywhere, known from 36 degrees of freedom. */
static void noise_of_pairs(void)
{
    const double half = 0.004, t36 = 2.0281;
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(0);
    struct err err;
    struct sim_design s = sim_laws[CHINCHILLA];
    s.trunk_noise = s.noise = 0;
    s.seeds = 2;
    EXPECT_OK(sim_table(&t, &s, 1, &err));
    for (size_t i = 0; i < t.n; i++) {
        t.trunk[i] = i;
        t.col[FIT_LOSS][i] += t.col[FIT_SEED][i] > 0 ? half : -half;
    }
    t.n_trunks = t.n;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.noise.independent == 36);
    double n = exp(r.noise.model.ln_n), d = exp(r.noise.model.ln_d);
    struct fit_run_noise mid = fit_run_noise_at(&r, n, d), far = fit_run_noise_at(&r, 1e4 * n, 1e4 * d);
    struct fit_run_noise unknown = fit_run_noise_at(&r, (double)NAN, (double)NAN);
    EXPECT(!mid.bound);
    EXPECT_REL(mid.sigma, half * sqrt(2), 0.03); /* the variances are clipped, and that is made up for */
    EXPECT_REL(mid.half, mid.sigma * t36, 1e-4);
    EXPECT_REL(unknown.half, mid.half, 1e-12);
    /* how noise changes with size and data is itself known from few pairs */
    double var = noise_model_slope_var(&r.noise.model, 1e4 * n, 1e4 * d);
    EXPECT_REL(far.half, far.sigma * 0.6745 * exp(hypot(log(t36 / 0.6745), 1.6449 * sqrt(var))), 1e-3);
    EXPECT_MSG(far.half > 1.1 * mid.half, "%g far away, %g amid the runs", far.half, mid.half);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Without a second seed the scatter stands in, and is called a bound. */
static void noise_at_most_the_scatter(void)
{
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct fit_options o = quick(0);
    struct sim_design s = sim_laws[CHINCHILLA];
    o.law = "chinchilla";
    s.seeds = 1;
    fitted(&r, &t, &s, &o);
    struct fit_run_noise noise = fit_run_noise_at(&r, 1e6, 1e7);
    EXPECT(noise.bound && r.noise.scatter > 0 && r.odd.n == 0);
    EXPECT_REL(noise.sigma, r.noise.scatter, 1e-12);
    EXPECT_REL(noise.half, r.noise.scatter * stats_t95(36 - 5), 1e-12);
    fit_report_free(&r);
    fit_table_free(&t);
}

static void both_together(void)
{
    const struct fit_value curve = {2, 0.05, 1.9, 2.2};
    const struct fit_run_noise some = {0.12, 0.24, false}, huge = {2, 4, false}, none = {(double)NAN, (double)NAN, true};
    struct fit_value v = fit_new_run(curve, &some);
    EXPECT_NEAR(v.value, 2, 0);
    EXPECT_NEAR(v.se, 0.13, 1e-12);
    EXPECT_NEAR(v.lo, 2 - 0.26, 1e-12);
    EXPECT_NEAR(v.hi, 2 + hypot(0.2, 0.24), 1e-12);
    EXPECT(fit_new_run(curve, &huge).lo == 0); /* no loss lies below */
    v = fit_new_run(curve, &none);
    EXPECT(v.value == 2 && isnan(v.lo) && isnan(v.hi) && isnan(v.se));
}

/* --- the words of the choice -------------------------------------------------------------------------- */

/* What is said of the choice among laws with these held-out errors, AICc falling from one to the next. */
static bool called_no_worse(const double *error, size_t n)
{
    struct fit_report r = {.laws.n = n};
    for (size_t i = 0; i < n; i++) {
        r.laws.at[i].problem.map.n_free = 3 + i;
        r.laws.at[i].aicc = -10.0 * (double)i;
        r.laws.at[i].holdout_error = error[i];
    }
    choice_select(&r.laws);
    EXPECT_MSG(r.laws.selected == n - 1, "law %zu of %zu is selected", r.laws.selected, n);
    return strstr(r.laws.selected_why, "no worse") != NULL;
}

static void no_worse_is_said_of_what_is(void)
{
    const double none = (double)NAN, all = (double)INFINITY;
    const struct {
        double error[3];
        size_t n;
        bool said;
    } cases[] = {
        {{0.02, 0.01}, 2, true},        {{0.02, 0.02}, 2, true},         {{0.02, 0.021}, 2, false}, {{none, 0.02}, 2, false},
        {{0.02, none}, 2, false},       {{none, none}, 2, false},        {{all, all}, 2, false},    {{all, 0.02}, 2, false},
        {{0.02, 0.023, 0.02}, 3, true}, {{0.02, 0.023, 0.022}, 3, false}, /* no worse than the last one, but than the first */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EXPECT_MSG(called_no_worse(cases[i].error, cases[i].n) == cases[i].said, "case %zu", i);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"curve_over_laws_and_windows", curve_over_laws_and_windows},
        {"curve_of_one_law", curve_of_one_law},
        {"curve_beyond_a_break", curve_beyond_a_break},
        {"a_power_law_that_bends", a_power_law_that_bends},
        {"no_law_no_curve", no_law_no_curve},
        {"no_resamples_no_interval", no_resamples_no_interval},
        {"noise_of_pairs", noise_of_pairs},
        {"noise_at_most_the_scatter", noise_at_most_the_scatter},
        {"both_together", both_together},
        {"no_worse_is_said_of_what_is", no_worse_is_said_of_what_is},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
