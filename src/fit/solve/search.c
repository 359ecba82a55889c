#include "fit/solve/search.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "fit/solve/starts.h"

/* Starts that are brought to an optimum. Few rows make many small basins, and cost little each: so many rows are
 * few, and so many rows times starts are little. */
#define MIN_STARTS 12
#define MAX_STARTS 40
#define FEW_ROWS 40
#define START_ROWS 1000
/* Starts of a narrower problem on many rows. */
#define NARROW_STARTS 4
/* Longer tables are fitted as a sample of so many rows first. */
#define SAMPLE_ROWS ((size_t)5000)
#define HOPS_MAX 120
/* Starts, the optima of narrower problems included. */
#define MAX_ALL (MAX_STARTS + 4)

/* Two optima are one where their objectives agree to this share. */
#define SAME_OPTIMUM 1e-7

static void take_best(struct solve_result *out, const struct solve_result *all, size_t n)
{
    size_t b = 0;
    for (size_t i = 1; i < n; i++) {
        /* a converged point before one that is only lower by rounding */
        double margin = all[i].converged == all[b].converged ? 0 : 1e-9 * all[b].objective;
        if (all[i].objective < all[b].objective - margin ||
            (all[i].converged && !all[b].converged &&
             all[i].objective <= all[b].objective * (1 + 1e-9)))
            b = i;
    }
    *out = all[b];
    out->n_starts = n;
    out->n_best = out->n_optima = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        out->n_best += all[i].objective <= all[b].objective * (1 + SAME_OPTIMUM) + DBL_MIN;
        for (size_t j = 0; j < i && !seen; j++)
            seen = fabs(all[i].objective - all[j].objective) <= SAME_OPTIMUM * all[j].objective;
        out->n_optima += all[i].converged && !seen;
    }
}

/* --- what is not settled ------------------------------------------------------------------------------ */

/* Losses come with ten digits or more, and parameters are printed with six: a parameter that moves further than the
 * second when losses move by the first is an accident of rounding. */
#define LOSS_DIGITS 5e-10
#define PRINTED_DIGITS 2e-6

/* Optima as good as the best as far as the digits of the losses tell. */
struct pool {
    struct solve_result r[MAX_ALL + HOPS_MAX];
    size_t n;
};

static void pool_add(struct pool *pool, const struct solve_result *r)
{
    if (pool && isfinite(r->objective))
        pool->r[pool->n++] = *r;
}

/* Two ends of one valley, and not two valleys: whether it is flat, its curvature tells. */
static bool one_valley(const struct solve_problem *q, const struct solve_result *a, const struct solve_result *b,
                       double top)
{
    double mid[LAW_MAX_PARAMS];
    for (size_t i = 0; i < q->law->n_params; i++)
        mid[i] = 0.5 * (a->p[i] + b->p[i]);
    solve_on_map(mid, q);
    return solve_objective(q, mid) <= top;
}

static void mark_unsettled(struct solve_result *best, const struct solve_problem *q, const struct pool *pool)
{
    double moves[LAW_MAX_PARAMS], outer[LAW_MAX_PARAMS], other[LAW_MAX_PARAMS];
    double top = best->objective + 2 * solve_slack(q, best->p, LOSS_DIGITS);
    solve_sensitivity(moves, q, best->p, LOSS_DIGITS);
    law_external(outer, q->law, best->p, &q->centre);
    best->unsettled = 0;
    for (size_t i = 0; i < q->law->n_params; i++)
        best->unsettled |= !(moves[i] <= PRINTED_DIGITS) ? 1u << i : 0;
    for (size_t k = 0; k < pool->n; k++) {
        if (!(pool->r[k].objective <= top) || one_valley(q, best, &pool->r[k], top))
            continue;
        law_external(other, q->law, pool->r[k].p, &q->centre);
        for (size_t i = 0; i < q->law->n_params; i++)
            best->unsettled |= !(fabs(other[i] - outer[i]) <= PRINTED_DIGITS * fabs(outer[i])) ? 1u << i : 0;
    }
}

/* --- narrower problems ------------------------------------------------------------------------------ */

static enum status basins(struct solve_result *out, const struct solve_problem *q, struct start *best, size_t n,
                          struct pool *pool, struct err *err) WARN_UNUSED;

/* Fit the narrower problem and take its optimum as a start: what it holds, the wider one must not do worse. One
 * that leads nowhere is no failure, running out of memory is. */
static enum status start_from(struct start *s, size_t *n, const struct solve_problem *narrow, struct err *err)
{
    struct solve_result r;
    struct err why;
    struct start best[MAX_ALL];
    enum status st = basins(&r, narrow, best, 0, NULL, &why);
    if (st == OK)
        memcpy(s[(*n)++].p, r.p, sizeof r.p);
    else if (st != E_NUMERIC)
        return err_set(err, st, "%s", why.msg);
    return OK;
}

/* No floor. */
static enum status start_no_level(struct start *s, size_t *n, const struct solve_problem *q, struct err *err)
{
    struct solve_problem narrow = *q;
    if (q->law->level < 0 || !solve_map_is_free(&q->map, (size_t)q->law->level) || q->map.n_free < 2 ||
        !solve_map_hold(&narrow.map, q->law, (size_t)q->law->level, 0, &q->centre))
        return OK;
    return start_from(s, n, &narrow, err);
}

/* One exponent. */
static enum status start_one_exponent(struct start *s, size_t *n, const struct solve_problem *q, struct err *err)
{
    struct solve_problem narrow = *q;
    struct err none;
    int alpha = law_param_find(q->law, "alpha"), beta = law_param_find(q->law, "beta");
    if (!strstr(q->law->ties, "alpha=beta") || !solve_map_is_free(&q->map, (size_t)alpha) ||
        !solve_map_is_free(&q->map, (size_t)beta) ||
        solve_map_tie(&narrow.map, q->law, "alpha=beta", &q->centre, &none) != OK)
        return OK;
    return start_from(s, n, &narrow, err);
}

/* The narrower law that this one may become: the parameters beyond it go from the map, where they are free. */
static enum status start_plain(struct start *s, size_t *n, const struct solve_problem *q, struct err *err)
{
    struct solve_problem narrow = *q;
    size_t before = *n;
    if (!q->law->narrower)
        return OK;
    narrow.law = q->law->narrower;
    for (size_t i = narrow.law->n_params; i < q->law->n_params; i++)
        if (!solve_map_is_free(&q->map, i) || !solve_map_hold(&narrow.map, q->law, i, 1, &q->centre))
            return OK;
    narrow.map.identity = narrow.map.n_free == narrow.law->n_params;
    TRY(start_from(s, n, &narrow, err));
    for (size_t i = narrow.law->n_params; i < q->law->n_params && *n > before; i++)
        s[before].p[i] = q->law->narrower_at;
    return OK;
}

/* --- a long table ------------------------------------------------------------------------------------ */

/* Of a very long table, a sample is fitted from every start first, and the whole only from the optima that
 * the sample has within half of its best: returns how many starts are left. */
static enum status sift_starts(struct start *best, size_t *n, const struct solve_problem *q, struct err *err)
{
    struct starts_thin sample;
    struct solve_result all[MAX_ALL];
    if (q->n <= 2 * SAMPLE_ROWS)
        return OK;
    TRY(starts_thin(&sample, q, SAMPLE_ROWS, err));
    size_t left = 0;
    double lowest = (double)INFINITY;
    for (size_t i = 0; i < *n; i++) {
        solve_from(&all[i], &sample.q, best[i].p);
        lowest = fmin(lowest, all[i].objective);
    }
    for (size_t i = 0; i < *n; i++) {
        bool keep = all[i].objective <= 1.5 * lowest;
        for (size_t j = 0; j < i && keep; j++)
            keep = !(fabs(all[i].objective - all[j].objective) <= 1e-6 * all[j].objective);
        if (keep)
            memcpy(best[left++].p, all[i].p, sizeof all[i].p);
    }
    if (left > 0)
        *n = left;
    starts_thin_free(&sample);
    return OK;
}

/* --- hops -------------------------------------------------------------------------------------- */

/* The best optimum's surroundings are searched until so many starts in a row, drawn about it, lead nowhere lower.
 * Sums of powers need it where a few rows leave many basins. */
static size_t hops_of(const struct solve_problem *q)
{
    bool few = q->n <= FEW_ROWS;
    return q->law->n_terms > 0 ? (few ? 12 : 0) : q->law->rugged || few ? 24 : 12;
}

/* Rows times hops: about 10 s of one core; a table beyond it is smooth enough without. */
#define HOP_WORK 4e5

/* The k-th start about p, by turns near and far. */
static void start_about(double *out, const struct solve_problem *q, const double *p, size_t k)
{
    struct rng rng = rng_make(0, RNG_SEARCH, q->law->stream, k);
    double width = k % 2 ? 1.0 : 0.3;
    for (size_t j = 0; j < q->law->n_params; j++)
        out[j] = p[j] + (q->law->params[j].kind == LAW_LOG ? 3 : 1) * width * rng_normal(&rng);
    solve_on_map(out, q);
}

static void hop(struct solve_result *best, const struct solve_problem *q, struct pool *pool)
{
    size_t patience = hops_of(q), since = 0;
    for (size_t k = 0; since < patience && k < HOPS_MAX; k++, since++) {
        struct solve_result r;
        double p[LAW_MAX_PARAMS];
        if ((double)(k + 1) * (double)q->n > HOP_WORK)
            return;
        start_about(p, q, best->p, k);
        solve_from(&r, q, p);
        pool_add(pool, &r);
        if (!(r.objective < best->objective * (1 - SAME_OPTIMUM)))
            continue;
        r.n_starts = best->n_starts;
        r.n_optima = best->n_optima + 1;
        r.n_best = 1;
        *best = r;
        since = 0;
    }
}

/* --- the ends of a flat valley ---------------------------------------------------------------------- */

static void keep_lower(struct solve_result *best, const struct solve_result *r)
{
    struct solve_result was = *best;
    if (!(r->objective < best->objective || (r->objective == best->objective && r->converged)))
        return;
    *best = *r;
    best->n_starts = was.n_starts;
    best->n_optima = was.n_optima;
    best->n_best = was.n_best;
}

/* A valley along which an exponent runs to its end falls by less and less, and Newton's steps stop short of the end:
 * go there, and from there. */
static void try_ends(struct solve_result *best, const struct solve_problem *q)
{
    for (size_t i = 0; i < q->law->n_params; i++) {
        const struct law_param *a = &q->law->params[i];
        bool bounded = a->kind == LAW_EXPONENT || a->kind == LAW_LOG;
        for (int end = 0; end < 2 && bounded && solve_map_is_free(&q->map, i); end++) {
            struct solve_problem held = *q;
            struct solve_result r;
            double at = end ? a->hi : a->lo;
            if (q->map.n_free < 2 ||
                !solve_map_hold(&held.map, q->law, i, a->kind == LAW_LOG ? exp(at) : at, &q->centre))
                continue;
            solve_from(&r, &held, best->p);
            solve_from(&r, q, r.p);
            keep_lower(best, &r);
        }
    }
}

#define MAX_RESTARTS 8
/* A gain below this share is none. */
#define NO_GAIN 1e-12

/* Newton again, with fresh damping, as long as that finds anything. */
static void restart(struct solve_result *best, const struct solve_problem *q)
{
    for (int i = 0; i < MAX_RESTARTS && !best->converged; i++) {
        struct solve_result r;
        double before = best->objective;
        solve_from(&r, q, best->p);
        keep_lower(best, &r);
        if (!(best->objective < before * (1 - NO_GAIN)))
            break;
    }
}

#define MAX_ROUNDS 4

/* The end of one valley may lie in another, whose ends have not been tried. */
static void settle(struct solve_result *best, const struct solve_problem *q)
{
    for (int i = 0; i < MAX_ROUNDS; i++) {
        double before = best->objective;
        try_ends(best, q);
        restart(best, q);
        if (!(best->objective < before * (1 - NO_GAIN)))
            break;
    }
}

/* --- the search -------------------------------------------------------------------------------- */

static enum status from_starts(struct solve_result *out, const struct solve_problem *q,
                               const struct start *best, size_t n, struct pool *pool, struct err *err)
{
    struct solve_result all[MAX_ALL];
    for (size_t i = 0; i < n; i++) {
        solve_from(&all[i], q, best[i].p);
        pool_add(pool, &all[i]);
    }
    if (n > 0)
        take_best(out, all, n);
    if (n == 0 || !isfinite(out->objective))
        return err_set(err, E_NUMERIC, "law %s: no start leads to a finite fit of these %zu runs",
                       q->law->name, q->n);
    return OK;
}

/* From the grid's starts and n more that best holds already; all that is found goes into the pool. Without one it is a
 * narrower problem, which is looked through quickly where many rows leave few basins. */
static enum status basins(struct solve_result *out, const struct solve_problem *q, struct start *best, size_t n,
                          struct pool *pool, struct err *err)
{
    size_t n_grid = 0;
    bool few = q->n <= FEW_ROWS, terms = q->law->n_terms > 0, narrow = pool == NULL;
    struct starts_effort effort = {.fine = few || terms,
                                   .reweights = few ? 3 : terms ? 1 : 0,
                                   .keep = few ? size_min(MAX_STARTS, START_ROWS / size_max(q->n, 1))
                                           : narrow ? NARROW_STARTS : MIN_STARTS};
    TRY(starts_grid(best + n, &n_grid, q, &effort, err));
    n += n_grid;
    TRY(sift_starts(best, &n, q, err));
    TRY(from_starts(out, q, best, n, pool, err));
    if (few || !narrow)
        hop(out, q, pool);
    if (few || !out->converged)
        settle(out, q);
    return OK;
}

enum status search_global(struct solve_result *out, const struct solve_problem *q, struct err *err)
{
    struct start best[MAX_ALL];
    size_t n = 0;
    TRY(start_plain(best, &n, q, err));
    TRY(start_no_level(best, &n, q, err));
    TRY(start_one_exponent(best, &n, q, err));
    struct pool pool = {.n = 0};
    TRY(basins(out, q, best, n, &pool, err));
    mark_unsettled(out, q, &pool);
    return OK;
}

/* How many starts are drawn about the optimum of a problem that differs little. */
#define NEAR_HOPS 6
#define N_NEAR 3

enum status search_near(struct solve_result *out, const struct solve_problem *q, const double *near,
                        struct err *err)
{
    struct start best[MAX_ALL];
    size_t n = 0;
    const struct starts_effort effort = {.keep = q->n > 2 * SAMPLE_ROWS ? N_NEAR : MIN_STARTS};
    if (q->law->n_terms > 0)
        TRY(starts_grid(best, &n, q, &effort, err));
    memcpy(best[n++].p, near, sizeof best[0].p);
    for (size_t k = 1; q->law->n_terms == 0 && k <= NEAR_HOPS; k++)
        start_about(best[n++].p, q, near, k);
    return from_starts(out, q, best, n, NULL, err);
}
