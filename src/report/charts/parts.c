#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>

#include "base/sort.h"
#include "plot/axis.h"
#include "plot/palette.h"

/* Token budgets are rounded to whole batches, so equal means within half a percent. */
bool parts_same(double a, double b)
{
    return fabs(a - b) <= 0.005 * fabs(a);
}

struct parts_groups parts_groups_of(const double *v, size_t n)
{
    struct parts_groups g = {0};
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < g.n && !parts_same(g.at[k], v[i]))
            k++;
        if (k < g.n || !isfinite(v[i]))
            continue;
        if (g.n == PARTS_MAX_GROUPS) {
            g.too_many = true;
            break;
        }
        g.at[g.n++] = v[i];
    }
    sort_doubles(g.at, g.n);
    return g;
}

size_t parts_group_index(const struct parts_groups *g, double v)
{
    size_t best = 0;
    for (size_t k = 1; k < g->n; k++)
        if (fabs(log(g->at[k] / v)) < fabs(log(g->at[best] / v)))
            best = k;
    return best;
}

const char *parts_count_words(const struct fit_report *r)
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

void parts_size_label(char *out, size_t size, double params)
{
    axis_label(out, size, params, 3);
}

void parts_flops_label(char *out, size_t size, double flops)
{
    axis_label_power(out, size, flops, 3);
}

void parts_law_words(const struct parts *p, char *out, size_t size)
{
    if (p->law)
        snprintf(out, size, "Lines: %s, %s, fitted to %zu runs.", p->law->law->name, p->law->law->form,
                 p->law->n);
    else
        snprintf(out, size, "No law could be fitted to these runs.");
}

void parts_true_floor(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    if (!v->truth_known)
        return;
    struct chart_line *l = chart_add_line(ch, false, v->truth_floor);
    l->color = palette_distinct(2);
    snprintf(l->label, sizeof l->label, "true floor %.4g", v->truth_floor);
}

void parts_floors(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    parts_true_floor(ch, p);
    if (v->enough && v->floor_supported) {
        struct chart_line *l = chart_add_line(ch, false, v->floor.value);
        l->lo = v->floor.lo, l->hi = v->floor.hi;
        l->dash = 6, l->gap = 4;
        l->color = palette_distinct(1);
        snprintf(l->label, sizeof l->label, "fitted floor %.4g (95 %%: %.4g to %.4g)", v->floor.value,
                 v->floor.lo, v->floor.hi);
    }
}

double parts_flops_of(const struct parts *p, double n, double d)
{
    return p->r->flops_k * pow(n, p->r->flops_p) * d;
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

/* The runs of one group as marks with error bars; x and key are columns. */
enum status parts_runs(struct chart *ch, const struct parts *p, const double *x, const double *y,
                       const double *key, double at, struct color color, const char *label,
                       struct err *err)
{
    const double *se = p->t->col[FIT_LOSS_SE];
    struct chart_series *s;
    TRY(chart_add(&s, ch, p->t->n, true, err));
    s->color = color;
    s->marker = MARKER_DISC;
    snprintf(s->label, sizeof s->label, "%s", label);
    for (size_t i = 0; i < p->t->n; i++)
        if (!key || parts_same(key[i], at)) {
            s->x[i] = x[i];
            s->y[i] = y[i];
            s->lo[i] = y[i] - 1.96 * se[i];
            s->hi[i] = y[i] + 1.96 * se[i];
        }
    return OK;
}

void parts_range(const double *v, size_t n, double *lo, double *hi)
{
    *lo = (double)INFINITY, *hi = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]) && v[i] > 0) {
            *lo = fmin(*lo, v[i]);
            *hi = fmax(*hi, v[i]);
        }
}

enum status parts_law_line(struct chart_series **out, struct chart *ch, struct color color,
                           struct err *err)
{
    TRY(chart_add(out, ch, PARTS_STEPS, false, err));
    (*out)->color = color;
    (*out)->width = 1.6;
    (*out)->free_range = true;
    return OK;
}

/* The true floor where it is known: the fitted one would make any fit look straight. */
static void choose_floor(struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    if (v->truth_known) {
        bool set = isfinite(v->truth_heldout);
        p->floor = set ? v->truth_heldout : v->truth_floor;
        p->floor_words = set ? "the true floor on the held-out set" : "the true floor";
    } else if (v->enough && v->floor_supported) {
        p->floor = v->floor.value;
        p->floor_words = "the fitted floor";
    } else {
        p->floor = 0;
        p->floor_words = "nothing, as these runs do not tell a floor from none";
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

void parts_init(struct parts *p, const struct charts_input *in)
{
    *p = (struct parts){.in = in, .t = in->table, .r = in->report, .law = fit_report_selected(in->report)};
    p->params = p->t->col[fit_count_column(p->r->count)];
    p->tokens = p->t->col[FIT_TOKENS];
    p->flops = p->t->col[FIT_FLOPS];
    p->loss = p->t->col[FIT_LOSS];
    p->corpus = corpus_of(p->t);
    choose_floor(p);
}
