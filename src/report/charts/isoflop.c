#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>

#include "plot/palette.h"

static enum status add_minimum(struct chart *ch, const struct fit_isoflop *b, struct color color,
                               struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->x[0] = b->n_opt.value;
    s->y[0] = b->loss.value;
    /* the interval of the place of the minimum */
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = color;
    s->width = 3;
    s->x[0] = b->n_opt.lo, s->x[1] = b->n_opt.hi;
    s->y[0] = s->y[1] = b->loss.value;
    s->free_range = true;
    return OK;
}

enum status isoflop_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct fit_report *r = p->r;
    size_t n = r->n_isoflop < PARTS_MAX_GROUPS ? r->n_isoflop : PARTS_MAX_GROUPS;
    *drawn = n > 0;
    snprintf(ch->title, sizeof ch->title, "IsoFLOP profiles: which size is best at a budget of compute?");
    if (isfinite(r->isoflop_n_exponent.value))
        snprintf(ch->subtitle, sizeof ch->subtitle,
                 "Diamonds: minima of the parabolas, thick lines their 95 %% intervals. Best size ~ C^%.2f "
                 "(95 %%: %.2f to %.2f).",
                 r->isoflop_n_exponent.value, r->isoflop_n_exponent.lo, r->isoflop_n_exponent.hi);
    else
        snprintf(ch->subtitle, sizeof ch->subtitle,
                 "Diamonds: minima of the parabolas, thick lines their 95 %% intervals.");
    snprintf(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(r));
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "compute C, FLOPs");
    snprintf(ch->note, sizeof ch->note,
             "Open circles: budgets whose best run is the smallest or the largest size; there the minimum lies "
             "outside the sizes and is not used.");
    ch->log_x = true;
    for (size_t k = 0; k < n; k++) {
        const struct fit_isoflop *b = &r->isoflop[k];
        struct color color = palette_ordered(k, n);
        struct chart_series *s;
        char label[32];
        if (b->valid) {
            TRY(parts_law_line(&s, ch, color, err));
            for (size_t i = 0; i < PARTS_STEPS; i++) {
                s->x[i] = parts_step(b->lo_n, b->hi_n, i, PARTS_STEPS);
                double z = log(s->x[i]) - b->ln_centre;
                s->y[i] = b->c0 + b->c1 * z + b->c2 * z * z;
            }
        }
        parts_flops_label(label, sizeof label, b->flops);
        TRY(parts_runs(ch, p, p->params, p->loss, NULL, 0, color, label, err));
        s = &ch->series[ch->n_series - 1];
        s->marker = b->at_edge ? MARKER_RING : MARKER_DISC;
        for (size_t i = 0; i < s->n; i++)
            if (!(fabs(log(p->flops[i] / b->flops)) < 0.03))
                s->x[i] = (double)NAN;
        if (b->valid && !b->at_edge)
            TRY(add_minimum(ch, b, color, err));
    }
    return OK;
}
