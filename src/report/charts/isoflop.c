#include "report/charts/isoflop.h"

#include <math.h>

#include "fit/levels.h"
#include "report/names.h"

static void say(struct chart *ch, const struct parts *p, bool outside)
{
    const struct fit_value *a = &p->r->isoflop.n_exponent;
    bool edge = false, left_out = false;
    char interval[64], value[NUMBER_MAX], budget[NUMBER_MAX], shared[CHART_TEXT_MAX];
    for (size_t k = 0; k < p->r->isoflop.n; k++) {
        edge |= p->r->isoflop.at[k].at_edge && p->r->isoflop.at[k].valid;
        left_out |= !p->r->isoflop.at[k].valid;
    }
    number_say(value, sizeof value, NUMBER_PLAIN, a->value, a, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, a, false);
    if (isfinite(a->value))
        parts_say(ch->title, sizeof ch->title, "The best size grows as C" RICH_UP "%s" RICH_END "%s", value, interval);
    else
        parts_say(ch->title, sizeof ch->title, "Which size is best at a budget of compute?");
    if (p->r->isoflop.n > 1)
        parts_say(ch->quantity, sizeof ch->quantity, "IsoFLOP profiles: loss against size at budgets of compute");
    else /* of one colour there is no bar */
        parts_say(ch->quantity, sizeof ch->quantity, "IsoFLOP profile: loss against size at C = %s FLOPs",
                  number_bare(budget, sizeof budget, NUMBER_COMPUTE, p->r->isoflop.at[0].flops, 2, false));
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Lines: parabolas in ln N. Diamonds: their minima, with 95 %% intervals of the best size.");
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_shared_error(p, shared, sizeof shared);
    parts_say(ch->note, sizeof ch->note, "%s%s%s%s",
              edge ? "Open diamonds: the best run is the smallest or the largest size, so that the minimum is a guess "
                     "and not used in the exponent. "
                   : "",
              outside ? "Open circles: runs outside the parabola's window. " : "",
              left_out ? "No line: no minimum near the sizes. " : "", shared);
    ch->log_x = true;
    ch->x_kind = AXIS_COUNT;
}

static enum status add_parabola(struct chart *ch, const struct fit_isoflop *b, struct ink color, struct err *err)
{
    struct chart_series *s;
    TRY(parts_law_line(&s, ch, color, PARTS_STEPS, false, err));
    parts_say(s->name, sizeof s->name, "parabola");
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(b->lo_n, b->hi_n, i, PARTS_STEPS);
        double z = log(s->x[i]) - b->ln_centre;
        s->y[i] = b->c0 + b->c1 * z + b->c2 * z * z;
    }
    return OK;
}

/* A minimum that may lie outside the sizes does not widen the picture. */
static enum status add_minimum(struct chart *ch, const struct fit_isoflop *b, struct ink color, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, false, err));
    TRY(chart_add_x_interval(s, err));
    s->color = color;
    s->marker = b->at_edge ? MARKER_OPEN_DIAMOND : MARKER_DIAMOND;
    s->radius = 5;
    parts_say(s->name, sizeof s->name, "best size");
    s->x[0] = b->n_opt.value;
    s->y[0] = b->loss.value;
    s->x_lo[0] = b->n_opt.lo, s->x_hi[0] = b->n_opt.hi;
    s->free_range = b->at_edge;
    return OK;
}

/* A budget is met to so much of its mean. */
static bool is_of(const struct fit_isoflop *b, double flops)
{
    return flops >= b->flops / LEVELS_MET && flops <= b->flops * LEVELS_MET;
}

static bool in_window(const struct fit_isoflop *b, double n)
{
    return !b->valid || (n >= 0.999 * b->lo_n && n <= 1.001 * b->hi_n);
}

/* The runs of a budget inside the parabola's window, or outside; none is no series. */
static enum status add_runs(struct chart *ch, const struct parts *p, const struct fit_isoflop *b, bool inside,
                            struct ink color, size_t *n, struct err *err)
{
    struct chart_series *s;
    char budget[AXIS_LABEL_MAX], name[CHART_NAME_MAX];
    size_t k = 0;
    *n = 0;
    for (size_t i = 0; i < p->t->n; i++)
        *n += is_of(b, p->flops[i]) && in_window(b, p->params[i]) == inside;
    if (*n == 0)
        return OK;
    TRY(chart_add(&s, ch, *n, false, err));
    s->color = color;
    s->marker = inside ? MARKER_DISC : MARKER_RING;
    axis_label_power(budget, sizeof budget, b->flops, 3);
    parts_say(s->name, sizeof s->name, "C = %s%s", budget, inside ? "" : ", outside the window");
    for (size_t i = 0; i < p->t->n; i++) {
        if (!is_of(b, p->flops[i]) || in_window(b, p->params[i]) != inside)
            continue;
        s->x[k] = p->params[i];
        s->y[k] = p->loss[i];
        parts_name(name, sizeof name, p, i);
        TRY(chart_name_point(s, k++, name, err));
    }
    return OK;
}

static enum status measured(struct chart *ch, const struct parts *p, const struct parts_groups *budgets, struct err *err)
{
    bool outside = false;
    size_t n;
    TRY(parts_scale(ch, budgets, "compute C (FLOPs)", AXIS_POWER, err));
    for (size_t k = 0; k < p->r->isoflop.n; k++) {
        const struct fit_isoflop *b = &p->r->isoflop.at[k];
        struct ink color = chart_on_scale(ch, b->flops);
        if (b->valid)
            TRY(add_parabola(ch, b, color, err));
        TRY(add_runs(ch, p, b, true, color, &n, err));
        TRY(add_runs(ch, p, b, false, color, &n, err));
        outside |= n > 0;
    }
    for (size_t k = 0; k < p->r->isoflop.n; k++)
        if (p->r->isoflop.at[k].valid)
            TRY(add_minimum(ch, &p->r->isoflop.at[k], chart_on_scale(ch, p->r->isoflop.at[k].flops), err));
    say(ch, p, outside);
    return OK;
}

enum status isoflop_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    double flops[PARTS_MOST_GROUPS];
    struct parts_groups budgets = {0};
    size_t n = p->r->isoflop.n < PARTS_MOST_GROUPS ? p->r->isoflop.n : PARTS_MOST_GROUPS;
    if (n == 0)
        return isoflop_slices(ch, p, drawn, err);
    for (size_t k = 0; k < n; k++)
        flops[k] = p->r->isoflop.at[k].flops;
    enum status st = parts_group(&budgets, flops, n, err);
    if (st == OK)
        st = measured(ch, p, &budgets, err);
    *drawn = st == OK;
    parts_groups_free(&budgets);
    return st;
}
