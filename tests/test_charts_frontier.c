/* The charts of a frontier as data: what is left above the floor, theory, returns and their bands, as points and words. */
#include "known.h"
#include "test.h"

#include <math.h>
#include <string.h>

#include "plot/rich.h"
#include "report/charts/against.h"
#include "report/charts/parts.h"

static void expect_excess(const struct charts_input *in, double floor, const char *words)
{
    struct chart ch = must_build("excess", in);
    const struct chart_series *s = find(&ch, "N = 4M", false, 0), *f = find(&ch, "best at each C, beyond the runs", true, 0);
    EXPECT(s && f && f->dash > 0 && s->n == 3 && !s->lo && f->band && ch.log_x && ch.log_y);
    for (size_t i = 0; s && i < s->n; i++) {
        double d = 2e7 * pow(4, (double)i);
        EXPECT_REL(s->x[i], 6 * 4e6 * d, 1e-12);
        EXPECT_NEAR(s->y[i], law(4e6, d) - floor, 1e-9);
    }
    size_t n_drawn = 0;
    for (size_t i = 0; f && i < f->n; i++, n_drawn++) {
        if (!size_ran(f->x[i])) {
            EXPECT(isnan(f->y[i]));
            continue;
        }
        EXPECT_NEAR(f->y[i], 1.7 + K * pow(f->x[i], -G) - floor, 1e-9);
    }
    EXPECT(n_drawn > 20);
    EXPECT_HAS(ch.quantity, words);
    EXPECT_TEXT(ch.y_label, floor > 0 ? "excess loss (nats per token)" : "loss (nats per token)");
    chart_free(&ch);
}

/* The true floor on this held-out set, the true floor, the fitted one, or none: in this order. */
static void excess(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    const struct charts_input in = {.table = &t, .report = &r};
    struct fit_verdict *v = &r.verdict;
    v->floor.supported = true;
    v->floor.at = (struct fit_value){1.5, 0.1, 1.3, 1.7};
    v->truth.known = true, v->truth.floor = 1.6, v->truth.heldout = 1.62;
    expect_excess(&in, 1.62, "less the true floor on the held-out set,");
    v->truth.heldout = (double)NAN;
    expect_excess(&in, 1.6, "less the true floor,");
    v->truth.known = false;
    expect_excess(&in, 1.5, "less the fitted floor,");
    v->floor.supported = false;
    expect_excess(&in, 0, "Loss against compute, on log axes");
    r.frontier.holds = false;
    bool drawn = true;
    struct chart ch = build("excess", &in, &drawn);
    EXPECT(!drawn);
    chart_free(&ch);
    fit_table_free(&t);
}

/* The best size at C is C^0.5, with C^0.5 / 6 tokens: a line where runs have both, dashes where they have not, no gap between. */
static void beyond_the_runs(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    const struct charts_input in = {.table = &t, .report = &r};
    size_t n_solid = 0, n_dashed = 0, n_both = 0;
    for (size_t i = 0; i < t.n; i++) {
        double n = t.col[FIT_PARAMS][i], d = n / 6 * pow(4, (double)(i % 3) - 1);
        set_run(&t, i, n, d, law(n, d));
    }
    r.verdict.truth.known = true, r.verdict.truth.floor = 1.6;
    struct chart ch = must_build("excess", &in);
    const struct chart_series *in_runs = find(&ch, "best at each C", true, 0);
    const struct chart_series *beyond = find(&ch, "best at each C, beyond the runs", true, 0);
    for (size_t i = 0; in_runs && beyond && i < in_runs->n; i++) {
        const double n = sqrt(in_runs->x[i]);
        const bool has_line = isfinite(in_runs->y[i]), has_dashes = isfinite(beyond->y[i]);
        EXPECT_MSG(has_line == (n >= 1e6 / 1.03 && n <= 16e6 * 1.03), "a line at N = %g: %d", n, has_line);
        EXPECT(has_line || has_dashes == size_ran(in_runs->x[i]));
        n_solid += has_line, n_dashed += has_dashes, n_both += has_line && has_dashes;
    }
    EXPECT_MSG(n_solid > 20 && n_dashed > 10 && n_both == 2, "%zu, %zu, %zu", n_solid, n_dashed, n_both);
    EXPECT_HAS(ch.title, "The excess over the fitted floor falls as C");
    EXPECT_HAS(ch.note, "The exponent is that above the fitted floor;");
    chart_free(&ch);
    fit_table_free(&t);
}

static void expect_no_theory(const struct charts_input *in)
{
    struct chart ch = must_build("excess", in);
    EXPECT(!strstr(ch.note, "theory"));
    for (size_t i = 0; i < ch.n_series; i++)
        EXPECT(!strstr(ch.series[i].label, "theory"));
    chart_free(&ch);
}

/* Theory's shape through the best run of the largest budget. */
static void theory(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    struct charts_theory th = facts();
    struct charts_input in = {.table = &t, .report = &r, .theory = &th};
    double largest = t.col[FIT_LOSS][8]; /* the one run of that budget */
    bool off[9] = {0};
    r.verdict.truth.known = true, r.verdict.truth.floor = largest - 0.4;
    struct chart ch = must_build("excess", &in);
    const struct chart_series *s = find(&ch, "theory (Author 2020)", true, 0);
    EXPECT(s && s->dash > 0 && s->free_range && !s->lo);
    for (size_t i = 0; s && i < s->n; i++) {
        double want = 0.4 * pow(s->x[i] / r.cost.max_flops, -0.2);
        if (want < 0.99) /* one fact known leaves 1, and none is not drawn */
            EXPECT_REL(s->y[i], want, 0.01);
        else if (want > 1.01)
            EXPECT(isnan(s->y[i]));
    }
    EXPECT_HAS(ch.note, "Theory, for learners of the most frequent facts: C" RICH_UP "−0.2" RICH_END " while");
    EXPECT_HAS(ch.note, "(Author 2020, somewhere; Other 2021)");
    EXPECT_HAS(ch.note, "True floor: ");
    chart_free(&ch);
    /* few facts are left: they bring it to nothing, faster than any power */
    r.verdict.truth.floor = largest - 0.032;
    ch = must_build("excess", &in);
    s = find(&ch, "theory (Author 2020)", true, 0);
    EXPECT(s && s->y[s->n - 1] == 0);
    chart_free(&ch);
    r.verdict.truth.floor = largest - 1.1; /* more than none known would leave */
    expect_no_theory(&in);
    r.verdict.truth.floor = largest - 0.4;
    /* a run that no law follows sets no height: the largest of the others does */
    off[8] = true, r.odd.off = off;
    t.col[FIT_LOSS][5] = t.col[FIT_LOSS][7] = largest - 0.1; /* of 4 x N, 16 x D and of 16 x N, 4 x D */
    ch = must_build("excess", &in);
    s = find(&ch, "theory (Author 2020)", true, 0);
    for (size_t i = 0; s && i < s->n; i++)
        if (s->x[i] > r.cost.max_flops / 4)
            EXPECT_REL(s->y[i], 0.3 * pow(s->x[i] / (r.cost.max_flops / 4), -0.2), 0.01);
    chart_free(&ch);
    r.odd.off = NULL;
    in.theory = NULL;
    expect_no_theory(&in);
    fit_table_free(&t);
}

/* A log axis has no place for what is not above the floor: the chart says how many runs that are. */
static void below_the_floor(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    const struct charts_input in = {.table = &t, .report = &r};
    r.verdict.truth.known = true;
    r.verdict.truth.floor = t.col[FIT_LOSS][8];
    struct chart ch = must_build("excess", &in);
    EXPECT_HAS(ch.note, "1 run at or below the floor");
    chart_free(&ch);
    r.verdict.truth.floor = 100;
    ch = must_build("excess", &in);
    EXPECT_HAS(ch.note, "9 runs at or below the floor");
    chart_free(&ch);
    fit_table_free(&t);
}

static void returns(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    struct fit_isoflop b[2] = {{.flops = 1e15, .loss = {3, 0, 0, 0}, .valid = true},
                               {.flops = 8e15, .loss = {2.7, 0, 0, 0}, .valid = true}};
    const struct charts_input in = {.table = &t, .report = &r};
    struct fit_verdict *v = &r.verdict;
    double at_largest = K * pow(r.cost.max_flops, -G) * (1 - pow(2, -G));
    v->returns.gain = (struct fit_value){at_largest, 0, 0.9 * at_largest, 1.1 * at_largest};
    v->returns.times = (struct fit_value){at_largest / 0.01, 0, 3.4, 13};
    v->returns.flatten = (struct fit_value){4e17, 0, 1e17, 2e18};
    r.isoflop.at = b, r.isoflop.n = 2;
    r.noise.sigma = 0.01, r.noise.lo = 0.006, r.noise.hi = 0.02, r.noise.from = "runs repeated with other seeds";
    struct chart ch = must_build("returns", &in);
    const struct chart_series *in_runs = find(&ch, "the fit, 95 % band", true, 0);
    const struct chart_series *beyond = find(&ch, "the fit, beyond the runs", true, 0);
    const struct chart_series *seen = find(&ch, "between IsoFLOP minima", false, 0);
    for (int k = 0; in_runs && beyond && k < 2; k++) {
        const struct chart_series *s = k ? beyond : in_runs;
        for (size_t i = 0; i < s->n; i++)
            EXPECT_REL(s->y[i], K * pow(s->x[i], -G) * (1 - pow(2, -G)), 1e-9);
        EXPECT_REL(s->x[0], k ? r.cost.max_flops : r.cost.min_flops, 1e-9);
    }
    EXPECT(beyond && beyond->dash > 0 && beyond->x[beyond->n - 1] > 1.1e18 && in_runs && in_runs->dash == 0);
    /* three doublings between the two minima gained 0.3: 0.1 each, the middle one from 2e15 */
    EXPECT(seen && seen->n == 1);
    if (seen) {
        EXPECT_REL(seen->x[0], 2e15, 1e-9);
        EXPECT_REL(seen->y[0], 0.1, 1e-9);
    }
    const struct chart_line *noise = find_line(&ch, "noise σ = 0.010 nats (95 %: 0.006 to 0.020)");
    const struct chart_series *flat = find(&ch, "returns flatten, 95 %", false, 0), *bar = find(&ch, "noise of one run", false, 0);
    const struct chart_line *largest = find_line(&ch, "largest budget");
    EXPECT(noise && !noise->vertical && noise->at == 0.01);
    EXPECT(bar && bar->lo[0] == 0.006 && bar->hi[0] == 0.02);
    EXPECT(flat && flat->x[0] == 4e17 && flat->y[0] == 0.01 && flat->x_lo[0] == 1e17 && flat->x_hi[0] == 2e18);
    EXPECT_HAS(ch.subtitle, "Returns flatten, where it sinks under the noise of one run, at 4×10¹⁷ FLOPs (95 %: 10¹⁷ to 2×10¹⁸).");
    EXPECT(largest && largest->vertical && fabs(largest->at / r.cost.max_flops - 1) < 1e-12);
    EXPECT_HAS(ch.subtitle, "At the largest budget here, 3.1×10¹⁶ FLOPs.");
    EXPECT_TEXT(ch.title, "The next doubling of compute gains 0.075 nats (95 %: 0.068 to 0.083), 7.5 times the noise of one run");
    EXPECT_TEXT(ch.y_label, "gain (nats per token)");
    EXPECT_TEXT(ch.note, "Noise: runs repeated with other seeds.");
    chart_free(&ch);
    v->returns.times.lo = 0.9;
    ch = must_build("returns", &in);
    EXPECT_HAS(ch.title, "0.083); whether that is less than the noise of one run is open");
    chart_free(&ch);
    v->returns.gain.value = (double)NAN;
    bool drawn = true;
    ch = build("returns", &in, &drawn);
    EXPECT(!drawn);
    chart_free(&ch);
    fit_table_free(&t);
}

/* Forty-one resamples whose coefficient is 50 exp(0.01 j), j = -20 .. 20: at the quantiles 2.5 and 97.5 % j is -19 and 19. */
static void band(void)
{
    enum { DRAWS = 40 };
    static struct frontier_curve all[DRAWS + 2];
    static double room[DRAWS + 1];
    struct fit_table t = grid(3, 3);
    struct fit_report r = with_frontier();
    const struct charts_input in = {.table = &t, .report = &r};
    for (size_t i = 0; i < DRAWS + 2; i++) {
        all[i] = frontier[0];
        all[i].ln_k += i ? 0.01 * ((double)i - 1 - DRAWS / 2) : 0;
    }
    r.frontier.curves = all, r.frontier.n_boot = DRAWS + 1, r.frontier.draws = room, r.frontier.z = 1.959963984540054;
    r.verdict.truth.known = true, r.verdict.truth.floor = 1.6;
    r.verdict.returns.gain.value = 0.1;
    struct chart ch = must_build("excess", &in);
    const struct chart_series *s = find(&ch, "best at each C, beyond the runs", true, 0);
    for (size_t i = 0; s && i < s->n; i++) {
        double above = K * pow(s->x[i], -G);
        if (!size_ran(s->x[i]))
            continue;
        EXPECT_REL(s->lo[i], 0.1 + above * exp(-0.19), 1e-6);
        EXPECT_REL(s->hi[i], 0.1 + above * exp(0.19), 1e-6);
    }
    EXPECT_HAS(ch.subtitle, "with its 95 % band");
    chart_free(&ch);
    ch = must_build("returns", &in);
    for (size_t k = 0; k < 2; k++) {
        s = find(&ch, NULL, true, k);
        for (size_t i = 0; s && i < s->n; i++) {
            double gain = K * pow(s->x[i], -G) * (1 - pow(2, -G));
            EXPECT_REL(s->lo[i], gain * exp(-0.19), 1e-6);
            EXPECT_REL(s->hi[i], gain * exp(0.19), 1e-6);
        }
    }
    chart_free(&ch);
    fit_table_free(&t);
}

static size_t count_marks(const struct chart *ch)
{
    size_t n = 0;
    for (size_t i = 0; i < ch->n_series; i++)
        for (size_t k = 0; ch->series[i].marker != MARKER_NONE && k < ch->series[i].n; k++)
            n += isfinite(ch->series[i].x[k]) && isfinite(ch->series[i].y[k]);
    return n;
}

/* No run is lost where there are more sizes than colours, or where a size is not known. */
static void many_sizes(void)
{
    enum { RUNS = 300 };
    static const char *const names[] = {"loss_tokens", "loss_params", "excess"};
    struct fit_table t = {0};
    struct fit_report r = with_frontier();
    struct err err;
    EXPECT_OK(fit_table_init(&t, RUNS, &err));
    for (size_t i = 0; i < RUNS; i++) {
        double n = 1e5 * pow(1.03, (double)((i * 7) % RUNS)), d = 1e7 * pow(1.02, (double)((i * 11) % RUNS));
        set_run(&t, i, n, d, law(n, d));
    }
    const struct charts_input in = {.table = &t, .report = &r};
    for (size_t k = 0; k < 3; k++) {
        struct chart ch = must_build(names[k], &in);
        EXPECT_MSG(count_marks(&ch) == RUNS, "%s: %zu runs", names[k], count_marks(&ch));
        EXPECT_MSG(ch.n_series <= 40, "%s: %zu series", names[k], ch.n_series);
        EXPECT_HAS(ch.note, "are put together in 16 colours");
        chart_free(&ch);
    }
    for (size_t i = 0; i < 10; i++)
        t.col[FIT_PARAMS][i] = (double)NAN;
    struct chart ch = must_build("excess", &in);
    EXPECT(count_marks(&ch) == RUNS);
    const struct chart_series *unknown = find(&ch, "size unknown", false, 0);
    EXPECT(unknown && unknown->n == 10);
    chart_free(&ch);
    fit_table_free(&t);
}

static const struct test tests[] = {
    {"excess", excess},
    {"beyond_the_runs", beyond_the_runs},
    {"theory", theory},
    {"below_the_floor", below_the_floor},
    {"returns", returns},
    {"band", band},
    {"many_sizes", many_sizes},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
