#include <math.h>

#include "base/size.h"
#include "base/sort.h"
#include "plot/layout_internal.h"

/* Points fill the picture: intervals about them widen it as far as they are of ordinary size. That is by so much of the points'
 * own spread in any case; and as points that all but agree say nothing of a scale, by intervals up to so many times as long as
 * the middle one. Of fewer than ENOUGH none tells what is usual: there the spread does. On a log axis a decade is far. */
#define OF_SPREAD 0.6
#define OF_MIDDLE 4
#define OF_SPREAD_ALONE 10
#define FAR_LOG 2.302585092994046 /* ln 10 */
enum { ENOUGH = 3, LENGTHS = 256 };

/* The range of the values themselves, and with the intervals about them; of logarithms on a log axis. */
struct span {
    bool log;
    struct range own, wide;
    double length[LENGTHS]; /* of intervals, every `step`-th of them */
    size_t n_lengths, n_intervals, step;
};

static void widen(struct range *r, double v)
{
    r->lo = r->n ? fmin(r->lo, v) : v;
    r->hi = r->n ? fmax(r->hi, v) : v;
    r->n++;
}

static double on_scale(const struct span *s, double v)
{
    return s->log ? log(v) : v;
}

static void see(struct span *s, double v)
{
    if (!axis_shows(s->log, v))
        return;
    widen(&s->wide, on_scale(s, v));
    widen(&s->own, on_scale(s, v));
}

/* Where there are many, every second one is forgotten, again and again: the middle one stays about the same. */
static void keep_length(struct span *s, double length)
{
    if (s->n_lengths == LENGTHS) {
        for (size_t i = 0; i < LENGTHS / 2; i++)
            s->length[i] = s->length[2 * i];
        s->n_lengths = LENGTHS / 2;
        s->step *= 2;
    }
    s->step = size_max(s->step, 1);
    if (s->n_intervals++ % s->step == 0)
        s->length[s->n_lengths++] = length;
}

static void see_interval(struct span *s, double lo, double hi)
{
    const bool has_lo = axis_shows(s->log, lo), has_hi = axis_shows(s->log, hi);
    if (has_lo)
        widen(&s->wide, on_scale(s, lo));
    if (has_hi)
        widen(&s->wide, on_scale(s, hi));
    if (has_lo && has_hi)
        keep_length(s, on_scale(s, hi) - on_scale(s, lo));
}

/* How far intervals widen the range to either side. */
static double most_wider(struct span *s, double spread)
{
    double usual = spread > 0 ? OF_SPREAD_ALONE * spread : (double)INFINITY;
    if (s->n_lengths >= ENOUGH) {
        sort_doubles(s->length, s->n_lengths);
        usual = OF_MIDDLE * s->length[(s->n_lengths - 1) / 2];
    }
    return fmax(OF_SPREAD * spread, s->log ? fmin(usual, FAR_LOG) : usual);
}

static struct range outcome(struct span *s)
{
    struct range r = s->own;
    if (r.n == 0)
        r = s->wide;
    double most = most_wider(s, r.hi - r.lo);
    r.lo = fmax(s->wide.lo, r.lo - most);
    r.hi = fmin(s->wide.hi, r.hi + most);
    if (s->log)
        r.lo = exp(r.lo), r.hi = exp(r.hi);
    return r;
}

static bool in_x(const struct chart *c, double x)
{
    bool cut = c->x_from != 0 && c->x_to != 0;
    return axis_shows(c->log_x, x) && (!cut || (x >= c->x_from && x <= c->x_to));
}

struct range ranges_x(const struct chart *c)
{
    struct span s = {.log = c->log_x};
    if (c->x_from != 0 && c->x_to != 0)
        return (struct range){c->x_from, c->x_to, 2};
    for (size_t k = 0; k < c->n_series; k++) {
        const struct chart_series *t = &c->series[k];
        for (size_t i = 0; i < t->n && !t->free_range; i++) {
            if (!axis_shows(chart_log_y(c, t->panel), t->y[i]))
                continue;
            see(&s, t->x[i]);
            if (t->x_lo)
                see_interval(&s, t->x_lo[i], t->x_hi[i]);
        }
    }
    for (size_t k = 0; k < c->n_lines; k++)
        if (!c->lines[k].free_range && c->lines[k].vertical)
            see(&s, c->lines[k].at);
    return outcome(&s);
}

struct range ranges_y(const struct chart *c, size_t panel)
{
    struct span s = {.log = chart_log_y(c, panel)};
    if (panel == 0 && c->y_from != 0 && c->y_to != 0)
        return (struct range){c->y_from, c->y_to, 2};
    for (size_t k = 0; k < c->n_series; k++) {
        const struct chart_series *t = &c->series[k];
        for (size_t i = 0; i < t->n && !t->free_range && t->panel == panel; i++) {
            if (!in_x(c, t->x[i]))
                continue;
            see(&s, t->y[i]);
            if (t->lo && axis_shows(s.log, t->y[i]))
                see_interval(&s, t->lo[i], t->hi[i]);
        }
    }
    for (size_t k = 0; k < c->n_lines; k++) {
        const struct chart_line *l = &c->lines[k];
        if (l->free_range || l->vertical || l->panel != panel)
            continue;
        see(&s, l->at);
        see_interval(&s, l->lo, l->hi);
    }
    struct range r = outcome(&s);
    if (panel == 1 && c->lower.around_zero && r.n > 0) {
        double most = fmax(fabs(r.lo), fabs(r.hi));
        r.lo = -most, r.hi = most;
    }
    return r;
}
