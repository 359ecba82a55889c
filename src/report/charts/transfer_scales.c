#include "report/charts/transfer.h"

#include <string.h>

#include "plot/palette.h"
#include "report/charts/parts.h"

static enum status add_line(struct chart *ch, const struct charts_scale *in, bool change, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, in->n, false, err));
    memcpy(s->x, in->x, in->n * sizeof *s->x);
    memcpy(s->y, change ? in->change : in->scale, in->n * sizeof *s->y);
    s->color = palette_distinct(in->kind);
    s->width = change ? 1.8 : 1;
    s->dash = change ? 0 : 3;
    s->gap = change ? 0 : 3;
    s->marker = !change ? MARKER_NONE : in->last ? MARKER_DISC : MARKER_RING;
    if (change)
        parts_say(s->label, sizeof s->label, "%s", in->name);
    return OK;
}

enum status charts_transfer_scales(struct chart *ch, const struct charts_scales *in, struct err *err)
{
    parts_say(ch->title, sizeof ch->title, "Coordinate check along %s: %s", in->axis, in->what);
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
