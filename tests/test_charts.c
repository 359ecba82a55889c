/* The charts as data: known runs and a known report in, points, bars, lines and words out. Then reports of every
 * odd kind, and memory that runs out at every place. */
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/rich.h"
#include "plot/term.h"
#include "plot/write.h"
#include "report/charts/against.h"
#include "report/charts/parts.h"

#define E0 1.7
#define A0 400.0
#define B0 410.0
#define ALPHA 0.34
#define BETA 0.28
#define SE 0.004

static const struct chart_style usual;
static const struct color white = {255, 255, 255, 0};

static double law(double n, double d)
{
    return E0 + A0 / pow(n, ALPHA) + B0 / pow(d, BETA);
}

static void set_run(struct fit_table *t, size_t i, double n, double d, double loss)
{
    t->col[FIT_PARAMS][i] = n;
    t->col[FIT_PARAMS_NONEMBD][i] = 0.9 * n;
    t->col[FIT_PARAMS_MATMUL][i] = 0.95 * n;
    t->col[FIT_TOKENS][i] = d;
    t->col[FIT_UNIQUE_TOKENS][i] = d;
    t->col[FIT_FLOPS][i] = 6 * n * d;
    t->col[FIT_LOSS][i] = loss;
    t->col[FIT_LOSS_SE][i] = SE;
    t->col[FIT_SEED][i] = 1;
}

/* sizes x budgets of tokens, each four times the one before, on the law without noise. */
static struct fit_table grid(size_t sizes, size_t budgets)
{
    struct fit_table t = {0};
    struct err err;
    EXPECT_OK(fit_table_init(&t, sizes * budgets, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = 1e6 * pow(4, (double)(i / budgets)), d = 2e7 * pow(4, (double)(i % budgets));
        set_run(&t, i, n, d, law(n, d));
    }
    return t;
}

static struct fit_report analysed(const struct fit_table *t)
{
    struct fit_options o = fit_options_default();
    struct fit_report r = {0};
    struct err err;
    o.law = "chinchilla";
    o.bootstrap = 40;
    o.break_sims = 0;
    EXPECT_OK(fit_analyse(&r, t, &o, &err));
    return r;
}

/* A report with nothing in it. */
static struct fit_report nothing(void)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    struct fit_report r = {.cost = {.k = 6, .p = 1}, .frontier = {.x = "C", .cost = {.k = 6, .p = 1}}};
    r.isoflop.n_exponent = unknown;
    r.verdict.floor.at = unknown;
    r.verdict.returns = (struct fit_returns){.loss = unknown, .gain = unknown, .halving = unknown, .flatten = unknown};
    r.verdict.truth.floor = r.verdict.truth.heldout = none;
    r.noise.lo = r.noise.hi = none;
    return r;
}

static struct chart build(const char *name, const struct charts_input *in, bool *drawn)
{
    struct chart ch = {0};
    struct err err;
    for (size_t i = 0; i < charts_count(); i++)
        if (strcmp(charts_name(i), name) == 0)
            EXPECT_OK(charts_build(&ch, drawn, i, in, &err));
    return ch;
}

static struct chart must_build(const char *name, const struct charts_input *in)
{
    bool drawn = false;
    struct chart ch = build(name, in, &drawn);
    EXPECT_MSG(drawn, "no chart %s", name);
    return ch;
}

/* The k-th series with this label, or name where it has none (NULL: any), that is a line, or marks. */
static const struct chart_series *find(const struct chart *ch, const char *label, bool line, size_t k)
{
    for (size_t i = 0; i < ch->n_series; i++) {
        const struct chart_series *s = &ch->series[i];
        const char *called = s->label[0] ? s->label : s->name;
        if ((s->width > 0) == line && (line || s->marker != MARKER_NONE) && (!label || strcmp(called, label) == 0) && k-- == 0)
            return s;
    }
    test_fail(__FILE__, __LINE__, "no series %s, %s", label ? label : "at all", line ? "a line" : "marks");
    return NULL;
}

static const struct chart_line *find_line(const struct chart *ch, const char *label)
{
    for (size_t i = 0; i < ch->n_lines; i++)
        if (strncmp(ch->lines[i].label, label, strlen(label)) == 0)
            return &ch->lines[i];
    test_fail(__FILE__, __LINE__, "no line %s", label);
    return NULL;
}

#define EXPECT_HAS(text, part) EXPECT_MSG(strstr(text, part), "'%s' does not say '%s'", text, part)
#define EXPECT_TEXT(text, want) EXPECT_MSG(strcmp(text, want) == 0, "'%s', expected '%s'", text, want)

/* --- loss against tokens and size ------------------------------------------------------------- */

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
    EXPECT_HAS(ch.subtitle, "chinchilla, E + A/N" RICH_UP "α" RICH_END " + B/D" RICH_UP "β" RICH_END ", fitted to 12 runs");
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

/* --- training curves -------------------------------------------------------------------------- */

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

/* --- IsoFLOP ---------------------------------------------------------------------------------- */

/* n_budgets x 5 sizes about the best one, parabolas in ln N: loss 3 - 0.1 k at the minimum of budget k. */
static struct fit_table isoflop_table(struct fit_report *r, struct fit_isoflop *b, size_t n_budgets)
{
    struct fit_table t = {0};
    struct err err;
    EXPECT_OK(fit_table_init(&t, 5 * n_budgets, &err));
    r->isoflop.at = b;
    r->isoflop.n = n_budgets;
    for (size_t k = 0; k < n_budgets; k++) {
        double c = 1e15 * pow(2, (double)k), best = 1e6 * pow(2, 0.5 * (double)k);
        for (size_t i = 0; i < 5; i++) {
            double z = log(2) * ((double)i - 2), n = best * exp(z);
            set_run(&t, 5 * k + i, n, c / (6 * n), 3 - 0.1 * (double)k + 0.05 * z * z);
        }
        b[k] = (struct fit_isoflop){.flops = c, .n = 5, .n_window = 5, .c0 = 3 - 0.1 * (double)k, .c2 = 0.05,
                                    .ln_centre = log(best), .lo_n = best / 4, .hi_n = best * 4,
                                    .n_opt = {best, 0, 0.8 * best, 1.3 * best},
                                    .loss = {3 - 0.1 * (double)k, 0, 0, 0}, .valid = true};
    }
    return t;
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

/* --- excess and returns ----------------------------------------------------------------------- */

#define K 50.0
#define G 0.1
static struct frontier_curve frontier[] = {{1.7, 3.912023005428146, G, 0, 0.5}}; /* ln 50 */

static struct fit_report with_frontier(void)
{
    struct fit_report r = nothing();
    r.frontier.holds = true;
    r.frontier.curves = frontier;
    r.verdict.enough = true;
    r.cost.min_flops = 6 * 1e6 * 2e7;
    r.cost.max_flops = r.verdict.returns.largest = 6 * 16e6 * 32e7;
    return r;
}

/* Whether the best size at this compute, C^0.5, is within half of those of grid(3, 3). */
static bool size_ran(double flops)
{
    return sqrt(flops) >= 1e6 / 1.5 && sqrt(flops) <= 16e6 * 1.5;
}

static void expect_excess(const struct charts_input *in, double floor, const char *words)
{
    struct chart ch = must_build("excess", in);
    const struct chart_series *s = find(&ch, "N = 4M", false, 0), *f = find(&ch, "best at each C", true, 0);
    EXPECT(s && f && s->n == 3 && !s->lo && f->band && ch.log_x && ch.log_y);
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

/* k facts known leave k^-0.5, a thousand leave nothing: a = 1.5, so that with compute = 6 N D facts grow as C^(1/2.5). */
enum { FACTS = 1000 };
static double fact_known[FACTS], fact_excess[FACTS];

static struct charts_theory facts(void)
{
    for (size_t i = 0; i < FACTS; i++) {
        fact_known[i] = pow(1000, (double)i / (FACTS - 1));
        fact_excess[i] = i + 1 < FACTS ? pow(fact_known[i], -0.5) : 0;
    }
    return (struct charts_theory){"Author 2020, somewhere; Other 2021", 0.5, FACTS, fact_known, fact_excess};
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
    EXPECT_HAS(ch.note, "Dashed: theory for learners of the most frequent facts, C" RICH_UP "−0.2" RICH_END " while");
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
    const struct chart_series *s = find(&ch, "best at each C", true, 0);
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

/* --- many and unknown ------------------------------------------------------------------------- */

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

/* --- odd reports ------------------------------------------------------------------------------ */

static bool has_word(const char *text, const char *word)
{
    for (const char *p = text; (p = strstr(p, word)); p++) {
        bool starts = p == text || !strchr("abcdefghijklmnopqrstuvwxyz", p[-1]);
        if (starts && !strchr("abcdefghijklmnopqrstuvwxyz", p[strlen(word)]))
            return true;
    }
    return false;
}

/* As text and, where `pixels`, as a small picture. */
static void draw(const char *what, const struct chart *ch, const struct font *font, bool pixels)
{
    struct err err;
    struct layout l;
    struct raster r;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    EXPECT_OK(layout_make(&l, ch, &usual, font, &err));
    EXPECT_OK(chart_svg(out, &l, &err));
    chart_csv(out, ch);
    EXPECT_OK(term_draw(out, ch, 80, true, &err));
    fclose(out);
    EXPECT_MSG(!has_word(text, "nan") && !has_word(text, "inf"), "%s: %s has no number somewhere", what, ch->title);
    free(text);
    if (pixels) {
        EXPECT_OK(raster_init(&r, l.width, l.height, 1, white, font, &err));
        struct surface s = raster_surface(&r);
        EXPECT_OK(layout_draw(&l, &s, &err));
        EXPECT(!r.failed);
        raster_free(&r);
    }
    layout_free(&l);
}

static void draw_all(const char *what, const struct fit_table *t, const struct fit_report *r, const struct font *font,
                     bool pixels)
{
    const struct charts_theory th = facts();
    const struct charts_input in = {.table = t, .report = r, .theory = &th};
    struct err err;
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        bool drawn;
        EXPECT_OK(charts_build(&ch, &drawn, i, &in, &err));
        if (drawn)
            draw(what, &ch, font, pixels);
        chart_free(&ch);
    }
}

struct odd {
    const char *what;
    size_t n;
    double loss, by_n, by_d; /* loss times N and D to these powers */
    double scale_n, scale_d;
    double se;
};

static void odd_tables(void)
{
    const double none = (double)NAN;
    const struct odd odds[] = {
        {"one run", 1, 3, 0, 0, 1, 1, SE},
        {"two runs", 2, 3, -0.1, 0, 1, 1, SE},
        {"all losses equal", 12, 3, 0, 0, 1, 1, SE},
        {"losses rise", 12, 0.1, 0.1, 0.05, 1, 1, SE},
        {"no standard error", 12, 30, -0.1, -0.05, 1, 1, none},
        {"standard error above the loss", 12, 30, -0.1, -0.05, 1, 1, 40},
        {"huge losses", 12, 1e300, -0.1, -0.05, 1, 1, SE},
        {"tiny losses", 12, 1e-290, -0.1, -0.05, 1, 1, 1e-300},
        {"no losses to speak of", 12, 5e-324, 0, 0, 1, 1, 0},
        {"huge sizes", 12, 30, -0.01, -0.005, 1e140, 1e140, SE},
        {"sizes below one", 12, 30, -0.1, -0.05, 1e-20, 1e-20, SE},
        {"one size", 12, 30, 0, -0.05, 0, 1, SE},
        {"one budget", 12, 30, -0.05, 0, 1, 0, SE},
        {"one place", 12, 30, 0, 0, 0, 0, SE},
    };
    struct font *font = font_open();
    for (size_t k = 0; k < sizeof odds / sizeof *odds; k++) {
        const struct odd *o = &odds[k];
        struct fit_table t = {0};
        struct fit_report r = {0};
        struct fit_options options = fit_options_default();
        struct err err;
        options.bootstrap = 30;
        options.break_sims = 0;
        EXPECT_OK(fit_table_init(&t, o->n, &err));
        for (size_t i = 0; i < o->n; i++) {
            double n = o->scale_n > 0 ? 1e6 * o->scale_n * pow(4, (double)(i / 4)) : 1e6;
            double d = o->scale_d > 0 ? 2e7 * o->scale_d * pow(4, (double)(i % 4)) : 2e7;
            set_run(&t, i, n, d, o->loss * pow(n, o->by_n) * pow(d, o->by_d));
            t.col[FIT_LOSS_SE][i] = o->se;
        }
        if (fit_analyse(&r, &t, &options, &err) == OK) {
            draw_all(o->what, &t, &r, font, true);
            r.verdict.truth.known = true; /* above all losses */
            r.verdict.truth.floor = 1e5;
            draw_all(o->what, &t, &r, font, false);
        }
        fit_report_free(&r);
        fit_table_free(&t);
    }
    font_close(font);
}

/* Whatever a report may hold: each of its numbers in turn is not there, or endless. */
static void odd_reports(void)
{
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 0, -1, 1e308, 5e-324};
    struct fit_table t = grid(3, 3);
    struct font *font = font_open();
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        for (int field = 0; field < 12; field++) {
            struct fit_report r = with_frontier();
            struct fit_isoflop b[3];
            struct fit_table iso = isoflop_table(&r, b, 3);
            struct frontier_curve f = frontier[0];
            struct fit_verdict *v = &r.verdict;
            r.frontier.curves = &f;
            r.noise.sigma = 0.01, r.noise.lo = 0.005, r.noise.hi = 0.02, r.noise.from = "here";
            r.isoflop.n_exponent = (struct fit_value){0.5, 0, 0.4, 0.6};
            v->returns.gain = v->returns.flatten = v->floor.at = (struct fit_value){0.1, 0.01, 0.08, 0.12};
            v->truth.known = v->floor.supported = true;
            v->truth.floor = 1.6;
            struct fit_returns *x = &v->returns;
            double *const fields[] = {&x->gain.value,     &x->gain.lo,        &x->flatten.value, &x->flatten.hi,
                                      &v->floor.at.value, &v->floor.at.hi,    &v->truth.floor,   &v->truth.heldout,
                                      &r.noise.sigma,     &b[1].n_opt.value,  &b[1].c2,          &f.ln_k};
            *fields[field] = bad[k];
            char what[64];
            snprintf(what, sizeof what, "field %d is %g", field, bad[k]);
            draw_all(what, field < 9 ? &t : &iso, &r, font, field % 4 == 0);
            fit_table_free(&iso);
        }
    font_close(font);
    fit_table_free(&t);
}

/* --- memory that runs out --------------------------------------------------------------------- */

static void out_of_memory_building(void)
{
    if (!wrap_works())
        return;
    struct fit_report r = with_frontier();
    struct fit_isoflop b[3];
    struct fit_table t = isoflop_table(&r, b, 3);
    const struct charts_theory th = facts();
    const double tokens[] = {1e4, 1e5, 1e6}, loss[] = {3, 2.5, 2};
    const struct charts_curve c[] = {{"a", 0, true, {1e6, 9e5, 95e4}, 1e6, 2, 3, tokens, tokens, loss},
                                     {"b", 0, true, {2e6, 9e5, 95e4}, 1e6, 2, 3, tokens, tokens, loss}};
    const struct charts_input in = {.table = &t, .report = &r, .curves = c, .n_curves = 2, .theory = &th};
    r.verdict.truth.known = true, r.verdict.truth.floor = 2.4; /* theory's line is drawn: the last run has 2.7 */
    r.verdict.returns.gain = (struct fit_value){0.1, 0, 0.08, 0.12};
    for (size_t k = 0; k < charts_count(); k++) {
        size_t n = 0;
        for (size_t i = 0; i <= n && !test_failed(); i++)
            for (int on = 0; on < 2; on++) {
                struct chart ch = {0};
                struct err err = {0};
                bool drawn;
                wrap_fail(i, on);
                enum status st = charts_build(&ch, &drawn, k, &in, &err);
                n = wrap_stop();
                chart_free(&ch);
                EXPECT_MSG(st == E_NOMEM ? strstr(err.msg, "out of memory") != NULL : st == OK, "%s, allocation %zu: %d",
                           charts_name(k), i, (int)st);
                EXPECT_MSG(st == E_NOMEM || i == n, "%s: allocation %zu of %zu fails in silence",
                           charts_name(k), i, n);
            }
    }
    fit_table_free(&t);
}

static struct chart small_chart(void)
{
    struct chart ch = {0};
    struct chart_series *s = NULL;
    struct chart_line *l = NULL;
    struct err err;
    snprintf(ch.title, sizeof ch.title, "T");
    snprintf(ch.subtitle, sizeof ch.subtitle, "a b");
    EXPECT_OK(chart_add(&s, &ch, 3, true, &err));
    s->marker = MARKER_DISC;
    s->width = 1;
    s->band = true;
    snprintf(s->label, sizeof s->label, "s");
    for (size_t i = 0; i < 3; i++) {
        s->x[i] = s->y[i] = (double)i;
        s->lo[i] = s->y[i] - 1;
        s->hi[i] = s->y[i] + 1;
    }
    EXPECT_OK(chart_add_line(&l, &ch, true, 1, &err));
    snprintf(l->label, sizeof l->label, "l");
    return ch;
}

/* Every allocation of a picture: whatever is missing in it is told. */
static void out_of_memory_drawing(void)
{
    if (!wrap_works())
        return;
    struct font *font = font_open();
    struct chart ch = small_chart();
    size_t n = 0, told = 0, tries = 0;
    for (size_t i = 0; i <= n && !test_failed(); i++) {
        struct err err;
        struct raster r;
        struct layout l;
        EXPECT_OK(raster_init(&r, CHART_WIDTH, CHART_HEIGHT, 1, white, font, &err));
        struct surface s = raster_surface(&r);
        wrap_fail(i, i % 2);
        enum status st = layout_make(&l, &ch, &usual, font, &err);
        if (st == OK)
            st = layout_draw(&l, &s, &err);
        n = wrap_stop();
        layout_free(&l);
        tries++;
        told += st == E_NOMEM || r.failed;
        EXPECT_MSG(st == E_NOMEM || r.failed || i == n, "allocation %zu of %zu fails in silence", i, n);
        raster_free(&r);
    }
    EXPECT_MSG(tries > 60 && told == tries - 1, "%zu of %zu told", told, tries);
    chart_free(&ch);
    font_close(font);
}

static size_t n_files(void)
{
    struct file_list list;
    struct err err;
    EXPECT_OK(file_list_dir(&list, test_tmpdir(), &err));
    size_t n = list.n;
    file_list_free(&list);
    return n;
}

/* The files: whole, or E_NOMEM and none. A sample of the allocations, with the first and the last of each file. */
static void out_of_memory_writing(void)
{
    if (!wrap_works())
        return;
    struct font *font = font_open();
    struct chart ch = small_chart();
    char png[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(file_join(png, sizeof png, test_tmpdir(), "c.png", &err));
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(chart_write(&ch, test_tmpdir(), "c", &usual, font, &err));
    size_t n = wrap_stop();
    size_t step = n / 12 + 1;
    for (size_t k = 0, i = 0; i < n && !test_failed(); k++, i += i < 2 || i + 8 > n ? 1 : step) {
        char svg[FILE_PATH_MAX];
        EXPECT_OK(file_join(svg, sizeof svg, test_tmpdir(), "c.svg", &err));
        remove(png);
        remove(svg);
        wrap_fail(i, k % 2);
        enum status st = chart_write(&ch, test_tmpdir(), "c", &usual, font, &err);
        wrap_stop();
        EXPECT_MSG(st == E_NOMEM, "allocation %zu of %zu: %d", i, n, (int)st);
        /* the PNG may have been finished before memory ran out for the SVG */
        EXPECT_MSG(n_files() == (file_exists(png) ? 1u : 0u), "allocation %zu: %zu files are left", i, n_files());
    }
    chart_free(&ch);
    font_close(font);
}

/* A picture, every allocation of its file: a file, or E_NOMEM and none. */
static void out_of_memory_packing(void)
{
    if (!wrap_works())
        return;
    struct raster r;
    char path[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(raster_init(&r, 40, 30, 1, white, NULL, &err));
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "packed.png", &err));
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(png_write(path, &r, &err));
    size_t n = wrap_stop();
    EXPECT(n >= 4); /* its rows, a row, both packed, the file */
    for (size_t k = 0; k < 2 * n && !test_failed(); k++) {
        remove(path);
        wrap_fail(k / 2, k % 2);
        enum status st = png_write(path, &r, &err);
        wrap_stop();
        EXPECT_MSG(st == E_NOMEM && !file_exists(path), "allocation %zu of %zu: %d", k / 2, n, (int)st);
    }
    remove(path);
    raster_free(&r);
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
    {"excess", excess},
    {"theory", theory},
    {"below_the_floor", below_the_floor},
    {"returns", returns},
    {"band", band},
    {"many_sizes", many_sizes},
    {"corpus", corpus},
    {"odd_tables", odd_tables},
    {"odd_reports", odd_reports},
    {"out_of_memory_building", out_of_memory_building},
    {"out_of_memory_drawing", out_of_memory_drawing},
    {"out_of_memory_writing", out_of_memory_writing},
    {"out_of_memory_packing", out_of_memory_packing},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
