#include <math.h>

#include "report/charts/isoflop.h"
#include "report/names.h"

enum { SLICES = 4 };

static double budget_of(double lo, double hi, size_t k)
{
    return lo * pow(hi / lo, ((double)k + 0.5) / SLICES);
}

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_value *a = &p->r->frontier.n_exponent;
    char interval[64], value[NUMBER_MAX];
    number_say(value, sizeof value, NUMBER_PLAIN, a->value, a, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, a, false);
    parts_say(ch->title, sizeof ch->title, "By the fitted law the best size grows as C" RICH_UP "%s" RICH_END "%s",
              value, interval);
    parts_say(ch->quantity, sizeof ch->quantity, "IsoFLOP slices of law %s: loss against size at budgets of compute",
              p->law->law->name);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Lines: the law with its 95 %% band. Diamonds: its minima, with 95 %% "
              "intervals. Dots: the "
              "runs nearest to each budget, brought to it along the law.");
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->note, sizeof ch->note, "This grid has no budgets of compute; one with grid.flops measures these profiles.");
    ch->log_x = true;
    ch->x_kind = AXIS_COUNT;
}

static enum status add_slice(struct chart *ch, const struct parts *p, double c, double lo, double hi, struct err *err)
{
    struct chart_series *s;
    char budget[AXIS_LABEL_MAX];
    axis_label_power(budget, sizeof budget, c, 2);
    TRY(parts_law_line(&s, ch, chart_on_scale(ch, c), PARTS_BAND_STEPS, p->r->frontier.n_boot > 0, err));
    parts_say(s->name, sizeof s->name, "law, C = %s", budget);
    for (size_t i = 0; i < PARTS_BAND_STEPS; i++) {
        double n = s->x[i] = parts_step(lo / 1.4, hi * 1.4, i, PARTS_BAND_STEPS);
        parts_law_point(s, p, i, n, c / parts_flops_of(p, n, 1));
    }
    return OK;
}

/* Each run at the slice that is nearest to it: its loss times what the law says the way there changes. */
static enum status add_runs(struct chart *ch, const struct parts *p, double lo, double hi, size_t k, struct err *err)
{
    struct chart_series *s;
    double c = budget_of(lo, hi, k), half = log(hi / lo) / (2 * SLICES);
    char name[CHART_NAME_MAX], budget[AXIS_LABEL_MAX];
    TRY(chart_add(&s, ch, p->t->n, false, err));
    s->color = chart_on_scale(ch, c);
    s->marker = MARKER_DISC;
    axis_label_power(budget, sizeof budget, c, 2);
    parts_say(s->name, sizeof s->name, "runs brought to C = %s", budget);
    for (size_t i = 0; i < p->t->n; i++) {
        double away = log(p->flops[i] / c), n = p->params[i];
        bool mine = away >= -half * (k == 0 ? 1.001 : 1) && (away < half || (k + 1 == SLICES && away <= 1.001 * half));
        if (!mine)
            continue;
        s->x[i] = n;
        s->y[i] = p->loss[i] * parts_fitted_at(p, n, c / parts_flops_of(p, n, 1)) / parts_fitted_at(p, n, p->tokens[i]);
        parts_name(name, sizeof name, p, i);
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

static enum status add_minima(struct chart *ch, const struct parts *p, double lo, double hi, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, SLICES, false, err));
    TRY(chart_add_x_interval(s, err));
    s->color = palette_ink(PALETTE_FIT);
    s->marker = MARKER_DIAMOND;
    s->radius = 5;
    s->free_range = true;
    parts_say(s->label, sizeof s->label, "best size N" RICH_UP "*" RICH_END);
    for (size_t k = 0; k < SLICES; k++) {
        double c = budget_of(lo, hi, k);
        struct fit_value n = fit_frontier_params(&p->r->frontier, c);
        s->x[k] = n.value, s->x_lo[k] = n.lo, s->x_hi[k] = n.hi;
        s->y[k] = parts_fitted_at(p, n.value, c / parts_flops_of(p, n.value, 1));
    }
    return OK;
}

enum status isoflop_slices(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    double lo, hi, small, large, marks[SLICES];
    *drawn = p->law && p->law->law->n_vars == 2 && p->r->frontier.holds && isfinite(p->r->frontier.n_exponent.value) &&
             parts_range(p->flops, p->t->n, &lo, &hi) && hi > 2 * lo && parts_range(p->params, p->t->n, &small, &large) &&
             large > 1.1 * small;
    if (!*drawn)
        return OK;
    for (size_t k = 0; k < SLICES; k++)
        marks[k] = budget_of(lo, hi, k);
    TRY(chart_set_scale(ch, "compute C (FLOPs)", AXIS_POWER, marks, SLICES, err));
    say(ch, p);
    for (size_t k = 0; k < SLICES; k++)
        TRY(add_slice(ch, p, marks[k], small, large, err));
    for (size_t k = 0; k < SLICES; k++)
        TRY(add_runs(ch, p, lo, hi, k, err));
    return add_minima(ch, p, lo, hi, err);
}
