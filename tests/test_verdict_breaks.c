/* Bends and turns: what is found, told and quoted where the excess falls with another exponent from some place on, or rises. */
#include "test.h"

#include <math.h>
#include <stdio.h>

#include "verdict_grid.h"

/* Losses of law joint bend in the eyes of chinchilla, until joint has a say. */
static void another_law_explains_a_bend(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick(NULL, 20);
    const double *n, *d;
    grid(&t, 1);
    n = t.col[FIT_PARAMS], d = t.col[FIT_TOKENS];
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS][i] = E0 + pow(pow(400 / pow(n[i], 0.34), 1 / 3.0) + pow(410 / pow(d[i], 0.28), 1 / 3.0), 3);
    shake(&t, 0.001);
    analyse(&r, &t, &o);
    EXPECT(r.laws.n == 2);
    const struct solve_problem plain = design_problem(&r.kept, &r.laws.at[0].problem),
                               joint = design_problem(&r.kept, &r.laws.at[1].problem);
    const double *start = r.laws.at[1].best.p;
    struct breaks_in in = {.problem = &plain, .start = r.laws.at[0].best.p, .design = &r.kept, .n_sims = 99, .n_boot = 40,
                           .seed = 1};
    struct breaks_out alone, beside;
    EXPECT_OK(breaks_test(&alone, &in, &err));
    in.others = &joint, in.other_starts = &start, in.n_others = 1;
    EXPECT_OK(breaks_test(&beside, &in, &err));
    EXPECT(alone.matters && isnan(alone.cv_other));
    EXPECT(!beside.matters && !beside.found && beside.cv_other < alone.cv && beside.cv_bent == alone.cv_bent);
    breaks_free(&alone);
    breaks_free(&beside);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The largest size overfits: with the most data its loss is 3 % above what it was before. That is found, told, and no law
 * without a bend is extrapolated; without it, or where it is no more than the noise, it is not. */
static void a_rise_is_told(void)
{
    static const struct {
        double rise, noise;
        size_t seeds;
        bool found;
    } cases[] = {{0.03, 0.002, 2, true}, {0, 0.002, 2, false}, {0, 0.002, 1, false}, {0.004, 0.01, 2, false}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct fit_table t;
        struct fit_report r;
        struct fit_options o = quick("chinchilla", 30);
        o.break_sims = 20;
        grid(&t, cases[k].seeds);
        const double *n = t.col[FIT_PARAMS], *d = t.col[FIT_TOKENS];
        double top = d[t.n - 1], big = n[t.n - 1];
        for (size_t i = 0; i < t.n; i++)
            if (n[i] == big && d[i] == top && cases[k].rise > 0)
                t.col[FIT_LOSS][i] = law_at_point(n[i], top / 2.5) * (1 + cases[k].rise);
        shake(&t, cases[k].noise);
        analyse(&r, &t, &o);
        const struct turn_out *u = &r.verdict.brk.turn;
        EXPECT_MSG(u->found == cases[k].found, "case %zu: p = %g", k, u->p);
        EXPECT(says(&r, "rises again, from") == cases[k].found);
        if (u->found) {
            EXPECT(r.verdict.brk.found && (r.frontier.bent || says(&r, "Withheld")));
            EXPECT_REL(u->size, big, 1e-9);
            EXPECT_REL(u->to, top, 1e-9);
            EXPECT_REL(u->from, top / 2.5, 1e-9);
            EXPECT_REL(u->end / u->low, 1.03, 0.01);
        }
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* From the third largest budget on another language is learnt, and no size has its largest budget above the one before. */
static void a_step_is_told(void)
{
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 30);
    o.break_sims = 20;
    grid(&t, 2);
    const double *d = t.col[FIT_TOKENS];
    double from = d[t.n - 1] / 2.5 / 2.5;
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS][i] *= d[i] > 0.99 * from ? 1.2 : 1;
    shake(&t, 0.002);
    analyse(&r, &t, &o);
    const struct turn_out *u = &r.verdict.brk.turn;
    EXPECT(u->found && r.verdict.brk.found && says(&r, "rises again, from"));
    EXPECT_REL(u->from, from / 2.5, 1e-9);
    EXPECT_REL(u->to, from, 1e-9);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Beyond half the range the excess falls by .05 less: what is quoted is the bent law's, and the place is told. The
 * floor is that of both; the excess over it halves more slowly than the unbent law has it. */
static void a_bend_is_quoted(void)
{
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 60);
    o.break_sims = 99;
    grid(&t, 1);
    double from = 1e17;
    for (size_t i = 0; i < t.n; i++)
        if (t.col[FIT_FLOPS][i] > from)
            t.col[FIT_LOSS][i] = E0 + (t.col[FIT_LOSS][i] - E0) * pow(t.col[FIT_FLOPS][i] / from, 0.05);
    shake(&t, 0.001);
    analyse(&r, &t, &o);
    EXPECT(r.verdict.brk.found && r.frontier.bent && says(&r, "of the law beyond the break"));
    EXPECT(r.verdict.brk.place.value > from / 5 && r.verdict.brk.place.value < from * 5);
    EXPECT(r.verdict.floor.at.lo < E0 && E0 < r.verdict.floor.at.hi && r.verdict.floor.at.hi - r.verdict.floor.at.lo < 0.3);
    double g = ALPHA * BETA / (ALPHA + BETA) - 0.05;
    EXPECT(r.verdict.returns.halving.lo < 1 / g && 1 / g < r.verdict.returns.halving.hi);
    EXPECT_REL(r.verdict.returns.halving.value, 1 / g, 0.1);
    fit_report_free(&r);
    /* one who holds the floor asks for that law */
    o.fix[0] = "E=1.7";
    o.n_fix = 1;
    analyse(&r, &t, &o);
    EXPECT(says(&r, "held at 1.7"));
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Beyond a break in x the power is the bent one: 30 x^-.4, which falls as x^-.2 from there on. */
static void the_frontier_bends(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("floor", 60);
    o.break_sims = 99;
    EXPECT_OK(fit_table_init(&t, 36, &err));
    snprintf(t.x_name, sizeof t.x_name, "x");
    for (size_t i = 0; i < t.n; i++) {
        double at = 1e3 * pow(1.7, 20), x = t.col[FIT_X][i] = 1e3 * pow(1.7, (double)i);
        t.col[FIT_LOSS][i] = 0.5 + 30 * pow(x, -0.4) * (x > at ? pow(x / at, 0.2) : 1);
    }
    shake(&t, 0.001);
    analyse(&r, &t, &o);
    EXPECT(r.verdict.brk.found && r.frontier.bent);
    EXPECT_NEAR(r.frontier.g.value, 0.2, 0.05);
    EXPECT_NEAR(fit_frontier_loss(&r.frontier, t.col[FIT_X][t.n - 1]).value, t.col[FIT_LOSS][t.n - 1], 0.01);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Beyond a break in data that term falls by .1 less: the compute-optimal frontier is that of .34 and .18. */
static void the_frontier_bends_in_data(void)
{
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 60);
    o.break_sims = 99;
    grid(&t, 1);
    const double from = 2e8, slower = 0.1;
    for (size_t i = 0; i < t.n; i++) {
        double d = t.col[FIT_TOKENS][i];
        if (d > from)
            t.col[FIT_LOSS][i] += B0 * pow(d, -BETA) * (pow(d / from, slower) - 1);
    }
    shake(&t, 0.0003);
    analyse(&r, &t, &o);
    EXPECT(r.verdict.brk.found && r.frontier.bent && r.verdict.brk.variable == BREAKS_DATA);
    double beta = BETA - slower;
    EXPECT_NEAR(r.frontier.n_exponent.value, beta / (ALPHA + beta), 0.05);
    fit_report_free(&r);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"another_law_explains_a_bend", another_law_explains_a_bend},
        {"a_rise_is_told", a_rise_is_told},
        {"a_step_is_told", a_step_is_told},
        {"a_bend_is_quoted", a_bend_is_quoted},
        {"the_frontier_bends", the_frontier_bends},
        {"the_frontier_bends_in_data", the_frontier_bends_in_data},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
