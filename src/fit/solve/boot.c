#include "fit/solve/boot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"
#include "fit/solve/search.h"

/* Clusters grouped by stratum: those of stratum s are order[start[s] .. start[s+1]). */
struct plan {
    size_t *order, *start;
    size_t n_strata;
    double *share; /* (n_clusters) how often each was drawn, or its weight */
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
        st = size_calloc(&p->share, n_clusters, sizeof *p->share, "clusters", err);
    if (st == OK)
        st = size_calloc(&p->w, n, sizeof *p->w, "weights", err);
    if (st == OK) {
        for (size_t i = n; i-- > 0;)
            k[cluster[i]] = (struct keyed){stratum ? stratum[i] : 0, cluster[i]};
        qsort(k, n_clusters, sizeof *k, by_key);
        for (size_t i = 0; i < n_clusters; i++) {
            p->order[i] = k[i].cluster;
            if (i == 0 || k[i].key > k[p->start[p->n_strata - 1]].key * LEVELS_MET)
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
    free(p->share);
    free(p->w);
}

/* Below this many clusters a resample by counts often lacks the largest size, or the smallest, altogether, and
 * says how badly such a design would do instead of how noisy this one is. */
#define FEW_CLUSTERS 50

void boot_weights(double *share, size_t n_clusters, const size_t *order, size_t m, struct rng *rng)
{
    double sum = 0;
    for (size_t i = 0; i < m; i++)
        share[order ? order[i] : i] = 0;
    if (n_clusters >= FEW_CLUSTERS) {
        for (size_t i = 0; i < m; i++) {
            size_t c = rng_below(rng, m);
            share[order ? order[c] : c]++;
        }
        return;
    }
    for (size_t i = 0; i < m; i++)
        sum += share[order ? order[i] : i] = -log(1 - rng_double(rng));
    for (size_t i = 0; i < m; i++)
        share[order ? order[i] : i] *= (double)m / sum;
}

static void draw(struct plan *p, const size_t *cluster, size_t n, size_t n_clusters, struct rng *rng)
{
    for (size_t s = 0; s < p->n_strata; s++)
        boot_weights(p->share, n_clusters, p->order + p->start[s], p->start[s + 1] - p->start[s], rng);
    for (size_t i = 0; i < n; i++)
        p->w[i] = p->share[cluster[i]];
}

/* In a flat valley Newton's steps can go on for long and gain nothing: a resample is at its optimum where as many steps
 * again lower the objective by less than this share of it. */
#define FLAT 1e-4

/* *ok: the resample has a finite fit. Fails where memory for a wider search is gone. */
static enum status refit(struct solve_result *r, bool *ok, const struct solve_problem *q, const double *start,
                         struct err *err)
{
    struct solve_result more, wide;
    struct err why;
    solve_from(r, q, start);
    *ok = isfinite(r->objective);
    if (*ok && !r->converged) {
        solve_from(&more, q, r->p);
        more.converged = more.converged || more.objective >= r->objective * (1 - FLAT);
        *r = more;
    }
    if (*ok && r->converged)
        return OK;
    enum status st = search_near(&wide, q, start, &why);
    if (st == OK && (!*ok || wide.objective <= r->objective))
        *r = wide;
    *ok = isfinite(r->objective);
    return st == OK || st == E_NUMERIC ? OK : err_set(err, st, "%s", why.msg);
}

static void summarise(struct fit_law *f)
{
    size_t k = f->law->n_params;
    for (size_t j = 0; j < k; j++) {
        for (size_t b = 0; b < f->n_boot; b++) {
            double outer[LAW_MAX_PARAMS];
            law_external(outer, f->law, f->boot + b * k, &f->problem.centre);
            f->draws[b] = outer[j];
        }
        f->params[j] = stats_summary(f->outer[j], f->draws, f->n_boot, f->z);
    }
}

/* All laws see the same draws, so that they are compared resample by resample. Any number would do, but this one keeps
 * the intervals of old tables. */
#define STREAM 3

/* The resamples of a law, by several threads; what one has comes from its number alone. */
struct resamples {
    struct fit_law *f;
    const size_t *cluster;
    size_t n_clusters;
    uint64_t seed;
    bool *ok; /* (resamples) owned: it has a finite fit, which is in its place of f->boot */
    struct plan plans[EACH_THREADS];
    enum status st[EACH_THREADS];
    struct err errs[EACH_THREADS];
};

static void run_one(void *ctx, size_t b, size_t thread)
{
    struct resamples *s = ctx;
    struct fit_law *f = s->f;
    struct plan *plan = &s->plans[thread];
    struct rng rng = rng_make(s->seed, RNG_BOOTSTRAP, STREAM, b);
    struct solve_problem q = f->problem;
    struct solve_result r;
    double tau;
    if (s->st[thread] != OK)
        return;
    q.w = plan->w;
    draw(plan, s->cluster, f->n, s->n_clusters, &rng);
    s->st[thread] = refit(&r, &s->ok[b], &q, f->best.p, &s->errs[thread]);
    f->boot_aicc[b] = s->ok[b] ? solve_aicc(&tau, &q, r.objective) : (double)NAN;
    if (s->ok[b])
        memcpy(f->boot + b * f->law->n_params, r.p, f->law->n_params * sizeof *r.p);
}

/* Those that have a fit, one after the other. */
static void close_up(struct resamples *s, size_t n_boot)
{
    struct fit_law *f = s->f;
    size_t k = f->law->n_params;
    for (size_t b = 0; b < n_boot; b++)
        if (s->ok[b])
            memmove(f->boot + f->n_boot++ * k, f->boot + b * k, k * sizeof *f->boot);
        else
            f->n_boot_failed++;
}

static enum status run_all(struct resamples *s, const double *stratum, size_t n_boot, struct err *err)
{
    struct fit_law *f = s->f;
    size_t threads = each_threads(n_boot);
    TRY(size_calloc(&f->boot, n_boot * f->law->n_params, sizeof *f->boot, "resamples", err));
    TRY(size_calloc(&f->draws, n_boot, sizeof *f->draws, "resamples", err));
    TRY(size_calloc(&f->boot_aicc, n_boot, sizeof *f->boot_aicc, "resamples", err));
    TRY(size_calloc(&s->ok, n_boot, sizeof *s->ok, "resamples", err));
    for (size_t i = 0; i < threads; i++)
        TRY(make_plan(&s->plans[i], s->cluster, f->n, s->n_clusters, stratum, err));
    each_run(n_boot, run_one, s);
    for (size_t i = 0; i < threads; i++)
        if (s->st[i] != OK)
            return err_set(err, s->st[i], "%s", s->errs[i].msg);
    close_up(s, n_boot);
    summarise(f);
    return OK;
}

enum status boot_run(struct fit_law *f, const size_t *cluster, size_t n_clusters, const double *stratum,
                     size_t n_boot, uint64_t seed, struct err *err)
{
    struct resamples s = {.f = f, .cluster = cluster, .n_clusters = n_clusters, .seed = seed};
    enum status st = run_all(&s, stratum, n_boot, err);
    for (size_t i = 0; i < EACH_THREADS; i++)
        free_plan(&s.plans[i]);
    free(s.ok);
    return st;
}

/* Objectives that agree to this share are one optimum. */
#define SAME 1e-7

enum status boot_check(size_t *same, const struct fit_law *f, const size_t *cluster, size_t n_clusters, size_t n,
                       uint64_t seed, struct err *err)
{
    struct plan plan;
    enum status st = make_plan(&plan, cluster, f->n, n_clusters, NULL, err);
    struct solve_problem q = f->problem;
    q.w = plan.w;
    *same = 0;
    for (size_t b = 0; b < n && st == OK; b++) {
        struct rng rng = rng_make(seed, RNG_BOOTSTRAP, STREAM, b);
        struct solve_result near, global;
        draw(&plan, cluster, f->n, n_clusters, &rng);
        bool ok;
        st = refit(&near, &ok, &q, f->best.p, err);
        if (st == OK)
            st = search_global(&global, &q, err);
        *same += st == OK && near.objective <= global.objective * (1 + SAME);
    }
    free_plan(&plan);
    return st;
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
        bool ok;
        st = refit(&r, &ok, &q, f->best.p, err);
        if (ok && st == OK)
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
    return stats_normal_cdf(z0 + (z0 + z) / (1 - acc * (z0 + z)));
}

enum status boot_bca(struct fit_law *f, const size_t *cluster, size_t n_clusters, struct err *err)
{
    double *jack = NULL, *draws = f->draws;
    size_t k = f->law->n_params, m = 0, n = f->n_boot;
    if (n < 100)
        return OK;
    enum status st = jackknife(&jack, &m, f, cluster, n_clusters, err);
    for (size_t j = 0; j < k && st == OK; j++) {
        double below = 0;
        for (size_t b = 0; b < n; b++) {
            double outer[LAW_MAX_PARAMS];
            law_external(outer, f->law, f->boot + b * k, &f->problem.centre);
            draws[b] = outer[j];
            below += outer[j] < f->outer[j] ? 1 : outer[j] > f->outer[j] ? 0 : 0.5;
        }
        double share = fmin(fmax(below / (double)n, 0.5 / (double)n), 1 - 0.5 / (double)n);
        double z0 = stats_normal_quantile(share), acc = acceleration(jack, m, k, j);
        sort_doubles(draws, n);
        f->bca_lo[j] = stats_quantile(draws, n, bca_share(z0, acc, -STATS_Z95));
        f->bca_hi[j] = stats_quantile(draws, n, bca_share(z0, acc, STATS_Z95));
    }
    free(jack);
    return st;
}
