#include "report/charts/curve_lines.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "report/number.h"

/* Averages over equal steps of ln tokens: small batches make the loss of one line mostly noise. */
#define STEP 0.2
/* The picture begins at this share of the smallest budget: before it all curves are one line from ln V down. */
#define BEFORE 0.125

struct lines {
    struct chart *ch;
    const struct parts *p;
    bool compute;
    struct parts_groups sizes;
    double *size;  /* (n_curves) by the report's count */
    double from;   /* where the picture begins */
};

static const double dashes[][2] = {{0, 0}, {7, 4}, {2, 3}, {9, 3}, {4, 2}};

static double place(const struct lines *l, const struct charts_curve *k, size_t i)
{
    return l->compute ? k->flops[i] : k->tokens[i];
}

/* Many lines are thinner, so that those below still show. */
static double width_of(size_t n_curves)
{
    return n_curves <= 50 ? 1.3 : n_curves <= 200 ? 0.9 : 0.6;
}

static enum status add_smoothed(struct lines *l, size_t which, struct err *err)
{
    const struct charts_curve *k = &l->p->in->curves[which];
    size_t group = parts_group_of(&l->sizes, l->size[which]), out = 0;
    struct chart_series *s;
    TRY(chart_add(&s, l->ch, k->n, false, err));
    s->color = group < l->sizes.n ? chart_on_scale(l->ch, l->sizes.items[group].at) : palette_ink(PALETTE_SOFT);
    s->width = width_of(l->p->in->n_curves);
    s->fade = 0.25;
    s->dash = dashes[k->source % 5][0], s->gap = dashes[k->source % 5][1];
    parts_clean(s->name, sizeof s->name, k->run ? k->run : "training loss");
    for (size_t i = 0; i < k->n;) {
        double bin = floor(log(k->tokens[i]) / STEP), x = 0, y = 0;
        size_t m = 0;
        for (; i < k->n && floor(log(k->tokens[i]) / STEP) == bin; i++, m++) {
            x += log(place(l, k, i));
            y += k->loss[i];
        }
        if (m == 0) { /* a broken line */
            i++;
            continue;
        }
        s->x[out] = exp(x / (double)m);
        s->y[out++] = y / (double)m;
    }
    return OK;
}

/* Where a run ends, on this axis. */
static double end_of(const struct lines *l, const struct charts_curve *k)
{
    if (!l->compute)
        return k->budget_tokens;
    return k->n > 0 ? k->flops[k->n - 1] * k->budget_tokens / k->tokens[k->n - 1] : (double)NAN;
}

/* The final losses of the runs of one size. */
static enum status add_ends(struct lines *l, size_t group, struct err *err)
{
    const struct charts_input *in = l->p->in;
    struct chart_series *s;
    char size[64];
    TRY(chart_add(&s, l->ch, in->n_curves, false, err));
    s->color = chart_on_scale(l->ch, l->sizes.items[group].at);
    s->marker = MARKER_DISC;
    parts_group_label(size, sizeof size, &l->sizes.items[group], AXIS_COUNT);
    parts_say(s->name, sizeof s->name, "held-out loss, N = %s", size);
    for (size_t i = 0; i < in->n_curves; i++) {
        const struct charts_curve *k = &in->curves[i];
        if (!k->done || !parts_in_group(&l->sizes.items[group], l->size[i]))
            continue;
        s->x[i] = end_of(l, k);
        s->y[i] = k->final_loss;
        if (k->run)
            TRY(chart_name_point(s, i, k->run, err));
    }
    return OK;
}

/* A smoothed curve at x, between its points; NaN outside. */
static double curve_at(const struct chart_series *s, double x)
{
    for (size_t i = 1; i < s->n && isfinite(s->x[i]); i++)
        if (s->x[i - 1] <= x && x <= s->x[i]) {
            double t = s->x[i] > s->x[i - 1] ? log(x / s->x[i - 1]) / log(s->x[i] / s->x[i - 1]) : 0;
            return s->y[i - 1] + t * (s->y[i] - s->y[i - 1]);
        }
    return (double)NAN;
}

/* The lowest of the first n series up to each place: a branch that decays its rate ends below the curves that go on. Fills
 * which size it is of at both ends. */
static enum status add_envelope(struct lines *l, size_t n, double ends[2], struct err *err)
{
    struct chart_series *s;
    double lo = l->from, hi = 0;
    ends[0] = ends[1] = (double)NAN;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < l->ch->series[i].n && isfinite(l->ch->series[i].x[j]); j++)
            hi = fmax(hi, l->ch->series[i].x[j]);
    if (!(hi > lo) || n < 2)
        return OK;
    TRY(chart_add(&s, l->ch, PARTS_STEPS, false, err));
    s->width = 2.2;
    s->free_range = true;
    parts_say(s->label, sizeof s->label, "lowest so far");
    double lowest = (double)INFINITY;
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        size_t best = n;
        s->x[i] = parts_step(lo, hi, i, PARTS_STEPS);
        for (size_t k = 0; k < n; k++) {
            double y = curve_at(&l->ch->series[k], s->x[i]);
            if (y < lowest)
                lowest = y, best = k;
        }
        if (isfinite(lowest))
            s->y[i] = lowest;
        if (best == n)
            continue;
        ends[0] = isnan(ends[0]) ? l->size[best] : ends[0];
        ends[1] = l->size[best];
    }
    return OK;
}

/* --- words ------------------------------------------------------------------------------------ */

static void say_best(struct lines *l)
{
    const struct charts_input *in = l->p->in;
    const struct charts_curve *best = NULL;
    struct chart *ch = l->ch;
    char n[NUMBER_MAX], d[NUMBER_MAX], loss[NUMBER_MAX];
    for (size_t i = 0; i < in->n_curves; i++)
        if (in->curves[i].done && (!best || in->curves[i].final_loss < best->final_loss))
            best = &in->curves[i];
    if (!best) {
        parts_say(ch->title, sizeof ch->title, "No run has ended yet");
        return;
    }
    number_bare(loss, sizeof loss, NUMBER_LOSS, best->final_loss, 4, false);
    number_bare(d, sizeof d, NUMBER_COUNT, best->budget_tokens, 3, false);
    number_bare(n, sizeof n, NUMBER_COUNT, best->params[l->p->r->count], 3, false);
    parts_say(ch->title, sizeof ch->title, "The lowest held-out loss is %s%s, of N = %s after D = %s", loss, l->p->nats, n, d);
}

/* Which sizes are on the envelope. */
static void say_turns(struct lines *l, const double ends[2])
{
    struct chart *ch = l->ch;
    char a[NUMBER_MAX], b[NUMBER_MAX];
    if (isnan(ends[0]))
        return;
    number_bare(a, sizeof a, NUMBER_COUNT, ends[0], 3, false);
    number_bare(b, sizeof b, NUMBER_COUNT, ends[1], 3, false);
    if (ends[0] == ends[1])
        parts_say(ch->title, sizeof ch->title, "One size, N = %s, has the lowest training loss at the smallest budgets "
                  "and at the "
                  "largest", a);
    else
        parts_say(ch->title, sizeof ch->title, "With compute the size of the lowest training loss goes from N = %s to N = "
                  "%s", a, b);
}

static void say(struct lines *l)
{
    const struct parts *p = l->p;
    struct chart *ch = l->ch;
    char merged[CHART_TEXT_MAX];
    parts_merged_words(merged, sizeof merged, &l->sizes, "sizes", false);
    parts_say(ch->quantity, sizeof ch->quantity, "Training curves against %s",
              l->compute ? "training compute" : "training tokens");
    parts_say(ch->subtitle, sizeof ch->subtitle,
              "Lines: training loss, averaged over steps of a fifth in tokens. Dots: each run's loss on the "
              "held-out set when its budget is spent.");
    if (l->compute)
        parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    else
        parts_say(ch->x_label, sizeof ch->x_label, "training tokens D%s", *p->token == 'b' ? " (bytes)" : "");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "loss");
    parts_say(ch->note, sizeof ch->note, "N: %s. %s", parts_count_words(p), merged);
    if (p->in->eval_part > 1)
        parts_more(ch->note, sizeof ch->note,
                   "The logs' evaluations along the way, on 1/%zu of the held-out set, are not drawn.", p->in->eval_part);
    ch->x_kind = l->compute ? AXIS_POWER : AXIS_COUNT;
    ch->log_x = ch->log_y = true;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Which dashes are which folder's. */
static enum status add_sources(struct lines *l, struct err *err)
{
    for (size_t k = 0; k < l->p->in->n_sources && l->p->in->n_sources > 1; k++) {
        struct chart_series *s;
        TRY(chart_add(&s, l->ch, 0, false, err));
        s->width = 1.6;
        s->dash = dashes[k % 5][0], s->gap = dashes[k % 5][1];
        parts_clean(s->label, 40, l->p->in->sources[k]);
    }
    return OK;
}

static void choose_range(struct lines *l)
{
    double least = (double)INFINITY, most = 0;
    for (size_t i = 0; i < l->p->in->n_curves; i++) {
        double end = end_of(l, &l->p->in->curves[i]);
        least = fmin(end, least); /* NaN is passed over */
        most = fmax(end, most);
    }
    l->from = BEFORE * least;
    if (isfinite(least) && most > 0)
        l->ch->x_from = l->from, l->ch->x_to = most;
}

static enum status fill(struct lines *l, struct err *err)
{
    size_t n = l->p->in->n_curves;
    double ends[2];
    for (size_t i = 0; i < n; i++)
        l->size[i] = l->p->in->curves[i].params[l->p->r->count];
    TRY(parts_group(&l->sizes, l->size, n, err));
    TRY(parts_scale(l->ch, &l->sizes, "parameters N", AXIS_COUNT, err));
    choose_range(l);
    say(l);
    say_best(l);
    for (size_t i = 0; i < n; i++)
        TRY(add_smoothed(l, i, err));
    TRY(add_envelope(l, n, ends, err));
    if (l->compute)
        say_turns(l, ends);
    for (size_t k = 0; k < l->sizes.n; k++)
        TRY(add_ends(l, k, err));
    TRY(add_sources(l, err));
    return parts_true_floor(l->ch, l->p, err);
}

enum status curve_lines(struct chart *ch, const struct parts *p, bool compute, struct err *err)
{
    struct lines l = {.ch = ch, .p = p, .compute = compute};
    TRY(size_calloc(&l.size, p->in->n_curves, sizeof *l.size, "the sizes", err));
    enum status st = fill(&l, err);
    parts_groups_free(&l.sizes);
    free(l.size);
    return st;
}
