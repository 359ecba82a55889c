#include "report/charts/transfer.h"

#include <math.h>

#include "base/count.h"
#include "report/charts/parts.h"
#include "report/number.h"

static enum status add_curve(struct chart *ch, const struct bowl *b, size_t size, struct ink color, struct err *err)
{
    struct chart_series *s;
    double lo = b->skewed ? exp(b->ln_x[0]) : b->lo_x, hi = b->skewed ? exp(b->ln_x[b->n - 1]) : b->hi_x;
    TRY(parts_law_line(&s, ch, color, PARTS_STEPS, false, err));
    parts_say(s->name, sizeof s->name, "curve, %zu", size);
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(lo, hi, i, PARTS_STEPS);
        s->y[i] = bowl_at(b, s->x[i]);
    }
    return OK;
}

static enum status add_bottom(struct chart *ch, const struct bowl *b, size_t size, struct ink color, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, false, err));
    TRY(chart_add_x_interval(s, err));
    parts_say(s->name, sizeof s->name, "bottom, %zu", size);
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->radius = 6;
    s->free_range = true;
    s->x[0] = b->x.value, s->x_lo[0] = b->x.lo, s->x_hi[0] = b->x.hi;
    s->y[0] = b->loss;
    return OK;
}

static enum status add_bowl(struct chart *ch, const struct bowl *b, size_t size, struct ink color, struct err *err)
{
    struct chart_series *s;
    if (b->state == BOWL_FOUND)
        TRY(add_curve(ch, b, size, color, err));
    TRY(chart_add(&s, ch, b->n, false, err));
    s->color = color;
    s->marker = b->state == BOWL_FOUND ? MARKER_DISC : MARKER_RING;
    parts_say(s->label, sizeof s->label, "%zu", size);
    for (size_t i = 0; i < b->n; i++) {
        s->x[i] = exp(b->ln_x[i]);
        s->y[i] = b->mean[i];
    }
    return b->state == BOWL_FOUND ? add_bottom(ch, b, size, color, err) : OK;
}

static void say(struct chart *ch, const struct charts_bowls *in)
{
    char tokens[32], factor[NUMBER_MAX], interval[64];
    if (in->found) {
        number_say(factor, sizeof factor, NUMBER_PLAIN, in->factor.value, &in->factor, false);
        number_interval(interval, sizeof interval, NUMBER_PLAIN, &in->factor, false);
        parts_say(ch->title, sizeof ch->title, "From %s %zu to %zu the best learning rate moves by a factor of %s%s", in->axis,
                  in->sizes[0], in->sizes[in->n - 1], factor, interval);
    } else {
        parts_say(ch->title, sizeof ch->title, "Not every %s has its best learning rate inside what was tried", in->axis);
    }
    parts_say(ch->quantity, sizeof ch->quantity, "Held-out loss against the learning rate, one colour a %s; %s", in->axis,
              in->what);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Diamonds: the best rate at each %s, with its 95 %% interval.", in->axis);
    parts_say(ch->x_label, sizeof ch->x_label, "learning rate, train.lr");
    parts_say(ch->y_label, sizeof ch->y_label, "held-out loss (nats per token)");
    parts_say(ch->legend_title, sizeof ch->legend_title, "%s", in->axis);
    parts_say(ch->note, sizeof ch->note,
              "Runs of %s tokens; means over seeds. Curves: parabolas in the logarithm of the rate, or Akima curves where a bowl "
              "is skewed. Rings: the best rate is at an edge. Runs that diverged have no mark.",
              count_format(tokens, sizeof tokens, in->tokens));
    ch->log_x = true;
}

enum status charts_transfer_bowls(struct chart *ch, const struct charts_bowls *in, struct err *err)
{
    say(ch, in);
    for (size_t i = 0; i < in->n; i++)
        TRY(add_bowl(ch, in->bowls[i], in->sizes[i], palette_ordered(i, in->n), err));
    return OK;
}
