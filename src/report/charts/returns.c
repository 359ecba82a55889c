#include <math.h>
#include <string.h>

#include "fit/verdict/words.h"
#include "report/charts/kinds.h"
#include "report/names.h"

static bool is_compute(const struct parts *p)
{
    return strcmp(p->r->frontier.x, "C") == 0;
}

/* The gain against the noise, as far as both are known. */
static void say_finding(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    char gain[NUMBER_MAX], interval[64], times[NUMBER_MAX];
    if (!returns_gain_known(&v->returns)) {
        number_say(gain, sizeof gain, NUMBER_LOSS, v->returns.gain.hi, &v->returns.gain, false);
        parts_say(ch->title, sizeof ch->title, "What the next doubling of %s gains is not known: at most %s%s (95 %%)",
                  is_compute(p) ? "compute" : p->r->frontier.x, gain, p->nats);
        return;
    }
    number_say(gain, sizeof gain, NUMBER_LOSS, v->returns.gain.value, &v->returns.gain, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &v->returns.gain, false);
    number_bare(times, sizeof times, NUMBER_PLAIN, v->returns.times.value, 2, false);
    parts_say(ch->title, sizeof ch->title, "The next doubling of %s gains %s%s%s", is_compute(p) ? "compute" :
              p->r->frontier.x, gain,
              p->nats, interval);
    if (!isfinite(v->returns.times.value))
        return;
    if (returns_stand(&v->returns) == RETURNS_OPEN)
        parts_more(ch->title, sizeof ch->title, "; whether that is less than the noise of one run is open");
    else
        parts_more(ch->title, sizeof ch->title, ", %s times the noise of one run", times);
}

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    char at[NUMBER_MAX], place[NUMBER_MAX], interval[64], flat[2 * CHART_TEXT_MAX];
    number_bare(at, sizeof at, NUMBER_COMPUTE, v->returns.largest, 2, false);
    number_say(place, sizeof place, NUMBER_COMPUTE, v->returns.flatten.value, &v->returns.flatten, false);
    number_interval(interval, sizeof interval, NUMBER_COMPUTE, &v->returns.flatten, false);
    if (isfinite(v->returns.flatten.value))
        parts_say(flat, sizeof flat, "Returns flatten, where it sinks under the noise of one run, %s %s%s%s.",
                  v->returns.flatten_at_least ? "no earlier than at" : "at", place, is_compute(p) ? " FLOPs" : "", interval);
    else
        parts_say(flat, sizeof flat, "Where it sinks under the noise of one run is open.");
    say_finding(ch, p);
    parts_say(ch->quantity, sizeof ch->quantity, "What the next doubling of %s gains, by what was spent before it",
              is_compute(p) ? "compute" : p->r->frontier.x);
    parts_say(ch->subtitle, sizeof ch->subtitle, "At the largest budget here, %s%s. %s Dashed: beyond the runs.", at,
              is_compute(p) ? " FLOPs" : "", flat);
    parts_say(ch->x_label, sizeof ch->x_label, "%s, before the doubling", p->reach_words);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "gain");
    if (p->r->noise.sigma > 0 && p->r->noise.from)
        parts_say(ch->note, sizeof ch->note, "Noise: %s.", p->r->noise.from);
    ch->log_x = ch->log_y = true;
    ch->x_kind = p->reach_kind;
}

static enum status add_gain(struct chart *ch, const struct parts *p, double lo, double hi, bool beyond,
                            struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, PARTS_STEPS, true, err));
    s->color = palette_ink(PALETTE_FIT);
    s->width = 2;
    s->band = true;
    if (beyond)
        s->dash = 7, s->gap = 5;
    parts_say(s->label, sizeof s->label, "%s", beyond ? "the fit, beyond the runs" : "the fit, 95 % band");
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        struct fit_value v = fit_frontier_gain(&p->r->frontier, s->x[i] = parts_step(lo, hi, i, PARTS_STEPS));
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
    if (r->isoflop.n < 2)
        return OK;
    TRY(chart_add(&s, ch, r->isoflop.n - 1, false, err));
    s->color = palette_kind(0);
    s->marker = MARKER_DISC;
    parts_say(s->label, sizeof s->label, "between IsoFLOP minima");
    for (size_t i = 0; i + 1 < r->isoflop.n; i++) {
        const struct fit_isoflop *a = &r->isoflop.at[i], *b = a + 1;
        if (!a->valid || !b->valid || a->at_edge || b->at_edge)
            continue;
        s->x[i] = sqrt(a->flops * b->flops) / sqrt(2); /* a doubling that starts there */
        s->y[i] = (a->loss.value - b->loss.value) / log2(b->flops / a->flops);
    }
    return OK;
}

/* The noise as a line, its interval as a bar at the largest budget: a second band would mix with the first. */
static enum status add_noise(struct chart *ch, const struct parts *p, double largest, struct err *err)
{
    const struct fit_report *r = p->r;
    const struct fit_value noise = {r->noise.sigma, (double)NAN, r->noise.lo, r->noise.hi};
    struct chart_line *l;
    struct chart_series *s;
    char value[NUMBER_MAX], interval[64];
    if (!(r->noise.sigma > 0))
        return OK;
    number_say(value, sizeof value, NUMBER_LOSS, r->noise.sigma, &noise, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &noise, false);
    TRY(chart_add_line(&l, ch, false, r->noise.sigma, err));
    l->color = palette_ink(PALETTE_NOISE);
    parts_say(l->label, sizeof l->label, "noise σ = %s%s%s", value, p->nats, interval);
    TRY(chart_add(&s, ch, 1, true, err));
    s->color = palette_ink(PALETTE_NOISE);
    s->marker = MARKER_SQUARE;
    s->radius = 3.4;
    parts_say(s->name, sizeof s->name, "noise of one run");
    s->x[0] = largest;
    s->y[0] = r->noise.sigma, s->lo[0] = r->noise.lo, s->hi[0] = r->noise.hi;
    return OK;
}

/* Where the gain meets the noise; it may lie far beyond the runs, or below all of them: then it is outside the picture. */
static enum status add_flattening(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_value *at = &p->r->verdict.returns.flatten;
    struct chart_series *s;
    if (!isfinite(at->value) || !(at->value > 0) || !(p->r->noise.sigma > 0))
        return OK;
    TRY(chart_add(&s, ch, 1, false, err));
    TRY(chart_add_x_interval(s, err));
    s->marker = MARKER_DIAMOND;
    s->radius = 5;
    s->free_range = true;
    parts_say(s->label, sizeof s->label, "returns flatten, 95 %%");
    s->x[0] = at->value, s->x_lo[0] = at->lo, s->x_hi[0] = at->hi;
    s->y[0] = p->r->noise.sigma;
    return OK;
}

static enum status add_largest(struct chart *ch, double largest, struct err *err)
{
    struct chart_line *l;
    TRY(chart_add_line(&l, ch, true, largest, err));
    l->color = palette_ink(PALETTE_SOFT);
    l->dash = 2, l->gap = 4;
    parts_say(l->label, sizeof l->label, "largest budget");
    return OK;
}

enum status returns_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct fit_verdict *v = &p->r->verdict;
    double smallest, largest;
    bool some = parts_range(p->reach, p->t->n, &smallest, &largest);
    *drawn = p->r->frontier.holds && isfinite(v->returns.gain.value) && some;
    if (!*drawn)
        return OK;
    double end = 10 * largest;
    if (isfinite(v->returns.flatten.value) && v->returns.flatten.value < 1e4 * largest)
        end = fmax(end, 3 * v->returns.flatten.value);
    say(ch, p);
    TRY(add_gain(ch, p, smallest, largest, false, err));
    TRY(add_gain(ch, p, largest, end, true, err));
    TRY(add_measured_gain(ch, p->r, err));
    TRY(add_noise(ch, p, largest, err));
    TRY(add_largest(ch, largest, err));
    return add_flattening(ch, p, err);
}
