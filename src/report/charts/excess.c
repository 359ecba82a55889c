#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/palette.h"

static enum status add_frontier(struct chart *ch, const struct parts *p, double lo, double hi,
                                struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, PARTS_STEPS, true, err));
    s->color = palette_distinct(1);
    s->width = 2;
    s->band = s->free_range = true;
    snprintf(s->label, sizeof s->label, "best at each C");
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        struct fit_value v = fit_frontier_loss(p->r, s->x[i] = parts_step(lo, hi, i, PARTS_STEPS));
        s->y[i] = v.value - p->floor;
        s->lo[i] = v.lo - p->floor;
        s->hi[i] = v.hi - p->floor;
    }
    return OK;
}

enum status excess_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = parts_groups_of(p->params, p->t->n);
    double *y, lo, hi;
    *drawn = p->r->has_frontier;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "What is left above the floor, on log axes");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "Excess: held-out loss less %s. A power law is a straight line here; a wall would bend it upward. "
             "Orange: the fitted frontier with its 95 %% band.",
             p->floor_words);
    snprintf(ch->x_label, sizeof ch->x_label, "training compute C, FLOPs");
    snprintf(ch->y_label, sizeof ch->y_label, "excess loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters N");
    snprintf(ch->note, sizeof ch->note, "N: %s. FLOPs: matrix products of training, attention counted causally.",
             parts_count_words(p->r));
    ch->log_x = ch->log_y = true;
    TRY(size_calloc(&y, p->t->n, sizeof *y, "the excess", err));
    for (size_t i = 0; i < p->t->n; i++)
        y[i] = p->loss[i] - p->floor;
    enum status st = OK;
    for (size_t k = 0; k < sizes.n && st == OK; k++) {
        char label[32];
        parts_size_label(label, sizeof label, sizes.at[k]);
        st = parts_runs(ch, p, p->flops, y, p->params, sizes.at[k], palette_ordered(k, sizes.n), label, err);
        /* the frontier is above the runs' sampling error or not at all: bars would hide it */
        struct chart_series *s = &ch->series[ch->n_series - 1];
        for (size_t i = 0; st == OK && i < s->n; i++)
            s->lo[i] = s->hi[i] = (double)NAN;
    }
    free(y);
    parts_range(p->flops, p->t->n, &lo, &hi);
    return st == OK ? add_frontier(ch, p, lo, hi * 2, err) : st;
}
