#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/levels.h"
#include "report/charts/misses.h"
#include "report/charts/theory.h"
#include "report/names.h"

/* The frontier is drawn where a model of the runs' sizes is the best one, within this factor: elsewhere it lies below all
 * runs, whose sizes are not the best there. */
#define NEAR_SIZES 1.5

/* The floor is no place on a log axis, so that its number is told. Exponents are those above the fitted floor, and what is
 * above it by a power is not above another. */
#define OTHER_FLOOR "The exponent is that above the fitted floor; above the true one the orange line need not be straight. "
static void floor_words(char *out, size_t size, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    out[0] = '\0';
    if (!v->truth.known || !isfinite(v->truth.floor))
        return;
    if (isfinite(v->truth.heldout))
        parts_say(out, size, "True floor: %.5g, on the held-out set %.5g. " OTHER_FLOOR, v->truth.floor, v->truth.heldout);
    else
        parts_say(out, size, "True floor: %.5g. " OTHER_FLOOR, v->truth.floor);
}

/* Of the test for a break, where none was found. */
static const char *break_words(const struct breaks_out *b)
{
    const enum breaks_stand stand = breaks_stand(b);
    return stand == BREAKS_UNTESTED ? "for a break there was no test" : stand == BREAKS_OPEN ? "whether it bends is open"
                                                                                             : "no break is seen";
}

static void say_finding(struct chart *ch, const struct parts *p)
{
    const struct fit_value *g = &p->r->frontier.g;
    const struct fit_verdict *v = &p->r->verdict;
    char value[NUMBER_MAX], interval[64];
    number_say(value, sizeof value, NUMBER_PLAIN, g->value, g, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, g, false);
    if (v->brk.found)
        parts_say(ch->title, sizeof ch->title, "The runs change course: no one power law holds throughout");
    else if (v->withheld[0])
        parts_say(ch->title, sizeof ch->title, "Nothing is extrapolated from these runs: %s",
                  verdict_because_words(v->because));
    else if (!p->floor_words)
        parts_say(ch->title, sizeof ch->title, "The loss falls with %s; these runs tell no floor from none",
                  p->reach == p->flops ? "compute" : p->r->frontier.x);
    else
        parts_say(ch->title, sizeof ch->title, "The excess over the %sfloor falls as %s" RICH_UP "−%s" RICH_END "%s: %s",
                  v->truth.known ? "fitted " : "", p->r->frontier.x, value, interval, break_words(&v->brk));
}

static void say(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, size_t n_below)
{
    char merged[CHART_TEXT_MAX], below[CHART_TEXT_MAX] = "", floor[CHART_TEXT_MAX], theory[2 * CHART_TEXT_MAX];
    floor_words(floor, sizeof floor, p);
    theory_words(theory, sizeof theory, p);
    parts_merged_words(merged, sizeof merged, sizes, "sizes", false);
    if (n_below > 0)
        parts_say(below, sizeof below,
                  "Not shown, as log axes have no place for them: %zu run%s at or below the floor. ", n_below,
                  n_below == 1 ? "" : "s");
    say_finding(ch, p);
    if (p->floor_words)
        parts_say(ch->quantity, sizeof ch->quantity, "Excess: %s less %s, against %s", parts_loss_words(p), p->floor_words,
                  p->reach == p->flops ? "compute" : p->reach_words);
    else
        parts_say(ch->quantity, sizeof ch->quantity, "%s against %s, on log axes", p->in->n_curves > 0 ? "Held-out loss" : "Loss",
                  p->reach == p->flops ? "compute" : p->reach_words);
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "A power law is a straight line here; a wall would bend it upward. Orange: the fitted frontier%s, where its best "
              "size is near those that ran; dashed beyond the runs' sizes, data or compute. Below: how far each run lies off the "
              "law.",
              p->r->frontier.n_boot > 0 ? " with its 95 % band" : "");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", p->reach_words);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, p->floor_words ? "excess loss" : parts_loss_words(p));
    parts_say(ch->lower.y_label, sizeof ch->lower.y_label, "off the law");
    parts_say(ch->note, sizeof ch->note, "%s%sN: %s. %s%s%s", below, floor, parts_count_words(p),
              p->in->n_curves > 0 ? "FLOPs: matrix products of training, attention counted causally. " : "", merged,
              theory);
    ch->log_x = ch->log_y = true;
    ch->x_kind = p->reach_kind;
    ch->has_lower = p->law != NULL;
    ch->lower.y_kind = AXIS_PERCENT;
    ch->lower.around_zero = true;
}

/* From the least of the runs to the most; endless where none is known. */
struct reached {
    double n_lo, n_hi, d_lo, d_hi, hi;
};

static bool within(double v, double lo, double hi, double factor)
{
    return !isfinite(v) || !isfinite(lo) || (v >= lo / factor && v <= hi * factor);
}

static bool size_ran(const struct parts *p, const struct reached *r, double reach)
{
    return within(fit_frontier_params(&p->r->frontier, reach).value, r->n_lo, r->n_hi, NEAR_SIZES);
}

/* Whether the best size and its data are within what was trained, to what budgets are met to. */
static bool was_trained(const struct parts *p, const struct reached *r, double reach)
{
    const struct fit_frontier *f = &p->r->frontier;
    return reach <= r->hi * LEVELS_MET && within(fit_frontier_params(f, reach).value, r->n_lo, r->n_hi, LEVELS_MET) &&
           within(fit_frontier_tokens(f, reach).value, r->d_lo, r->d_hi, LEVELS_MET);
}

/* What was trained, or what is beyond it, up to where they meet. */
static enum status add_stretch(struct chart *ch, const struct parts *p, const struct reached *r, double lo, bool beyond,
                               struct err *err)
{
    bool trained[PARTS_STEPS];
    size_t n = 0;
    struct chart_series *s;
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        double reach = parts_step(lo, r->hi * 1.5, i, PARTS_STEPS);
        trained[i] = was_trained(p, r, reach);
        n += trained[i] != beyond && size_ran(p, r, reach);
    }
    if (n == 0)
        return OK;
    TRY(chart_add(&s, ch, PARTS_STEPS, true, err));
    s->color = palette_ink(PALETTE_FIT);
    s->width = 2;
    s->band = true;
    if (beyond)
        s->dash = 7, s->gap = 5;
    parts_say(s->label, sizeof s->label, "best at each %s%s", p->r->frontier.x, beyond ? ", beyond the runs" : "");
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        struct fit_value v = fit_frontier_loss(&p->r->frontier, s->x[i] = parts_step(lo, r->hi * 1.5, i, PARTS_STEPS));
        bool meets = beyond && ((i > 0 && !trained[i - 1]) || (i + 1 < PARTS_STEPS && !trained[i + 1]));
        if ((trained[i] == beyond && !meets) || !size_ran(p, r, s->x[i]))
            continue;
        s->y[i] = v.value - p->floor;
        s->lo[i] = v.lo - p->floor;
        s->hi[i] = v.hi - p->floor;
    }
    return OK;
}

static enum status add_frontier(struct chart *ch, const struct parts *p, struct err *err)
{
    struct reached r;
    double lo;
    if (!parts_range(p->reach, p->t->n, &lo, &r.hi))
        return OK;
    parts_range(p->params, p->t->n, &r.n_lo, &r.n_hi);
    parts_range(p->tokens, p->t->n, &r.d_lo, &r.d_hi);
    TRY(add_stretch(ch, p, &r, lo, false, err));
    return add_stretch(ch, p, &r, lo, true, err);
}

struct work {
    struct parts_groups sizes;
    struct misses misses;
    double *excess; /* (rows) */
};

static enum status fill(struct chart *ch, const struct parts *p, struct work *w, struct err *err)
{
    size_t n_below = 0;
    for (size_t i = 0; i < p->t->n; i++) {
        w->excess[i] = p->loss[i] - p->floor;
        n_below += w->excess[i] <= 0;
    }
    const struct parts_marks m = {.x = p->reach, .y = w->excess};
    TRY(parts_group(&w->sizes, p->params, p->t->n, err));
    TRY(parts_scale(ch, &w->sizes, "parameters N", AXIS_COUNT, err));
    say(ch, p, &w->sizes, n_below);
    TRY(parts_runs_by_size(ch, p, &w->sizes, m, err));
    TRY(add_frontier(ch, p, err));
    TRY(theory_excess(ch, p, err));
    if (!ch->has_lower)
        return OK;
    TRY(misses_fill(&w->misses, p, err));
    return misses_draw(ch, p, &w->misses, &w->sizes, 1, err);
}

enum status excess_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct work w = {.excess = NULL};
    *drawn = p->r->frontier.holds;
    if (!*drawn)
        return OK;
    TRY(size_calloc(&w.excess, p->t->n, sizeof *w.excess, "the excess", err));
    enum status st = fill(ch, p, &w, err);
    parts_groups_free(&w.sizes);
    misses_free(&w.misses);
    free(w.excess);
    return st;
}
