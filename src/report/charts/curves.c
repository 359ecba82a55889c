#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/palette.h"

/* Averages over equal steps of ln tokens: small batches make the loss of one line mostly noise. */
static enum status add_smoothed(struct chart *ch, const struct charts_curve *k, struct color color,
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

static enum status fill_curves(struct chart *ch, const struct parts *p, struct err *err)
{
    double *sizes;
    TRY(size_calloc(&sizes, p->in->n_curves, sizeof *sizes, "the sizes", err));
    for (size_t i = 0; i < p->in->n_curves; i++)
        sizes[i] = p->in->curves[i].params[p->r->count];
    struct parts_groups g = parts_groups_of(sizes, p->in->n_curves);
    enum status st = OK;
    size_t runs = size_min(p->in->n_curves, CHART_MAX_SERIES - PARTS_MAX_GROUPS);
    for (size_t i = 0; i < runs && st == OK; i++)
        st = add_smoothed(ch, &p->in->curves[i], palette_ordered(parts_group_index(&g, sizes[i]), g.n), err);
    for (size_t k = 0; k < g.n && st == OK; k++) {
        struct chart_series *s;
        st = chart_add(&s, ch, p->in->n_curves, false, err);
        s->color = palette_ordered(k, g.n);
        s->marker = MARKER_DISC;
        parts_size_label(s->label, sizeof s->label, g.at[k]);
        for (size_t i = 0; i < p->in->n_curves && st == OK; i++)
            if (parts_group_index(&g, sizes[i]) == k && p->in->curves[i].done) {
                s->x[i] = p->in->curves[i].budget_tokens;
                s->y[i] = p->in->curves[i].final_loss;
            }
    }
    free(sizes);
    return st;
}

enum status curves_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    *drawn = p->in->n_curves > 0;
    snprintf(ch->title, sizeof ch->title, "Training curves");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "Lines: training loss, averaged over steps of a fifth in tokens. Dots: each run's loss on the "
             "held-out set when its budget is spent.");
    snprintf(ch->x_label, sizeof ch->x_label, "training tokens");
    snprintf(ch->y_label, sizeof ch->y_label, "loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters");
    snprintf(ch->note, sizeof ch->note, "N: %s.", parts_count_words(p->r));
    ch->log_x = ch->log_y = true;
    TRY(fill_curves(ch, p, err));
    parts_true_floor(ch, p);
    return OK;
}
