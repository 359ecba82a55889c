#include "report/charts/parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/palette.h"

/* Averages over equal steps of ln tokens: small batches make the loss of one line mostly noise. */
#define STEP 0.2

static enum status add_smoothed(struct chart *ch, const struct charts_curve *k, struct color color, double width,
                                struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, k->n, false, err));
    s->color = color;
    s->width = width;
    size_t out = 0;
    for (size_t i = 0; i < k->n;) {
        double bin = floor(log(k->tokens[i]) / STEP), x = 0, y = 0;
        size_t m = 0;
        for (; i < k->n && floor(log(k->tokens[i]) / STEP) == bin; i++, m++) {
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

/* The final losses of the runs of one size. */
static enum status add_ends(struct chart *ch, const struct parts *p, const struct parts_groups *g, size_t k,
                            const double *sizes, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, p->in->n_curves, false, err));
    s->color = palette_ordered(k, g->n);
    s->marker = MARKER_DISC;
    parts_group_label(s->label, sizeof s->label, &g->items[k], parts_size_label);
    for (size_t i = 0; i < p->in->n_curves; i++)
        if (p->in->curves[i].done && parts_in_group(&g->items[k], sizes[i])) {
            s->x[i] = p->in->curves[i].budget_tokens;
            s->y[i] = p->in->curves[i].final_loss;
        }
    return OK;
}

static void say(struct chart *ch, const struct parts *p, const struct parts_groups *g)
{
    char merged[CHART_TEXT_MAX], part[CHART_TEXT_MAX] = "";
    parts_merged_words(merged, sizeof merged, g, "sizes", false);
    if (p->in->eval_part > 1)
        parts_say(part, sizeof part,
                  "The logs' evaluations along the way, on 1/%zu of the held-out set, are not drawn.",
                  p->in->eval_part);
    parts_say(ch->title, sizeof ch->title, "Training curves");
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Lines: training loss, averaged over steps of a fifth in tokens. Dots: each run's loss on the "
              "held-out set when its budget is spent.");
    parts_say(ch->x_label, sizeof ch->x_label, "training tokens");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "loss");
    parts_say(ch->legend_title, sizeof ch->legend_title, "parameters N");
    parts_say(ch->note, sizeof ch->note, "N: %s. %s%s", parts_count_words(p), merged, part);
    ch->log_x = ch->log_y = true;
}

/* Many lines are thinner, so that those below still show. */
static double width_of(size_t n_curves)
{
    return n_curves <= 50 ? 1.3 : n_curves <= 200 ? 0.9 : 0.6;
}

static enum status fill(struct chart *ch, const struct parts *p, struct parts_groups *g, double *sizes,
                        struct err *err)
{
    size_t n = p->in->n_curves;
    for (size_t i = 0; i < n; i++)
        sizes[i] = p->in->curves[i].params[p->r->count];
    TRY(parts_group(g, sizes, n, err));
    say(ch, p, g);
    for (size_t i = 0; i < n; i++) {
        size_t k = parts_group_of(g, sizes[i]);
        struct color color = k < g->n ? palette_ordered(k, g->n) : PALETTE_SOFT;
        TRY(add_smoothed(ch, &p->in->curves[i], color, width_of(n), err));
    }
    for (size_t k = 0; k < g->n; k++)
        TRY(add_ends(ch, p, g, k, sizes, err));
    return parts_true_floor(ch, p, err);
}

enum status curves_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups g = {0};
    double *sizes;
    *drawn = p->in->n_curves > 0;
    if (!*drawn)
        return OK;
    TRY(size_calloc(&sizes, p->in->n_curves, sizeof *sizes, "the sizes", err));
    enum status st = fill(ch, p, &g, sizes, err);
    parts_groups_free(&g);
    free(sizes);
    return st;
}
