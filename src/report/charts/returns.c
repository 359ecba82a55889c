#include "report/charts/parts.h"

#include <math.h>
#include <string.h>

#include "plot/axis.h"
#include "plot/palette.h"

/* Two digits, as intervals of compute span decades. */
static void place_label(char *out, size_t size, double v)
{
    axis_label_power(out, size, v, 2);
}

static void noise_label(char *out, size_t size, double v)
{
    parts_say(out, size, "%.2g", v);
}

static bool is_compute(const struct parts *p)
{
    return strcmp(p->r->frontier_x, "C") == 0;
}

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    const char *x = is_compute(p) ? "compute" : p->r->frontier_x;
    char at[AXIS_LABEL_MAX], interval[64];
    place_label(at, sizeof at, v->largest_flops);
    parts_interval(interval, sizeof interval, v->gain.lo, v->gain.hi, parts_three_digits);
    parts_say(ch->title, sizeof ch->title, "Returns: what the next doubling of %s gains", x);
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "At the largest budget, %s%s: %.3g%s%s. Returns flatten where the gain sinks under the noise of one "
              "run.",
              at, is_compute(p) ? " FLOPs" : "", v->gain.value, p->nats, interval);
    parts_say(ch->x_label, sizeof ch->x_label, "%s, before the doubling", p->reach_words);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "gain");
    if (p->r->sigma > 0 && p->r->sigma_from)
        parts_say(ch->note, sizeof ch->note, "Noise: %s.", p->r->sigma_from);
    ch->log_x = ch->log_y = true;
}

static enum status add_gain(struct chart *ch, const struct parts *p, double lo, double hi, bool beyond,
                            struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, PARTS_STEPS, true, err));
    s->color = palette_distinct(0);
    s->width = 2;
    s->band = true;
    if (beyond)
        s->dash = 7, s->gap = 5;
    parts_say(s->label, sizeof s->label, "%s", beyond ? "the fit, beyond the runs" : "the fit");
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        struct fit_value v = fit_frontier_gain(p->r, s->x[i] = parts_step(lo, hi, i, PARTS_STEPS));
        s->y[i] = v.value;
        s->lo[i] = v.lo;
        s->hi[i] = v.hi;
    }
    return OK;
}

/* What doubling gained between neighbouring IsoFLOP minima. */
static enum status add_measured_gain(struct chart *ch, const struct fit_report *r, struct err *err)
{
    struct chart_series *s;
    if (r->n_isoflop < 2)
        return OK;
    TRY(chart_add(&s, ch, r->n_isoflop - 1, false, err));
    s->color = palette_distinct(1);
    s->marker = MARKER_DISC;
    parts_say(s->label, sizeof s->label, "between IsoFLOP minima");
    for (size_t i = 0; i + 1 < r->n_isoflop; i++) {
        const struct fit_isoflop *a = &r->isoflop[i], *b = a + 1;
        if (!a->valid || !b->valid || a->at_edge || b->at_edge)
            continue;
        s->x[i] = sqrt(a->flops * b->flops) / sqrt(2); /* a doubling that starts there */
        s->y[i] = (a->loss.value - b->loss.value) / log2(b->flops / a->flops);
    }
    return OK;
}

static enum status add_noise(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_report *r = p->r;
    struct chart_line *l;
    char interval[64];
    if (!(r->sigma > 0))
        return OK;
    TRY(chart_add_line(&l, ch, false, r->sigma, err));
    l->color = palette_distinct(3);
    l->lo = r->sigma_lo, l->hi = r->sigma_hi;
    parts_interval(interval, sizeof interval, r->sigma_lo, r->sigma_hi, noise_label);
    parts_say(l->label, sizeof l->label, "noise of one run, %.2g%s%s", r->sigma, p->nats, interval);
    return OK;
}

/* It may lie far beyond the runs, or below all of them: then it is outside the picture. */
static enum status add_flattening(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_value *at = &p->r->verdict.flatten;
    struct chart_line *l;
    char place[AXIS_LABEL_MAX], interval[64];
    if (!isfinite(at->value) || !(at->value > 0))
        return OK;
    TRY(chart_add_line(&l, ch, true, at->value, err));
    l->color = palette_distinct(1);
    l->free_range = true;
    l->lo = at->lo, l->hi = at->hi;
    place_label(place, sizeof place, at->value);
    parts_interval(interval, sizeof interval, at->lo, at->hi, place_label);
    parts_say(l->label, sizeof l->label, "returns flatten at %s%s%s", place, is_compute(p) ? " FLOPs" : "",
              interval);
    return OK;
}

static enum status add_largest(struct chart *ch, double largest, struct err *err)
{
    struct chart_line *l;
    TRY(chart_add_line(&l, ch, true, largest, err));
    l->color = PALETTE_SOFT;
    l->dash = 2, l->gap = 4;
    parts_say(l->label, sizeof l->label, "largest budget");
    return OK;
}

enum status returns_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct fit_verdict *v = &p->r->verdict;
    double smallest, largest;
    bool some = parts_range(p->reach, p->t->n, &smallest, &largest);
    *drawn = p->r->has_frontier && isfinite(v->gain.value) && some;
    if (!*drawn)
        return OK;
    double end = 10 * largest;
    if (isfinite(v->flatten.value) && v->flatten.value < 1e4 * largest)
        end = fmax(end, 3 * v->flatten.value);
    say(ch, p);
    TRY(add_gain(ch, p, smallest, largest, false, err));
    TRY(add_gain(ch, p, largest, end, true, err));
    TRY(add_measured_gain(ch, p->r, err));
    TRY(add_noise(ch, p, err));
    TRY(add_largest(ch, largest, err));
    return add_flattening(ch, p, err);
}
