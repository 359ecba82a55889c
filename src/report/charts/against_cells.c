/* Cell by cell of the grid: the variant's loss less the base's. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "report/charts/against.h"
#include "report/number.h"

/* Budgets of compute are met to a percent or so: LEVELS_MET, of a logarithm. */
#define SAME_COMPUTE 0.03
enum { MOST_BESIDE = 8 };

/* Sizes of one compute, as an IsoFLOP sweep has them, stand side by side, the smallest on the left: so many radii from the
 * middle. */
static double size_aside(const struct compare_variant *v, size_t i)
{
    size_t before = 0, all = 0;
    for (size_t j = 0; j < v->n_cells; j++) {
        bool same = fabs(log(v->cells[j].flops / v->cells[i].flops)) < SAME_COMPUTE;
        all += same;
        before += same && v->cells[j].params < v->cells[i].params;
    }
    return all > 1 && all <= MOST_BESIDE ? 3 * ((double)before - ((double)all - 1) / 2) : 0;
}

static void say(struct chart *ch, const struct against *a)
{
    const struct compare_variant *v = a->variants[0].found;
    char base[64], name[64];
    size_t below = 0, clear = 0;
    bool beside = false;
    for (size_t i = 0; i < v->n_cells; i++) {
        below += v->cells[i].difference.value < 0;
        beside |= size_aside(v, i) != 0;
        clear += v->cells[i].difference.hi < 0 || v->cells[i].difference.lo > 0;
    }
    against_name(base, sizeof base, a->base);
    against_name(name, sizeof name, v->name);
    bool better = 2 * below >= v->n_cells;
    parts_say(ch->title, sizeof ch->title, "%s has a %s loss than %s in %zu of %zu cells; the difference is clear in %zu", name,
              better ? "lower" : "higher", base, better ? below : v->n_cells - below, v->n_cells, clear);
    parts_say(ch->quantity, sizeof ch->quantity, "Loss of a variant less that of %s in the same cell, against compute", base);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Means over the pairs of a size and budget, with 95 %% intervals from the scatter "
              "of all pairs. Below 0 the variant is better.%s",
              beside ? " Sizes of one compute stand side by side, the smallest on the left." : "");
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "difference of loss%s%s%s", a->unit[0] ? " (" : "", a->unit, a->unit[0] ? ")" : "");
    against_first(ch->note, sizeof ch->note, a, against_coloured(a));
    ch->log_x = true;
    ch->x_kind = AXIS_POWER;
}

static enum status add_variant(struct chart *ch, const struct against *a, size_t k, struct err *err)
{
    const struct compare_variant *v = a->variants[k].found;
    struct chart_series *s;
    char name[CHART_NAME_MAX], n[NUMBER_MAX], d[NUMBER_MAX];
    TRY(chart_add(&s, ch, v->n_cells, true, err));
    TRY(size_calloc(&s->aside, v->n_cells, sizeof *s->aside, "a chart's marks", err));
    s->color = palette_kind(k);
    s->marker = MARKER_DISC;
    against_name(s->label, sizeof s->label, v->name);
    for (size_t i = 0; i < v->n_cells; i++) {
        const struct compare_cell *c = &v->cells[i];
        s->x[i] = c->flops;
        s->aside[i] = size_aside(v, i);
        s->y[i] = c->difference.value;
        s->lo[i] = c->difference.lo, s->hi[i] = c->difference.hi;
        parts_say(name, sizeof name, "N = %s, D = %s", number_bare(n, sizeof n, NUMBER_COUNT, c->params, 3, false),
                  number_bare(d, sizeof d, NUMBER_COUNT, c->tokens, 3, false));
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

enum status against_cells(struct chart *ch, const struct against *a, bool *drawn, struct err *err)
{
    struct chart_line *l;
    *drawn = a->variants[0].found->n_cells > 0;
    if (!*drawn)
        return OK;
    say(ch, a);
    TRY(chart_add_line(&l, ch, false, 0, err));
    parts_say(l->label, sizeof l->label, "no difference");
    for (size_t k = 0; k < against_coloured(a); k++)
        TRY(add_variant(ch, a, k, err));
    return OK;
}
