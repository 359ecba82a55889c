/* The frontiers of base and variants, with the gain between them.
 *
 * A variant's stands as far from the base's as its pairs say, and not where its own fit has it: two fits of a few runs lie farther
 * apart than the runs beside each other do, and the title would say another distance than the picture. */
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
    parts_say(ch->quantity, sizeof ch->quantity, "Lowest loss for a compute: by the fit of %s, and variants by what they differ "
              "from it", base);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Bands: 95 %%, a variant's of its difference. Bars: the gain at the largest "
              "budget, from the variant's compute to what %s needs for its loss.", base);
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "loss on the frontier%s%s%s", a->unit[0] ? " (" : "", a->unit,
              a->unit[0] ? ")" : "");
    against_first(ch->note, sizeof ch->note, a, against_coloured(a));
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_POWER;
}

static enum status add_line(struct chart_series **s, struct chart *ch, struct ink color, size_t n, struct err *err)
{
    TRY(chart_add(s, ch, n, true, err));
    (*s)->color = color;
    (*s)->width = 2;
    (*s)->band = true;
    return OK;
}

/* The base's by its fit, in its legend or dashed, beyond its runs. */
static enum status add_base(struct chart *ch, const struct against *a, double from, double to, bool beyond, struct err *err)
{
    struct chart_series *s;
    char name[64];
    if (!(to > from))
        return OK;
    TRY(add_line(&s, ch, palette_ink(PALETTE_INK), PARTS_BAND_STEPS, err));
    if (beyond)
        s->dash = 7, s->gap = 5;
    against_name(name, sizeof name, a->base);
    parts_say(beyond ? s->name : s->label, beyond ? sizeof s->name : sizeof s->label, "%s%s", name, beyond ? ", beyond" : "");
    for (size_t i = 0; i < PARTS_BAND_STEPS; i++) {
        s->x[i] = parts_step(from, to, i, PARTS_BAND_STEPS);
        struct fit_value v = fit_frontier_loss(&a->report->frontier, s->x[i]);
        s->y[i] = v.value;
        s->lo[i] = v.lo, s->hi[i] = v.hi;
    }
    return OK;
}

/* A variant's loss: the base's, and what the variant differs from it there. */
static struct fit_value loss_at(const struct against *a, const struct compare_gain *difference)
{
    double base = fit_frontier_loss(&a->report->frontier, difference->flops).value;
    const struct fit_value *d = &difference->value;
    return (struct fit_value){base + d->value, d->se, base + d->lo, base + d->hi};
}

static enum status add_variant(struct chart *ch, const struct against *a, size_t k, struct err *err)
{
    const struct compare_variant *v = a->variants[k].found;
    struct chart_series *s;
    if (!isfinite(v->gains.loss_difference.value))
        return OK;
    TRY(add_line(&s, ch, palette_kind(k), COMPARE_STEPS, err));
    against_name(s->label, sizeof s->label, v->name);
    for (size_t i = 0; i < COMPARE_STEPS; i++) {
        struct fit_value at = loss_at(a, &v->gains.loss_curve[i]);
        s->x[i] = v->gains.loss_curve[i].flops;
        s->y[i] = at.value;
        s->lo[i] = at.lo, s->hi[i] = at.hi;
    }
    return OK;
}

/* How far the base's curve is asked for: to all ends of bars. */
static void reach(double *lo, double *hi, const struct against *a)
{
    *lo = a->report->cost.min_flops, *hi = a->report->cost.max_flops;
    for (size_t k = 0; k < against_coloured(a); k++) {
        const struct compare_gain *g = &a->variants[k].found->gains.largest;
        if (isfinite(g->value.value)) {
            *lo = fmin(*lo, g->flops * g->value.value);
            *hi = fmax(*hi, g->flops * g->value.value);
        }
    }
}

static enum status add_gain(struct chart *ch, const struct against *a, size_t k, struct err *err)
{
    const struct compare_gains *all = &a->variants[k].found->gains;
    const struct compare_gain *g = &all->largest;
    struct chart_series *s;
    char name[64], gain[96];
    if (!isfinite(all->loss_difference.value) || !isfinite(g->value.value))
        return OK;
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = palette_kind(k);
    s->width = 3;
    s->marker = MARKER_DIAMOND;
    against_name(name, sizeof name, a->variants[k].found->name);
    parts_say(s->name, sizeof s->name, "gain of %.80s", name);
    s->x[0] = g->flops, s->x[1] = g->flops * g->value.value;
    s->y[0] = loss_at(a, &all->loss_curve[COMPARE_STEPS - 1]).value;
    s->y[1] = fit_frontier_loss(&a->report->frontier, s->x[1]).value; /* the same but for that medians are no one law's */
    number_say(gain, sizeof gain, NUMBER_PLAIN, g->value.value, &g->value, false);
    parts_more(gain, sizeof gain, " times");
    return chart_add_label(ch, s->x[1], s->y[1], palette_kind(k), gain, err);
}

enum status against_frontiers(struct chart *ch, const struct against *a, bool *drawn, struct err *err)
{
    double lo, hi;
    *drawn = has_frontier(a->report) && has_frontier(a->variants[0].report);
    if (!*drawn)
        return OK;
    say(ch, a);
    reach(&lo, &hi, a);
    TRY(add_base(ch, a, a->report->cost.min_flops, a->report->cost.max_flops, false, err));
    TRY(add_base(ch, a, lo, a->report->cost.min_flops, true, err));
    TRY(add_base(ch, a, a->report->cost.max_flops, hi, true, err));
    for (size_t k = 0; k < against_coloured(a); k++)
        TRY(add_variant(ch, a, k, err));
    for (size_t k = 0; k < against_coloured(a); k++)
        TRY(add_gain(ch, a, k, err));
    return OK;
}
