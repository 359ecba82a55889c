/* Training curves of runs with one ratio of data to size, each over its own end: where all are tuned alike they fall on one
 * line (Qiu et al. 2025, "Scaling collapse reveals universal dynamics in compute-optimally trained neural networks"). */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "report/charts/kinds.h"
#include "report/number.h"

/* Places along a run, in equal steps of the logarithm from its thirtieth on; runs whose ratio of data to size is farther
 * than this factor from the common one are no part of the family; fewer sizes than that make none. */
enum { BINS = 22, MIN_SIZES = 3 };
#define FROM (1.0 / 30)
#define SAME_RATIO 1.6

struct family {
    const struct parts *p;
    struct parts_groups sizes;
    double *size, *ratio; /* (n_curves) */
    bool *member;         /* (n_curves) */
    size_t n_sizes;
    double common;        /* tokens a parameter */
};

/* What most sizes have: for each pair of a curve's ratio as the common one, count the sizes that come near. */
static void choose_ratio(struct family *f)
{
    size_t n = f->p->in->n_curves, most = 0;
    double least_off = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        size_t near = 0;
        double off = 0;
        for (size_t k = 0; k < f->sizes.n; k++) {
            double nearest = (double)INFINITY;
            for (size_t j = 0; j < n; j++)
                if (f->p->in->curves[j].done && parts_in_group(&f->sizes.items[k], f->size[j]))
                    nearest = fmin(nearest, fabs(log(f->ratio[j] / f->ratio[i])));
            near += nearest < log(SAME_RATIO);
            off += fmin(nearest, 1);
        }
        /* of equals the one with more data a run, whose curves are longer */
        if (near > most || (near == most && off < least_off - 1e-9)) {
            most = near, least_off = off;
            f->common = f->ratio[i];
        }
    }
    f->n_sizes = most;
}

/* Of each size the budget that is nearest to the common ratio, with all its seeds. */
static void choose_members(struct family *f)
{
    size_t n = f->p->in->n_curves;
    for (size_t k = 0; k < f->sizes.n; k++) {
        double nearest = log(SAME_RATIO);
        for (size_t j = 0; j < n; j++)
            if (f->p->in->curves[j].done && parts_in_group(&f->sizes.items[k], f->size[j]))
                nearest = fmin(nearest, fabs(log(f->ratio[j] / f->common)));
        for (size_t j = 0; j < n; j++)
            f->member[j] |= f->p->in->curves[j].done && parts_in_group(&f->sizes.items[k], f->size[j]) && nearest <
                log(SAME_RATIO) &&
                            fabs(log(f->ratio[j] / f->common)) < nearest + 1e-6;
    }
}

/* Excess at shares of the run, over the excess at its end; false where its end is not above the floor. */
static bool normalise(double y[BINS], const struct charts_curve *c, double floor)
{
    double sum[BINS] = {0}, n[BINS] = {0};
    for (size_t i = 0; i < c->n; i++) {
        double share = c->tokens[i] / c->budget_tokens, at = BINS * log(share / FROM) / log(1 / FROM);
        if (!(at >= 0) || !isfinite(c->loss[i]))
            continue;
        size_t b = at < BINS ? (size_t)at : BINS - 1;
        sum[b] += c->loss[i] - floor;
        n[b]++;
    }
    double end = n[BINS - 1] > 0 ? sum[BINS - 1] / n[BINS - 1] : (double)NAN;
    for (size_t b = 0; b < BINS; b++)
        y[b] = n[b] > 0 ? sum[b] / n[b] / end : (double)NAN;
    return end > 0;
}

static double share_of(size_t bin)
{
    return FROM * pow(1 / FROM, ((double)bin + 0.5) / BINS);
}

static enum status add_member(struct chart *ch, const struct family *f, size_t i, const double y[BINS], struct err *err)
{
    const struct charts_curve *c = &f->p->in->curves[i];
    struct chart_series *s;
    TRY(chart_add(&s, ch, BINS, false, err));
    s->color = chart_on_scale(ch, f->sizes.items[parts_group_of(&f->sizes, f->size[i])].at);
    s->width = 1.3;
    s->fade = 0.15;
    parts_clean(s->name, sizeof s->name, c->run ? c->run : "a run");
    for (size_t b = 0; b < BINS; b++)
        s->x[b] = share_of(b), s->y[b] = y[b];
    return OK;
}

/* Mean and spread of ln y at each place. */
struct spread {
    double sum[BINS], squares[BINS], n[BINS];
};

static void see(struct spread *s, const double y[BINS])
{
    for (size_t b = 0; b < BINS; b++)
        if (y[b] > 0) {
            s->sum[b] += log(y[b]);
            s->squares[b] += log(y[b]) * log(y[b]);
            s->n[b]++;
        }
}

static double sd_of(const struct spread *s, size_t b)
{
    double mean = s->sum[b] / s->n[b];
    return s->n[b] > 1 ? sqrt(fmax(s->squares[b] / s->n[b] - mean * mean, 0) * s->n[b] / (s->n[b] - 1)) : (double)NAN;
}

static enum status add_mean(struct chart *ch, const struct spread *s, struct err *err)
{
    struct chart_series *m;
    TRY(chart_add(&m, ch, BINS, true, err));
    m->width = 2;
    m->band = true;
    parts_say(m->label, sizeof m->label, "mean, ± 1.96 sd");
    for (size_t b = 0; b < BINS; b++) {
        if (!(s->n[b] > 1))
            continue;
        m->x[b] = share_of(b);
        m->y[b] = exp(s->sum[b] / s->n[b]);
        m->lo[b] = m->y[b] * exp(-1.96 * sd_of(s, b));
        m->hi[b] = m->y[b] * exp(1.96 * sd_of(s, b));
    }
    return OK;
}

static void say(struct chart *ch, const struct family *f, const struct spread *s)
{
    double sum = 0, n = 0;
    char width[NUMBER_MAX], ratio[NUMBER_MAX];
    for (size_t b = BINS / 3; b + 1 < BINS; b++)
        if (isfinite(sd_of(s, b)))
            sum += sd_of(s, b), n++;
    number_bare(width, sizeof width, NUMBER_SHARE, sum / n, 2, false);
    number_bare(ratio, sizeof ratio, NUMBER_PLAIN, f->common, 2, false);
    parts_say(ch->title, sizeof ch->title, "Normalised, the curves of %zu sizes lie within %s of one line", f->n_sizes, width);
    parts_say(ch->quantity, sizeof ch->quantity, "Scaling collapse: excess training loss over that at the run's end, "
              "against the share of the run");
    parts_say(ch->subtitle, sizeof ch->subtitle, "One budget a size, near %s %ss a parameter; excess over %s. Runs that "
              "are tuned alike fall on one line; a "
              "size that leaves it is not (standard deviation, over the last two thirds).", ratio, f->p->token,
              f->p->floor_words);
    parts_say(ch->x_label, sizeof ch->x_label, "share of the run's tokens");
    parts_say(ch->y_label, sizeof ch->y_label, "excess over the final excess");
    ch->log_x = ch->log_y = true;
}

static enum status fill(struct chart *ch, struct family *f, bool *drawn, struct err *err)
{
    struct spread s = {{0}, {0}, {0}};
    double y[BINS];
    choose_ratio(f);
    *drawn = f->n_sizes >= MIN_SIZES;
    if (!*drawn)
        return OK;
    choose_members(f);
    TRY(parts_scale(ch, &f->sizes, "parameters N", AXIS_COUNT, err));
    for (size_t i = 0; i < f->p->in->n_curves; i++) {
        if (!f->member[i] || !normalise(y, &f->p->in->curves[i], f->p->floor))
            continue;
        see(&s, y);
        TRY(add_member(ch, f, i, y, err));
    }
    say(ch, f, &s);
    *drawn = ch->n_series > 1;
    return add_mean(ch, &s, err);
}

enum status collapse_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct family f = {.p = p};
    size_t n = p->in->n_curves;
    *drawn = false;
    if (n == 0 || !p->floor_words)
        return OK;
    enum status st = size_calloc(&f.size, n, sizeof *f.size, "the sizes", err);
    if (st == OK)
        st = size_calloc(&f.ratio, n, sizeof *f.ratio, "the ratios", err);
    if (st == OK)
        st = size_calloc(&f.member, n, sizeof *f.member, "the runs of a family", err);
    for (size_t i = 0; i < n && st == OK; i++) {
        f.size[i] = p->in->curves[i].params[p->r->count];
        f.ratio[i] = p->in->curves[i].budget_tokens / f.size[i];
    }
    if (st == OK)
        st = parts_group(&f.sizes, f.size, n, err);
    if (st == OK)
        st = fill(ch, &f, drawn, err);
    parts_groups_free(&f.sizes);
    free(f.size);
    free(f.ratio);
    free(f.member);
    return st;
}
