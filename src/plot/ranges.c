#include <math.h>

#include "plot/layout_internal.h"

/* Intervals widen a range by no more than this share of it to either side. */
#define MOST_WIDER 0.6

/* The range of the values themselves, and with the intervals about them; of logarithms on a log axis. */
struct span {
    bool log;
    struct range own, wide;
};

static void widen(struct range *r, double v)
{
    r->lo = r->n ? fmin(r->lo, v) : v;
    r->hi = r->n ? fmax(r->hi, v) : v;
    r->n++;
}

static void see(struct span *s, double v, bool interval)
{
    if (!axis_shows(s->log, v))
        return;
    v = s->log ? log(v) : v;
    widen(&s->wide, v);
    if (!interval)
        widen(&s->own, v);
}

static struct range outcome(const struct span *s)
{
    struct range r = s->own;
    if (r.n == 0)
        r = s->wide;
    double most = r.hi > r.lo ? MOST_WIDER * (r.hi - r.lo) : (double)INFINITY;
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
            see(&s, t->x[i], false);
            if (t->x_lo) {
                see(&s, t->x_lo[i], true);
                see(&s, t->x_hi[i], true);
            }
        }
    }
    for (size_t k = 0; k < c->n_lines; k++)
        if (!c->lines[k].free_range && c->lines[k].vertical)
            see(&s, c->lines[k].at, false);
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
            see(&s, t->y[i], false);
            if (t->lo && axis_shows(s.log, t->y[i])) {
                see(&s, t->lo[i], true);
                see(&s, t->hi[i], true);
            }
        }
    }
    for (size_t k = 0; k < c->n_lines; k++) {
        const struct chart_line *l = &c->lines[k];
        if (l->free_range || l->vertical || l->panel != panel)
            continue;
        see(&s, l->at, false);
        see(&s, l->lo, true);
        see(&s, l->hi, true);
    }
    struct range r = outcome(&s);
    if (panel == 1 && c->lower.around_zero && r.n > 0) {
        double most = fmax(fabs(r.lo), fabs(r.hi));
        r.lo = -most, r.hi = most;
    }
    return r;
}
