#include "fit/search.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

/* Starts that are brought to an optimum, the best of the grid; fewer where a fit near by is known. */
#define N_KEEP 12
#define N_NEAR 3
#define MAX_STARTS (N_KEEP + 1)

/* One axis of the start grid: n values from lo to hi, evenly. */
struct axis {
    size_t param;
    double lo, hi;
    size_t n;
};

#define MAX_AXES 4

struct start {
    double p[LAW_MAX_PARAMS];
    double score;
    size_t at[MAX_AXES];
};

/* Non-negative least squares in at most three unknowns from normal equations: the best of all
 * subsets, which for three is quicker than any active-set method. */
static void nnls(double *c, double a[3][3], const double *b, size_t m)
{
    double best = 0;
    c[0] = c[1] = c[2] = 0;
    for (unsigned mask = 1; mask < 1u << m; mask++) {
        double t[3][4], x[3] = {0};
        size_t idx[3], k = 0;
        bool ok = true;
        for (size_t i = 0; i < m; i++)
            if (mask >> i & 1)
                idx[k++] = i;
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++)
                t[i][j] = a[idx[i]][idx[j]];
            t[i][k] = b[idx[i]];
        }
        for (size_t i = 0; i < k && ok; i++) {
            ok = t[i][i] > 1e-14 * a[idx[i]][idx[i]];
            for (size_t r = i + 1; r < k && ok; r++)
                for (size_t j = k + 1; j-- > i;)
                    t[r][j] -= t[r][i] / t[i][i] * t[i][j];
        }
        for (size_t i = k; ok && i-- > 0;) {
            x[i] = t[i][k];
            for (size_t j = i + 1; j < k; j++)
                x[i] -= t[i][j] * x[j];
            x[i] /= t[i][i];
            ok = x[i] >= 0;
        }
        double gain = 0;
        for (size_t i = 0; i < k; i++)
            gain += x[i] * b[idx[i]];
        if (!ok || !(gain > best))
            continue;
        best = gain;
        c[0] = c[1] = c[2] = 0;
        for (size_t i = 0; i < k; i++)
            c[idx[i]] = x[i];
    }
}

/* Solve the linear part at the exponents in p, in relative error. */
static bool project(double *p, const struct solve_problem *q)
{
    double a[3][3] = {{0}}, b[3] = {0}, coef[3];
    size_t m = 0;
    for (size_t i = 0; i < q->n; i++) {
        double phi[3], w = solve_weight(q, i) / (q->loss[i] * q->loss[i]);
        m = law_basis(phi, q->law, p, &q->x[i], &q->centre);
        for (size_t r = 0; r < m; r++) {
            b[r] += w * phi[r] * q->loss[i];
            for (size_t c = 0; c < m; c++)
                a[r][c] += w * phi[r] * phi[c];
        }
    }
    nnls(coef, a, b, m);
    law_set_linear(p, q->law, coef);
    for (size_t i = 0; i < q->law->n_params; i++)
        if (!isfinite(p[i]))
            return false;
    return true;
}

static size_t start_axes(struct axis *ax, const struct solve_problem *q)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    for (size_t i = 0; i < q->n; i++) {
        lo = fmin(lo, q->x[i].u);
        hi = fmax(hi, q->x[i].u);
    }
    switch (q->law->id) {
    case LAW_POWER:
        ax[0] = (struct axis){1, 0.02, 2.0, 40};
        return 1;
    case LAW_FLOOR:
        ax[0] = (struct axis){2, 0.02, 3.0, 60};
        return 1;
    case LAW_BNSL:
        ax[0] = (struct axis){2, -0.1, 1.2, 7};
        ax[1] = (struct axis){3, -0.8, 6.0, 9};
        ax[2] = (struct axis){4, lo, hi, 9};
        ax[3] = (struct axis){5, -3.5, 1.0, 4};
        return 4;
    case LAW_JOINT:
        ax[0] = (struct axis){3, 0.05, 1.2, 7};
        ax[1] = (struct axis){4, 0.05, 1.2, 7};
        ax[2] = (struct axis){2, -4.0, 4.0, 5};
        ax[3] = (struct axis){5, -1.6, 1.2, 5};
        return 4;
    default:
        ax[0] = (struct axis){3, 0.04, 1.6, 20};
        ax[1] = (struct axis){4, 0.04, 1.6, 20};
        return 2;
    }
}

/* Keep the best starts, no two of them neighbours on the grid. */
static void keep_start(struct start *best, size_t *n, size_t keep, const struct start *s, size_t n_axes)
{
    for (size_t i = 0; i < *n; i++) {
        size_t far = 0;
        for (size_t a = 0; a < n_axes; a++)
            far = size_max(far, s->at[a] > best[i].at[a] ? s->at[a] - best[i].at[a]
                                                         : best[i].at[a] - s->at[a]);
        if (far < 2) {
            if (s->score < best[i].score)
                best[i] = *s;
            return;
        }
    }
    if (*n < keep) {
        best[(*n)++] = *s;
        return;
    }
    size_t worst = 0;
    for (size_t i = 1; i < *n; i++)
        if (best[i].score > best[worst].score)
            worst = i;
    if (s->score < best[worst].score)
        best[worst] = *s;
}

static void middle(double *p, const struct law *law)
{
    for (size_t i = 0; i < law->n_params; i++)
        p[i] = law->params[i].kind == LAW_EXPONENT ? 0.4 : 0;
    if (law->id == LAW_REPEAT)
        p[5] = p[6] = log(10.0);
}

/* What the start grid sees of a large table: enough rows to rank exponents. */
#define GRID_ROWS 600
#define SAMPLE_ROWS ((size_t)5000)

static enum status thin(struct solve_problem *out, const struct solve_problem *q, size_t n,
                        struct law_point **x, double **y, struct err *err)
{
    *out = *q;
    *x = NULL;
    *y = NULL;
    if (q->n <= n)
        return OK;
    TRY(size_calloc(x, n, sizeof **x, "start rows", err));
    TRY(size_calloc(y, 3 * n, sizeof **y, "start rows", err));
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)((double)k * (double)q->n / (double)n);
        (*x)[k] = q->x[i];
        (*y)[k] = q->loss[i];
        (*y)[n + k] = q->ln_loss[i];
        (*y)[2 * n + k] = solve_weight(q, i);
    }
    out->x = *x;
    out->loss = *y;
    out->ln_loss = *y + n;
    out->w = *y + 2 * n;
    out->n = n;
    return OK;
}

static size_t grid_starts(struct start *best, size_t keep, const struct solve_problem *q)
{
    struct axis ax[MAX_AXES];
    size_t n_axes = start_axes(ax, q), total = 1, n = 0;
    for (size_t a = 0; a < n_axes; a++)
        total *= ax[a].n;
    for (size_t k = 0; k < total; k++) {
        struct start s = {.score = (double)INFINITY};
        middle(s.p, q->law);
        for (size_t a = 0, rest = k; a < n_axes; a++) {
            s.at[a] = rest % ax[a].n;
            rest /= ax[a].n;
            s.p[ax[a].param] =
                ax[a].lo + (ax[a].hi - ax[a].lo) * (double)s.at[a] / (double)(ax[a].n - 1);
        }
        if (!project(s.p, q))
            continue;
        solve_on_map(s.p, q);
        s.score = solve_objective(q, s.p);
        if (isfinite(s.score))
            keep_start(best, &n, keep, &s, n_axes);
    }
    return n;
}

/* R* of law repeat are tried on a grid of their own behind each start of the plain law. */
static const double repeat_stars[] = {0.7, 2.5, 6.0, 16.0, 60.0, 400.0};
#define N_STARS (sizeof repeat_stars / sizeof *repeat_stars)

static void spread_repeat(struct start *s, const struct solve_problem *q)
{
    struct start best = *s;
    best.score = (double)INFINITY;
    for (size_t i = 0; i < N_STARS * N_STARS; i++) {
        struct start t = *s;
        t.p[5] = log(repeat_stars[i % N_STARS]);
        t.p[6] = log(repeat_stars[i / N_STARS]);
        solve_on_map(t.p, q);
        t.score = solve_objective(q, t.p);
        if (t.score < best.score)
            best = t;
    }
    if (isfinite(best.score))
        *s = best;
}

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

/* The joint law contains chinchilla (g = 1), so its answer must not be worse. */
static size_t nested_start(struct start *s, const struct solve_problem *q)
{
    struct solve_problem plain = *q;
    struct solve_result r;
    struct err ignored;
    if (q->law->id != LAW_JOINT || !q->map.identity)
        return 0;
    plain.law = law_get(LAW_CHINCHILLA);
    solve_map_identity(&plain.map, plain.law);
    if (search_global(&r, &plain, &ignored) != OK)
        return 0;
    memcpy(s->p, r.p, sizeof s->p);
    s->p[5] = 0;
    return 1;
}

/* Of a very long table, a sample is fitted from every start first, and the whole only from the optima that
 * the sample has within half of its best: returns how many starts are left. */
static enum status sift_starts(struct start *best, size_t *n, const struct solve_problem *q, struct err *err)
{
    struct solve_problem sample;
    struct law_point *x;
    double *y;
    struct solve_result all[MAX_STARTS];
    if (q->n <= 2 * SAMPLE_ROWS)
        return OK;
    enum status st = thin(&sample, q, SAMPLE_ROWS, &x, &y, err);
    size_t left = 0;
    for (size_t i = 0; i < *n && st == OK; i++)
        solve_from(&all[i], &sample, best[i].p);
    double lowest = (double)INFINITY;
    for (size_t i = 0; i < *n && st == OK; i++)
        lowest = fmin(lowest, all[i].objective);
    for (size_t i = 0; i < *n && st == OK; i++) {
        bool keep = all[i].objective <= 1.5 * lowest;
        for (size_t j = 0; j < i && keep; j++)
            keep = !(fabs(all[i].objective - all[j].objective) <= 1e-6 * all[j].objective);
        if (keep)
            memcpy(best[left++].p, all[i].p, sizeof all[i].p);
    }
    if (st == OK && left > 0)
        *n = left;
    free(x);
    free(y);
    return st;
}

/* --- hops -------------------------------------------------------------------------------------- */

/* Laws whose objective has several minima (joint, repeat, bnsl) are searched around the best optimum until so
 * many starts in a row, drawn about it, lead nowhere lower. */
static size_t hops_of(const struct law *law)
{
    return law->n_terms > 0 ? 0 : law->id == LAW_REPEAT ? 24 : 12;
}

#define HOPS_MAX 120
/* Rows times hops: about 10 s of one core; a table beyond it is smooth enough without. */
#define HOP_WORK 4e5

/* The k-th start about p, by turns near and far. */
static void start_about(double *out, const struct solve_problem *q, const double *p, size_t k)
{
    struct rng rng = rng_make(0, RNG_SEARCH, (uint64_t)q->law->id, k);
    double width = k % 2 ? 1.0 : 0.3;
    for (size_t j = 0; j < q->law->n_params; j++)
        out[j] = p[j] + (q->law->params[j].kind == LAW_LOG ? 3 : 1) * width * rng_normal(&rng);
    solve_on_map(out, q);
}

static void hop(struct solve_result *best, const struct solve_problem *q)
{
    size_t patience = hops_of(q->law), since = 0;
    for (size_t k = 0; since < patience && k < HOPS_MAX; k++, since++) {
        struct solve_result r;
        double p[LAW_MAX_PARAMS];
        if ((double)(k + 1) * (double)q->n > HOP_WORK)
            return;
        start_about(p, q, best->p, k);
        solve_from(&r, q, p);
        if (!(r.objective < best->objective * (1 - SAME_OPTIMUM)) || !r.converged)
            continue;
        r.n_starts = best->n_starts;
        r.n_optima = best->n_optima + 1;
        r.n_best = 1;
        *best = r;
        since = 0;
    }
}

/* --- the search -------------------------------------------------------------------------------- */

static enum status starts(struct start *best, size_t *n, const struct solve_problem *q, size_t keep,
                          struct err *err)
{
    struct solve_problem grid;
    struct law_point *x;
    double *y;
    enum status st = thin(&grid, q, GRID_ROWS, &x, &y, err);
    *n = st == OK ? grid_starts(best, keep, &grid) : 0;
    for (size_t i = 0; i < *n && q->law->id == LAW_REPEAT; i++)
        spread_repeat(&best[i], &grid);
    free(x);
    free(y);
    return st;
}

static enum status from_starts(struct solve_result *out, const struct solve_problem *q,
                               const struct start *best, size_t n, struct err *err)
{
    struct solve_result all[MAX_STARTS];
    for (size_t i = 0; i < n; i++)
        solve_from(&all[i], q, best[i].p);
    if (n > 0)
        take_best(out, all, n);
    if (n == 0 || !isfinite(out->objective))
        return err_set(err, E_NUMERIC, "law %s: no start leads to a finite fit of these %zu runs",
                       q->law->name, q->n);
    return OK;
}

enum status search_global(struct solve_result *out, const struct solve_problem *q, struct err *err)
{
    struct start best[MAX_STARTS];
    size_t n = 0;
    TRY(starts(best, &n, q, N_KEEP, err));
    n += nested_start(&best[n], q);
    TRY(sift_starts(best, &n, q, err));
    TRY(from_starts(out, q, best, n, err));
    hop(out, q);
    return OK;
}

/* How many starts are drawn about the optimum of a problem that differs little. */
#define NEAR_HOPS 6

enum status search_near(struct solve_result *out, const struct solve_problem *q, const double *near,
                        struct err *err)
{
    struct start best[MAX_STARTS];
    size_t n = 1;
    memcpy(best[0].p, near, sizeof best[0].p);
    if (q->law->n_terms > 0 && q->n <= 2 * SAMPLE_ROWS)
        return search_global(out, q, err);
    if (q->law->n_terms > 0) {
        TRY(starts(best, &n, q, N_NEAR, err));
        memcpy(best[n++].p, near, sizeof best[0].p);
    }
    for (; q->law->n_terms == 0 && n <= NEAR_HOPS; n++)
        start_about(best[n].p, q, near, n);
    return from_starts(out, q, best, n, err);
}
