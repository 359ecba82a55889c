/* Frontier, returns, costs, errors ahead and floors against closed forms: tables whose floor, exponents and noise are known say
 * what the numbers must be. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sort.h"
#include "verdict_grid.h"

/* The lowest excess that C = 6 N D buys, by a walk over sizes. */
static double best_excess(double c, double *at)
{
    double best = (double)INFINITY;
    *at = 0;
    for (double u = log(1e4); u < log(1e13); u += 1e-3) {
        double n = exp(u), x = law_at_point(n, c / (6 * n)) - E0;
        if (x < best) {
            best = x;
            *at = n;
        }
    }
    return best;
}

static void returns_of_a_known_law(void)
{
    const double half = 0.003, sigma = half * sqrt(2);
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 60);
    grid(&t, 2);
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS][i] += i % 2 ? half : -half;
    analyse(&r, &t, &o);
    const struct fit_verdict *v = &r.verdict;
    double c = r.cost.max_flops, n, excess = best_excess(c, &n), gain = excess * (1 - pow(2, -G0));
    EXPECT_REL(v->returns.largest, 6 * 1e6 * pow(3, SIZES - 1) * 2e7 * pow(2.5, BUDGETS - 1), 1e-12);
    EXPECT_NEAR(v->floor.at.value, E0, 2e-3);
    EXPECT_NEAR(v->returns.loss.value, E0 + excess, 1e-3);
    EXPECT_REL(v->returns.gain.value, gain, 5e-3);
    EXPECT_REL(v->returns.halving.value, 1 / G0, 5e-3);
    EXPECT_REL(r.noise.sigma, sigma, 0.05);
    EXPECT(r.noise.lo < sigma && sigma < r.noise.hi);
    EXPECT_REL(v->returns.flatten.value, c * pow(gain / sigma, 1 / G0), 0.25);
    EXPECT(!v->returns.flatten_at_least && v->withheld[0] == '\0' && r.odd.n == 0);
    EXPECT_REL(v->returns.times.value, v->returns.gain.value / r.noise.sigma, 1e-9);
    EXPECT(v->returns.times.lo < v->returns.times.value && v->returns.times.value < v->returns.times.hi);
    /* its interval holds the noise's as well */
    EXPECT(v->returns.times.hi / v->returns.times.lo > 1.02 * v->returns.gain.hi / v->returns.gain.lo);
    EXPECT(returns_stand(&v->returns) == (v->returns.times.lo > 1 && v->returns.flatten.lo > c ? RETURNS_ABOVE : RETURNS_OPEN));
    double rms = 0;
    for (size_t i = 0; i < t.n; i++)
        rms += pow(half / t.col[FIT_LOSS][i], 2) / (double)t.n;
    EXPECT_REL(r.laws.at[0].rms_log, sqrt(rms), 0.05);
    char gains[128];
    snprintf(gains, sizeof gains, "at C = 1.78e19 FLOPs, the largest budget here, the next doubling gains %.3g nats",
             v->returns.gain.value);
    EXPECT(says(&r, gains));
    EXPECT_REL(fit_frontier_params(&r.frontier, c).value, n, 0.02);
    EXPECT_REL(fit_frontier_tokens(&r.frontier, c).value, c / (6 * n), 0.02);
    EXPECT_NEAR(r.frontier.n_exponent.value, BETA / (ALPHA + BETA), 2e-3);
    EXPECT_NEAR(r.frontier.d_exponent.value, ALPHA / (ALPHA + BETA), 2e-3);
    fit_report_free(&r);
    fit_table_free(&t);
}

#define NONE ((double)NAN)

/* Sunk under the noise, or above it, where the intervals say so; the estimates alone say nothing. */
static void stands_by_intervals(void)
{
    const double none = (double)NAN;
    static const struct {
        double value, lo, hi, flat_lo, flat_hi;
        enum returns_stand stand;
    } cases[] = {
        {0.6, 0.1, 3, 2e8, 1e11, RETURNS_OPEN},    {0.6, 0.3, 0.9, 2e8, 5e9, RETURNS_SUNK},
        {0.6, 0.3, 0.9, 2e8, 1e11, RETURNS_OPEN},  {0.6, 0.3, 1.1, 2e8, 5e9, RETURNS_OPEN},
        {3, 2, 5, 2e10, 1e12, RETURNS_ABOVE},      {3, 2, 5, 2e9, 1e12, RETURNS_OPEN},
        {3, 0.9, 5, 2e10, 1e12, RETURNS_OPEN},     {0.1, NONE, NONE, NONE, NONE, RETURNS_OPEN},
        {9, NONE, NONE, NONE, NONE, RETURNS_OPEN}, {NONE, NONE, NONE, NONE, NONE, RETURNS_OPEN},
        {0.1, 0.05, 0.2, NONE, NONE, RETURNS_SUNK},  {9, 5, 20, NONE, NONE, RETURNS_ABOVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fit_returns r;
        returns_none(&r, 1e8, 1e10);
        EXPECT(returns_stand(&r) == RETURNS_OPEN);
        r.times = (struct fit_value){cases[i].value, none, cases[i].lo, cases[i].hi};
        r.flatten = (struct fit_value){5e9, none, cases[i].flat_lo, cases[i].flat_hi};
        EXPECT_MSG(returns_stand(&r) == cases[i].stand, "case %zu", i);
    }
}

/* Forty-one resamples whose gains lie between .0006 and 1.6, about one of .012: no digit of that stands. */
static void gain_without_a_digit(void)
{
    enum { DRAWS = 41 };
    static struct frontier_curve all[DRAWS + 1];
    static double room[DRAWS];
    const double none = (double)NAN;
    struct fit_frontier fr = {.holds = true, .of = "compute-optimal frontier", .x = "C", .curves = all, .n_boot = DRAWS,
                              .draws = room, .z = STATS_Z95};
    const struct fit_noise noise = {.sigma = none, .scatter = none};
    struct fit_floor floor;
    struct fit_returns v;
    struct fit_lines lines = {.n = 0};
    for (int wide = 0; wide < 2; wide++) {
        for (int i = 0; i <= DRAWS; i++)
            all[i] = (struct frontier_curve){1, log(0.024) + (i ? (wide ? 0.25 : 0.01) * (i - 21) : 0), 1, none, none};
        floor_none(&floor);
        returns_none(&v, 0.5, 1);
        returns_judge(&v, &lines, &(struct returns_in){&fr, &noise, &floor, " nats", 1});
        EXPECT_REL(v.gain.value, 0.012, 1e-9);
        EXPECT(returns_gain_known(&v) == !wide);
        const char *said = wide ? "what the next doubling gains is not known: at most 1" : "doubling gains 0.0120 nats (95 %";
        EXPECT_MSG(strstr(lines.text[0], said), "%s", lines.text[0]);
        fit_lines_free(&lines);
    }
}

/* One size and six budgets: too few to hold the law with a floor to what it says of larger ones, so that it has no weight by
 * its errors. It is the law that is quoted, and has room to both sides. */
static void six_budgets(void)
{
    static const double losses[] = {11.2553, 9.5010, 8.1559, 7.3304, 6.6718, 6.2480};
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick(NULL, 100);
    EXPECT_OK(fit_table_init(&t, 6, &err));
    for (size_t i = 0; i < 6; i++) {
        t.col[FIT_PARAMS][i] = 1e6;
        t.col[FIT_TOKENS][i] = 1e7 * (i % 2 ? 3 : 1) * pow(10, (double)(i / 2));
        t.col[FIT_FLOPS][i] = 6e6 * t.col[FIT_TOKENS][i];
        t.col[FIT_LOSS][i] = losses[i];
    }
    analyse(&r, &t, &o);
    const struct fit_value *gain = &r.verdict.returns.gain, *g = &r.frontier.g, *e = &r.verdict.floor.at;
    EXPECT(strcmp(fit_report_selected(&r)->law->name, "floor") == 0);
    double chosen = 0, all = 0;
    for (size_t i = 0; i < r.spread.n_members; i++) {
        all += r.spread.members[i].weight;
        chosen += r.spread.cells[r.spread.members[i].cell].law == r.laws.selected ? r.spread.members[i].weight : 0;
    }
    EXPECT_REL(all, 1, 1e-9);
    EXPECT_MSG(chosen > 0.3 && chosen < 0.7, "weight of the law that is quoted: %g", chosen);
    EXPECT_MSG(gain->lo < 0.95 * gain->value && gain->hi > 1.05 * gain->value, "gain %g (%g to %g)", gain->value, gain->lo,
               gain->hi);
    EXPECT_MSG(g->lo < 0.95 * g->value && g->hi > 1.02 * g->value, "g %g (%g to %g)", g->value, g->lo, g->hi);
    EXPECT_MSG(e->hi > 1.01 * e->value && isnan(e->lo), "floor %g (%g to %g)", e->value, e->lo, e->hi);
    EXPECT(!r.verdict.floor.supported);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The largest runs are worse by 2 % than the law of all others: it says too low by that. */
static void held_out_has_a_sign(void)
{
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 0);
    for (int sign = -1; sign <= 1; sign += 2) {
        double c[SIZES * BUDGETS];
        grid(&t, 1);
        memcpy(c, t.col[FIT_FLOPS], sizeof c);
        sort_doubles(c, t.n);
        double edge = c[(size_t)(0.8 * (double)t.n)] / 1.03;
        for (size_t i = 0; i < t.n; i++)
            t.col[FIT_LOSS][i] *= t.col[FIT_FLOPS][i] >= edge ? exp(0.02 * sign) : 1;
        analyse(&r, &t, &o);
        EXPECT(r.laws.at[0].holdout_n >= 10 && r.laws.at[0].holdout_n < 14);
        EXPECT_NEAR(r.laws.at[0].holdout_bias, -0.02 * sign, 1e-4);
        EXPECT_NEAR(r.laws.at[0].holdout_error, 0.02, 1e-4);
        EXPECT(says(&r, "largest by 2 % (root mean square"));
        EXPECT(says(&r, sign > 0 ? "on average too low by 2 %" : "on average too high by 2 %"));
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

#define LINE 11

/* A straight line in logarithms by least squares, one run left out (skip < LINE) or none. */
static void line_through(double *slope, double *height, const double *x, const double *y, size_t skip)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < LINE; i++)
        if (i != skip)
            n++, sx += x[i], sy += y[i], sxx += x[i] * x[i], sxy += x[i] * y[i];
    *slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    *height = (sy - *slope * sx) / n;
}

/* Skewness of the leave-one-out values over 6 (Efron 1987). */
static double acceleration(const double *jack)
{
    double mean = 0, s2 = 0, s3 = 0;
    for (size_t i = 0; i < LINE; i++)
        mean += jack[i] / LINE;
    for (size_t i = 0; i < LINE; i++) {
        s2 += pow(mean - jack[i], 2);
        s3 += pow(mean - jack[i], 3);
    }
    return s3 / (6 * pow(s2, 1.5));
}

/* A power law by least squares is a line in logarithms: what is missed on each run left out, and the jackknife of its
 * slope, have closed forms. */
static void leave_out_and_bca(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("power", 400);
    double x[LINE], y[LINE], jack[LINE], g[400], slope, height, ss = 0, below = 0;
    o.obj.loss = SOLVE_LSQ;
    EXPECT_OK(fit_table_init(&t, LINE, &err));
    snprintf(t.x_name, sizeof t.x_name, "x");
    for (size_t i = 0; i < LINE; i++) {
        t.col[FIT_X][i] = 1e3 * pow(1.6, (double)i);
        x[i] = log(t.col[FIT_X][i]);
        y[i] = log(30) - 0.3 * x[i] + (i % 3 ? 0.004 : -0.01) * (1 + (i == 4));
        t.col[FIT_LOSS][i] = exp(y[i]);
    }
    analyse(&r, &t, &o);
    const struct fit_law *f = &r.laws.at[0];
    for (size_t i = 0; i < LINE; i++) {
        line_through(&slope, &height, x, y, i);
        ss += pow(height + slope * x[i] - y[i], 2);
        jack[i] = -slope;
    }
    EXPECT(f->lobo_n == LINE);
    EXPECT_REL(f->lobo_error, sqrt(ss / LINE), 1e-5);
    line_through(&slope, &height, x, y, LINE);
    ss = 0;
    for (size_t i = 0; i < LINE; i++)
        ss += pow(exp(height + slope * x[i]) - exp(y[i]), 2);
    EXPECT_REL(r.noise.scatter, sqrt(ss / (LINE - 2)), 1e-5); /* two of eleven are spent on the law */
    /* AICc of normal errors with three parameters, the variance one of them; a profile that is Student's interval */
    double mean = 0, sxx = 0, n = LINE;
    ss = 0;
    for (size_t i = 0; i < LINE; i++) {
        mean += x[i] / n;
        ss += pow(height + slope * x[i] - y[i], 2);
    }
    for (size_t i = 0; i < LINE; i++)
        sxx += pow(x[i] - mean, 2);
    double wide = 2.262157 * sqrt(ss / (n - 2) / sxx);
    EXPECT_NEAR(f->aicc, n * (log(2 * acos(-1) * ss / n) + 1) + 2 * 3 + 2 * 3 * 4 / (n - 4), 1e-4);
    EXPECT_NEAR(f->profile_lo[1], -slope - wide, 1e-3 * wide);
    EXPECT_NEAR(f->profile_hi[1], -slope + wide, 1e-3 * wide);
    EXPECT(f->n_boot == 400);
    for (size_t b = 0; b < f->n_boot && f->n_boot == 400; b++) {
        g[b] = f->boot[b * f->law->n_params + 1];
        below += g[b] < f->outer[1];
    }
    sort_doubles(g, 400);
    double z0 = stats_normal_quantile(below / 400), a = acceleration(jack);
    double lo = z0 + (z0 - STATS_Z95) / (1 - a * (z0 - STATS_Z95)), hi = z0 + (z0 + STATS_Z95) / (1 - a * (z0 + STATS_Z95));
    EXPECT_NEAR(f->bca_lo[1], stats_quantile(g, 400, stats_normal_cdf(lo)), 2e-5);
    EXPECT_NEAR(f->bca_hi[1], stats_quantile(g, 400, stats_normal_cdf(hi)), 2e-5);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Where flops are 11 N^0.9 D, what is known of N* says as much of D* = C / (11 N*^0.9): an end comes from the other
 * end, and an error in relative terms times 0.9. */
static void expect_tokens(struct fit_value d, struct fit_value n, double c)
{
    EXPECT(n.lo < n.value && n.value < n.hi);
    EXPECT_REL(d.value, c / (11 * pow(n.value, 0.9)), 1e-9);
    EXPECT_REL(d.lo, c / (11 * pow(n.hi, 0.9)), 1e-9);
    EXPECT_REL(d.hi, c / (11 * pow(n.lo, 0.9)), 1e-9);
    EXPECT_REL(d.se / d.value, 0.9 * n.se / n.value, 1e-9);
}

static void expect_exponents(struct fit_value d, struct fit_value n)
{
    EXPECT(n.lo < n.value && n.value < n.hi);
    EXPECT_NEAR(d.value, 1 - 0.9 * n.value, 1e-9);
    EXPECT_NEAR(d.lo, 1 - 0.9 * n.hi, 1e-9);
    EXPECT_NEAR(d.hi, 1 - 0.9 * n.lo, 1e-9);
    EXPECT_NEAR(d.se, 0.9 * n.se, 1e-9);
}

static void ends_of_what_is_derived(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 60);
    EXPECT_OK(fit_table_init(&t, 28, &err));
    for (size_t i = 0; i < t.n; i++) {
        double c = 1e16 * pow(8, (double)(i / 7)), n = 2e7 * pow(c / 1e16, 0.47) * pow(1.6, (double)(i % 7) - 3);
        double d = c / (11 * pow(n, 0.9));
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = c;
        t.col[FIT_LOSS][i] = law_at_point(n, d);
    }
    shake(&t, 0.002);
    analyse(&r, &t, &o);
    EXPECT_REL(r.cost.p, 0.9, 1e-9);
    EXPECT_REL(r.cost.k, 11, 1e-9);
    expect_tokens(fit_frontier_tokens(&r.frontier, 1e18), fit_frontier_params(&r.frontier, 1e18), 1e18);
    expect_exponents(r.frontier.d_exponent, r.frontier.n_exponent);
    EXPECT(r.isoflop.n == 4);
    for (size_t i = 0; i < r.isoflop.n; i++)
        if (r.isoflop.at[i].valid)
            expect_tokens(r.isoflop.at[i].d_opt, r.isoflop.at[i].n_opt, r.isoflop.at[i].flops);
    expect_exponents(r.isoflop.d_exponent, r.isoflop.n_exponent);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* One size and ever more tokens, or one budget of tokens and ever larger sizes: compute is 6 N D all the same. */
static void compute_of_one_variable(void)
{
    struct err err;
    for (int sizes = 0; sizes < 2; sizes++) {
        struct fit_table t;
        struct fit_report r;
        struct fit_options o = quick("floor", 0);
        EXPECT_OK(fit_table_init(&t, 14, &err));
        for (size_t i = 0; i < t.n; i++) {
            double n = sizes ? 1e6 * pow(2, (double)i) : 3e7, d = sizes ? 5e8 : 1e7 * pow(2, (double)i);
            t.col[FIT_PARAMS][i] = n;
            t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
            t.col[FIT_FLOPS][i] = 6 * n * d;
            t.col[FIT_LOSS][i] = E0 + (sizes ? A0 * pow(n, -ALPHA) : B0 * pow(d, -BETA));
        }
        analyse(&r, &t, &o);
        for (double c = r.cost.min_flops; c < 1.1 * r.cost.max_flops; c *= 16) {
            double excess = sizes ? A0 * pow(c / (6 * 5e8), -ALPHA) : B0 * pow(c / (6 * 3e7), -BETA);
            EXPECT_REL(fit_frontier_loss(&r.frontier, c).value, E0 + excess, 1e-3);
            EXPECT_REL(fit_frontier_gain(&r.frontier, c).value, excess * (1 - pow(2, sizes ? -ALPHA : -BETA)), 1e-2);
        }
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* What a floor is worth is the AICc of the law held at E = 0, less that of the law itself. */
static void floor_against_none(void)
{
    struct fit_table t;
    struct fit_report r, none;
    struct fit_options o = quick("chinchilla", 0);
    grid(&t, 1);
    shake(&t, 0.003);
    analyse(&r, &t, &o);
    o.fix[o.n_fix++] = "E=0";
    analyse(&none, &t, &o);
    EXPECT(r.odd.n == 0);
    EXPECT_NEAR(none.laws.at[0].outer[0], 0, 1e-12);
    EXPECT_REL(r.verdict.floor.delta_aicc, none.laws.at[0].aicc - r.laws.at[0].aicc, 1e-3);
    fit_report_free(&none);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* A floor's interval is cut off where three times the noise cannot take the lowest loss, as far as the floor itself
 * lies below; an end near 0 is none, one at a third of the lowest loss stands. */
static void ends_of_a_floor(void)
{
    static const double floor_[] = {3, 0.3}, step[] = {1.3, 1.8}, noise[] = {0.03, 0.003};
    struct err err;
    struct fit_options o = quick("floor", 60);
    for (int k = 0; k < 2; k++) {
        struct fit_table t;
        struct fit_report r;
        struct rng rng = rng_make(1, RNG_TEST, 0, 0);
        double lowest = (double)INFINITY;
        EXPECT_OK(fit_table_init(&t, 14, &err));
        snprintf(t.x_name, sizeof t.x_name, "x");
        for (size_t i = 0; i < t.n; i++) {
            double x = t.col[FIT_X][i] = 1e3 * pow(step[k], (double)i);
            t.col[FIT_LOSS][i] = (floor_[k] + 30 * pow(x, -0.3)) * exp(noise[k] * rng_normal(&rng));
            lowest = fmin(lowest, t.col[FIT_LOSS][i]);
        }
        analyse(&r, &t, &o);
        double cut = lowest + 3 * r.noise.scatter;
        EXPECT(r.odd.n == 0 && r.verdict.floor.at.value < cut);
        EXPECT((r.frontier.e.hi > cut) == (k == 0) && (r.frontier.e.lo > 0.3 * lowest) == (k == 1));
        EXPECT_REL(r.verdict.floor.at.hi, fmin(r.frontier.e.hi, cut), 1e-12);
        EXPECT(k ? r.verdict.floor.at.lo == r.frontier.e.lo : isnan(r.verdict.floor.at.lo));
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"returns_of_a_known_law", returns_of_a_known_law},
        {"stands_by_intervals", stands_by_intervals},
        {"six_budgets", six_budgets},
        {"gain_without_a_digit", gain_without_a_digit},
        {"held_out_has_a_sign", held_out_has_a_sign},
        {"leave_out_and_bca", leave_out_and_bca},
        {"ends_of_what_is_derived", ends_of_what_is_derived},
        {"compute_of_one_variable", compute_of_one_variable},
        {"floor_against_none", floor_against_none},
        {"ends_of_a_floor", ends_of_a_floor},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
