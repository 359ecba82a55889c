/* The charts of runs as data: known runs and a known report in, points, bars, lines and words out. */
#include "known.h"
#include "test.h"

#include <math.h>
#include <string.h>

#include "plot/rich.h"
#include "report/charts/against.h"
#include "report/charts/parts.h"

static struct fit_report analysed_by(const struct fit_table *t, const char *law)
{
    struct fit_options o = fit_options_default();
    struct fit_report r = {0};
    struct err err;
    o.law = law;
    o.bootstrap = 40;
    o.break_sims = 0;
    EXPECT_OK(fit_analyse(&r, t, &o, &err));
    return r;
}

static struct fit_report analysed(const struct fit_table *t)
{
    return analysed_by(t, "chinchilla");
}

static void loss_tokens(void)
{
    struct fit_table t = grid(3, 4);
    struct fit_report r = analysed(&t);
    const struct charts_input in = {.table = &t, .report = &r, .title = "grid"};
    struct chart ch = must_build("loss_tokens", &in);
    static const char *const labels[] = {"N = 1M", "N = 4M", "N = 16M"};
    EXPECT(ch.n_series == 6 && ch.log_x && ch.log_y);
    for (size_t k = 0; k < 3; k++) {
        double n = 1e6 * pow(4, (double)k);
        const struct chart_series *s = find(&ch, labels[k], false, 0), *l = find(&ch, NULL, true, k);
        EXPECT(s && l && s->n == 4 && !s->lo && s->marker == MARKER_DISC && l->band);
        for (size_t i = 0; s && i < s->n; i++) {
            double d = 2e7 * pow(4, (double)i), y = law(n, d);
            EXPECT_REL(s->x[i], d, 1e-12);
            EXPECT_REL(s->y[i], y, 1e-12);
        }
        EXPECT(l && l->x[0] < 2e7 && l->x[l->n - 1] > 2e7 * 64 && l->free_range);
        for (size_t i = 0; l && i < l->n; i++) {
            EXPECT_REL(l->y[i], law(n, l->x[i]), 1e-4);
            EXPECT(l->lo[i] <= l->y[i] && l->hi[i] >= l->y[i] && l->hi[i] - l->lo[i] < 0.02);
        }
        EXPECT(s && l && s->color.role == l->color.role && s->color.at == l->color.at);
    }
    EXPECT_HAS(ch.subtitle, "chinchilla, E + A/N" RICH_UP "α" RICH_END " + B/D" RICH_UP "β" RICH_END ", fitted to 12 runs, ");
    EXPECT_HAS(ch.subtitle, "with 95 % bands");
    EXPECT_TEXT(ch.title, "64 times the tokens take the loss of N = 16M from 6.82 to 4.28 nats");
    EXPECT_TEXT(ch.y_label, "loss (nats per token)");
    EXPECT_TEXT(ch.scale.label, "parameters N");
    EXPECT(ch.scale.n_marks == 3 && ch.scale.lo == 1e6 && ch.scale.hi == 16e6);
    EXPECT_TEXT(ch.note, "Runs: grid. N: parameters, all counted. All runs share the held-out set's own error: 0.0078 nats "
                         "either way (95 %). ");
    const struct chart_line *floor = find_line(&ch, "fitted floor L" RICH_DOWN "∞" RICH_END " 1.7");
    EXPECT(floor && !floor->vertical);
    if (floor)
        EXPECT_NEAR(floor->at, E0, 1e-3);
    chart_free(&ch);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* A law of one variable has a line without a band, and the words say no other. */
static void no_bands(void)
{
    struct fit_table t = grid(1, 6);
    struct fit_report r = analysed_by(&t, "floor");
    const struct charts_input in = {.table = &t, .report = &r};
    struct chart ch = must_build("loss_tokens", &in);
    EXPECT(r.frontier.n_boot > 0 && find(&ch, NULL, true, 0));
    EXPECT_HAS(ch.subtitle, "Lines: floor, ");
    EXPECT_MSG(!strstr(ch.subtitle, "band"), "'%s'", ch.subtitle);
    chart_free(&ch);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Over many decades lines of equal D/N lie to both sides of the best one, and next to it; a best size and data that no run has
 * are told to be so. */
static void contours_far_and_wide(void)
{
    enum { SIDE = 4 };
    struct fit_table t = {0};
    struct err err;
    EXPECT_OK(fit_table_init(&t, SIDE * SIDE, &err));
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        double n = 1e4 * pow(100, (double)(i / SIDE)), d = 1e4 * pow(1000, (double)(i % SIDE));
        set_run(&t, i, n, d, law(n, d));
    }
    struct fit_report r = analysed(&t);
    const struct charts_input in = {.table = &t, .report = &r};
    const double c = r.cost.max_flops, best = fit_frontier_tokens(&r.frontier, c).value / fit_frontier_params(&r.frontier, c).value;
    struct chart ch = must_build("contours", &in);
    size_t below = 0, above = 0;
    double nearest = (double)INFINITY;
    for (size_t k = 0; k < ch.n_series; k++) {
        const struct chart_series *s = &ch.series[k];
        if (strncmp(s->name, "D/N", 3) != 0)
            continue;
        double ratio = s->y[0] / s->x[0];
        below += ratio < best, above += ratio > best;
        nearest = fmin(nearest, fabs(log10(ratio / best)));
    }
    EXPECT_MSG(below > 0 && above > 0 && below + above <= 7 && nearest < 0.51, "%zu below, %zu above, %g decades apart", below,
               above, nearest);
    chart_free(&ch);
    r.cost.max_flops = 1e-2 * c;
    ch = must_build("contours", &in);
    EXPECT_MSG(!strstr(ch.title, "any run"), "'%s'", ch.title);
    chart_free(&ch);
    r.cost.max_flops = 1e6 * c;
    ch = must_build("contours", &in);
    EXPECT_HAS(ch.title, "would do best: larger than any run");
    chart_free(&ch);
    r.cost.max_flops = 1e-16 * c;
    ch = must_build("contours", &in);
    EXPECT_HAS(ch.title, "smaller than any run");
    chart_free(&ch);
    ch = must_build("loss_tokens", &in);
    EXPECT_HAS(ch.title, "10⁹ times the tokens");
    chart_free(&ch);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Marks that no held-out run has are neither drawn nor named. */
static void predicted(void)
{
    struct fit_table t = grid(3, 5);
    struct fit_report r = analysed(&t);
    const struct charts_input in = {.table = &t, .report = &r};
    const struct fit_law *f = fit_report_selected(&r);
    for (int all = 0; all < 2; all++) {
        for (size_t i = 0; i < f->holdout_n; i++)
            f->held[i].best = all;
        struct chart ch = must_build("predicted", &in);
        size_t n = 0;
        for (size_t k = 0; k < ch.n_series; k++) {
            const struct chart_series *s = &ch.series[k];
            bool held = strncmp(s->label, "held out", 8) == 0;
            n += held;
            EXPECT(!held || s->marker == (all ? MARKER_SQUARE : MARKER_DISC));
        }
        EXPECT(f->holdout_n > 0 && n == 1 && (strstr(ch.note, "Squares") != NULL) == (all == 1));
        chart_free(&ch);
    }
    fit_report_free(&r);
    fit_table_free(&t);
}

static void loss_params(void)
{
    struct fit_table t = grid(4, 3);
    struct fit_report r = analysed(&t);
    struct charts_input in = {.table = &t, .report = &r, .loss_unit = "bits per byte"};
    struct chart ch = must_build("loss_params", &in);
    EXPECT_TEXT(ch.scale.label, "tokens D");
    EXPECT_TEXT(ch.y_label, "loss (bits per byte)");
    EXPECT_TEXT(ch.x_label, "model size N (parameters, all counted)");
    EXPECT(ch.n_series == 6);
    const struct chart_series *s = find(&ch, "D = 80M", false, 0), *l = find(&ch, NULL, true, 1);
    EXPECT(s && l && s->n == 4);
    for (size_t i = 0; s && i < s->n; i++) {
        EXPECT_REL(s->x[i], 1e6 * pow(4, (double)i), 1e-12);
        EXPECT_REL(s->y[i], law(s->x[i], 8e7), 1e-12);
    }
    for (size_t i = 0; l && i < l->n; i++)
        EXPECT_REL(l->y[i], law(l->x[i], 8e7), 1e-4);
    chart_free(&ch);

    /* the same sizes at budgets of compute: along a line, tokens are what is left of the budget */
    for (size_t i = 0; i < t.n; i++) {
        double n = t.col[FIT_PARAMS][i], c = 1e15 * pow(4, (double)(i % 3));
        set_run(&t, i, n, c / (6 * n), law(n, c / (6 * n)));
    }
    fit_report_free(&r);
    r = analysed(&t);
    in.loss_unit = "";
    ch = must_build("loss_params", &in);
    EXPECT_TEXT(ch.scale.label, "compute C (FLOPs)");
    EXPECT_TEXT(ch.y_label, "loss");
    s = find(&ch, "C = 4×10¹⁵", false, 0), l = find(&ch, NULL, true, 1);
    EXPECT(s && l && s->n == 4);
    for (size_t i = 0; l && i < l->n; i++)
        EXPECT_REL(l->y[i], law(l->x[i], 4e15 / (6 * l->x[i])), 1e-3);
    chart_free(&ch);
    fit_report_free(&r);
    fit_table_free(&t);
}

static void counts(void)
{
    static const char *const words[] = {"parameters, all counted", "parameters without embeddings",
                                        "parameters in matrix products"};
    static const double share[] = {1, 0.9, 0.95};
    struct fit_table t = grid(3, 3);
    struct fit_report r = nothing();
    for (size_t k = 0; k < FIT_N_COUNTS; k++) {
        const struct charts_input in = {.table = &t, .report = &r};
        r.count = (enum fit_count)k;
        struct chart ch = must_build("loss_params", &in);
        EXPECT_HAS(ch.x_label, words[k]);
        EXPECT_REL(ch.series[0].x[0], share[k] * 1e6, 1e-12);
        EXPECT_HAS(ch.subtitle, "No law could be fitted");
        chart_free(&ch);
        ch = must_build("loss_tokens", &in);
        EXPECT_HAS(ch.note, words[k]);
        EXPECT(ch.n_series == 3);
        chart_free(&ch);
    }
    fit_table_free(&t);
}

/* The truth, and what is fitted, are both drawn. */
static void floors(void)
{
    struct fit_table t = grid(3, 3);
    struct fit_report r = nothing();
    const struct charts_input in = {.table = &t, .report = &r};
    struct fit_verdict *v = &r.verdict;
    v->truth.known = true, v->truth.floor = 1.6;
    v->enough = v->floor.supported = true;
    v->floor.at = (struct fit_value){1.65, 0.02, 1.61, (double)INFINITY};
    struct chart ch = must_build("loss_tokens", &in);
    const struct chart_line *truth = find_line(&ch, "true floor 1.6"), *fitted = find_line(&ch, "fitted floor");
    EXPECT(truth && truth->at == 1.6 && fitted && fitted->at == 1.65 && fitted->lo == 1.61);
    if (fitted)
        EXPECT_TEXT(fitted->label, "fitted floor L" RICH_DOWN "∞" RICH_END " 1.65 (95 %: above 1.61)");
    chart_free(&ch);
    v->floor.supported = false;
    ch = must_build("loss_tokens", &in);
    EXPECT(ch.n_lines == 1);
    chart_free(&ch);
    fit_table_free(&t);
}

/* The run that is not done has a line and no end; the lowest of all so far is that of the others. */
static void expect_ends(const struct chart *ch)
{
    const struct chart_series *ends = find(ch, "held-out loss, N = 900k", false, 0);
    size_t n_ends = 0;
    for (size_t i = 0; ends && i < ends->n; i++)
        if (isfinite(ends->y[i])) {
            n_ends++;
            EXPECT(ends->x[i] == 2e6 && ends->y[i] == 2.9);
        }
    EXPECT(n_ends == 1);
    EXPECT(find(ch, "held-out loss, N = 3.6M", false, 0));
    const struct chart_series *lowest = find(ch, "lowest so far", true, 0);
    for (size_t i = 0; lowest && i < lowest->n; i++)
        EXPECT(isnan(lowest->y[i]) || fabs(lowest->y[i] - 2) < 1e-9);
    EXPECT(ch->x_from == 0.125 * 2e6 && ch->x_to == 2e6);
    EXPECT_TEXT(ch->title, "The lowest held-out loss is 1.9 nats, of N = 3.6M after D = 2M");
    EXPECT_HAS(ch->note, "parameters without embeddings");
    EXPECT_HAS(ch->note, "1/16 of the held-out set");
}

/* Against compute, and with two folders told apart. */
static void expect_compute(struct charts_input *in)
{
    const char *const sources[] = {"one", "two"};
    in->sources = sources, in->n_sources = 2;
    struct chart ch = must_build("curves_flops", in);
    const struct chart_series *a = find(&ch, "a", true, 0), *b = find(&ch, "c", true, 0);
    EXPECT(a && b && a->dash == 0 && b->dash > 0 && find(&ch, "one", true, 0) && find(&ch, "two", true, 0));
    const struct chart_series *ends = find(&ch, "held-out loss, N = 900k", false, 0);
    EXPECT(ends && ends->x[0] == 6e6 * 2e6);
    chart_free(&ch);
}

static void curves(void)
{
    enum { POINTS = 200 };
    struct fit_table t = grid(2, 2);
    struct fit_report r = nothing();
    double tokens[POINTS], flops[POINTS], loss[2][POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        tokens[i] = 1e4 * (double)(i + 1);
        flops[i] = 6e6 * tokens[i];
        loss[0][i] = 3 + (i % 2 ? 0.5 : -0.5);
        loss[1][i] = 2;
    }
    const struct charts_curve c[] = {{"a", 0, true, {1e6, 9e5, 95e4}, 2e6, 2.9, POINTS, tokens, flops, loss[0]},
                                     {"b", 0, false, {1e6, 9e5, 95e4}, 2e6, 2.8, POINTS, tokens, flops, loss[1]},
                                     {"c", 1, true, {4e6, 36e5, 38e5}, 2e6, 1.9, POINTS, tokens, flops, loss[1]}};
    struct charts_input in = {.table = &t, .report = &r, .curves = c, .n_curves = 3, .eval_part = 16};
    r.count = FIT_COUNT_NONEMBD;
    struct chart ch = must_build("curves", &in);
    EXPECT(ch.n_series == 6); /* three curves, their envelope, the ends of two sizes */
    const struct chart_series *a = find(&ch, NULL, true, 0), *b = find(&ch, NULL, true, 2);
    size_t points = 0;
    for (size_t i = 0; a && b && i < a->n; i++) {
        if (!isfinite(a->x[i]))
            continue;
        points++;
        EXPECT_REL(b->y[i], 2, 1e-12);
        EXPECT(i == 0 || a->x[i] > a->x[i - 1]);
        /* a point stands at the mean ln tokens of its fifth */
        double bin = floor(5 * log(a->x[i])), m = 0, sum = 0;
        for (size_t k = 0; k < POINTS; k++)
            if (floor(5 * log(tokens[k])) == bin) {
                m++;
                sum += log(tokens[k]);
            }
        EXPECT_NEAR(log(a->x[i]), sum / m, 1e-9);
        if (a->x[i] > 3e5) /* an average of several, no longer of one */
            EXPECT_NEAR(a->y[i], 3, 0.1);
    }
    EXPECT_MSG(points > 15 && points < 40, "%zu points", points);
    expect_ends(&ch);
    chart_free(&ch);
    expect_compute(&in);
    in.n_curves = 0;
    bool drawn = true;
    ch = build("curves", &in, &drawn);
    EXPECT(!drawn);
    chart_free(&ch);
    fit_table_free(&t);
}

/* Every run is drawn, however many there are. */
static void many_curves(void)
{
    enum { RUNS = 150, SIZES = 75 };
    struct fit_table t = grid(2, 2);
    struct fit_report r = nothing();
    static struct charts_curve c[RUNS];
    const double tokens[] = {1e4, 1e5, 1e6}, loss[] = {3, 2.5, 2};
    for (size_t i = 0; i < RUNS; i++) {
        double n = 1e5 * pow(1.1, (double)(i % SIZES));
        c[i] = (struct charts_curve){NULL, 0, true, {n, n, n}, 1e6, 2 + 0.001 * (double)i, 3, tokens, tokens, loss};
    }
    const struct charts_input in = {.table = &t, .report = &r, .curves = c, .n_curves = RUNS};
    struct chart ch = must_build("curves", &in);
    size_t lines = 0, ends = 0;
    for (size_t i = 0; i < ch.n_series; i++) {
        lines += ch.series[i].width > 0;
        for (size_t k = 0; ch.series[i].marker != MARKER_NONE && k < ch.series[i].n; k++)
            ends += isfinite(ch.series[i].y[k]);
    }
    EXPECT_MSG(lines == RUNS + 1 && ends == RUNS, "%zu lines, %zu ends", lines, ends);
    EXPECT_HAS(ch.note, "75 sizes are put together in 16 colours.");
    chart_free(&ch);
    fit_table_free(&t);
}

static void isoflop(void)
{
    struct fit_report r = nothing();
    struct fit_isoflop b[4];
    struct fit_table t = isoflop_table(&r, b, 4);
    const struct charts_input in = {.table = &t, .report = &r};
    b[1].at_edge = true;
    b[2].valid = false;
    b[0].c1 = 0.02; /* as if centred elsewhere */
    r.isoflop.n_exponent = (struct fit_value){0.5, 0.02, 0.46, 0.54};
    struct chart ch = must_build("isoflop", &in);
    EXPECT(ch.log_x && !ch.log_y);
    EXPECT_TEXT(ch.title, "The best size grows as C" RICH_UP "0.50" RICH_END " (95 %: 0.46 to 0.54)");
    EXPECT_HAS(ch.note, "Open diamonds");
    EXPECT(!strstr(ch.note, "Open circles"));
    EXPECT_HAS(ch.note, "No line:");
    const struct chart_series *s = find(&ch, "C = 10¹⁵", false, 0), *l = find(&ch, NULL, true, 0);
    EXPECT(s && s->n == 5 && s->marker == MARKER_DISC && l);
    for (size_t i = 0; s && i < s->n; i++) {
        EXPECT_REL(s->x[i], 1e6 * pow(2, (double)i - 2), 1e-9);
        EXPECT_NEAR(s->y[i], 3 + 0.05 * pow(log(2) * ((double)i - 2), 2), 1e-9);
    }
    for (size_t i = 0; l && i < l->n; i++)
        EXPECT_NEAR(l->y[i], 3 + 0.02 * log(l->x[i] / 1e6) + 0.05 * pow(log(l->x[i] / 1e6), 2), 1e-9);
    EXPECT(find(&ch, "C = 2×10¹⁵", false, 0));
    size_t diamonds = 0, intervals = 0;
    for (size_t i = 0; i < ch.n_series; i++) {
        s = &ch.series[i];
        if (s->marker == MARKER_DIAMOND || s->marker == MARKER_OPEN_DIAMOND) {
            EXPECT((s->marker == MARKER_OPEN_DIAMOND) == (diamonds == 1));
            EXPECT_REL(s->x[0], b[diamonds < 2 ? diamonds : 3].n_opt.value, 1e-12);
            EXPECT_REL(s->y[0], b[diamonds < 2 ? diamonds : 3].loss.value, 1e-12);
            EXPECT_REL(s->x_lo[0] / s->x_hi[0], 0.8 / 1.3, 1e-9);
            diamonds++;
            intervals++;
        }
    }
    EXPECT_MSG(diamonds == 3 && intervals == 3, "%zu minima, %zu intervals", diamonds, intervals);
    chart_free(&ch);
    fit_table_free(&t);
}

/* One budget has no bar of colours: the words name it. */
static void one_budget(void)
{
    struct fit_report r = nothing();
    struct fit_isoflop b[1];
    struct fit_table t = isoflop_table(&r, b, 1);
    const struct charts_input in = {.table = &t, .report = &r};
    struct chart ch = must_build("isoflop", &in);
    EXPECT_TEXT(ch.quantity, "IsoFLOP profile: loss against size at C = 10¹⁵ FLOPs");
    chart_free(&ch);
    fit_table_free(&t);
}

static void many_budgets(void)
{
    enum { BUDGETS = 64 };
    struct fit_report r = nothing();
    static struct fit_isoflop b[BUDGETS];
    struct fit_table t = isoflop_table(&r, b, BUDGETS);
    const struct charts_input in = {.table = &t, .report = &r};
    struct chart ch = must_build("isoflop", &in);
    size_t marks = 0, labels = 0;
    for (size_t i = 0; i < ch.n_series; i++) {
        bool runs = ch.series[i].marker == MARKER_DISC;
        labels += runs;
        marks += runs ? ch.series[i].n : 0;
    }
    EXPECT_MSG(labels == BUDGETS && marks == t.n, "%zu budgets, %zu runs of %zu", labels, marks, t.n);
    chart_free(&ch);
    fit_table_free(&t);
}

/* Runs that repeat their data have seen all of it; others tell of no end. */
static void corpus(void)
{
    struct fit_table t = grid(2, 3);
    struct fit_report r = nothing();
    const struct charts_input in = {.table = &t, .report = &r};
    struct parts p;
    parts_init(&p, &in);
    EXPECT(isinf(p.corpus));
    t.col[FIT_UNIQUE_TOKENS][2] = t.col[FIT_UNIQUE_TOKENS][5] = 9e7;
    parts_init(&p, &in);
    EXPECT(p.corpus == 9e7);
    fit_table_free(&t);
}

/* Cells of one compute stand beside each other, the smallest on the left; one that is alone stands where it is. */
static void cells_of_one_compute(void)
{
    struct compare_cell cells[] = {
        {.flops = 1.01e9, .params = 2000, .tokens = 80e3}, {.flops = 1e9, .params = 1000, .tokens = 160e3},
        {.flops = 1e9, .params = 4000, .tokens = 40e3},    {.flops = 5e9, .params = 4000, .tokens = 200e3},
    };
    static const double want[] = {0, -3, 3, 0};
    struct compare_variant found = {.name = "new", .cells = cells, .n_cells = 4};
    const struct against_variant one = {&found, NULL};
    const struct against in = {"old", NULL, &one, 1, "nats"};
    struct chart c = {.log_x = false};
    struct err err;
    bool drawn = false;
    EXPECT_OK(against_cells(&c, &in, &drawn, &err));
    EXPECT(drawn && c.n_series == 1 && c.series[0].aside);
    for (size_t i = 0; i < 4; i++)
        EXPECT_NEAR(c.series[0].aside[i], want[i], 1e-12);
    EXPECT(strstr(c.subtitle, "side by side"));
    chart_free(&c);
    c = (struct chart){.log_x = false};
    found.cells = cells + 2, found.n_cells = 2;
    EXPECT_OK(against_cells(&c, &in, &drawn, &err));
    EXPECT(!strstr(c.subtitle, "side by side"));
    chart_free(&c);
}

static const struct test tests[] = {
    {"cells_of_one_compute", cells_of_one_compute},
    {"loss_tokens", loss_tokens},
    {"loss_params", loss_params},
    {"counts", counts},
    {"floors", floors},
    {"curves", curves},
    {"many_curves", many_curves},
    {"isoflop", isoflop},
    {"many_budgets", many_budgets},
    {"one_budget", one_budget},
    {"no_bands", no_bands},
    {"predicted", predicted},
    {"contours_far_and_wide", contours_far_and_wide},
    {"corpus", corpus},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
