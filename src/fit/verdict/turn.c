#include "fit/verdict/turn.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/levels.h"
#include "fit/stats.h"

/* Levels of data that a size must have. The last is compared with one: the largest of at most this share of it. One of a
 * few tokens less would tell little, and more comparisons would each have to be clearer. */
#define MIN_LEVELS 4
#define EARLIER 0.75
/* Elsewhere any level is compared with the next; as a rise there is rarer, each counts as so many comparisons. */
#define STEPS 5
#define SIGNIFICANT 0.05
/* Standard deviations of ln loss below this are rounding. */
#define ROUNDING 1e-6
/* Degrees of freedom below which repeated runs do not tell the noise. */
#define MIN_DEGREES 2

struct run {
    double series, x, y; /* ln size and ln data as in the design; ln loss */
    size_t cluster, level; /* level: of data, in its size */
};

/* Runs in the order of size, data, trajectory. */
struct runs {
    struct run *at; /* (n) */
    size_t n;
    bool shared; /* runs share trajectories: differences are taken within them */
    double sd, sd_run, degrees; /* of a difference within a trajectory, and of a run */
};

static int by_place(const void *a, const void *b)
{
    const struct run *p = a, *q = b;
    if (p->series != q->series)
        return p->series < q->series ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->cluster > q->cluster) - (p->cluster < q->cluster);
}

static bool same(double a, double b)
{
    return fabs(a - b) < log(LEVELS_MET) / 2;
}

/* Runs i .. end-1 are of one size; their levels are numbered. */
static size_t end_of_size(struct runs *r, size_t i)
{
    size_t end = i + 1;
    r->at[i].level = 0;
    for (; end < r->n && same(r->at[end].series, r->at[i].series); end++)
        r->at[end].level = r->at[end - 1].level + !same(r->at[end].x, r->at[end - 1].x);
    return end;
}

struct mean {
    double sum, ss, n, x; /* ss: about the mean */
};

static void add(struct mean *m, double y)
{
    double before = m->n > 0 ? m->sum / m->n : 0;
    m->n++;
    m->sum += y;
    m->ss += (y - before) * (y - m->sum / m->n) * (m->n > 1);
}

static struct mean of_level(const struct runs *r, size_t i, size_t end, size_t level)
{
    struct mean m = {0};
    for (const struct run *k = r->at + i; k < r->at + end; k++)
        if (k->level == level) {
            add(&m, k->y);
            m.x = k->x;
        }
    return m;
}

/* Differences from level a to level b within trajectories that have both. */
static struct mean differences(const struct runs *r, size_t i, size_t end, size_t a, size_t b)
{
    struct mean m = {0};
    for (size_t k = i; k < end; k++)
        for (size_t l = k + 1; l < end && r->at[k].level == a; l++)
            if (r->at[l].level == b && r->at[l].cluster == r->at[k].cluster)
                add(&m, r->at[l].y - r->at[k].y);
    return m;
}

/* From what repeats, among the upper half of each size's levels: noise falls with data. */
static void measure_noise(struct runs *r, double scatter, double degrees)
{
    struct {
        double ss, df;
    } run = {0, 0}, within = {0, 0};
    for (size_t i = 0, end; i < r->n; i = end) {
        end = end_of_size(r, i);
        size_t levels = r->at[end - 1].level + 1;
        for (size_t l = levels / 2; l < levels; l++) {
            struct mean m = of_level(r, i, end, l), d = {0};
            if (r->shared && l + 1 < levels)
                d = differences(r, i, end, l, l + 1);
            run.ss += m.ss, run.df += m.n - 1;
            within.ss += d.ss, within.df += fmax(d.n - 1, 0);
        }
    }
    bool repeats = run.df >= MIN_DEGREES;
    double none = isfinite(scatter) ? scatter : (double)INFINITY;
    r->shared = r->shared && within.df >= MIN_DEGREES;
    r->sd_run = fmax(repeats ? sqrt(run.ss / run.df) : none, ROUNDING);
    r->sd = r->shared ? fmax(sqrt(within.ss / within.df), ROUNDING) : r->sd_run;
    r->degrees = r->shared ? within.df : repeats ? run.df : degrees;
}

/* The rise from one level of a size to another, in units of its standard error. */
static double rise_at(const struct runs *r, size_t i, size_t end, size_t from, size_t to)
{
    struct mean m = {0};
    if (r->shared)
        m = differences(r, i, end, from, to);
    if (m.n > 0)
        return m.sum / m.n / (r->sd / sqrt(m.n));
    struct mean p = of_level(r, i, end, from), q = of_level(r, i, end, to);
    return (q.sum / q.n - p.sum / p.n) / (r->sd_run * sqrt(1 / p.n + 1 / q.n));
}

/* The share of normal deviates above what Student's t makes of this one. */
static double tail(double t, double degrees)
{
    double lo = 0, hi = 40;
    if (!(t > 0))
        return 1;
    for (int i = 0; i < 60; i++) {
        double mid = (lo + hi) / 2;
        if (stats_t_at(mid, degrees) < t)
            lo = mid;
        else
            hi = mid;
    }
    return stats_normal_cdf(-lo);
}

/* The clearest rise of one kind. */
struct clearest {
    double z;
    size_t compared, i, end, to; /* runs i .. end-1; the level that lies too high */
};

static void consider(struct clearest *c, const struct runs *r, size_t i, size_t end, size_t from, size_t to)
{
    double z = rise_at(r, i, end, from, to);
    c->compared++;
    if (z > c->z)
        *c = (struct clearest){z, c->compared, i, end, to};
}

/* The lowest level before that one, and the rise as a share of what was fallen until there. */
static double describe(struct turn_out *out, const struct runs *r, const struct clearest *c)
{
    struct mean first = of_level(r, c->i, c->end, 0), best = first, top = of_level(r, c->i, c->end, c->to);
    for (size_t l = 1; l < c->to; l++) {
        struct mean m = of_level(r, c->i, c->end, l);
        if (m.sum / m.n < best.sum / best.n)
            best = m;
    }
    out->size = r->at[c->i].series;
    out->from = best.x;
    out->to = top.x;
    out->low = exp(best.sum / best.n);
    out->end = exp(top.sum / top.n);
    double fallen = first.sum / first.n - best.sum / best.n;
    return fallen > 0 ? (top.sum / top.n - best.sum / best.n) / fallen : 0;
}

/* The level that a size's last is compared with; SIZE_MAX: there is none, or too few. */
static size_t earlier(const struct runs *r, size_t i, size_t end)
{
    size_t k = end - 1;
    if (r->at[k].level + 1 < MIN_LEVELS)
        return SIZE_MAX;
    while (k > i && r->at[k].x > r->at[end - 1].x + log(EARLIER))
        k--;
    return r->at[k].x > r->at[end - 1].x + log(EARLIER) ? SIZE_MAX : r->at[k].level;
}

static void look(struct turn_out *out, struct runs *r)
{
    struct clearest last = {.z = -(double)INFINITY}, step = last;
    for (size_t i = 0, end; i < r->n; i = end) {
        end = end_of_size(r, i);
        size_t top = r->at[end - 1].level, before = earlier(r, i, end);
        if (before == SIZE_MAX)
            continue;
        consider(&last, r, i, end, before, top);
        for (size_t l = 1; l + 1 < top; l++)
            consider(&step, r, i, end, l, l + 1);
    }
    if (last.compared == 0 || !(r->degrees > 0))
        return;
    double p = (double)last.compared * tail(last.z, r->degrees), q = STEPS * (double)step.compared * tail(step.z, r->degrees);
    bool at_end = p <= q || step.compared == 0;
    const struct clearest *c = at_end ? &last : &step;
    if (!isfinite(c->z))
        return;
    out->p = fmin(1, at_end ? p : q);
    out->found = describe(out, r, c) >= TURN_MATTERS && out->p < SIGNIFICANT;
}

enum status turn_test(struct turn_out *out, const struct fit_design *d, double scatter, double degrees, struct err *err)
{
    struct runs r = {.n = d->n, .shared = d->n_clusters < d->n};
    const double none = (double)NAN;
    *out = (struct turn_out){.p = none, .size = none, .from = none, .to = none, .low = none, .end = none};
    if (d->n == 0 || (!d->two && d->x != FIT_TOKENS && d->x != FIT_X))
        return OK;
    TRY(size_calloc(&r.at, d->n, sizeof *r.at, "rises", err));
    for (size_t i = 0; i < d->n; i++)
        r.at[i] = (struct run){d->two ? d->points[i].u : 0, d->two ? d->points[i].v : d->points[i].u, d->ln_loss[i],
                               d->cluster[i], 0};
    qsort(r.at, r.n, sizeof *r.at, by_place);
    for (size_t i = 1; i < r.n; i++)
        if (same(r.at[i].series, r.at[i - 1].series))
            r.at[i].series = r.at[i - 1].series;
    qsort(r.at, r.n, sizeof *r.at, by_place);
    measure_noise(&r, scatter, degrees);
    look(out, &r);
    if (isfinite(out->p)) {
        out->size = d->two ? exp(out->size + d->centre.u) : none;
        out->from = exp(out->from + (d->two ? d->centre.v : d->centre.u));
        out->to = exp(out->to + (d->two ? d->centre.v : d->centre.u));
    }
    free(r.at);
    return OK;
}
