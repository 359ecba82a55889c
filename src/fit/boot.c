#include "fit/boot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/search.h"

/* Quantile of sorted draws, linear between order statistics. */
static double quantile(const double *x, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return x[n - 1];
    /* infinite draws must not make NaN of their neighbours */
    return x[i] == x[i + 1] ? x[i] : x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

struct fit_value fit_summary(double value, double *draws, size_t n)
{
    const double none = (double)NAN;
    struct fit_value v = {value, none, none, none};
    size_t m = 0;
    double mean = 0, ss = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(draws[i]))
            draws[m++] = draws[i];
    if (m < 20)
        return v;
    for (size_t i = 0; i < m; i++)
        mean += draws[i] / (double)m;
    for (size_t i = 0; i < m; i++)
        ss += (draws[i] - mean) * (draws[i] - mean);
    sort_doubles(draws, m);
    v.se = sqrt(ss / (double)(m - 1));
    v.lo = quantile(draws, m, 0.025);
    v.hi = quantile(draws, m, 0.975);
    return v;
}

/* Clusters grouped by stratum: those of stratum s are order[start[s] .. start[s+1]). */
struct plan {
    size_t *order, *start;
    size_t n_strata;
    size_t *count; /* (n_clusters) how often each was drawn */
    double *w;     /* (n) */
};

struct keyed {
    double key;
    size_t cluster;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

/* Budgets within 3 % are one stratum. */
#define SAME_STRATUM 1.03

static enum status make_plan(struct plan *p, const size_t *cluster, size_t n, size_t n_clusters,
                             const double *stratum, struct err *err)
{
    struct keyed *k = NULL;
    *p = (struct plan){0};
    TRY(size_calloc(&k, n_clusters, sizeof *k, "clusters", err));
    enum status st = size_calloc(&p->order, n_clusters, sizeof *p->order, "clusters", err);
    if (st == OK)
        st = size_calloc(&p->start, n_clusters + 1, sizeof *p->start, "strata", err);
    if (st == OK)
        st = size_calloc(&p->count, n_clusters, sizeof *p->count, "clusters", err);
    if (st == OK)
        st = size_calloc(&p->w, n, sizeof *p->w, "weights", err);
    if (st == OK) {
        for (size_t i = n; i-- > 0;)
            k[cluster[i]] = (struct keyed){stratum ? stratum[i] : 0, cluster[i]};
        qsort(k, n_clusters, sizeof *k, by_key);
        for (size_t i = 0; i < n_clusters; i++) {
            p->order[i] = k[i].cluster;
            if (i == 0 || k[i].key > k[p->start[p->n_strata - 1]].key * SAME_STRATUM)
                p->start[p->n_strata++] = i;
        }
        p->start[p->n_strata] = n_clusters;
    }
    free(k);
    return st;
}

static void free_plan(struct plan *p)
{
    free(p->order);
    free(p->start);
    free(p->count);
    free(p->w);
}

static void draw(struct plan *p, const size_t *cluster, size_t n, size_t n_clusters, struct rng *rng)
{
    memset(p->count, 0, n_clusters * sizeof *p->count);
    for (size_t s = 0; s < p->n_strata; s++) {
        size_t m = p->start[s + 1] - p->start[s];
        for (size_t i = 0; i < m; i++)
            p->count[p->order[p->start[s] + rng_below(rng, m)]]++;
    }
    for (size_t i = 0; i < n; i++)
        p->w[i] = (double)p->count[cluster[i]];
}

static bool refit(struct solve_result *r, const struct solve_problem *q, const double *start)
{
    struct err ignored;
    solve_from(r, q, start);
    if (!r->converged || !isfinite(r->objective)) {
        struct solve_result wide;
        if (search_near(&wide, q, start, &ignored) == OK &&
            (!isfinite(r->objective) || wide.objective <= r->objective))
            *r = wide;
    }
    return isfinite(r->objective);
}

static enum status summarise(struct fit_law *f, struct err *err)
{
    double *draws;
    size_t k = f->law->n_params;
    TRY(size_calloc(&draws, f->n_boot, sizeof *draws, "draws", err));
    for (size_t j = 0; j < k; j++) {
        for (size_t b = 0; b < f->n_boot; b++) {
            double outer[LAW_MAX_PARAMS];
            law_external(outer, f->law, f->boot + b * k, &f->problem.centre);
            draws[b] = outer[j];
        }
        f->params[j] = fit_summary(f->outer[j], draws, f->n_boot);
    }
    free(draws);
    return OK;
}

enum status boot_run(struct fit_law *f, const size_t *cluster, size_t n_clusters, const double *stratum,
                     size_t n_boot, uint64_t seed, struct err *err)
{
    struct plan plan;
    size_t k = f->law->n_params;
    enum status st = make_plan(&plan, cluster, f->n, n_clusters, stratum, err);
    if (st == OK)
        st = size_calloc(&f->boot, n_boot * k, sizeof *f->boot, "resamples", err);
    struct solve_problem q = f->problem;
    q.w = plan.w;
    for (size_t b = 0; b < n_boot && st == OK; b++) {
        struct rng rng = rng_make(seed, RNG_BOOTSTRAP, (uint64_t)f->law->id, b);
        struct solve_result r;
        draw(&plan, cluster, f->n, n_clusters, &rng);
        if (refit(&r, &q, f->best.p))
            memcpy(f->boot + f->n_boot++ * k, r.p, k * sizeof *r.p);
        else
            f->n_boot_failed++;
    }
    if (st == OK)
        st = summarise(f, err);
    free_plan(&plan);
    return st;
}

/* Inverse of the standard normal distribution (Acklam's rational approximation, 1e-9 relative). */
static double normal_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                               6.680131188771972e+01, -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    if (p < 0.02425 || p > 1 - 0.02425) {
        double q = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
        double v = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        return p < 0.5 ? v : -v;
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* Leave each cluster out in turn; outer parameters (n_clusters, k). Where there are many, groups of
 * them are left out together. */
#define MAX_JACKKNIFE 400

static enum status jackknife(double **out, size_t *n_out, const struct fit_law *f, const size_t *cluster,
                             size_t n_clusters, struct err *err)
{
    size_t m = size_min(n_clusters, MAX_JACKKNIFE), k = f->law->n_params;
    double *w;
    TRY(size_calloc(&w, f->n, sizeof *w, "weights", err));
    enum status st = size_calloc(out, m * k, sizeof **out, "jackknife", err);
    struct solve_problem q = f->problem;
    q.w = w;
    *n_out = 0;
    for (size_t g = 0; g < m && st == OK; g++) {
        struct solve_result r;
        for (size_t i = 0; i < f->n; i++)
            w[i] = cluster[i] % m != g;
        if (refit(&r, &q, f->best.p))
            law_external(*out + (*n_out)++ * k, f->law, r.p, &q.centre);
    }
    free(w);
    return st;
}

/* Skewness of the leave-one-out values over 6. */
static double acceleration(const double *jack, size_t n, size_t k, size_t j)
{
    double mean = 0, s2 = 0, s3 = 0;
    for (size_t i = 0; i < n; i++)
        mean += jack[i * k + j] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = mean - jack[i * k + j];
        s2 += d * d;
        s3 += d * d * d;
    }
    return s2 > 0 ? s3 / (6 * pow(s2, 1.5)) : 0;
}

static double bca_share(double z0, double acc, double z)
{
    return normal_cdf(z0 + (z0 + z) / (1 - acc * (z0 + z)));
}

enum status boot_bca(struct fit_law *f, const size_t *cluster, size_t n_clusters, struct err *err)
{
    double *jack = NULL, *draws = NULL;
    size_t k = f->law->n_params, m = 0, n = f->n_boot;
    if (n < 100)
        return OK;
    enum status st = jackknife(&jack, &m, f, cluster, n_clusters, err);
    if (st == OK)
        st = size_calloc(&draws, n, sizeof *draws, "draws", err);
    for (size_t j = 0; j < k && st == OK; j++) {
        double below = 0;
        for (size_t b = 0; b < n; b++) {
            double outer[LAW_MAX_PARAMS];
            law_external(outer, f->law, f->boot + b * k, &f->problem.centre);
            draws[b] = outer[j];
            below += outer[j] < f->outer[j] ? 1 : outer[j] > f->outer[j] ? 0 : 0.5;
        }
        double share = fmin(fmax(below / (double)n, 0.5 / (double)n), 1 - 0.5 / (double)n);
        double z0 = normal_quantile(share), acc = acceleration(jack, m, k, j);
        sort_doubles(draws, n);
        f->bca_lo[j] = quantile(draws, n, bca_share(z0, acc, -1.959963985));
        f->bca_hi[j] = quantile(draws, n, bca_share(z0, acc, 1.959963985));
    }
    free(jack);
    free(draws);
    return st;
}

/* 2 dS/tau - 3.84 with outer parameter j held at a value; *p moves along as the next start. */
static double profile_gap(const struct fit_law *f, size_t j, double value, double *p)
{
    struct solve_problem q = f->problem;
    struct solve_result r;
    struct err ignored;
    char text[80];
    snprintf(text, sizeof text, "%s=%.17g", f->law->params[j].name, value);
    if (solve_map_fix(&q.map, f->law, text, &q.centre, &ignored) != OK)
        return (double)NAN;
    solve_from(&r, &q, p);
    if (!isfinite(r.objective))
        return (double)NAN;
    memcpy(p, r.p, sizeof r.p);
    return 2 * (r.objective - f->best.objective) / f->scale - 3.841459;
}

/* Walk away from the optimum until the drop is reached, then halve the bracket. */
static double profile_end(const struct fit_law *f, size_t j, double sign)
{
    double at = f->outer[j], p[LAW_MAX_PARAMS], last[LAW_MAX_PARAMS];
    bool logs = f->law->params[j].kind != LAW_LEVEL && f->law->params[j].kind != LAW_EXPONENT;
    double step = isnan(f->params[j].se) || f->params[j].se <= 0 ? 0.1 * fabs(at) : f->params[j].se;
    step = logs ? fmin(step / at, 1.0) : step;
    double in = 0, out = 0;
    memcpy(p, f->best.p, sizeof p);
    for (int i = 0; i < 40; i++) {
        out = in + 0.5 * step;
        double value = logs ? at * exp(sign * out) : at + sign * out;
        if (!logs && value <= 0) {
            value = 0;
            out = at;
        }
        memcpy(last, p, sizeof p);
        double gap = profile_gap(f, j, value, p);
        if (isnan(gap) || (value == 0 && gap < 0))
            return value == 0 && f->law->params[j].kind == LAW_LEVEL ? 0 : (double)NAN;
        if (gap > 0)
            break;
        in = out;
        step *= 1.3;
        if (i == 39)
            return (double)NAN;
    }
    for (int i = 0; i < 18; i++) {
        double mid = 0.5 * (in + out);
        memcpy(p, last, sizeof p);
        if (profile_gap(f, j, logs ? at * exp(sign * mid) : at + sign * mid, p) > 0)
            out = mid;
        else
            in = mid;
    }
    double mid = 0.5 * (in + out);
    return logs ? at * exp(sign * mid) : at + sign * mid;
}

void boot_profile(struct fit_law *f)
{
    for (size_t j = 0; j < f->law->n_params; j++) {
        struct solve_problem q = f->problem;
        struct err ignored;
        char text[80];
        snprintf(text, sizeof text, "%s=%.17g", f->law->params[j].name, f->outer[j]);
        if (solve_map_fix(&q.map, f->law, text, &q.centre, &ignored) != OK)
            continue; /* fixed by the user */
        f->profile_lo[j] = profile_end(f, j, -1);
        f->profile_hi[j] = profile_end(f, j, 1);
    }
}
