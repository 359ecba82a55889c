#include "report/charts/parts.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/palette.h"
#include "report/charts/theory.h"

/* The floor is no place on a log axis, so that its number is told. */
static void floor_words(char *out, size_t size, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    out[0] = '\0';
    if (!v->truth_known || !isfinite(v->truth_floor))
        return;
    if (isfinite(v->truth_heldout))
        parts_say(out, size, "True floor: %.5g, on the held-out set %.5g. ", v->truth_floor, v->truth_heldout);
    else
        parts_say(out, size, "True floor: %.5g. ", v->truth_floor);
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
    parts_say(ch->title, sizeof ch->title, "What is left above the floor, on log axes");
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Excess: %s less %s. A power law is a straight line here; a wall would bend it upward. "
              "Orange: the fitted frontier%s.",
              parts_loss_words(p), p->floor_words, p->r->n_frontier_boot > 0 ? " with its 95 % band" : "");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", p->reach_words);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "excess loss");
    parts_say(ch->legend_title, sizeof ch->legend_title, "parameters N");
    parts_say(ch->note, sizeof ch->note, "%s%sN: %s. %s%s%s", below, floor, parts_count_words(p),
              p->in->n_curves > 0 ? "FLOPs: matrix products of training, attention counted causally. " : "", merged,
              theory);
    ch->log_x = ch->log_y = true;
}

static enum status add_frontier(struct chart *ch, const struct parts *p, struct err *err)
{
    struct chart_series *s;
    double lo, hi;
    if (!parts_range(p->reach, p->t->n, &lo, &hi))
        return OK;
    TRY(chart_add(&s, ch, PARTS_STEPS, true, err));
    s->color = palette_distinct(1);
    s->width = 2;
    s->band = s->free_range = true;
    parts_say(s->label, sizeof s->label, "best at each %s", p->r->frontier_x);
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        struct fit_value v = fit_frontier_loss(p->r, s->x[i] = parts_step(lo, hi * 2, i, PARTS_STEPS));
        s->y[i] = v.value - p->floor;
        s->lo[i] = v.lo - p->floor;
        s->hi[i] = v.hi - p->floor;
    }
    return OK;
}

/* Without bars: the frontier is above the runs' sampling error or not at all, and they would hide it. */
static enum status add_runs(struct chart *ch, const struct parts *p, const double *excess,
                            const struct parts_groups *sizes, struct err *err)
{
    struct parts_marks m = {.x = p->reach, .y = excess, .key = p->params, .marker = MARKER_DISC};
    for (size_t k = 0; k < sizes->n; k++) {
        char label[CHART_TEXT_MAX];
        m.group = sizes->items[k];
        m.color = palette_ordered(k, sizes->n);
        m.label = label;
        parts_group_label(label, sizeof label, &m.group, parts_size_label);
        TRY(parts_runs(ch, p, &m, err));
    }
    return parts_rest(ch, p, m, "size unknown", err);
}

static enum status fill(struct chart *ch, const struct parts *p, struct parts_groups *sizes, double *excess,
                        struct err *err)
{
    size_t n_below = 0;
    for (size_t i = 0; i < p->t->n; i++) {
        excess[i] = p->loss[i] - p->floor;
        n_below += excess[i] <= 0;
    }
    TRY(parts_group(sizes, p->params, p->t->n, err));
    say(ch, p, sizes, n_below);
    TRY(add_runs(ch, p, excess, sizes, err));
    TRY(add_frontier(ch, p, err));
    return theory_excess(ch, p, err);
}

enum status excess_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = {0};
    double *excess;
    *drawn = p->r->has_frontier;
    if (!*drawn)
        return OK;
    TRY(size_calloc(&excess, p->t->n, sizeof *excess, "the excess", err));
    enum status st = fill(ch, p, &sizes, excess, err);
    parts_groups_free(&sizes);
    free(excess);
    return st;
}
