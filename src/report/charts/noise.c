/* What seeds move the loss by, against compute: measured where runs were repeated, and the plane through it. */
#include "fit/levels.h"
#include "fit/verdict/noise_model.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "report/charts/kinds.h"
#include "report/names.h"

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_value sigma = {p->r->noise.sigma, (double)NAN, p->r->noise.lo, p->r->noise.hi};
    char value[NUMBER_MAX], interval[64];
    number_say(value, sizeof value, NUMBER_LOSS, sigma.value, &sigma, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &sigma, false);
    parts_say(ch->title, sizeof ch->title, "At the largest budget the seed moves one run's loss by %s%s%s", value,
              p->nats, interval);
    parts_say(ch->quantity, sizeof ch->quantity, "The standard deviation of the loss between seeds, against compute");
    parts_say(ch->subtitle, sizeof ch->subtitle, "Dots: runs of one size and budget that differ in their seeds, with 95 "
              "%% intervals. Lines: the "
              "noise fitted to all of them, one a size, with a 95 %% band for the middle one.");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", p->reach_words);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "noise of one run σ");
    parts_say(ch->note, sizeof ch->note, "N: %s. %zu runs beyond the first of each repeated size and budget.",
              parts_count_words(p),
              p->r->noise.model.df);
    ch->log_x = ch->log_y = true;
    ch->x_kind = p->reach_kind;
}

static bool counts(const struct parts *p, size_t i)
{
    return isfinite(p->loss[i]) && !(p->r->odd.off && p->r->odd.off[i]);
}

static bool same_cell(const struct parts *p, size_t i, size_t j)
{
    return counts(p, j) && fabs(p->params[j] / p->params[i] - 1) <= LEVELS_WRITTEN &&
           fabs(p->tokens[j] / p->tokens[i] - 1) <= LEVELS_WRITTEN;
}

/* Runs of the size and budget of row i; fills their sum of squares about the mean, and whether i is the first of them. */
static size_t cell_of(const struct parts *p, size_t i, double *ss, bool *first)
{
    size_t n = 0;
    double mean = 0;
    *ss = 0;
    *first = true;
    for (size_t j = 0; j < p->t->n; j++)
        if (same_cell(p, i, j)) {
            *first &= j >= i;
            mean += p->loss[j];
            n++;
        }
    mean /= (double)n;
    for (size_t j = 0; j < p->t->n; j++)
        if (same_cell(p, i, j))
            *ss += (p->loss[j] - mean) * (p->loss[j] - mean);
    return n;
}

static enum status add_cells(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, size_t k,
                             struct err *err)
{
    struct chart_series *s;
    char size[64];
    TRY(chart_add(&s, ch, p->t->n, true, err));
    s->color = chart_on_scale(ch, sizes->items[k].at);
    s->marker = MARKER_DISC;
    parts_group_label(size, sizeof size, &sizes->items[k], AXIS_COUNT);
    parts_say(s->name, sizeof s->name, "measured, N = %s", size);
    for (size_t i = 0; i < p->t->n; i++) {
        double ss;
        bool first;
        if (!counts(p, i) || !parts_in_group(&sizes->items[k], p->params[i]))
            continue;
        size_t n = cell_of(p, i, &ss, &first);
        if (n < 2 || !first || !(ss > 0))
            continue;
        double df = (double)n - 1;
        s->x[i] = p->reach[i];
        s->y[i] = sqrt(ss / df);
        s->lo[i] = sqrt(ss / stats_chi2_quantile(0.975, df));
        s->hi[i] = sqrt(ss / stats_chi2_quantile(0.025, df));
    }
    return OK;
}

/* As the report's own interval at the largest budget (fit/verdict/noise.c). */
static double spread_at(const struct noise_model *m, double n, double d, double tail)
{
    double k = (double)m->independent, slopes = STATS_Z95 * sqrt(noise_model_slope_var(m, n, d));
    return hypot(slopes, 0.5 * log(k / stats_chi2_quantile(tail, k)));
}

static enum status add_line(struct chart *ch, const struct parts *p, const struct parts_group *g, bool band, struct err *err)
{
    const struct noise_model *m = &p->r->noise.model;
    struct chart_series *s;
    double lo = (double)INFINITY, hi = 0;
    char size[64];
    band = band && m->independent > 0;
    for (size_t i = 0; i < p->t->n; i++)
        if (parts_in_group(g, p->params[i]) && p->tokens[i] > 0)
            lo = fmin(lo, p->tokens[i]), hi = fmax(hi, p->tokens[i]);
    if (!(hi > 1.01 * lo))
        return OK;
    TRY(chart_add(&s, ch, PARTS_BAND_STEPS, band, err));
    s->color = chart_on_scale(ch, g->at);
    s->width = 1.6;
    s->band = band;
    parts_group_label(size, sizeof size, g, AXIS_COUNT);
    parts_say(s->name, sizeof s->name, "fitted, N = %s", size);
    for (size_t i = 0; i < PARTS_BAND_STEPS; i++) {
        double d = parts_step(lo, hi, i, PARTS_BAND_STEPS);
        s->x[i] = parts_flops_of(p, g->at, d);
        s->y[i] = noise_model_at(m, g->at, d);
        if (band) {
            s->lo[i] = s->y[i] * exp(-spread_at(m, g->at, d, 0.975));
            s->hi[i] = s->y[i] * exp(fabs(spread_at(m, g->at, d, 0.025)));
        }
    }
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, struct err *err)
{
    TRY(parts_scale(ch, sizes, "parameters N", AXIS_COUNT, err));
    say(ch, p);
    for (size_t k = 0; k < sizes->n; k++)
        TRY(add_line(ch, p, &sizes->items[k], k == sizes->n / 2, err));
    for (size_t k = 0; k < sizes->n; k++)
        TRY(add_cells(ch, p, sizes, k, err));
    return OK;
}

/* A cell asks all rows: not for the longest tables. */
enum { MOST_ROWS = 3000 };

enum status noise_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = {0};
    *drawn = p->r->noise.model.df > 0 && p->r->noise.sigma > 0 && p->reach == p->flops && p->t->n <= MOST_ROWS;
    if (!*drawn)
        return OK;
    enum status st = parts_group(&sizes, p->params, p->t->n, err);
    if (st == OK)
        st = fill(ch, p, &sizes, err);
    parts_groups_free(&sizes);
    return st;
}
