#include "cli/charts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "base/sort.h"
#include "plot/axis.h"
#include "plot/chart.h"
#include "plot/palette.h"

enum { CURVE_STEPS = 80, MAX_GROUPS = 40 };

/* What all charts draw from. */
struct charts {
    const char *dir;
    const struct curves *curves;
    const struct fit_table *t;
    const struct fit_report *r;
    const struct fit_law *law; /* the selected one, or NULL */
    const double *params, *tokens, *flops, *loss; /* columns of t */
    double corpus;             /* distinct tokens that there are; INFINITY: without end */
    double floor;              /* what excess is counted from */
    const char *floor_words;
    struct font *font;
};

/* --- groups of equal values ------------------------------------------------------------------- */

struct groups {
    double at[MAX_GROUPS];
    size_t n;
    bool too_many;
};

/* Token budgets are rounded to whole batches, so equal means within half a percent. */
static bool same(double a, double b)
{
    return fabs(a - b) <= 0.005 * fabs(a);
}

static struct groups groups_of(const double *v, size_t n)
{
    struct groups g = {0};
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < g.n && !same(g.at[k], v[i]))
            k++;
        if (k < g.n || !isfinite(v[i]))
            continue;
        if (g.n == MAX_GROUPS) {
            g.too_many = true;
            break;
        }
        g.at[g.n++] = v[i];
    }
    sort_doubles(g.at, g.n);
    return g;
}

static size_t group_index(const struct groups *g, double v)
{
    size_t best = 0;
    for (size_t k = 1; k < g->n; k++)
        if (fabs(log(g->at[k] / v)) < fabs(log(g->at[best] / v)))
            best = k;
    return best;
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *count_words(const struct fit_report *r)
{
    switch (r->count) {
    case FIT_COUNT_NONEMBD:
        return "parameters without embeddings";
    case FIT_COUNT_MATMUL:
        return "parameters in matrix products";
    default:
        return "parameters, all counted";
    }
}

static void size_label(char *out, size_t size, double params)
{
    axis_label(out, size, params, 3);
}

static void flops_label(char *out, size_t size, double flops)
{
    axis_label_power(out, size, flops, 3);
}

static void law_words(const struct charts *c, char *out, size_t size)
{
    if (c->law)
        snprintf(out, size, "Lines: %s, %s, fitted to %zu runs.", c->law->law->name, c->law->law->form,
                 c->law->n);
    else
        snprintf(out, size, "No law could be fitted to these runs.");
}

/* The floor, true and fitted, as lines across a chart of the loss. */
static void add_floors(struct chart *ch, const struct charts *c)
{
    const struct fit_verdict *v = &c->r->verdict;
    if (v->truth_known) {
        struct chart_line *l = chart_add_line(ch, false, v->truth_floor);
        l->color = palette_distinct(2);
        snprintf(l->label, sizeof l->label, "true floor %.4g", v->truth_floor);
    }
    if (v->enough && v->floor_supported) {
        struct chart_line *l = chart_add_line(ch, false, v->floor.value);
        l->lo = v->floor.lo, l->hi = v->floor.hi;
        l->dash = 6, l->gap = 4;
        l->color = palette_distinct(1);
        snprintf(l->label, sizeof l->label, "fitted floor %.4g (95 %%: %.4g to %.4g)", v->floor.value,
                 v->floor.lo, v->floor.hi);
    }
}

/* --- the law along an axis -------------------------------------------------------------------- */

static double flops_of(const struct charts *c, double n, double d)
{
    return c->r->flops_k * pow(n, c->r->flops_p) * d;
}

static double fitted_at(const struct charts *c, double n, double d)
{
    if (!c->law)
        return (double)NAN;
    if (c->law->law->n_vars == 2)
        return fit_predict_repeated(c->law, n, d, c->corpus).value;
    if (c->law->x == FIT_TOKENS)
        return fit_predict(c->law, d, 0).value;
    if (c->law->x == FIT_FLOPS)
        return fit_predict(c->law, flops_of(c, n, d), 0).value;
    return c->law->x == FIT_X ? (double)NAN : fit_predict(c->law, n, 0).value;
}

static double step_between(double lo, double hi, size_t i, size_t n)
{
    return exp(log(lo) + (log(hi) - log(lo)) * (double)i / (double)(n - 1));
}

/* --- training curves -------------------------------------------------------------------------- */

static double curve_size(const struct charts *c, const struct curve *k)
{
    return c->r->count == FIT_COUNT_NONEMBD  ? k->params_nonembd
           : c->r->count == FIT_COUNT_MATMUL ? k->params_matmul
                                             : k->params;
}

/* Averages over equal steps of ln tokens: small batches make the loss of one line mostly noise. */
static enum status add_smoothed(struct chart *ch, const struct curve *k, struct color color,
                                struct err *err)
{
    const double width = 0.2;
    struct chart_series *s;
    TRY(chart_add(&s, ch, k->n, false, err));
    s->color = color;
    s->width = 1.3;
    size_t out = 0;
    for (size_t i = 0; i < k->n;) {
        double bin = floor(log(k->tokens[i]) / width), x = 0, y = 0;
        size_t m = 0;
        for (; i < k->n && floor(log(k->tokens[i]) / width) == bin; i++, m++) {
            x += log(k->tokens[i]);
            y += k->loss[i];
        }
        if (m == 0) { /* a broken line */
            i++;
            continue;
        }
        s->x[out] = exp(x / (double)m);
        s->y[out++] = y / (double)m;
    }
    return OK;
}

static enum status fill_curves(struct chart *ch, const struct charts *c, struct err *err)
{
    double *sizes;
    TRY(size_calloc(&sizes, c->curves->n, sizeof *sizes, "the sizes", err));
    for (size_t i = 0; i < c->curves->n; i++)
        sizes[i] = curve_size(c, &c->curves->items[i]);
    struct groups g = groups_of(sizes, c->curves->n);
    enum status st = OK;
    size_t runs = c->curves->n < CHART_MAX_SERIES - MAX_GROUPS ? c->curves->n : CHART_MAX_SERIES - MAX_GROUPS;
    for (size_t i = 0; i < runs && st == OK; i++)
        st = add_smoothed(ch, &c->curves->items[i], palette_ordered(group_index(&g, sizes[i]), g.n), err);
    for (size_t k = 0; k < g.n && st == OK; k++) {
        struct chart_series *s;
        st = chart_add(&s, ch, c->curves->n, false, err);
        s->color = palette_ordered(k, g.n);
        s->marker = MARKER_DISC;
        size_label(s->label, sizeof s->label, g.at[k]);
        for (size_t i = 0; i < c->curves->n && st == OK; i++)
            if (group_index(&g, sizes[i]) == k && strcmp(c->curves->items[i].status, "done") == 0) {
                s->x[i] = c->curves->items[i].budget_tokens;
                s->y[i] = c->curves->items[i].final_loss;
            }
    }
    free(sizes);
    return st;
}

static enum status draw_curves(struct chart *ch, const struct charts *c, bool *drawn, struct err *err)
{
    *drawn = c->curves->n > 0;
    snprintf(ch->title, sizeof ch->title, "Training curves");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "Lines: training loss, averaged over steps of a fifth in tokens. Dots: each run's loss on the "
             "held-out set when its budget is spent.");
    snprintf(ch->x_label, sizeof ch->x_label, "training tokens");
    snprintf(ch->y_label, sizeof ch->y_label, "loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters");
    snprintf(ch->note, sizeof ch->note, "N: %s.", count_words(c->r));
    ch->log_x = ch->log_y = true;
    TRY(fill_curves(ch, c, err));
    const struct fit_verdict *v = &c->r->verdict;
    if (v->truth_known) {
        struct chart_line *l = chart_add_line(ch, false, v->truth_floor);
        l->color = palette_distinct(2);
        snprintf(l->label, sizeof l->label, "true floor %.4g", v->truth_floor);
    }
    return OK;
}

/* --- loss against tokens, and against parameters ---------------------------------------------- */

/* The runs of one group as marks with error bars; x and key are columns. */
static enum status add_runs(struct chart *ch, const struct charts *c, const double *x, const double *y,
                            const double *key, double at, struct color color, const char *label,
                            struct err *err)
{
    const double *se = c->t->col[FIT_LOSS_SE];
    struct chart_series *s;
    TRY(chart_add(&s, ch, c->t->n, true, err));
    s->color = color;
    s->marker = MARKER_DISC;
    snprintf(s->label, sizeof s->label, "%s", label);
    for (size_t i = 0; i < c->t->n; i++)
        if (!key || same(key[i], at)) {
            s->x[i] = x[i];
            s->y[i] = y[i];
            s->lo[i] = y[i] - 1.96 * se[i];
            s->hi[i] = y[i] + 1.96 * se[i];
        }
    return OK;
}

static void range_of(const double *v, size_t n, double *lo, double *hi)
{
    *lo = (double)INFINITY, *hi = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]) && v[i] > 0) {
            *lo = fmin(*lo, v[i]);
            *hi = fmax(*hi, v[i]);
        }
}

static enum status add_law_line(struct chart_series **out, struct chart *ch, struct color color,
                                struct err *err)
{
    TRY(chart_add(out, ch, CURVE_STEPS, false, err));
    (*out)->color = color;
    (*out)->width = 1.6;
    (*out)->free_range = true;
    return OK;
}

static enum status draw_loss_tokens(struct chart *ch, const struct charts *c, bool *drawn,
                                    struct err *err)
{
    struct groups sizes = groups_of(c->params, c->t->n);
    *drawn = groups_of(c->tokens, c->t->n).n > 1 && !sizes.too_many;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "Loss against training tokens, one colour a model size");
    law_words(c, ch->subtitle, sizeof ch->subtitle);
    snprintf(ch->x_label, sizeof ch->x_label, "training tokens D");
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters N");
    snprintf(ch->note, sizeof ch->note, "N: %s. Bars: 95 %% sampling error of the held-out set, common to all runs.",
             count_words(c->r));
    ch->log_x = ch->log_y = true;
    double lo, hi;
    range_of(c->tokens, c->t->n, &lo, &hi);
    for (size_t k = 0; k < sizes.n; k++) {
        struct chart_series *s;
        char label[32];
        TRY(add_law_line(&s, ch, palette_ordered(k, sizes.n), err));
        for (size_t i = 0; i < CURVE_STEPS; i++) {
            s->x[i] = step_between(lo / 1.5, hi * 1.5, i, CURVE_STEPS);
            s->y[i] = fitted_at(c, sizes.at[k], s->x[i]);
        }
        size_label(label, sizeof label, sizes.at[k]);
        TRY(add_runs(ch, c, c->tokens, c->loss, c->params, sizes.at[k], palette_ordered(k, sizes.n), label,
                     err));
    }
    add_floors(ch, c);
    return OK;
}

/* Budgets are tokens where the grid repeats them over sizes, else compute. */
static enum status draw_loss_params(struct chart *ch, const struct charts *c, bool *drawn,
                                    struct err *err)
{
    struct groups tokens = groups_of(c->tokens, c->t->n), flops = groups_of(c->flops, c->t->n);
    bool by_flops = tokens.too_many || flops.n < tokens.n;
    const struct groups *g = by_flops ? &flops : &tokens;
    *drawn = groups_of(c->params, c->t->n).n > 1 && !g->too_many;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "Loss against model size, one colour a budget of %s",
             by_flops ? "compute" : "training tokens");
    law_words(c, ch->subtitle, sizeof ch->subtitle);
    snprintf(ch->x_label, sizeof ch->x_label, "model size N (%s)", count_words(c->r));
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "%s", by_flops ? "compute C, FLOPs" : "tokens D");
    snprintf(ch->note, sizeof ch->note, "Bars: 95 %% sampling error of the held-out set, common to all runs.");
    ch->log_x = ch->log_y = true;
    double lo, hi;
    range_of(c->params, c->t->n, &lo, &hi);
    for (size_t k = 0; k < g->n; k++) {
        struct chart_series *s;
        char label[32];
        TRY(add_law_line(&s, ch, palette_ordered(k, g->n), err));
        for (size_t i = 0; i < CURVE_STEPS; i++) {
            double n = step_between(lo / 1.5, hi * 1.5, i, CURVE_STEPS);
            s->x[i] = n;
            s->y[i] = fitted_at(c, n, by_flops ? g->at[k] / flops_of(c, n, 1) : g->at[k]);
        }
        (by_flops ? flops_label : size_label)(label, sizeof label, g->at[k]);
        TRY(add_runs(ch, c, c->params, c->loss, by_flops ? c->flops : c->tokens, g->at[k],
                     palette_ordered(k, g->n), label, err));
    }
    add_floors(ch, c);
    return OK;
}

/* --- IsoFLOP ---------------------------------------------------------------------------------- */

static enum status add_minimum(struct chart *ch, const struct fit_isoflop *p, struct color color,
                               struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->x[0] = p->n_opt.value;
    s->y[0] = p->loss.value;
    /* the interval of the place of the minimum */
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = color;
    s->width = 3;
    s->x[0] = p->n_opt.lo, s->x[1] = p->n_opt.hi;
    s->y[0] = s->y[1] = p->loss.value;
    s->free_range = true;
    return OK;
}

static enum status draw_isoflop(struct chart *ch, const struct charts *c, bool *drawn, struct err *err)
{
    const struct fit_report *r = c->r;
    size_t n = r->n_isoflop < MAX_GROUPS ? r->n_isoflop : MAX_GROUPS;
    *drawn = n > 0;
    snprintf(ch->title, sizeof ch->title, "IsoFLOP profiles: which size is best at a budget of compute?");
    if (isfinite(r->isoflop_n_exponent.value))
        snprintf(ch->subtitle, sizeof ch->subtitle,
                 "Diamonds: minima of the parabolas, thick lines their 95 %% intervals. Best size ~ C^%.2f "
                 "(95 %%: %.2f to %.2f).",
                 r->isoflop_n_exponent.value, r->isoflop_n_exponent.lo, r->isoflop_n_exponent.hi);
    else
        snprintf(ch->subtitle, sizeof ch->subtitle,
                 "Diamonds: minima of the parabolas, thick lines their 95 %% intervals.");
    snprintf(ch->x_label, sizeof ch->x_label, "model size N (%s)", count_words(r));
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "compute C, FLOPs");
    snprintf(ch->note, sizeof ch->note,
             "Open circles: budgets whose best run is the smallest or the largest size; there the minimum lies "
             "outside the sizes and is not used.");
    ch->log_x = true;
    for (size_t k = 0; k < n; k++) {
        const struct fit_isoflop *p = &r->isoflop[k];
        struct color color = palette_ordered(k, n);
        struct chart_series *s;
        char label[32];
        if (p->valid) {
            TRY(add_law_line(&s, ch, color, err));
            for (size_t i = 0; i < CURVE_STEPS; i++) {
                s->x[i] = step_between(p->lo_n, p->hi_n, i, CURVE_STEPS);
                double z = log(s->x[i]) - p->ln_centre;
                s->y[i] = p->c0 + p->c1 * z + p->c2 * z * z;
            }
        }
        flops_label(label, sizeof label, p->flops);
        TRY(add_runs(ch, c, c->params, c->loss, NULL, 0, color, label, err));
        s = &ch->series[ch->n_series - 1];
        s->marker = p->at_edge ? MARKER_RING : MARKER_DISC;
        for (size_t i = 0; i < s->n; i++)
            if (!(fabs(log(c->flops[i] / p->flops)) < 0.03))
                s->x[i] = (double)NAN;
        if (p->valid && !p->at_edge)
            TRY(add_minimum(ch, p, color, err));
    }
    return OK;
}

/* --- excess over the floor -------------------------------------------------------------------- */

static enum status add_frontier(struct chart *ch, const struct charts *c, double lo, double hi,
                                struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, CURVE_STEPS, true, err));
    s->color = palette_distinct(1);
    s->width = 2;
    s->band = s->free_range = true;
    snprintf(s->label, sizeof s->label, "best at each C");
    for (size_t i = 0; i < CURVE_STEPS; i++) {
        struct fit_value v = fit_frontier_loss(c->r, s->x[i] = step_between(lo, hi, i, CURVE_STEPS));
        s->y[i] = v.value - c->floor;
        s->lo[i] = v.lo - c->floor;
        s->hi[i] = v.hi - c->floor;
    }
    return OK;
}

static enum status draw_excess(struct chart *ch, const struct charts *c, bool *drawn, struct err *err)
{
    struct groups sizes = groups_of(c->params, c->t->n);
    double *y, lo, hi;
    *drawn = c->r->has_frontier;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "What is left above the floor, on log axes");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "Excess: held-out loss less %s. A power law is a straight line here; a wall would bend it upward. "
             "Orange: the fitted frontier with its 95 %% band.",
             c->floor_words);
    snprintf(ch->x_label, sizeof ch->x_label, "training compute C, FLOPs");
    snprintf(ch->y_label, sizeof ch->y_label, "excess loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters N");
    snprintf(ch->note, sizeof ch->note, "N: %s. FLOPs: matrix products of training, attention counted causally.",
             count_words(c->r));
    ch->log_x = ch->log_y = true;
    TRY(size_calloc(&y, c->t->n, sizeof *y, "the excess", err));
    for (size_t i = 0; i < c->t->n; i++)
        y[i] = c->loss[i] - c->floor;
    enum status st = OK;
    for (size_t k = 0; k < sizes.n && st == OK; k++) {
        char label[32];
        size_label(label, sizeof label, sizes.at[k]);
        st = add_runs(ch, c, c->flops, y, c->params, sizes.at[k], palette_ordered(k, sizes.n), label, err);
        /* the frontier is above the runs' sampling error or not at all: bars would hide it */
        struct chart_series *s = &ch->series[ch->n_series - 1];
        for (size_t i = 0; st == OK && i < s->n; i++)
            s->lo[i] = s->hi[i] = (double)NAN;
    }
    free(y);
    range_of(c->flops, c->t->n, &lo, &hi);
    return st == OK ? add_frontier(ch, c, lo, hi * 2, err) : st;
}

/* --- returns ---------------------------------------------------------------------------------- */

static enum status add_gain(struct chart *ch, const struct charts *c, double lo, double hi, bool beyond,
                            struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, CURVE_STEPS, true, err));
    s->color = palette_distinct(0);
    s->width = 2;
    s->band = true;
    if (beyond)
        s->dash = 7, s->gap = 5;
    snprintf(s->label, sizeof s->label, beyond ? "the fit, beyond the runs" : "the fit");
    for (size_t i = 0; i < CURVE_STEPS; i++) {
        struct fit_value v = fit_frontier_gain(c->r, s->x[i] = step_between(lo, hi, i, CURVE_STEPS));
        s->y[i] = v.value;
        s->lo[i] = v.lo;
        s->hi[i] = v.hi;
    }
    return OK;
}

/* What doubling gained between neighbouring IsoFLOP minima. */
static enum status add_measured_gain(struct chart *ch, const struct fit_report *r, struct err *err)
{
    struct chart_series *s;
    if (r->n_isoflop < 2)
        return OK;
    TRY(chart_add(&s, ch, r->n_isoflop - 1, false, err));
    s->color = palette_distinct(1);
    s->marker = MARKER_DISC;
    snprintf(s->label, sizeof s->label, "between IsoFLOP minima");
    for (size_t i = 0; i + 1 < r->n_isoflop; i++) {
        const struct fit_isoflop *a = &r->isoflop[i], *b = a + 1;
        if (!a->valid || !b->valid || a->at_edge || b->at_edge)
            continue;
        s->x[i] = sqrt(a->flops * b->flops) / sqrt(2); /* a doubling that starts there */
        s->y[i] = (a->loss.value - b->loss.value) / log2(b->flops / a->flops);
    }
    return OK;
}

static enum status draw_returns(struct chart *ch, const struct charts *c, bool *drawn, struct err *err)
{
    const struct fit_report *r = c->r;
    const struct fit_verdict *v = &r->verdict;
    *drawn = r->has_frontier && isfinite(v->gain.value);
    if (!*drawn)
        return OK;
    char at[32];
    double end = 10 * r->max_flops;
    if (isfinite(v->flatten.value) && v->flatten.value < 1e4 * r->max_flops)
        end = fmax(end, 3 * v->flatten.value);
    axis_label_power(at, sizeof at, v->largest_flops, 2);
    snprintf(ch->title, sizeof ch->title, "Returns: what the next doubling of compute gains");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "At the largest budget, %s FLOPs: %.3g nats (95 %%: %.3g to %.3g). Returns flatten where the gain "
             "sinks under the noise of one run.",
             at, v->gain.value, v->gain.lo, v->gain.hi);
    snprintf(ch->x_label, sizeof ch->x_label, "training compute C before the doubling, FLOPs");
    snprintf(ch->y_label, sizeof ch->y_label, "gain, nats per token");
    ch->log_x = ch->log_y = true;
    TRY(add_gain(ch, c, r->min_flops, r->max_flops, false, err));
    TRY(add_gain(ch, c, r->max_flops, end, true, err));
    TRY(add_measured_gain(ch, r, err));
    if (r->sigma > 0) {
        struct chart_line *l = chart_add_line(ch, false, r->sigma);
        l->color = palette_distinct(3);
        l->lo = r->sigma_lo, l->hi = r->sigma_hi;
        if (isnan(r->sigma_lo))
            snprintf(l->label, sizeof l->label, "noise of one run, %.2g nats", r->sigma);
        else
            snprintf(l->label, sizeof l->label, "noise of one run, %.2g nats (95 %%: %.2g to %.2g)", r->sigma,
                     r->sigma_lo, r->sigma_hi);
        snprintf(ch->note, sizeof ch->note, "Noise: %s.", r->sigma_from);
    }
    struct chart_line *l = chart_add_line(ch, true, r->max_flops);
    l->color = PALETTE_SOFT;
    l->dash = 2, l->gap = 4;
    snprintf(l->label, sizeof l->label, "largest budget");
    if (isfinite(v->flatten.value) && v->flatten.value > 0) {
        axis_label_power(at, sizeof at, v->flatten.value, 2);
        l = chart_add_line(ch, true, v->flatten.value);
        l->color = palette_distinct(1);
        l->free_range = true;
        snprintf(l->label, sizeof l->label, "returns flatten at %s FLOPs", at);
        if (isfinite(v->flatten.lo) && isfinite(v->flatten.hi)) {
            char lo[32], hi[32];
            axis_label_power(lo, sizeof lo, v->flatten.lo, 2);
            axis_label_power(hi, sizeof hi, v->flatten.hi, 2);
            l->lo = v->flatten.lo, l->hi = v->flatten.hi;
            snprintf(l->label, sizeof l->label, "returns flatten at %s FLOPs (95 %%: %s to %s)", at, lo, hi);
        }
    }
    return OK;
}

/* --- all of them ------------------------------------------------------------------------------ */

typedef enum status draw_fn(struct chart *ch, const struct charts *c, bool *drawn, struct err *err);

static const struct {
    const char *name;
    draw_fn *draw;
} all_charts[] = {
    {"curves", draw_curves},   {"loss_tokens", draw_loss_tokens}, {"loss_params", draw_loss_params},
    {"isoflop", draw_isoflop}, {"excess", draw_excess},           {"returns", draw_returns},
};

/* The true floor where it is known: the fitted one would make any fit look straight. */
static void choose_floor(struct charts *c)
{
    const struct fit_verdict *v = &c->r->verdict;
    if (v->truth_known) {
        bool set = isfinite(v->truth_heldout);
        c->floor = set ? v->truth_heldout : v->truth_floor;
        c->floor_words = set ? "the true floor on the held-out set" : "the true floor";
    } else if (v->enough && v->floor_supported) {
        c->floor = v->floor.value;
        c->floor_words = "the fitted floor";
    } else {
        c->floor = 0;
        c->floor_words = "nothing, as these runs do not tell a floor from none";
    }
}

/* Runs that repeat their data have seen all of it. */
static double corpus_of(const struct fit_table *t)
{
    const double *unique = t->col[FIT_UNIQUE_TOKENS], *tokens = t->col[FIT_TOKENS];
    double corpus = (double)INFINITY;
    for (size_t i = 0; i < t->n; i++)
        if (unique[i] < 0.999 * tokens[i])
            corpus = isfinite(corpus) ? fmax(corpus, unique[i]) : unique[i];
    return corpus;
}

static enum status write_one(const struct charts *c, const char *name, draw_fn *draw, struct err *err)
{
    struct chart *ch;
    bool drawn;
    TRY(size_calloc(&ch, 1, sizeof *ch, "a chart", err));
    enum status st = draw(ch, c, &drawn, err);
    if (st == OK && drawn)
        st = chart_write(ch, c->dir, name, c->font, err);
    if (st == OK && drawn)
        printf("  %s/%s.png\n", c->dir, name);
    chart_free(ch);
    free(ch);
    return st;
}

enum status charts_write(const char *out, const struct curves *curves, const struct fit_table *t,
                         const struct fit_report *r, struct err *err)
{
    struct charts c = {.dir = out, .curves = curves, .t = t, .r = r, .law = fit_report_selected(r)};
    c.params = t->col[fit_count_column(r->count)];
    c.tokens = t->col[FIT_TOKENS];
    c.flops = t->col[FIT_FLOPS];
    c.loss = t->col[FIT_LOSS];
    c.corpus = corpus_of(t);
    choose_floor(&c);
    TRY(file_mkdirs(out, err));
    c.font = font_open();
    if (!c.font)
        return err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    enum status st = OK;
    for (size_t i = 0; i < sizeof all_charts / sizeof *all_charts && st == OK; i++)
        st = write_one(&c, all_charts[i].name, all_charts[i].draw, err);
    font_close(c.font);
    return st;
}
