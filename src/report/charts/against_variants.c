/* All variants below each other: what each gains at the smallest budget, at the largest, and at ten times that. */
#include <math.h>

#include "base/size.h"
#include "report/charts/against.h"

enum { MOST = 24, TIMES = 3 };

static const struct {
    const char *words;
    enum chart_marker marker;
    double below; /* of the variant's own place */
} times[TIMES] = {
    {"at the smallest budget", MARKER_RING, -0.2},
    {"at the largest", MARKER_DIAMOND, 0},
    {"at ten times that", MARKER_OPEN_DIAMOND, 0.2},
};

static const struct fit_value *gain_of(const struct compare_variant *v, size_t k)
{
    return k == 0 ? &v->gains.smallest.value : k == 1 ? &v->gains.largest.value : &v->gains.at_10x.value;
}

static void say(struct chart *ch, const struct against *a, size_t n)
{
    char base[64], name[64];
    size_t moves = 0;
    against_name(base, sizeof base, a->base);
    for (size_t i = 0; i < a->n; i++)
        moves += a->variants[i].found->changed != COMPARE_NOTHING;
    if (a->n == 1) {
        against_name(name, sizeof name, a->variants[0].found->name);
        parts_say(ch->title, sizeof ch->title, moves ? "%s moves the curve of %s" : "No difference between %s and %s is seen", name,
                  base);
    } else {
        parts_say(ch->title, sizeof ch->title, "%zu of %zu variants move%s the curve of %s", moves, a->n, moves == 1 ? "s" : "",
                  base);
    }
    parts_say(ch->quantity, sizeof ch->quantity, "Gain over %s: its compute for the same loss, over the variant's", base);
    parts_say(ch->subtitle, sizeof ch->subtitle, "To the right of 1 the variant is better. Intervals: 95 %%.");
    parts_say(ch->x_label, sizeof ch->x_label, "gain, times the compute");
    against_first(ch->note, sizeof ch->note, a, n);
    ch->log_x = true;
    ch->y_kind = AXIS_NAMES;
}

static enum status add_times(struct chart *ch, const struct against *a, size_t k, size_t n, struct err *err)
{
    struct chart_series *s;
    char name[64];
    TRY(chart_add(&s, ch, n, false, err));
    TRY(chart_add_x_interval(s, err));
    s->color = palette_kind(k);
    s->marker = times[k].marker;
    s->radius = 5;
    parts_say(s->label, sizeof s->label, "%s", times[k].words);
    for (size_t i = 0; i < n; i++) {
        const struct fit_value *g = gain_of(a->variants[i].found, k);
        s->x[i] = g->value, s->x_lo[i] = g->lo, s->x_hi[i] = g->hi;
        s->y[i] = (double)(n - i) - times[k].below;
        against_name(name, sizeof name, a->variants[i].found->name);
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

enum status against_variants(struct chart *ch, const struct against *a, bool *drawn, struct err *err)
{
    size_t n = size_min(a->n, MOST);
    struct chart_line *l;
    *drawn = false;
    for (size_t i = 0; i < n; i++)
        *drawn |= isfinite(a->variants[i].found->gains.largest.value.value);
    if (!*drawn)
        return OK;
    say(ch, a, n);
    TRY(chart_add_line(&l, ch, true, 1, err));
    parts_say(l->label, sizeof l->label, "no gain");
    for (size_t k = 0; k < TIMES; k++)
        TRY(add_times(ch, a, k, n, err));
    for (size_t i = 0; i < n; i++) {
        char name[64];
        against_name(name, sizeof name, a->variants[i].found->name);
        TRY(chart_name_place(ch, n - i, n, name, err));
    }
    return OK;
}
