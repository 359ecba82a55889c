/* What a law that saw only the smaller budgets says of the larger ones, against what they came to. */
#include <math.h>

#include "report/charts/kinds.h"
#include "report/number.h"

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_law *f = p->law;
    char miss[NUMBER_MAX], bias[NUMBER_MAX];
    number_bare(miss, sizeof miss, NUMBER_SHARE, f->holdout_error, 2, false);
    number_bare(bias, sizeof bias, NUMBER_SHARE, fabs(f->holdout_bias), 2, false);
    parts_say(ch->title, sizeof ch->title, "Held out, the %zu largest runs are missed by %s: on average %s too %s",
              f->holdout_n, miss, bias,
              f->holdout_bias > 0 ? "high" : "low");
    parts_say(ch->quantity, sizeof ch->quantity, "Predicted against measured loss, law %s", f->law->name);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Orange: predicted by a fit to the smaller budgets alone. Grey: the runs "
              "of that fit, as the "
              "law fitted to all runs describes them. Band: where 95 %% of runs lie about a perfect prediction, by %s.",
              p->r->noise.model.df > 0 ? "their seeds" : "the scatter of the runs");
    parts_loss_label(ch->x_label, sizeof ch->x_label, p, "measured loss");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "predicted loss");
    for (size_t i = 0; i < f->holdout_n; i++)
        if (f->held[i].best)
            parts_say(ch->note, sizeof ch->note, "Squares: the best of the held-out runs at their compute.");
}

static bool is_held(const struct fit_law *f, size_t row)
{
    for (size_t i = 0; i < f->holdout_n; i++)
        if (f->held[i].row == row)
            return true;
    return false;
}

/* The line of a perfect prediction with the band of the noise at the loss of each run, smoothed as that at the mean. */
static enum status add_diagonal(struct chart *ch, const struct parts *p, double lo, double hi, struct err *err)
{
    struct chart_series *s;
    double half = 0, n = 0;
    for (size_t i = 0; i < p->law->holdout_n; i++) {
        size_t row = p->law->held[i].row;
        double h = fit_run_noise_at(p->r, p->params[row], p->tokens[row]).half;
        if (isfinite(h))
            half += h, n++;
    }
    TRY(chart_add(&s, ch, 2, n > 0, err));
    s->color = palette_ink(PALETTE_INK);
    s->width = 1.2;
    s->band = s->free_range = true;
    parts_say(s->label, sizeof s->label, "predicted = measured");
    for (size_t i = 0; i < 2; i++) {
        s->x[i] = s->y[i] = i ? hi : lo;
        if (n > 0)
            s->lo[i] = s->y[i] - half / n, s->hi[i] = s->y[i] + half / n;
    }
    return OK;
}

static enum status add_fitted(struct chart *ch, const struct parts *p, struct err *err)
{
    struct chart_series *s;
    char name[CHART_NAME_MAX];
    TRY(chart_add(&s, ch, p->law->n, false, err));
    s->color = palette_ink(PALETTE_SOFT);
    s->marker = MARKER_RING;
    s->radius = 3;
    parts_say(s->label, sizeof s->label, "smaller budgets");
    for (size_t i = 0; i < p->law->n; i++) {
        size_t row = p->law->rows[i];
        bool x = p->law->law->n_vars == 1 && p->law->x == FIT_X;
        if (is_held(p->law, row))
            continue;
        s->x[i] = p->loss[row];
        s->y[i] = x ? fit_predict(p->law, p->reach[row], 0).value : parts_fitted_at(p, p->params[row], p->tokens[row]);
        parts_name(name, sizeof name, p, row);
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

static enum status add_held(struct chart *ch, const struct parts *p, bool best, struct err *err)
{
    struct chart_series *s;
    char name[CHART_NAME_MAX];
    size_t n = 0;
    for (size_t i = 0; i < p->law->holdout_n; i++)
        n += p->law->held[i].best == best;
    if (n == 0)
        return OK;
    TRY(chart_add(&s, ch, p->law->holdout_n, false, err));
    s->color = palette_ink(PALETTE_FIT);
    s->marker = best ? MARKER_SQUARE : MARKER_DISC;
    parts_say(s->label, sizeof s->label, "%s", best ? "held out, best" : "held out");
    for (size_t i = 0; i < p->law->holdout_n; i++) {
        const struct fit_held *h = &p->law->held[i];
        if (h->best != best)
            continue;
        s->x[i] = h->loss;
        s->y[i] = h->predicted;
        parts_name(name, sizeof name, p, h->row);
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

enum status predicted_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    *drawn = p->law && p->law->holdout_n > 0 && isfinite(p->law->holdout_error);
    if (!*drawn)
        return OK;
    for (size_t i = 0; i < p->law->n; i++)
        lo = fmin(lo, p->law->loss[i]), hi = fmax(hi, p->law->loss[i]);
    for (size_t i = 0; i < p->law->holdout_n; i++)
        lo = fmin(lo, p->law->held[i].predicted), hi = fmax(hi, p->law->held[i].predicted);
    say(ch, p);
    ch->x_from = ch->y_from = lo, ch->x_to = ch->y_to = hi;
    TRY(add_diagonal(ch, p, lo - 0.1 * (hi - lo), hi + 0.1 * (hi - lo), err));
    TRY(add_fitted(ch, p, err));
    TRY(add_held(ch, p, false, err));
    return add_held(ch, p, true, err);
}
