#include "report/charts/transfer.h"

#include <math.h>

#include "base/count.h"
#include "plot/palette.h"
#include "report/charts/parts.h"

static enum status add_curve(struct chart *ch, const struct bowl *b, struct color color, struct err *err)
{
    struct chart_series *s;
    double lo = b->skewed ? exp(b->ln_x[0]) : b->lo_x, hi = b->skewed ? exp(b->ln_x[b->n - 1]) : b->hi_x;
    TRY(parts_law_line(&s, ch, color, err));
    s->free_range = true;
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(lo, hi, i, PARTS_STEPS);
        s->y[i] = bowl_at(b, s->x[i]);
    }
    return OK;
}

static enum status add_bottom(struct chart *ch, const struct bowl *b, struct color color, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = color;
    s->width = 3;
    s->free_range = true;
    s->x[0] = b->x.lo, s->x[1] = b->x.hi;
    s->y[0] = s->y[1] = b->loss;
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->radius = 6;
    s->x[0] = b->x.value;
    s->y[0] = b->loss;
    return OK;
}

static enum status add_bowl(struct chart *ch, const struct bowl *b, size_t size, struct color color, struct err *err)
{
    struct chart_series *s;
    if (b->state == BOWL_FOUND)
        TRY(add_curve(ch, b, color, err));
    TRY(chart_add(&s, ch, b->n, false, err));
    s->color = color;
    s->marker = b->state == BOWL_FOUND ? MARKER_DISC : MARKER_RING;
    parts_say(s->label, sizeof s->label, "%zu", size);
    for (size_t i = 0; i < b->n; i++) {
        s->x[i] = exp(b->ln_x[i]);
        s->y[i] = b->mean[i];
    }
    return b->state == BOWL_FOUND ? add_bottom(ch, b, color, err) : OK;
}

enum status charts_transfer_bowls(struct chart *ch, const struct charts_bowls *in, struct err *err)
{
    char tokens[32];
    parts_say(ch->title, sizeof ch->title, "Learning rates along %s: %s", in->axis, in->what);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Diamonds: the best rate at each %s, thick lines their 95 %% intervals. %s",
              in->axis, in->found);
    parts_say(ch->x_label, sizeof ch->x_label, "train.lr");
    parts_say(ch->y_label, sizeof ch->y_label, "held-out loss (nats per token)");
    parts_say(ch->legend_title, sizeof ch->legend_title, "%s", in->axis);
    parts_say(ch->note, sizeof ch->note,
              "Runs of %s tokens; means over seeds. Curves: parabolas in the logarithm of the rate, or Akima curves where a bowl "
              "is skewed. Rings: the best rate is at an edge. Runs that diverged have no mark.",
              count_format(tokens, sizeof tokens, in->tokens));
    ch->log_x = true;
    for (size_t i = 0; i < in->n; i++)
        TRY(add_bowl(ch, in->bowls[i], in->sizes[i], palette_ordered(i, in->n), err));
    return OK;
}
