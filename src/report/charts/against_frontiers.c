/* The frontiers of base and variants, with the gain between them. */
#include <math.h>
#include <string.h>

#include "report/charts/against.h"
#include "report/number.h"

static bool has_frontier(const struct fit_report *r)
{
    return r->frontier.holds && r->frontier.x && strcmp(r->frontier.x, "C") == 0 && r->cost.max_flops > r->cost.min_flops;
}

static void say(struct chart *ch, const struct against *a)
{
    const struct compare_variant *v = a->variants[0].found;
    const struct fit_value *d = &v->gains.loss_difference;
    const struct fit_value by = d->value < 0 ? (struct fit_value){-d->value, d->se, -d->hi, -d->lo} : *d;
    char base[64], name[64], flops[64], far[NUMBER_MAX], interval[64];
    const char *per = strstr(a->unit, " per ");
    int unit = (int)(per ? (size_t)(per - a->unit) : strlen(a->unit));
    against_name(base, sizeof base, a->base);
    against_name(name, sizeof name, v->name);
    against_flops(flops, sizeof flops, v->gains.largest.flops);
    number_say(far, sizeof far, NUMBER_LOSS, by.value, &by, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &by, false);
    if (isfinite(d->lo))
        parts_say(ch->title, sizeof ch->title, "At %s the loss of %s lies %s that of %s by %s%s%.*s%s", flops, name,
                  d->value < 0 ? "below" : "above", base, far, unit ? " " : "", unit, a->unit, interval);
    else
        parts_say(ch->title, sizeof ch->title, "The frontiers of %s and %s", base, name);
    parts_say(ch->quantity, sizeof ch->quantity, "Lowest loss for a compute, as each fit has it by itself");
    parts_say(ch->subtitle, sizeof ch->subtitle, "Bands: 95 %%. Bars: the gain at the largest budget, from the variant's "
              "compute to what %s needs for its loss.", base);
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "loss on the frontier%s%s%s", a->unit[0] ? " (" : "", a->unit,
              a->unit[0] ? ")" : "");
    against_first(ch->note, sizeof ch->note, a, against_coloured(a));
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_POWER;
}

static enum status add_frontier(struct chart *ch, const struct fit_report *r, const char *name, struct ink color,
                                struct err *err)
{
    struct chart_series *s;
    if (!has_frontier(r))
        return OK;
    TRY(chart_add(&s, ch, PARTS_BAND_STEPS, true, err));
    s->color = color;
    s->width = 2;
    s->band = true;
    against_name(s->label, sizeof s->label, name);
    for (size_t i = 0; i < PARTS_BAND_STEPS; i++) {
        s->x[i] = parts_step(r->cost.min_flops, r->cost.max_flops, i, PARTS_BAND_STEPS);
        struct fit_value v = fit_frontier_loss(&r->frontier, s->x[i]);
        s->y[i] = v.value;
        s->lo[i] = v.lo, s->hi[i] = v.hi;
    }
    return OK;
}

static enum status add_gain(struct chart *ch, const struct against *a, size_t k, struct err *err)
{
    const struct compare_gain *g = &a->variants[k].found->gains.largest;
    struct chart_series *s;
    char name[64], gain[96];
    if (!has_frontier(a->variants[k].report) || !isfinite(g->value.value))
        return OK;
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = palette_kind(k);
    s->width = 3;
    s->marker = MARKER_DIAMOND;
    against_name(name, sizeof name, a->variants[k].found->name);
    parts_say(s->name, sizeof s->name, "gain of %.80s", name);
    s->x[0] = g->flops, s->x[1] = g->flops * g->value.value;
    s->y[0] = s->y[1] = fit_frontier_loss(&a->variants[k].report->frontier, g->flops).value;
    number_say(gain, sizeof gain, NUMBER_PLAIN, g->value.value, &g->value, false);
    parts_more(gain, sizeof gain, " times");
    return chart_add_label(ch, s->x[1], s->y[1], palette_kind(k), gain, err);
}

enum status against_frontiers(struct chart *ch, const struct against *a, bool *drawn, struct err *err)
{
    *drawn = has_frontier(a->report) && has_frontier(a->variants[0].report);
    if (!*drawn)
        return OK;
    say(ch, a);
    TRY(add_frontier(ch, a->report, a->base, palette_ink(PALETTE_INK), err));
    for (size_t k = 0; k < against_coloured(a); k++)
        TRY(add_frontier(ch, a->variants[k].report, a->variants[k].found->name, palette_kind(k), err));
    for (size_t k = 0; k < against_coloured(a); k++)
        TRY(add_gain(ch, a, k, err));
    return OK;
}
