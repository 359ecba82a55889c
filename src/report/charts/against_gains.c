/* What a variant gains against compute: how many times its compute the base needs for the same loss. */
#include <math.h>

#include "report/charts/against.h"

static void say(struct chart *ch, const struct against *a)
{
    const struct compare_variant *v = a->variants[0].found;
    char base[64], name[64], gain[96], flops[64];
    against_name(base, sizeof base, a->base);
    against_name(name, sizeof name, v->name);
    against_gain(gain, sizeof gain, &v->gains.largest.value);
    against_flops(flops, sizeof flops, v->gains.largest.flops);
    parts_say(ch->title, sizeof ch->title, "For the loss of %s at %s, %s needs %s times the compute", name, flops, base, gain);
    parts_say(ch->quantity, sizeof ch->quantity, "Gain over %s: its compute for the same loss, over the variant's", base);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Above 1 the variant is better. Bands: 95 %%. Dashed: beyond the runs.");
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C of the variant (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "gain, times the compute");
    against_first(ch->note, sizeof ch->note, a, against_coloured(a));
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_POWER;
}

/* Steps within the runs, or beyond them; the two meet. */
static enum status add_curve(struct chart *ch, const struct compare_variant *v, size_t k, bool beyond, struct err *err)
{
    struct chart_series *s;
    char name[64];
    size_t first = 0, n = 0;
    while (n < COMPARE_STEPS && v->gains.curve[n].flops <= 1.001 * v->gains.largest.flops)
        n++;
    if (beyond)
        first = n > 0 ? n - 1 : 0, n = COMPARE_STEPS - first;
    TRY(chart_add(&s, ch, n, true, err));
    s->color = palette_kind(k);
    s->width = 2;
    s->band = true;
    if (beyond)
        s->dash = 7, s->gap = 5;
    against_name(name, sizeof name, v->name);
    parts_say(beyond ? s->name : s->label, beyond ? sizeof s->name : sizeof s->label, "%s%s", name, beyond ? ", beyond" : "");
    for (size_t i = 0; i < n; i++) {
        const struct compare_gain *g = &v->gains.curve[first + i];
        s->x[i] = g->flops;
        s->y[i] = g->value.value;
        s->lo[i] = g->value.lo, s->hi[i] = g->value.hi;
    }
    return OK;
}

enum status against_gains(struct chart *ch, const struct against *a, bool *drawn, struct err *err)
{
    struct chart_line *l;
    *drawn = false;
    for (size_t k = 0; k < against_coloured(a); k++)
        for (size_t i = 0; i < COMPARE_STEPS; i++)
            *drawn |= isfinite(a->variants[k].found->gains.curve[i].value.value);
    if (!*drawn)
        return OK;
    say(ch, a);
    TRY(chart_add_line(&l, ch, false, 1, err));
    parts_say(l->label, sizeof l->label, "no gain");
    for (size_t k = 0; k < against_coloured(a); k++)
        for (int beyond = 0; beyond < 2; beyond++)
            TRY(add_curve(ch, a->variants[k].found, k, beyond, err));
    return OK;
}
