#include "report/charts/parts.h"

#include <math.h>

#include "plot/palette.h"

static void exponent_label(char *out, size_t size, double v)
{
    parts_say(out, size, "%.2f", v);
}

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_value *a = &p->r->isoflop_n_exponent;
    bool edge = false, left_out = false;
    char interval[64], best[CHART_TEXT_MAX] = "";
    for (size_t k = 0; k < p->r->n_isoflop; k++) {
        edge |= p->r->isoflop[k].at_edge && p->r->isoflop[k].valid;
        left_out |= !p->r->isoflop[k].valid;
    }
    parts_interval(interval, sizeof interval, a->lo, a->hi, exponent_label);
    if (isfinite(a->value))
        parts_say(best, sizeof best, " Best size ~ C^%.2f%s.", a->value, interval);
    parts_say(ch->title, sizeof ch->title, "IsoFLOP profiles: which size is best at a budget of compute?");
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Diamonds: minima of the parabolas, thick lines their 95 %% intervals.%s", best);
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->legend_title, sizeof ch->legend_title, "compute C (FLOPs)");
    parts_say(ch->note, sizeof ch->note, "%s%s%s",
              edge ? "Open circles: the best run is the smallest or the largest size, so that the minimum is a guess "
                     "and not used in the exponent. "
                   : "",
              left_out ? "No line: no minimum near the sizes. " : "", parts_bars_words(p));
    ch->log_x = true;
}

static enum status add_parabola(struct chart *ch, const struct fit_isoflop *b, struct color color, struct err *err)
{
    struct chart_series *s;
    TRY(parts_law_line(&s, ch, color, err));
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(b->lo_n, b->hi_n, i, PARTS_STEPS);
        double z = log(s->x[i]) - b->ln_centre;
        s->y[i] = b->c0 + b->c1 * z + b->c2 * z * z;
    }
    return OK;
}

/* A minimum that may lie outside the sizes does not widen the picture. */
static enum status add_minimum(struct chart *ch, const struct fit_isoflop *b, struct color color, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 2, false, err));
    s->color = color;
    s->width = 3;
    s->x[0] = b->n_opt.lo, s->x[1] = b->n_opt.hi;
    s->y[0] = s->y[1] = b->loss.value;
    s->free_range = true;
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->x[0] = b->n_opt.value;
    s->y[0] = b->loss.value;
    s->free_range = b->at_edge;
    return OK;
}

static enum status add_budget(struct chart *ch, const struct parts *p, size_t k, struct err *err)
{
    const struct fit_isoflop *b = &p->r->isoflop[k];
    char label[CHART_TEXT_MAX];
    struct parts_marks m = {.x = p->params, .y = p->loss, .key = p->flops, .bars = true, .label = label};
    m.color = palette_ordered(k, p->r->n_isoflop);
    m.marker = b->at_edge ? MARKER_RING : MARKER_DISC;
    /* a budget is met to within 3 % of its mean (fit/verdict/isoflop.c) */
    m.group = (struct parts_group){b->flops / 1.03, b->flops * 1.03, b->flops};
    parts_flops_label(label, sizeof label, b->flops);
    if (b->valid)
        TRY(add_parabola(ch, b, m.color, err));
    TRY(parts_runs(ch, p, &m, err));
    return b->valid ? add_minimum(ch, b, m.color, err) : OK;
}

enum status isoflop_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    *drawn = p->r->n_isoflop > 0;
    if (*drawn)
        say(ch, p);
    for (size_t k = 0; k < p->r->n_isoflop; k++)
        TRY(add_budget(ch, p, k, err));
    return OK;
}
