#include "fit/solve/starts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* --- the linear part ----------------------------------------------------------------------------- */

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

/* A coefficient that came out 0 starts where its term is this share of the loss at most: its logarithm must exist. */
#define TINY_SHARE 1e-3

/* Solve the linear part at the exponents in p, in relative error; rows that the robust objective trusts less weigh
 * less from the second pass on. What is held or tied among the linear parameters is put right afterwards. */
static bool project(double *p, const struct solve_problem *q, size_t reweights)
{
    const struct law *law = q->law;
    bool held = law->level >= 0 && !solve_map_is_free(&q->map, (size_t)law->level);
    double level = held ? p[law->level] : 0;
    size_t first = held ? 1 : 0;
    for (size_t pass = 0; pass <= reweights; pass++) {
        double a[3][3] = {{0}}, b[3] = {0}, coef[4] = {level}, top[3] = {0};
        size_t m = 0;
        struct law_at at = law_at(law, p, &q->centre);
        for (size_t i = 0; i < q->n; i++) {
            double phi[3], w = solve_weight(q, i) / (q->loss[i] * q->loss[i]), y = q->loss[i] - level;
            if (pass > 0)
                w *= 1 / fmax(fabs(log(law_at_value(&at, &q->x[i])) - q->ln_loss[i]), 1e-3);
            m = law_basis(phi, law, p, &q->x[i], &q->centre) - first;
            for (size_t r = 0; r < m; r++) {
                top[first + r] = fmax(top[first + r], phi[first + r] / q->loss[i]);
                b[r] += w * phi[first + r] * y;
                for (size_t c = 0; c < m; c++)
                    a[r][c] += w * phi[first + r] * phi[first + c];
            }
        }
        nnls(coef + first, a, b, m);
        for (size_t r = law->level >= 0 ? 1 : 0; r < first + m; r++)
            coef[r] = coef[r] > 0 ? coef[r] : TINY_SHARE / top[r];
        law_set_linear(p, law, coef);
        solve_on_map(p, q);
        for (size_t i = 0; i < law->n_params; i++)
            if (!isfinite(p[i]))
                return false;
    }
    return true;
}

/* --- the grid ------------------------------------------------------------------------------------- */

static double axis_at(const struct law_axis *ax, size_t i)
{
    double share = ax->n > 1 ? (double)i / (double)(ax->n - 1) : 0;
    return ax->geometric ? ax->lo * pow(ax->hi / ax->lo, share) : ax->lo + (ax->hi - ax->lo) * share;
}

static size_t all_axes(struct law_axis *ax, const struct solve_problem *q, bool fine)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    for (size_t i = 0; i < q->n; i++) {
        lo = fmin(lo, q->x[i].u);
        hi = fmax(hi, q->x[i].u);
    }
    return q->law->axes(ax, lo, hi, fine);
}

/* The axes along which something is free. */
static size_t free_axes(struct law_axis *ax, const struct solve_problem *q, bool fine)
{
    size_t n = all_axes(ax, q, fine), kept = 0;
    for (size_t a = 0; a < n; a++)
        if (solve_map_is_free(&q->map, ax[a].param))
            ax[kept++] = ax[a];
    return kept;
}

static void fill_cell(struct start *s, size_t k, const struct law_axis *ax, size_t n_axes,
                      const struct solve_problem *q, size_t reweights)
{
    for (size_t i = 0; i < q->law->n_params; i++)
        s->p[i] = q->law->params[i].middle;
    for (size_t a = 0; a < n_axes; k /= ax[a++].n)
        s->p[ax[a].param] = axis_at(&ax[a], k % ax[a].n);
    solve_on_map(s->p, q);
    s->score = project(s->p, q, reweights) ? solve_objective(q, s->p) : (double)INFINITY;
}

/* No neighbour along an axis is lower. */
static bool is_minimum(const struct start *cell, size_t k, const struct law_axis *ax, size_t n_axes)
{
    if (!isfinite(cell[k].score))
        return false;
    for (size_t a = 0, stride = 1; a < n_axes; stride *= ax[a++].n) {
        size_t at = k / stride % ax[a].n;
        if ((at > 0 && cell[k - stride].score < cell[k].score) ||
            (at + 1 < ax[a].n && cell[k + stride].score < cell[k].score))
            return false;
    }
    return true;
}

static void keep_start(struct start *best, size_t *n, size_t keep, const struct start *s)
{
    size_t at = *n;
    while (at > 0 && best[at - 1].score > s->score)
        at--;
    if (at == keep)
        return;
    *n = size_min(*n + 1, keep);
    memmove(best + at + 1, best + at, (*n - at - 1) * sizeof *best);
    best[at] = *s;
}

/* Put s at the best of the law's pairs of values. */
static void spread_pair(struct start *s, const struct solve_problem *q)
{
    const struct law_pair *pair = &q->law->pair;
    struct start best = *s;
    best.score = (double)INFINITY;
    for (size_t i = 0; i < pair->n * pair->n; i++) {
        struct start t = *s;
        t.p[pair->a] = log(pair->values[i % pair->n]);
        t.p[pair->b] = log(pair->values[i / pair->n]);
        solve_on_map(t.p, q);
        t.score = solve_objective(q, t.p);
        if (t.score < best.score)
            best = t;
    }
    if (isfinite(best.score))
        *s = best;
}

/* Rows that the grid sees of a large table: enough to rank exponents. */
#define GRID_ROWS 600

enum status starts_grid(struct start *best, size_t *n, const struct solve_problem *q,
                        const struct starts_effort *effort, struct err *err)
{
    struct law_axis ax[LAW_MAX_AXES];
    struct starts_thin thin;
    struct start *cell = NULL;
    size_t n_axes = free_axes(ax, q, effort->fine), total = 1;
    for (size_t a = 0; a < n_axes; a++)
        total *= ax[a].n;
    TRY(starts_thin(&thin, q, GRID_ROWS, err));
    enum status st = size_calloc(&cell, total, sizeof *cell, "starts", err);
    *n = 0;
    for (size_t k = 0; k < total && st == OK; k++)
        fill_cell(&cell[k], k, ax, n_axes, &thin.q, effort->reweights);
    for (size_t k = 0; k < total && st == OK; k++)
        if (is_minimum(cell, k, ax, n_axes))
            keep_start(best, n, effort->keep, &cell[k]);
    for (size_t i = 0; i < *n && q->law->pair.n > 0; i++)
        spread_pair(&best[i], &thin.q);
    free(cell);
    starts_thin_free(&thin);
    return st;
}

/* --- large tables --------------------------------------------------------------------------------- */

enum status starts_thin(struct starts_thin *out, const struct solve_problem *q, size_t n, struct err *err)
{
    *out = (struct starts_thin){.q = *q};
    if (q->n <= n)
        return OK;
    TRY(size_calloc(&out->x, n, sizeof *out->x, "start rows", err));
    enum status st = size_calloc(&out->y, 3 * n, sizeof *out->y, "start rows", err);
    if (st != OK) {
        starts_thin_free(out);
        return st;
    }
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)((double)k * (double)q->n / (double)n);
        out->x[k] = q->x[i];
        out->y[k] = q->loss[i];
        out->y[n + k] = q->ln_loss[i];
        out->y[2 * n + k] = solve_weight(q, i);
    }
    out->q.x = out->x;
    out->q.loss = out->y;
    out->q.ln_loss = out->y + n;
    out->q.w = out->y + 2 * n;
    out->q.n = n;
    return OK;
}

void starts_thin_free(struct starts_thin *t)
{
    free(t->x);
    free(t->y);
    *t = (struct starts_thin){0};
}
