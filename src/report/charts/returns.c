#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>

#include "plot/axis.h"
#include "plot/palette.h"

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
    snprintf(s->label, sizeof s->label, beyond ? "the fit, beyond the runs" : "the fit");
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
    snprintf(s->label, sizeof s->label, "between IsoFLOP minima");
    for (size_t i = 0; i + 1 < r->n_isoflop; i++) {
        const struct fit_isoflop *a = &r->isoflop[i], *b = a + 1;
        if (!a->valid || !b->valid || a->at_edge || b->at_edge)
            continue;
        s->x[i] = sqrt(a->flops * b->flops) / sqrt(2); /* a doubling that starts there */
        s->y[i] = (a->loss.value - b->loss.value) / log2(b->flops / a->flops);
    }
    return OK;
}

enum status returns_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct fit_report *r = p->r;
    const struct fit_verdict *v = &r->verdict;
    *drawn = r->has_frontier && isfinite(v->gain.value);
    if (!*drawn)
        return OK;
    char at[32];
    double end = 10 * r->max_flops;
    if (isfinite(v->flatten.value) && v->flatten.value < 1e4 * r->max_flops)
        end = fmax(end, 3 * v->flatten.value);
    axis_label_power(at, sizeof at, v->largest_flops, 2);
    snprintf(ch->title, sizeof ch->title, "Returns: what the next doubling of compute gains");
    snprintf(ch->subtitle, sizeof ch->subtitle,
             "At the largest budget, %s FLOPs: %.3g nats (95 %%: %.3g to %.3g). Returns flatten where the gain "
             "sinks under the noise of one run.",
             at, v->gain.value, v->gain.lo, v->gain.hi);
    snprintf(ch->x_label, sizeof ch->x_label, "training compute C before the doubling, FLOPs");
    snprintf(ch->y_label, sizeof ch->y_label, "gain, nats per token");
    ch->log_x = ch->log_y = true;
    TRY(add_gain(ch, p, r->min_flops, r->max_flops, false, err));
    TRY(add_gain(ch, p, r->max_flops, end, true, err));
    TRY(add_measured_gain(ch, r, err));
    if (r->sigma > 0) {
        struct chart_line *l = chart_add_line(ch, false, r->sigma);
        l->color = palette_distinct(3);
        l->lo = r->sigma_lo, l->hi = r->sigma_hi;
        if (isnan(r->sigma_lo))
            snprintf(l->label, sizeof l->label, "noise of one run, %.2g nats", r->sigma);
        else
            snprintf(l->label, sizeof l->label, "noise of one run, %.2g nats (95 %%: %.2g to %.2g)", r->sigma,
                     r->sigma_lo, r->sigma_hi);
        snprintf(ch->note, sizeof ch->note, "Noise: %s.", r->sigma_from);
    }
    struct chart_line *l = chart_add_line(ch, true, r->max_flops);
    l->color = PALETTE_SOFT;
    l->dash = 2, l->gap = 4;
    snprintf(l->label, sizeof l->label, "largest budget");
    if (isfinite(v->flatten.value) && v->flatten.value > 0) {
        axis_label_power(at, sizeof at, v->flatten.value, 2);
        l = chart_add_line(ch, true, v->flatten.value);
        l->color = palette_distinct(1);
        l->free_range = true;
        snprintf(l->label, sizeof l->label, "returns flatten at %s FLOPs", at);
        if (isfinite(v->flatten.lo) && isfinite(v->flatten.hi)) {
            char lo[32], hi[32];
            axis_label_power(lo, sizeof lo, v->flatten.lo, 2);
            axis_label_power(hi, sizeof hi, v->flatten.hi, 2);
            l->lo = v->flatten.lo, l->hi = v->flatten.hi;
            snprintf(l->label, sizeof l->label, "returns flatten at %s FLOPs (95 %%: %s to %s)", at, lo, hi);
        }
    }
    return OK;
}
