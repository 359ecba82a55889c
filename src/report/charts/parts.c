#include "report/charts/parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "plot/axis.h"
#include "plot/palette.h"
#include "report/names.h"
#include "report/number.h"

/* --- groups ----------------------------------------------------------------------------------- */

/* Token budgets are rounded to whole batches, so equal means within half a percent: of the runs that are drawn, which have
 * more batches than the trials of a rate (LEVELS_BATCHES). */
#define SAME 1.005

static bool positive(double v)
{
    return isfinite(v) && v > 0;
}

/* Neighbours of v (n, ascending) within SAME of the first of them. */
static void one_a_value(struct parts_groups *g, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (g->n > 0 && v[i] <= SAME * g->items[g->n - 1].lo)
            g->items[g->n - 1].hi = v[i];
        else
            g->items[g->n++] = (struct parts_group){v[i], v[i], v[i]};
    g->n_values = g->n;
}

/* In place: a group of several values never comes before the first of them. */
static void put_together(struct parts_groups *g)
{
    double first = log(g->items[0].lo), step = (log(g->items[g->n - 1].lo) - first) / PARTS_STEPS_MERGED;
    size_t n = 0, bin_of_last = SIZE_MAX;
    for (size_t k = 0; k < g->n; k++) {
        size_t bin = size_min((size_t)((log(g->items[k].lo) - first) / step), PARTS_STEPS_MERGED - 1);
        if (bin == bin_of_last)
            g->items[n - 1].hi = g->items[k].hi;
        else
            g->items[n++] = g->items[k];
        bin_of_last = bin;
    }
    g->n = n;
    for (size_t k = 0; k < n; k++)
        g->items[k].at = sqrt(g->items[k].lo) * sqrt(g->items[k].hi);
}

enum status parts_group(struct parts_groups *g, const double *v, size_t n, struct err *err)
{
    double *sorted;
    size_t m = 0;
    *g = (struct parts_groups){0};
    TRY(size_calloc(&sorted, n, sizeof *sorted, "the groups of a chart", err));
    for (size_t i = 0; i < n; i++)
        if (positive(v[i]))
            sorted[m++] = v[i];
    sort_doubles(sorted, m);
    enum status st = size_calloc(&g->items, m, sizeof *g->items, "the groups of a chart", err);
    if (st == OK)
        one_a_value(g, sorted, m);
    if (st == OK && g->n > PARTS_MOST_GROUPS)
        put_together(g);
    free(sorted);
    return st;
}

void parts_groups_free(struct parts_groups *g)
{
    free(g->items);
    *g = (struct parts_groups){0};
}

bool parts_in_group(const struct parts_group *g, double v)
{
    return v >= g->lo && v <= g->hi;
}

size_t parts_group_of(const struct parts_groups *g, double v)
{
    size_t k = 0;
    while (k < g->n && !parts_in_group(&g->items[k], v))
        k++;
    return k;
}

/* --- words ------------------------------------------------------------------------------------ */

void parts_say(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(out, size, fmt, args) < 0)
        out[0] = '\0';
    va_end(args);
}

void parts_more(char *out, size_t size, const char *fmt, ...)
{
    size_t at = strlen(out);
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(out + at, size - at, fmt, args) < 0)
        out[at] = '\0';
    va_end(args);
}

void parts_clean(char *out, size_t size, const char *text)
{
    parts_say(out, size, "%s", text);
    utf8_make_plain(out);
}

const char *parts_count_words(const struct parts *p)
{
    switch (p->r->count) {
    case FIT_COUNT_NONEMBD:
        return "parameters without embeddings";
    case FIT_COUNT_MATMUL:
        return "parameters in matrix products";
    default:
        return "parameters, all counted";
    }
}

void parts_group_label(char *out, size_t size, const struct parts_group *g, enum axis_kind kind)
{
    char lo[AXIS_LABEL_MAX], hi[AXIS_LABEL_MAX];
    const int digits = kind == AXIS_POWER ? 2 : 3; /* a budget of compute is met to a few per cent */
    if (g->hi <= SAME * g->lo) {
        axis_label_kind(out, size, kind, g->at, digits);
        return;
    }
    axis_label_kind(lo, sizeof lo, kind, g->lo, digits);
    axis_label_kind(hi, sizeof hi, kind, g->hi, digits);
    parts_say(out, size, "%s to %s", lo, hi);
}

const char *parts_loss_words(const struct parts *p)
{
    return p->in->n_curves > 0 ? "held-out loss" : "loss";
}

void parts_loss_label(char *out, size_t size, const struct parts *p, const char *what)
{
    if (p->unit[0])
        parts_say(out, size, "%s (%s)", what, p->unit);
    else
        parts_say(out, size, "%s", what);
}

static bool has_band(const struct chart *ch)
{
    for (size_t k = 0; k < ch->n_series; k++) {
        const struct chart_series *s = &ch->series[k];
        for (size_t i = 0; i < s->n && s->band && s->lo; i++)
            if (s->hi[i] > s->lo[i])
                return true;
    }
    return false;
}

void parts_law_words(struct chart *ch, const struct parts *p)
{
    char form[CHART_TEXT_MAX];
    if (!p->law) {
        parts_say(ch->subtitle, sizeof ch->subtitle, "No law could be fitted to these runs.");
        return;
    }
    name_pretty(form, sizeof form, p->law->law->form);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Lines: %s, %s, fitted to %zu runs%s.", p->law->law->name, form, p->law->n,
              has_band(ch) ? ", with 95 % bands over laws, windows and resamples" : "");
}

/* The held-out set's error moves all runs alike, so that bars at each of them would only hide the fit. */
void parts_shared_error(const struct parts *p, char *out, size_t size)
{
    const double *se = p->t->col[FIT_LOSS_SE];
    double sum = 0, n = 0;
    char half[NUMBER_MAX];
    out[0] = '\0';
    for (size_t i = 0; i < p->t->n; i++)
        if (isfinite(se[i]))
            sum += se[i], n++;
    if (n == 0 || !(sum > 0))
        return;
    number_bare(half, sizeof half, NUMBER_LOSS, 1.96 * sum / n, 2, false);
    parts_say(out, size, "All runs share the held-out set's own error: %s%s either way (95 %%). ", half, p->nats);
}

void parts_merged_words(char *out, size_t size, const struct parts_groups *g, const char *what, bool lines)
{
    out[0] = '\0';
    if (g->n < g->n_values)
        parts_say(out, size, "%zu %s are put together in %zu colours%s. ", g->n_values, what, g->n,
                  lines ? ", each with the line of its middle" : "");
}

void parts_name(char *out, size_t size, const struct parts *p, size_t row)
{
    const char *run = origins_run(&p->t->from, row);
    if (run)
        parts_clean(out, size, run);
    else
        origins_name(out, size, &p->t->from, row);
    utf8_make_plain(out);
}

/* --- scales of colour ------------------------------------------------------------------------- */

enum status parts_scale(struct chart *ch, const struct parts_groups *g, const char *label, enum axis_kind kind,
                        struct err *err)
{
    double *at;
    TRY(size_calloc(&at, g->n, sizeof *at, "the colours of a chart", err));
    for (size_t k = 0; k < g->n; k++)
        at[k] = g->items[k].at;
    enum status st = chart_set_scale(ch, label, kind, at, g->n, err);
    free(at);
    return st;
}

/* --- lines and marks -------------------------------------------------------------------------- */

enum status parts_true_floor(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_verdict *v = &p->r->verdict;
    struct chart_line *l;
    if (!v->truth.known || !isfinite(v->truth.floor))
        return OK;
    TRY(chart_add_line(&l, ch, false, v->truth.floor, err));
    parts_say(l->label, sizeof l->label, "true floor %.4g", v->truth.floor);
    return OK;
}

enum status parts_floors(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_verdict *v = &p->r->verdict;
    struct chart_line *l;
    char interval[64], value[NUMBER_MAX];
    TRY(parts_true_floor(ch, p, err));
    if (!v->enough || !v->floor.supported || !isfinite(v->floor.at.value))
        return OK;
    TRY(chart_add_line(&l, ch, false, v->floor.at.value, err));
    l->lo = v->floor.at.lo, l->hi = v->floor.at.hi;
    l->dash = 6, l->gap = 4;
    l->color = palette_ink(PALETTE_FIT);
    number_say(value, sizeof value, NUMBER_LOSS, v->floor.at.value, &v->floor.at, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &v->floor.at, false);
    parts_say(l->label, sizeof l->label, "fitted floor %s %s%s", name_row(NAME_FLOOR)->symbol, value, interval);
    return OK;
}

double parts_flops_of(const struct parts *p, double n, double d)
{
    return p->r->cost.k * pow(n, p->r->cost.p) * d;
}

double parts_fitted_at(const struct parts *p, double n, double d)
{
    if (!p->law)
        return (double)NAN;
    if (p->law->law->n_vars == 2)
        return fit_predict_repeated(p->law, n, d, p->corpus).value;
    if (p->law->x == FIT_TOKENS)
        return fit_predict(p->law, d, 0).value;
    if (p->law->x == FIT_FLOPS)
        return fit_predict(p->law, parts_flops_of(p, n, d), 0).value;
    return p->law->x == FIT_X ? (double)NAN : fit_predict(p->law, n, 0).value;
}

double parts_step(double lo, double hi, size_t i, size_t n)
{
    return exp(log(lo) + (log(hi) - log(lo)) * (double)i / (double)(n - 1));
}

bool parts_range(const double *v, size_t n, double *lo, double *hi)
{
    *lo = *hi = (double)NAN;
    for (size_t i = 0; i < n; i++)
        if (positive(v[i])) {
            *lo = fmin(*lo, v[i]);
            *hi = fmax(*hi, v[i]);
        }
    return isfinite(*lo);
}

/* More marks than this are smaller ones: they would cover each other. */
enum { MANY_MARKS = 150, MOST_TO_PART = 600 };

/* rest: instead of the group's members those that cannot be in any. */
static bool is_mark(const struct parts_marks *m, bool rest, size_t i)
{
    if (rest)
        return m->key && !positive(m->key[i]);
    return !m->key || parts_in_group(&m->group, m->key[i]);
}

/* Runs of one size and budget, which differ in their seeds, stand side by side: so many radii from the middle. */
static double seed_aside(const struct parts *p, size_t i)
{
    const struct fit_table *t = p->t;
    size_t before = 0, all = 0;
    for (size_t j = 0; j < t->n && t->n <= MOST_TO_PART; j++) {
        bool same = p->params[j] == p->params[i] && p->tokens[j] == p->tokens[i];
        all += same;
        before += same && j < i;
    }
    return all > 1 && all <= 6 ? 1.3 * ((double)before - ((double)all - 1) / 2) : 0;
}

static enum status add_marks(struct chart *ch, const struct parts *p, const struct parts_marks *m, bool rest,
                             struct err *err)
{
    struct chart_series *s;
    size_t n = 0, k = 0;
    char name[CHART_NAME_MAX];
    for (size_t i = 0; i < p->t->n; i++)
        n += is_mark(m, rest, i);
    if (n == 0 && rest)
        return OK;
    TRY(chart_add(&s, ch, n, false, err));
    TRY(size_calloc(&s->aside, n, sizeof *s->aside, "a chart's marks", err));
    s->color = m->color;
    s->marker = m->marker;
    s->panel = m->panel;
    s->radius = p->t->n <= MANY_MARKS ? 0 : 2.7;
    parts_say(s->label, sizeof s->label, "%s", m->label ? m->label : "");
    parts_say(s->name, sizeof s->name, "%s", m->name ? m->name : "runs");
    for (size_t i = 0; i < p->t->n; i++) {
        if (!is_mark(m, rest, i))
            continue;
        s->x[k] = m->x[i];
        s->y[k] = m->y[i];
        s->aside[k] = seed_aside(p, i);
        parts_name(name, sizeof name, p, i);
        TRY(chart_name_point(s, k, name, err));
        k++;
    }
    return OK;
}

enum status parts_runs(struct chart *ch, const struct parts *p, const struct parts_marks *m, struct err *err)
{
    return add_marks(ch, p, m, false, err);
}

enum status parts_rest(struct chart *ch, const struct parts *p, struct parts_marks m, const char *label,
                       struct err *err)
{
    m.color = palette_ink(PALETTE_SOFT);
    m.marker = MARKER_RING;
    m.label = m.name = label;
    return add_marks(ch, p, &m, true, err);
}

enum status parts_runs_by_size(struct chart *ch, const struct parts *p, const struct parts_groups *sizes,
                               struct parts_marks m, struct err *err)
{
    char name[CHART_NAME_MAX], size[CHART_NAME_MAX - 4];
    m.key = p->params;
    m.marker = MARKER_DISC;
    m.name = name;
    for (size_t k = 0; k < sizes->n; k++) {
        m.group = sizes->items[k];
        m.color = chart_on_scale(ch, m.group.at);
        parts_group_label(size, sizeof size, &m.group, AXIS_COUNT);
        parts_say(name, sizeof name, "N = %s", size);
        TRY(parts_runs(ch, p, &m, err));
    }
    return parts_rest(ch, p, m, "size unknown", err);
}

enum status parts_law_line(struct chart_series **out, struct chart *ch, struct ink color, size_t n, bool band,
                           struct err *err)
{
    TRY(chart_add(out, ch, n, band, err));
    (*out)->color = color;
    (*out)->width = 1.6;
    (*out)->free_range = true;
    (*out)->band = band;
    return OK;
}

bool parts_has_band(const struct parts *p, size_t k, size_t n)
{
    return p->law && p->law->law->n_vars == 2 && p->r->frontier.n_boot > 0 && (n <= 4 || k == 0 || k == n / 2 || k + 1 == n);
}

void parts_law_point(struct chart_series *s, const struct parts *p, size_t i, double n, double d)
{
    s->y[i] = parts_fitted_at(p, n, d);
    if (!s->lo || !p->law || p->law->law->n_vars != 2)
        return;
    struct fit_value v = fit_curve(p->r, n, d, p->corpus);
    s->lo[i] = v.lo;
    s->hi[i] = v.hi;
}

/* --- the input made ready --------------------------------------------------------------------- */

/* The true floor where it is known: the fitted one would make any fit look straight. */
static void choose_floor(struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    if (v->truth.known) {
        bool set = isfinite(v->truth.heldout);
        p->floor = set ? v->truth.heldout : v->truth.floor;
        p->floor_words = set ? "the true floor on the held-out set" : "the true floor";
    } else if (v->enough && v->floor.supported && isfinite(v->floor.at.value)) {
        p->floor = v->floor.at.value;
        p->floor_words = "the fitted floor";
    } else {
        p->floor = 0;
        p->floor_words = NULL;
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

/* "nats per token" -> " nats" */
static void short_unit(char *out, size_t size, const char *unit)
{
    const char *per = strstr(unit, " per ");
    int n = (int)(per ? (size_t)(per - unit) : strlen(unit));
    parts_say(out, size, "%s%.*s", n > 0 ? " " : "", n, unit);
}

void parts_init(struct parts *p, const struct charts_input *in)
{
    *p = (struct parts){.in = in, .t = in->table, .r = in->report, .law = fit_report_selected(in->report)};
    bool other = p->law && p->law->law->n_vars == 1 && p->law->x == FIT_X;
    p->params = p->t->col[fit_count_column(p->r->count)];
    p->tokens = p->t->col[FIT_TOKENS];
    p->flops = p->t->col[FIT_FLOPS];
    p->loss = p->t->col[FIT_LOSS];
    p->reach = other ? p->t->col[FIT_X] : p->flops;
    p->reach_words = other ? p->law->x_name : "training compute C (FLOPs)";
    p->reach_kind = other ? AXIS_PLAIN : AXIS_POWER;
    p->token = strstr(in->loss_unit ? in->loss_unit : "", "per byte") ? "byte" : "token";
    p->corpus = corpus_of(p->t);
    p->unit = in->loss_unit ? in->loss_unit : "nats per token";
    short_unit(p->nats, sizeof p->nats, p->unit);
    choose_floor(p);
}
