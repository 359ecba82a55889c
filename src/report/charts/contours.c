/* The fitted loss as a map over size and data: its contour lines, the runs, the frontier and lines of equal D/N. */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "report/charts/kinds.h"
#include "report/names.h"

/* The map is cut into so many squares a side. */
enum { GRID = 48, LEVELS = 9, MOST_RATIOS = 6 };

struct map {
    double n_lo, n_hi, d_lo, d_hi;
    double *loss; /* (GRID+1, GRID+1) by data, then size */
    double least, most;
};

static double size_at(const struct map *m, double i)
{
    return m->n_lo * pow(m->n_hi / m->n_lo, i / GRID);
}

static double data_at(const struct map *m, double j)
{
    return m->d_lo * pow(m->d_hi / m->d_lo, j / GRID);
}

static double loss_at(const struct map *m, size_t i, size_t j)
{
    return m->loss[j * (GRID + 1) + i];
}

static enum status make_map(struct map *m, const struct parts *p, struct err *err)
{
    TRY(size_calloc(&m->loss, (GRID + 1) * (GRID + 1), sizeof *m->loss, "a map of the loss", err));
    m->least = (double)INFINITY;
    m->most = -(double)INFINITY;
    for (size_t j = 0; j <= GRID; j++)
        for (size_t i = 0; i <= GRID; i++) {
            double v = parts_fitted_at(p, size_at(m, (double)i), data_at(m, (double)j));
            m->loss[j * (GRID + 1) + i] = v;
            m->least = fmin(m->least, v);
            m->most = fmax(m->most, v);
        }
    return OK;
}

/* --- contour lines ---------------------------------------------------------------------------- */

/* The loss falls along both axes under most laws, so that a level is one line: for each size the data at which it is met,
 * and beyond the steep end, for each amount of data, the size. Where it is not so, what is found column by column is drawn
 * in pieces. */
static size_t trace(struct chart_series *s, const struct map *m, double level)
{
    size_t k = 0;
    for (size_t i = 0; i <= GRID; i++)
        for (size_t j = 0; j < GRID; j++) {
            double a = loss_at(m, i, j), b = loss_at(m, i, j + 1);
            if ((a > level) == (b > level) || !(a != b))
                continue;
            s->x[k] = size_at(m, (double)i);
            s->y[k++] = data_at(m, (double)j + (level - a) / (b - a));
            break;
        }
    for (size_t j = GRID + 1; j-- > 0;)
        for (size_t i = 0; i < GRID; i++) {
            double a = loss_at(m, i, j), b = loss_at(m, i + 1, j);
            if ((a > level) == (b > level) || !(a != b))
                continue;
            s->x[k] = size_at(m, (double)i + (level - a) / (b - a));
            s->y[k++] = data_at(m, (double)j);
            break;
        }
    return k;
}

struct spot {
    double x, y;
};

/* From the upper left to the lower right, along the line. */
static int by_place(const void *a, const void *b)
{
    const struct spot *s = a, *t = b;
    double u = log(s->x) - log(s->y), v = log(t->x) - log(t->y);
    return (u > v) - (u < v);
}

static enum status sort_spots(struct chart_series *s, size_t n, struct err *err)
{
    struct spot *spots;
    TRY(size_calloc(&spots, n, sizeof *spots, "a contour line", err));
    for (size_t i = 0; i < n; i++)
        spots[i] = (struct spot){s->x[i], s->y[i]};
    qsort(spots, n, sizeof *spots, by_place);
    for (size_t i = 0; i < n; i++)
        s->x[i] = spots[i].x, s->y[i] = spots[i].y;
    free(spots);
    return OK;
}

static enum status add_contour(struct chart *ch, const struct map *m, double level, struct err *err)
{
    struct chart_series *s;
    char value[NUMBER_MAX];
    TRY(chart_add(&s, ch, 2 * (GRID + 1), false, err));
    number_bare(value, sizeof value, NUMBER_LOSS, level, 4, false);
    s->color = palette_ink(PALETTE_SOFT);
    s->width = 1.1;
    s->free_range = true;
    parts_say(s->tag, sizeof s->tag, "%s", value);
    parts_say(s->name, sizeof s->name, "loss %s", value);
    return sort_spots(s, trace(s, m, level), err);
}

/* Levels in equal steps of the logarithm of what is above the lowest, which is how the loss falls; rounded. */
static enum status add_contours(struct chart *ch, const struct map *m, double floor, struct err *err)
{
    double lo = m->least - floor, hi = m->most - floor, before = (double)NAN;
    if (!(lo > 0))
        lo = fmax((m->most - m->least) / 100, 1e-300), floor = m->least - lo, hi = m->most - floor;
    double unit = pow(10, ceil(log10((m->most - m->least) / 200)));
    for (size_t k = 0; k < LEVELS; k++) {
        double level = floor + lo * pow(hi / lo, ((double)k + 0.6) / LEVELS);
        level = round(level / unit) * unit;
        if (level == before || !(level > m->least) || !(level < m->most))
            continue;
        before = level;
        TRY(add_contour(ch, m, level, err));
    }
    return OK;
}

/* --- frontier and ratios ---------------------------------------------------------------------- */

static enum status add_frontier(struct chart *ch, const struct parts *p, double lo, double hi, struct err *err)
{
    enum { N = PARTS_BAND_STEPS };
    struct chart_series *s;
    if (!p->r->frontier.holds || !isfinite(p->r->frontier.n_exponent.value))
        return OK;
    TRY(chart_add(&s, ch, 2 * N, false, err));
    s->area = s->free_range = true;
    s->color = palette_ink(PALETTE_FIT);
    parts_say(s->name, sizeof s->name, "95 %% of the frontier");
    for (size_t i = 0; i < N; i++) {
        double c = parts_step(lo, hi * 10, i, N);
        struct fit_value n = fit_frontier_params(&p->r->frontier, c);
        s->x[i] = n.lo, s->y[i] = c / parts_flops_of(p, n.lo, 1);
        s->x[2 * N - 1 - i] = n.hi, s->y[2 * N - 1 - i] = c / parts_flops_of(p, n.hi, 1);
    }
    TRY(chart_add(&s, ch, N, false, err));
    s->color = palette_ink(PALETTE_FIT);
    s->width = 2.2;
    s->free_range = true;
    parts_say(s->label, sizeof s->label, "frontier N" RICH_UP "*" RICH_END ", D" RICH_UP "*" RICH_END);
    for (size_t i = 0; i < N; i++) {
        double c = parts_step(lo, hi * 10, i, N);
        s->x[i] = fit_frontier_params(&p->r->frontier, c).value;
        s->y[i] = c / parts_flops_of(p, s->x[i], 1);
    }
    return OK;
}

/* Powers of ten, or of four where these are too few; where they are too many, every so-manyth to both sides of the one that is
 * next to the best ratio at the largest budget. */
static enum status add_ratios(struct chart *ch, const struct map *m, const struct parts *p, struct err *err)
{
    const double lo = m->d_lo / m->n_hi, hi = m->d_hi / m->n_lo, step = hi / lo > 300 ? 10 : 4, largest = p->r->cost.max_flops;
    const struct fit_frontier *f = &p->r->frontier;
    double best = fit_frontier_tokens(f, largest).value / fit_frontier_params(f, largest).value, factor = step;
    while (log(hi / lo) / log(factor) > MOST_RATIOS + 1)
        factor *= step;
    best = isfinite(best) && best > 0 ? pow(step, round(log(best) / log(step))) : 1;
    for (double r = best * pow(factor, ceil(log(lo / best) / log(factor) + 0.3)); r < hi / 1.2; r *= factor) {
        struct chart_series *s;
        char value[NUMBER_MAX];
        TRY(chart_add(&s, ch, 20, false, err));
        number_bare(value, sizeof value, NUMBER_COUNT, r, 2, false);
        s->color = palette_ink(PALETTE_INK);
        s->width = 0.9;
        s->dash = 2, s->gap = 4;
        s->free_range = true;
        parts_say(s->tag, sizeof s->tag, "D/N = %s", value);
        parts_say(s->name, sizeof s->name, "D/N = %s %ss a parameter", value, p->token);
        for (size_t i = 0; i < 20; i++) {
            s->x[i] = parts_step(fmax(m->n_lo, m->d_lo / r), fmin(m->n_hi, m->d_hi / r), i, 20);
            s->y[i] = r * s->x[i];
        }
    }
    return OK;
}

/* A best size or amount of data is told to be no run's where all are off by more than so much. */
#define FAR 1.5

/* ": larger than any run, with fewer tokens than any run", or nothing. */
static void far_words(char *out, size_t size, const struct parts *p, double n, double d)
{
    double n_lo, n_hi, d_lo, d_hi;
    parts_range(p->params, p->t->n, &n_lo, &n_hi);
    parts_range(p->tokens, p->t->n, &d_lo, &d_hi);
    const char *size_is = n > FAR * n_hi ? "larger" : n < n_lo / FAR ? "smaller" : NULL;
    const char *data_are = d > FAR * d_hi ? "more" : d < d_lo / FAR ? "fewer" : NULL;
    out[0] = '\0';
    if (size_is)
        parts_say(out, size, ": %s than any run", size_is);
    if (data_are)
        parts_more(out, size, "%s %s %ss than any run", size_is ? ", with" : ":", data_are, p->token);
}

static void say(struct chart *ch, const struct parts *p)
{
    char at[NUMBER_MAX], n[NUMBER_MAX], d[NUMBER_MAX], far[CHART_TEXT_MAX], form[CHART_TEXT_MAX];
    const double largest = p->r->cost.max_flops;
    struct fit_value size = fit_frontier_params(&p->r->frontier, largest), data = fit_frontier_tokens(&p->r->frontier, largest);
    number_bare(at, sizeof at, NUMBER_COMPUTE, p->r->cost.max_flops, 2, false);
    number_say(n, sizeof n, NUMBER_COUNT, size.value, &size, false);
    number_say(d, sizeof d, NUMBER_COUNT, data.value, &data, false);
    name_pretty(form, sizeof form, p->law->law->form);
    far_words(far, sizeof far, p, size.value, data.value);
    if (p->r->verdict.withheld[0])
        parts_say(ch->title, sizeof ch->title, "The fitted loss over size and data: where compute is best spent is not settled");
    else if (isfinite(size.value))
        parts_say(ch->title, sizeof ch->title, "At the largest budget, %s FLOPs, N = %s and D = %s would do best%s", at, n, d, far);
    else
        parts_say(ch->title, sizeof ch->title, "The fitted loss over size and data");
    parts_say(ch->quantity, sizeof ch->quantity, "Contour lines of the fitted loss%s%s, over size and data", p->unit[0] ?
              " in " : "", p->unit);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Law %s, %s. Dots: the runs. Orange: where compute is best spent, with "
              "its 95 %% band. "
              "Dotted: the same number of %ss for each parameter.", p->law->law->name, form, p->token);
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_say(ch->y_label, sizeof ch->y_label, "training %ss D", p->token);
    ch->log_x = ch->log_y = true;
    ch->x_kind = ch->y_kind = AXIS_COUNT;
}

static enum status fill(struct chart *ch, const struct parts *p, struct map *m, struct err *err)
{
    struct parts_marks runs = {.x = p->params, .y = p->tokens, .marker = MARKER_DISC, .color = palette_kind(0), .label =
        "runs"};
    TRY(make_map(m, p, err));
    say(ch, p);
    TRY(add_contours(ch, m, p->floor_words ? p->floor : 0, err));
    TRY(add_ratios(ch, m, p, err));
    TRY(add_frontier(ch, p, p->r->cost.min_flops / 10, p->r->cost.max_flops, err));
    TRY(parts_runs(ch, p, &runs, err));
    /* the axes add some air, which the map fills as well */
    double in_n = pow(m->n_hi / m->n_lo, 0.04), in_d = pow(m->d_hi / m->d_lo, 0.04);
    ch->x_from = m->n_lo * in_n, ch->x_to = m->n_hi / in_n;
    ch->y_from = m->d_lo * in_d, ch->y_to = m->d_hi / in_d;
    return OK;
}

enum status contours_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct map m = {0};
    *drawn = p->law && p->law->law->n_vars == 2 && parts_range(p->params, p->t->n, &m.n_lo, &m.n_hi) &&
             parts_range(p->tokens, p->t->n, &m.d_lo, &m.d_hi) && m.n_hi > 1.1 * m.n_lo && m.d_hi > 1.1 * m.d_lo;
    if (!*drawn)
        return OK;
    double air_n = pow(m.n_hi / m.n_lo, 0.14), air_d = pow(m.d_hi / m.d_lo, 0.14);
    m.n_lo /= air_n, m.n_hi *= air_n, m.d_lo /= air_d, m.d_hi *= air_d;
    enum status st = fill(ch, p, &m, err);
    free(m.loss);
    return st;
}
