/* What the charts of a fit's findings hold, against the fit that they are drawn from. */
#include "made_sweep.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/verdict/ensemble.h"
#include "plot/rich.h"

static struct chart build(const struct made_sweep *s, const char *name)
{
    struct chart ch = {0};
    struct err err;
    bool drawn = false;
    for (size_t i = 0; i < charts_count(); i++)
        if (strcmp(charts_name(i), name) == 0)
            EXPECT_OK(charts_build(&ch, &drawn, i, &s->in, &err));
    EXPECT_MSG(drawn, "no chart %s", name);
    return ch;
}

static bool begins(const struct chart_series *s, const char *name)
{
    return strncmp(s->label[0] ? s->label : s->name, name, strlen(name)) == 0;
}

/* The first series of that name in a panel. */
static const struct chart_series *find(const struct chart *ch, const char *name, size_t panel)
{
    for (size_t i = 0; i < ch->n_series; i++)
        if (ch->series[i].panel == panel && begins(&ch->series[i], name))
            return &ch->series[i];
    test_fail(__FILE__, __LINE__, "no series %s", name);
    return NULL;
}

static double fitted(const struct made_sweep *s, size_t row)
{
    const struct fit_table *t = &s->table;
    return fit_predict(fit_report_selected(&s->report), t->col[FIT_PARAMS][row], t->col[FIT_TOKENS][row]).value;
}

/* Runs in a panel, whose y is their loss over the law. */
static void expect_residuals(const struct made_sweep *s, const struct chart *ch, size_t panel)
{
    size_t n = 0;
    for (size_t k = 0; k < ch->n_series; k++) {
        const struct chart_series *m = &ch->series[k];
        for (size_t i = 0; m->panel == panel && m->marker != MARKER_NONE && i < m->n; i++, n++) {
            bool found = false;
            for (size_t r = 0; r < s->table.n && !found; r++)
                found = s->table.col[FIT_FLOPS][r] == m->x[i] && fabs(s->table.col[FIT_LOSS][r] / fitted(s, r) - 1 -
                    m->y[i]) < 1e-12;
            EXPECT_MSG(found, "no run at %g with %g", m->x[i], m->y[i]);
        }
    }
    EXPECT_MSG(n == MADE_RUNS, "%zu residuals", n);
    const struct chart_series *noise = find(ch, "95 % by seeds alone", panel);
    for (size_t i = 0; noise && i < noise->n; i++)
        EXPECT(noise->y[i] == 0 && noise->hi[i] > 0 && noise->hi[i] == -noise->lo[i]);
    EXPECT(noise && noise->hi[0] > noise->hi[noise->n - 1]); /* it falls with compute */
}

static void residuals(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "residuals");
    expect_residuals(s, &ch, 0);
    EXPECT(ch.y_kind == AXIS_PERCENT && ch.n_labels == 1 && strcmp(ch.labels[0].text, "d16-l2") == 0);
    EXPECT(ch.n_labels == 1 && fabs(ch.labels[0].y - s->table.col[FIT_LOSS][MADE_ODD] / fitted(s, MADE_ODD) + 1) < 1e-12);
    chart_free(&ch);
    ch = build(s, "excess");
    EXPECT(ch.has_lower && ch.lower.around_zero);
    expect_residuals(s, &ch, 1);
    chart_free(&ch);
    made_free(s);
}

static void allocation(void)
{
    struct made_sweep *s = made_sweep(true, "d16-l2");
    struct chart ch = build(s, "allocation");
    static const char *const counted[] = {"all parameters", "without embeddings", "in matrix products"};
    EXPECT(s->report.methods.n == 3);
    for (size_t k = 0; k < s->report.methods.n; k++)
        for (size_t panel = 0; panel < 2; panel++) {
            const struct fit_methods *m = &s->report.methods.at[k];
            const struct chart_series *line = find(&ch, counted[m->count], panel);
            EXPECT(line && line->n == FIT_METHOD_BUDGETS && line->band == (m->count == s->report.count));
            for (size_t i = 0; line && i < line->n; i++) {
                EXPECT(line->x[i] == m->flops[i] && line->y[i] == (panel ? m->d_best : m->n_best)[i].value);
                if (m->count == s->report.count)
                    EXPECT_REL(line->y[i], (panel ? fit_frontier_tokens : fit_frontier_params)(&s->report.frontier,
                               line->x[i]).value, 1e-12);
            }
        }
    const struct chart_series *minima = find(&ch, "IsoFLOP minima", 0);
    EXPECT(minima && minima->n == s->report.isoflop.n);
    for (size_t i = 0; minima && i < minima->n; i++)
        EXPECT(isnan(minima->y[i]) || (minima->y[i] == s->report.isoflop.at[i].n_opt.value && minima->lo[i] <= minima->y[i]));
    chart_free(&ch);
    made_free(s);
}

static void contours(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "contours");
    const struct fit_law *f = fit_report_selected(&s->report);
    size_t lines = 0, ratios = 0;
    for (size_t k = 0; k < ch.n_series; k++) {
        const struct chart_series *c = &ch.series[k];
        double level = begins(c, "loss ") ? atof(c->name + 5) : (double)NAN, ratio = begins(c, "D/N = ") ? c->y[0] /
                              c->x[0] : (double)NAN;
        lines += isfinite(level);
        ratios += isfinite(ratio);
        for (size_t i = 0; i < c->n && isfinite(level); i++)
            if (isfinite(c->x[i]))
                EXPECT_REL(fit_predict(f, c->x[i], c->y[i]).value, level, 0.002);
        for (size_t i = 1; i < c->n && isfinite(level); i++) /* down to the right, in one piece */
            EXPECT(!isfinite(c->x[i]) || (c->x[i] >= c->x[i - 1] * 0.999 && c->y[i] <= c->y[i - 1] * 1.001));
        for (size_t i = 0; i < c->n && isfinite(ratio); i++)
            EXPECT_REL(c->y[i] / c->x[i], ratio, 1e-9);
    }
    EXPECT_MSG(lines >= 6 && ratios >= 2, "%zu contours, %zu ratios", lines, ratios);
    const struct chart_series *best = find(&ch, "frontier", 0), *runs = find(&ch, "runs", 0);
    EXPECT(runs && runs->n == MADE_RUNS);
    for (size_t i = 0; best && i < best->n; i++) {
        double c = s->report.cost.k * pow(best->x[i], s->report.cost.p) * best->y[i];
        EXPECT_REL(best->x[i], fit_frontier_params(&s->report.frontier, c).value, 1e-9);
    }
    chart_free(&ch);
    made_free(s);
}

static void predicted(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "predicted");
    const struct fit_law *f = fit_report_selected(&s->report);
    const struct chart_series *held = find(&ch, "held out", 0), *best = find(&ch, "held out, best", 0), *seen = find(&ch,
                                           "smaller", 0);
    EXPECT(f->holdout_n > 4 && held && best && seen && held->n == f->holdout_n);
    for (size_t i = 0; held && best && i < f->holdout_n; i++) {
        const struct chart_series *m = f->held[i].best ? best : held;
        EXPECT(m->x[i] == f->held[i].loss && m->y[i] == f->held[i].predicted && m->names[i]);
    }
    size_t n = 0;
    for (size_t i = 0; seen && i < seen->n; i++)
        if (isfinite(seen->x[i])) {
            EXPECT_REL(seen->y[i], fitted(s, f->rows[i]), 1e-12);
            n++;
        }
    EXPECT(n + f->holdout_n == f->n && ch.x_from == ch.y_from && ch.x_to == ch.y_to);
    chart_free(&ch);
    made_free(s);
}

static void floor_windows(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "floor_windows");
    const struct ensemble *e = &s->report.spread;
    size_t cells = 0;
    for (size_t k = 0; k < e->n_cells; k++) {
        const struct fit_law *f = &s->report.laws.at[e->cells[k].law];
        bool seen = false;
        if (!e->cells[k].fitted || !(e->cells[k].weight > 0) || f->law->level < 0)
            continue;
        cells++;
        for (size_t i = 0; i < ch.n_series && !seen; i++)
            seen = ch.series[i].x[0] == (double)(s->report.design.n - e->cells[k].n) &&
                   ch.series[i].y[0] == e->cells[k].fit.p[f->law->level] && ch.series[i].lo[0] <= ch.series[i].hi[0];
        EXPECT_MSG(seen, "cell %zu is not drawn", k);
    }
    EXPECT(cells > 3 && ch.n_series == cells && ch.n_lines == 2);
    const struct fit_value *floor = &s->report.verdict.floor.at;
    EXPECT(ch.n_lines == 2 && ch.lines[0].at == floor->value && ch.lines[0].hi == floor->hi && ch.lines[1].at == 1.1);
    chart_free(&ch);
    made_free(s);
}

/* Inside a polygon: a ray to the right crosses it an odd number of times. */
static bool inside(const struct chart_series *p, double x, double y)
{
    bool in = false;
    for (size_t i = 0; i + 1 < p->n; i++)
        if ((p->y[i] > y) != (p->y[i + 1] > y) && x < p->x[i] + (y - p->y[i]) / (p->y[i + 1] - p->y[i]) * (p->x[i + 1] -
            p->x[i]))
            in = !in;
    return in;
}

static void exponents(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "exponents");
    const struct fit_law *f = fit_report_selected(&s->report);
    const struct chart_series *dots = find(&ch, "resamples", 0), *ellipse = find(&ch, "95 %", 0), *fit = find(&ch, "the "
                                           "fit", 0);
    int a = law_param_find(f->law, "alpha"), b = law_param_find(f->law, "beta");
    size_t n = 0;
    EXPECT(dots && ellipse && fit && dots->n == f->n_boot && a >= 0 && b >= 0);
    for (size_t i = 0; dots && ellipse && i < dots->n; i++) {
        EXPECT(dots->x[i] == f->boot[i * f->law->n_params + (size_t)a] && dots->y[i] == f->boot[i * f->law->n_params +
               (size_t)b]);
        n += inside(ellipse, dots->x[i], dots->y[i]);
    }
    EXPECT_MSG(fabs((double)n / (double)f->n_boot - 0.95) < 0.04, "%zu of %zu inside", n, f->n_boot);
    EXPECT(fit && fit->x[0] == f->params[a].value && fit->lo[0] == f->params[b].lo && fit->x_hi[0] == f->params[a].hi);
    EXPECT(strcmp(ch.x_label, "α") == 0 && strcmp(ch.y_label, "β") == 0);
    chart_free(&ch);
    made_free(s);
}

/* Where all windows leave out as many runs there is nothing to compare. */
static void one_window(void)
{
    struct made_sweep *s = made_sweep(false, "one window");
    struct ensemble *e = &s->report.spread;
    for (size_t k = 0; k < charts_count(); k++) {
        struct chart ch = {0};
        struct err err;
        bool drawn = true;
        if (strcmp(charts_name(k), "floor_windows") != 0)
            continue;
        for (size_t i = 0; i < e->n_cells; i++)
            e->cells[i].n = e->cells[0].n;
        EXPECT_OK(charts_build(&ch, &drawn, k, &s->in, &err));
        EXPECT(!drawn);
        chart_free(&ch);
    }
    made_free(s);
}

/* Draws that pile up at an end of what is searched: the cloud alone, and words that say so. */
static void exponents_at_an_end(void)
{
    struct made_sweep *s = made_sweep(false, "at an end");
    const struct fit_law *f = fit_report_selected(&s->report);
    const size_t a = (size_t)law_param_find(f->law, "alpha");
    for (int end = 0; end < 2; end++) {
        for (size_t i = 0; end && i < f->n_boot; i++)
            f->boot[i * f->law->n_params + a] = i % 20 ? 10 : 3 + 0.01 * (double)i;
        struct chart ch = build(s, "exponents");
        bool ellipse = false;
        for (size_t k = 0; k < ch.n_series; k++)
            ellipse |= ch.series[k].area;
        EXPECT(ellipse == !end && (strstr(ch.subtitle, "fill no ellipse") != NULL) == end);
        EXPECT((strstr(ch.subtitle, "the ellipse holds 95 % of them") != NULL) == !end);
        chart_free(&ch);
    }
    made_free(s);
}

/* What the fit gives no interval has none here. */
static void unsettled_exponent(void)
{
    struct made_sweep *s = made_sweep(false, "unsettled");
    struct fit_law *f = &s->report.laws.at[s->report.laws.selected];
    int a = law_param_find(f->law, "alpha"), b = law_param_find(f->law, "beta");
    CHECK(a >= 0 && b >= 0);
    for (int k = 0; k < 2; k++) {
        f->best.at_bound = k ? 0 : 1u << a;
        f->profile_hi[a] = k ? (double)INFINITY : f->profile_hi[a];
        struct chart ch = build(s, "exponents");
        const struct chart_series *fit = find(&ch, "the fit", 0);
        EXPECT_MSG(strstr(ch.title, k ? " (not identified), β = " : " (at its bound), β = "), "%s", ch.title);
        EXPECT(fit && isnan(fit->x_lo[0]) && isnan(fit->x_hi[0]) && fit->lo[0] == f->params[b].lo);
        chart_free(&ch);
    }
    made_free(s);
}

static void noise(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "noise");
    const double *loss = s->table.col[FIT_LOSS];
    size_t cells = 0;
    for (size_t k = 0; k < ch.n_series; k++)
        for (size_t i = 0; begins(&ch.series[k], "measured") && i < ch.series[k].n; i++) {
            const struct chart_series *m = &ch.series[k];
            if (!isfinite(m->y[i]))
                continue;
            /* two seeds: half their difference, times the root of two; one degree of freedom */
            double sd = fabs(loss[i] - loss[i + 1]) / sqrt(2);
            EXPECT_REL(m->y[i], sd, 1e-9);
            EXPECT_REL(m->lo[i], sd / sqrt(stats_chi2_quantile(0.975, 1)), 1e-9);
            EXPECT_REL(m->hi[i], sd / sqrt(stats_chi2_quantile(0.025, 1)), 1e-9);
            cells++;
        }
    EXPECT_MSG(cells == MADE_SIZES * MADE_BUDGETS - 1, "%zu cells, of which that of the odd run is none", cells);
    chart_free(&ch);
    made_free(s);
}

static void odd_runs(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    struct chart ch = build(s, "odd_runs");
    const struct chart_series *run = find(&ch, "the run", 0), *expected = find(&ch, "expected", 0);
    EXPECT(s->report.odd.n == 1 && run && expected && run->n == 1);
    if (run && expected) {
        EXPECT(run->x[0] == s->table.col[FIT_LOSS][MADE_ODD] && expected->x[0] == s->report.odd.runs[0].expected);
        EXPECT(strcmp(run->names[0], "d16-l2") == 0);
    }
    EXPECT(strcmp(ch.title, "1 run of 50 follows no law") == 0);
    chart_free(&ch);
    made_free(s);
}

/* Curves that are alike lie on one line, whose end is 1; a size that is not is seen. */
static void collapse(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    for (size_t i = 0; i < MADE_RUNS; i++)
        for (size_t k = 0; k < MADE_POINTS; k++)
            s->loss[i][k] = 1.105 + s->table.col[FIT_PARAMS][i] / 1e6 * pow(s->tokens[i][k] / s->curves[i].budget_tokens, -0.4);
    struct chart ch = build(s, "collapse");
    const struct chart_series *mean = find(&ch, "mean", 0);
    for (size_t k = 0; k < ch.n_series; k++)
        for (size_t i = 0; !ch.series[k].band && mean && i < mean->n; i++)
            EXPECT(isnan(mean->y[i]) || fabs(ch.series[k].y[i] / mean->y[i] - 1) < 1e-6);
    EXPECT(mean && fabs(mean->y[mean->n - 1] - 1) < 1e-9 && mean->y[2] > 2);
    EXPECT_MSG(ch.n_series == 1 + MADE_SIZES * MADE_SEEDS, "%zu series", ch.n_series);
    EXPECT_MSG(strstr(ch.title, "the curves of 5 sizes lie within"), "%s", ch.title);
    chart_free(&ch);
    made_free(s);
}

/* Of a grid without budgets of compute. */
static void slices(void)
{
    struct made_sweep *s = made_sweep(false, "d16-l2");
    s->report.isoflop.n = 0;
    struct chart ch = build(s, "isoflop");
    const struct chart_series *best = find(&ch, "best size", 0);
    size_t n = 0;
    EXPECT(best && best->n == ch.scale.n_marks);
    for (size_t k = 0; best && k < best->n; k++) {
        struct fit_value v = fit_frontier_params(&s->report.frontier, ch.scale.marks[k]);
        EXPECT(best->x[k] == v.value && best->x_lo[k] == v.lo && best->x_hi[k] == v.hi);
    }
    for (size_t k = 0; k < ch.n_series; k++)
        for (size_t i = 0; begins(&ch.series[k], "runs brought") && i < ch.series[k].n; i++) {
            if (!isfinite(ch.series[k].y[i]))
                continue;
            /* as far off the law there as where it ran */
            double there = s->report.cost.k * pow(ch.series[k].x[i], s->report.cost.p), c = ch.scale.marks[k -
                                                   ch.scale.n_marks];
            double law = fit_predict(fit_report_selected(&s->report), ch.series[k].x[i], c / there).value;
            EXPECT_REL(ch.series[k].y[i] / law, s->table.col[FIT_LOSS][i] / fitted(s, i), 1e-9);
            n++;
        }
    EXPECT_MSG(n == MADE_RUNS, "%zu runs", n);
    chart_free(&ch);
    made_free(s);
}

static const struct test tests[] = {
    {"residuals", residuals},
    {"allocation", allocation},
    {"contours", contours},
    {"predicted", predicted},
    {"noise", noise},
    {"floor_windows", floor_windows},
    {"one_window", one_window},
    {"exponents", exponents},
    {"exponents_at_an_end", exponents_at_an_end},
    {"unsettled_exponent", unsettled_exponent},
    {"odd_runs", odd_runs},
    {"collapse", collapse},
    {"slices", slices},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
