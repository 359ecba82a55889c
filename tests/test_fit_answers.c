/* What is read off a fitted law of known truth: its floor, a break, the frontier, and the exponents by every method. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/verdict/words.h"
#include "fit_grid.h"

/* An exponent that halves beyond a point: found there, with the sign and the size that it has. */
static void break_found(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("floor", 100);
    line_table(&t, 36, 0, 1, 0, 0);
    double at = t.col[FIT_X][20], first = t.col[FIT_X][0];
    for (size_t i = 0; i < t.n; i++) {
        double x = t.col[FIT_X][i], bend = x > at ? pow(x / at, 0.2) : 1;
        t.col[FIT_LOSS][i] = (0.5 + 3 * pow(x / first, -0.4) * bend) * exp(0.001 * rng_normal(test_rng()));
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct breaks_out *b = &r.verdict.brk;
    EXPECT(b->tested && b->found && b->p < 0.05);
    EXPECT_NEAR(b->change.value, -0.2, 0.08);
    EXPECT(b->change.lo < -0.2 && b->change.hi > -0.2 && b->change.hi < 0);
    EXPECT(b->place.value > at / 6 && b->place.value < at * 6);
    char place[32], said[200];
    size_t n_said = 0;
    snprintf(said, sizeof said, "beyond x = %s (", words_count(place, sizeof place, b->place.value, false));
    for (size_t i = 0; i < r.verdict.lines.n; i++)
        n_said += strstr(r.verdict.lines.text[i], said) != NULL;
    snprintf(said, sizeof said, "are missed by %.2g %% with the bend and %.2g %% without", 100 * b->cv_bent, 100 * b->cv);
    for (size_t i = 0; i < r.verdict.lines.n; i++)
        n_said += strstr(r.verdict.lines.text[i], said) != NULL;
    EXPECT_MSG(n_said == 2, "the verdict does not say where, or '%s'", said);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The floor of the law that made the runs is covered, and a law that is wrong for them counts for little; where the
 * language's floor is another, the verdict says that it does not cover it. */
static void floor_and_truth(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37, 2.2};
    struct fit_options o = quick(NULL, 100);
    grid_table(&t, law_find("joint"), truth, 0.003, 1);
    t.truth_known = true;
    t.truth_floor = 1.8;
    t.truth_heldout = (double)NAN;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct fit_verdict *v = &r.verdict;
    EXPECT(r.laws.at[r.laws.selected].law == law_find("joint") && v->floor.supported);
    EXPECT(v->truth.known && v->truth.covered && v->truth.covered_over_laws);
    /* chinchilla, the wrong law here, puts the floor lower */
    EXPECT(v->floor.laws_lo == r.laws.at[0].params[0].lo && v->floor.laws_lo < v->floor.at.lo);
    EXPECT(v->floor.at.lo <= r.laws.at[1].params[0].value && r.laws.at[1].params[0].value <= v->floor.at.hi);
    EXPECT(strstr(v->lines.text[0], "over laws, windows of the runs and resamples"));
    /* how sure the choice is */
    EXPECT(r.laws.n == 2 && r.laws.at[1].share > 0.9);
    EXPECT_NEAR(r.laws.at[0].share + r.laws.at[1].share, 1, 1e-12);
    EXPECT_NEAR(r.laws.at[0].weight + r.laws.at[1].weight, 1, 1e-12);
    EXPECT_REL(r.laws.at[0].weight / r.laws.at[1].weight, exp(0.5 * (r.laws.at[1].aicc - r.laws.at[0].aicc)), 1e-9);
    t.truth_floor = 0.5 * (v->floor.laws_lo + v->floor.at.lo);
    fit_report_free(&r);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(!v->truth.covered && v->truth.covered_over_laws);
    EXPECT(strstr(v->lines.text[1], "does NOT cover it"));
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The frontier in closed form against a walk over sizes at fixed compute. */
static void frontier_is_the_minimum(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37, 0.6};
    static const char *const names[] = {"chinchilla", "joint"};
    for (int k = 0; k < 2; k++) {
        struct fit_options o = quick(names[k], 0);
        grid_table(&t, law_find(names[k]), truth, 0, 1);
        for (size_t i = 0; i < t.n; i++) /* a cost that is not 6 N D */
            t.col[FIT_FLOPS][i] = 11 * pow(t.col[FIT_PARAMS][i], 0.9) * t.col[FIT_TOKENS][i];
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(r.frontier.holds);
        double c = 1e15, best = (double)INFINITY, at = 0;
        for (double ln = log(1e4); ln < log(1e10); ln += 1e-3) {
            double n = exp(ln), d = c / (11 * pow(n, 0.9)), l = fit_predict(&r.laws.at[0], n, d).value;
            if (l < best) {
                best = l;
                at = n;
            }
        }
        EXPECT_REL(fit_frontier_loss(&r.frontier, c).value, best, 1e-6);
        EXPECT_REL(fit_frontier_params(&r.frontier, c).value, at, 2e-3);
        EXPECT_NEAR(fit_frontier_gain(&r.frontier, c).value,
                    fit_frontier_loss(&r.frontier, c).value - fit_frontier_loss(&r.frontier, 2 * c).value, 1e-9);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

static void isoflop_minima(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 200);
    EXPECT_OK(fit_table_init(&t, 45, &err));
    for (size_t i = 0; i < 45; i++) {
        double c = 1e13 * pow(4, (double)(i / 9)), best = 40 * pow(c / 1e8, 0.5);
        double n = best * pow(1.5, (double)(i % 9) - 4), z = log(n / best);
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = c / (6 * n);
        t.col[FIT_FLOPS][i] = c;
        t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + 0.05 * z * z + 0.0005 * rng_normal(test_rng());
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.isoflop.n == 5);
    for (size_t i = 0; i < r.isoflop.n; i++) {
        EXPECT_REL(r.isoflop.at[i].n_opt.value, 40 * pow(r.isoflop.at[i].flops / 1e8, 0.5), 0.03);
        EXPECT(!r.isoflop.at[i].at_edge && r.isoflop.at[i].n_opt.lo < r.isoflop.at[i].n_opt.hi);
    }
    EXPECT_NEAR(r.isoflop.n_exponent.value, 0.5, 0.01);
    EXPECT(r.isoflop.n_exponent.lo < 0.5 && 0.5 < r.isoflop.n_exponent.hi);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* All methods agree on a law without noise, and counting N^1.2 in place of N multiplies the exponent by 1.2. */
static void methods_and_counts(void)
{
    static const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options o = quick("chinchilla", 50);
    double a = 0.37 / (0.35 + 0.37);
    const struct law *law = law_find("chinchilla");
    const struct law_centre c = {log(1e6), log(1e8)};
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(&t, 13 * 13, &err));
    for (size_t i = 0; i < t.n; i++) {
        /* budgets a factor 2 apart, sizes a factor sqrt 2 */
        double n = 1e5 * pow(2, 0.5 * (double)(i % 13)), d = 2e6 * pow(2, 0.5 * (double)(i / 13));
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_PARAMS_NONEMBD][i] = 0.01 * pow(n, 1.2);
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = law_value(law, p, &x, &c);
    }
    t.has[FIT_PARAMS] = t.has[FIT_PARAMS_NONEMBD] = true;
    o.isoflop_window = 3;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.methods.n == 2);
    for (size_t k = 0; k < r.methods.n; k++) {
        const struct fit_methods *m = &r.methods.at[k];
        double want = a * (k ? 1.2 : 1);
        EXPECT(m->count == (k ? FIT_COUNT_NONEMBD : FIT_COUNT_TOTAL));
        EXPECT_NEAR(m->law_n.value, want, 1e-6);
        EXPECT_NEAR(m->isoflop_n.value, want, 0.03);
        EXPECT_NEAR(m->law_d.value, 1 - a, 1e-6);
        EXPECT_NEAR(m->isoflop_d.value, 1 - a, 0.03);
        EXPECT_NEAR(m->envelope.n_exponent.value, want, 0.03);
        EXPECT_NEAR(m->envelope.d_exponent.value, 1 - a, 0.03);
        EXPECT(m->envelope.n_crossings > 6);
        EXPECT(m->envelope.n_exponent.lo < want && want < m->envelope.n_exponent.hi);
    }
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Three sizes: the best one changes twice, and a line through two points is no exponent. */
static void envelope_of_two_steps(void)
{
    struct fit_table t;
    struct fit_report r;
    struct err err;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    const struct law *law = law_find("chinchilla");
    const struct law_centre c = {log(1e6), log(1e8)};
    struct fit_options o = quick("chinchilla", 50);
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(&t, 3 * 12, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = 1e5 * pow(8, (double)(i % 3)), d = 2e6 * pow(2, (double)(i / 3));
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = law_value(law, p, &x, &c);
    }
    t.has[FIT_PARAMS] = true;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.methods.n == 1 && r.methods.at[0].envelope.n_crossings == 2);
    EXPECT(isnan(r.methods.at[0].envelope.n_exponent.value) && isnan(r.methods.at[0].envelope.n_exponent.hi));
    EXPECT(isfinite(r.methods.at[0].law_n.value));
    fit_report_free(&r);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"floor_and_truth", floor_and_truth},
        {"break_found", break_found},
        {"frontier_is_the_minimum", frontier_is_the_minimum},
        {"isoflop_minima", isoflop_minima},
        {"methods_and_counts", methods_and_counts},
        {"envelope_of_two_steps", envelope_of_two_steps},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
