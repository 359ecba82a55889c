#include "fit/solve/profile.h"

#include <math.h>
#include <string.h>

#include "base/sort.h"

/* Profiles walk along a coordinate: the parameter itself, or its logarithm where it is a scale. */
static bool in_logs(const struct fit_law *f, size_t j)
{
    enum law_kind k = f->law->params[j].kind;
    return k != LAW_LEVEL && k != LAW_EXPONENT;
}

static double coordinate(const struct fit_law *f, size_t j, double outer)
{
    return in_logs(f, j) ? log(outer) : outer;
}

static double outer_of(const struct fit_law *f, size_t j, double at)
{
    return in_logs(f, j) ? exp(at) : at;
}

/* Bounds of the law on that coordinate; coefficients and places have none that a walk would meet. */
static void bounds_of(const struct fit_law *f, size_t j, double *lo, double *hi)
{
    const struct law_param *q = &f->law->params[j];
    bool bounded = q->kind != LAW_COEF && q->kind != LAW_PLACE;
    *lo = bounded ? q->lo : -(double)INFINITY;
    *hi = bounded ? q->hi : (double)INFINITY;
}

/* The objective with parameter j held; *p moves along as the next start. NaN where it cannot be held. */
static double held(const struct fit_law *f, size_t j, double at, double *p)
{
    struct solve_problem q = f->problem;
    struct solve_result r;
    if (!solve_map_hold(&q.map, f->law, j, outer_of(f, j, at), &q.centre))
        return (double)NAN;
    solve_from(&r, &q, p);
    if (isfinite(r.objective))
        memcpy(p, r.p, sizeof r.p);
    return r.objective;
}

/* --- how far the deviance may rise ----------------------------------------------------------------- */

/* Half the middle 68 % of the resamples, on the coordinate. */
static double spread(const struct fit_law *f, size_t j)
{
    size_t k = f->law->n_params;
    double *draws = f->draws;
    if (f->n_boot < 20)
        return (double)NAN;
    for (size_t b = 0; b < f->n_boot; b++) {
        double outer[LAW_MAX_PARAMS];
        law_external(outer, f->law, f->boot + b * k, &f->problem.centre);
        draws[b] = coordinate(f, j, outer[j]);
    }
    sort_doubles(draws, f->n_boot);
    return 0.5 * (stats_quantile(draws, f->n_boot, 0.8413) - stats_quantile(draws, f->n_boot, 0.1587));
}

/* The same from the curvature of the objective at the optimum. */
static double curvature_se(const struct fit_law *f, size_t j)
{
    double cov[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
    const struct law_param *q = &f->law->params[j];
    if (!solve_covariance(cov, &f->problem, f->best.p, f->scale))
        return (double)NAN;
    if (q->kind != LAW_COEF)
        return sqrt(cov[j][j]);
    size_t e = (size_t)q->partner;
    double c = q->var ? f->problem.centre.v : f->problem.centre.u;
    return sqrt(cov[j][j] + 2 * c * cov[j][e] + c * c * cov[e][e]);
}

static double allowed_rise(const struct fit_law *f, size_t j, double boot_se)
{
    double n = (double)f->n, df = n - (double)f->problem.map.n_free;
    if (f->n_clusters < f->n && f->n_clusters > 0) {
        double ratio = boot_se / curvature_se(f, j);
        double z = stats_expanded(f->n_clusters);
        return z * z * (ratio > 1 ? ratio * ratio : 1);
    }
    double t = stats_t95(fmax(df, 1));
    return t * t * n / fmax(df, 1);
}

/* --- intervals --------------------------------------------------------------------------------------- */

struct walk {
    const struct fit_law *f;
    size_t j;
    double rise, sign, bound;
};

static double gap(const struct walk *w, double at, double *p)
{
    double s = held(w->f, w->j, at, p);
    return 2 * (s - w->f->best.objective) / w->f->scale - w->rise;
}

#define WALK_STEPS 40
#define HALVINGS 18

/* Walk away from the optimum until the deviance has risen enough, then halve the bracket. */
static double end_of(const struct walk *w, double from, double step)
{
    double p[LAW_MAX_PARAMS], last[LAW_MAX_PARAMS], in = from, out = from;
    bool found = false;
    memcpy(p, w->f->best.p, sizeof p);
    for (int i = 0; i < WALK_STEPS && !found; i++, step *= 1.3) {
        out = in + w->sign * step;
        bool stop = w->sign * out >= w->sign * w->bound;
        if (stop)
            out = w->bound;
        memcpy(last, p, sizeof p);
        double g = gap(w, out, p);
        found = g > 0;
        if (isnan(g) || (stop && !found))
            break;
        if (!found)
            in = out;
    }
    if (!found) /* a floor of 0 is an end of its own, every other bound is not */
        return w->f->law->params[w->j].kind == LAW_LEVEL && w->sign < 0 ? 0 : w->sign * (double)INFINITY;
    for (int i = 0; i < HALVINGS; i++) {
        double mid = 0.5 * (in + out);
        memcpy(p, last, sizeof p);
        if (gap(w, mid, p) > 0)
            out = mid;
        else
            in = mid;
    }
    return 0.5 * (in + out);
}

void profile_intervals(struct fit_law *f)
{
    for (size_t j = 0; j < f->law->n_params; j++) {
        struct solve_map map = f->problem.map;
        double lo, hi, at = coordinate(f, j, f->outer[j]), se = spread(f, j);
        if (!solve_map_hold(&map, f->law, j, f->outer[j], &f->problem.centre))
            continue; /* fixed by the user */
        bounds_of(f, j, &lo, &hi);
        double step = se > 0 ? 0.5 * fmin(se, 2) : 0.05 * (in_logs(f, j) ? 1 : fabs(at) + 0.1);
        struct walk down = {f, j, allowed_rise(f, j, se), -1, lo};
        struct walk up = {f, j, down.rise, 1, hi};
        double a = end_of(&down, at, step), b = end_of(&up, at, step);
        f->profile_lo[j] = isinf(a) ? a : outer_of(f, j, a);
        f->profile_hi[j] = isinf(b) ? b : outer_of(f, j, b);
    }
}

/* Share of the distance to a bound within which an end lies at it. */
#define AT_BOUND 1e-3

/* The resamples' interval runs into a bound of the law; a floor of 0 is an end of its own. */
static bool ends_at_bound(const struct fit_law *f, size_t j)
{
    double lo, hi, at = coordinate(f, j, f->outer[j]);
    double a = coordinate(f, j, f->params[j].lo), b = coordinate(f, j, f->params[j].hi);
    bounds_of(f, j, &lo, &hi);
    bool low = f->law->params[j].kind != LAW_LEVEL && isfinite(lo) && a - lo < AT_BOUND * (at - lo);
    return low || (isfinite(hi) && hi - b < AT_BOUND * (hi - at));
}

bool profile_open(const struct fit_law *f, size_t j)
{
    return isinf(f->profile_lo[j]) || isinf(f->profile_hi[j]) || ends_at_bound(f, j);
}

static bool settled(const struct fit_law *f, size_t j)
{
    return !((f->best.at_bound | f->best.unsettled) >> j & 1) && !profile_open(f, j);
}

bool profile_held(const struct fit_law *f, size_t j)
{
    struct solve_map map = f->problem.map;
    return !solve_map_hold(&map, f->law, j, f->outer[j], &f->problem.centre);
}

bool profile_identified(const struct fit_law *f, size_t j)
{
    const struct law_param *q = &f->law->params[j];
    if (profile_held(f, j))
        return true;
    return f->best.converged && settled(f, j) && (q->kind != LAW_COEF || settled(f, (size_t)q->partner));
}

const char *profile_no_error(const struct fit_law *f, size_t j)
{
    if (profile_held(f, j))
        return "held";
    return f->best.at_bound >> j & 1 ? "at its bound" : profile_identified(f, j) ? NULL : "not identified";
}

struct fit_value profile_value(const struct fit_law *f, size_t j)
{
    struct fit_value v = f->params[j];
    if (!profile_identified(f, j))
        v.se = v.lo = v.hi = (double)NAN;
    return v;
}

bool profile_disagrees(const struct fit_law *f, size_t j)
{
    double lo = coordinate(f, j, f->params[j].lo), hi = coordinate(f, j, f->params[j].hi);
    double a = coordinate(f, j, f->profile_lo[j]), b = coordinate(f, j, f->profile_hi[j]);
    if (isnan(lo + hi + a + b) || profile_open(f, j))
        return false;
    return fabs(a - lo) > 0.5 * (hi - lo) || fabs(b - hi) > 0.5 * (hi - lo);
}

/* --- tables ------------------------------------------------------------------------------------------- */

/* Where a table goes: the profile interval, widened to the bound or by a few spreads where it is open. */
static void range_of(const struct fit_law *f, size_t j, double *from, double *to)
{
    double lo, hi, at = coordinate(f, j, f->outer[j]), se = spread(f, j);
    double wide = in_logs(f, j) ? fmin(fmax(4 * se, 1), 6) : fmax(4 * (se > 0 ? se : 0), 0.3 * fabs(at) + 0.05);
    bounds_of(f, j, &lo, &hi);
    *from = isfinite(f->profile_lo[j]) ? coordinate(f, j, f->profile_lo[j]) : fmax(at - wide, lo);
    *to = isfinite(f->profile_hi[j]) ? coordinate(f, j, f->profile_hi[j]) : fmin(at + wide, hi);
}

static void add_table(struct fit_law *f, size_t j)
{
    struct fit_profile *t = &f->profiles[f->n_profiles];
    double from, to, p[LAW_MAX_PARAMS];
    range_of(f, j, &from, &to);
    *t = (struct fit_profile){.param = j};
    memcpy(p, f->best.p, sizeof p);
    for (size_t i = 0; i < FIT_PROFILE_POINTS; i++) {
        double at = from + (to - from) * (double)i / (FIT_PROFILE_POINTS - 1), near[LAW_MAX_PARAMS];
        memcpy(near, f->best.p, sizeof near);
        double value = outer_of(f, j, at);
        /* from the point before and from the optimum: the better of both */
        double objective = fmin(held(f, j, at, p), held(f, j, at, near));
        if (!isfinite(objective) || !isfinite(value) || fpclassify(value) == FP_SUBNORMAL)
            continue; /* beyond the numbers */
        t->value[t->n] = value;
        t->objective[t->n++] = objective;
    }
    f->n_profiles += t->n > 0;
}

void profile_tables(struct fit_law *f)
{
    for (size_t j = 0; j < f->law->n_params; j++) {
        bool fixed = isnan(f->profile_lo[j]) && isnan(f->profile_hi[j]);
        if (!fixed && profile_identified(f, j))
            add_table(f, j);
    }
}
