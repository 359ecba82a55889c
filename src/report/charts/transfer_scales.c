#include "report/charts/transfer.h"

#include <math.h>
#include <string.h>

#include "report/charts/parts.h"
#include "report/number.h"

static enum status add_line(struct chart *ch, const struct charts_scale *in, bool change, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, in->n, false, err));
    memcpy(s->x, in->x, in->n * sizeof *s->x);
    memcpy(s->y, change ? in->change : in->scale, in->n * sizeof *s->y);
    s->color = palette_kind(in->kind);
    s->width = change ? 1.8 : 1;
    s->dash = change ? 0 : 3;
    s->gap = change ? 0 : 3;
    s->marker = !change ? MARKER_NONE : in->last ? MARKER_DISC : MARKER_RING;
    if (change)
        parts_say(s->label, sizeof s->label, "%s", in->name);
    parts_say(s->name, sizeof s->name, "%s, %s", in->name, change ? "change" : "at the start");
    return OK;
}

/* How many times as large a change is at the largest size, or as small; NaN where either is not known. */
static double moved_by(const struct charts_scale *s)
{
    return s->n > 0 && s->change[0] > 0 ? s->change[s->n - 1] / s->change[0] : (double)NAN;
}

/* The change that moves most. */
static void say_finding(struct chart *ch, const struct charts_scales *in)
{
    const struct charts_scale *most = NULL;
    char factor[NUMBER_MAX];
    for (size_t i = 0; i < in->n; i++)
        if (moved_by(&in->items[i]) > 0 && (!most || fabs(log(moved_by(&in->items[i]))) > fabs(log(moved_by(most)))))
            most = &in->items[i];
    if (!most) {
        parts_say(ch->title, sizeof ch->title, "No change of activations is known along %s", in->axis);
        return;
    }
    double by = moved_by(most);
    number_bare(factor, sizeof factor, NUMBER_PLAIN, by < 1 ? 1 / by : by, 3, false);
    parts_say(ch->title, sizeof ch->title, "From %s %g to %g the change of %s moves most: it %s %s times", in->axis, most->x[0],
              most->x[most->n - 1], most->name, by < 1 ? "falls" : "grows", factor);
}

enum status charts_transfer_scales(struct chart *ch, const struct charts_scales *in, struct err *err)
{
    say_finding(ch, in);
    parts_say(ch->quantity, sizeof ch->quantity, "Coordinate check along %s; %s", in->axis, in->what);
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Marks: root mean square of what %zu step%s at train.lr %g change. Dashed: root mean square at the start. Where one "
              "rate serves all, the marks lie level.",
              in->steps, in->steps == 1 ? "" : "s", in->lr);
    parts_say(ch->x_label, sizeof ch->x_label, "%s", in->axis);
    parts_say(ch->y_label, sizeof ch->y_label, "root mean square");
    parts_say(ch->legend_title, sizeof ch->legend_title, "change of");
    parts_say(ch->note, sizeof ch->note, "After Yang et al. 2022, Tensor Programs V. Discs: the last block, rings: the first. "
                                         "Geometric means over seeds, on held-out windows.");
    ch->log_x = ch->log_y = true;
    for (size_t i = 0; i < in->n; i++)
        TRY(add_line(ch, &in->items[i], false, err));
    for (size_t i = 0; i < in->n; i++)
        TRY(add_line(ch, &in->items[i], true, err));
    return OK;
}
