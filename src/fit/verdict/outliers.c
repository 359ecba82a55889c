#include "fit/verdict/outliers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/solve/search.h"
#include "fit/stats.h"
#include "fit/verdict/nearby.h"

/* Odds of a false name in a clean table; laws that must agree and the share left to the odd seed make it less. */
#define FALSE_NAMES 0.02
/* Left out at first: generous, as the scale is rough, and whoever belongs comes back. */
#define FIRST_CUT 3.5
#define HUBER_SDS 1.345
#define ROUNDS 12
/* Runs beyond a law's parameters below which nothing is named, and the share of runs above which the law is what is
 * wrong. */
#define MIN_SPARE 5
#define MOST 0.2
/* Losses that agree to this share are rounded, not noisy. */
#define EXACT 1e-6
/* A law whose scatter is more than this times the best one's has no say. */
#define POOR 1.5
/* Off the plane through its neighbours by so many times what is usual: the bar for a run that already lies off the
 * law. */
#define NEARBY_CUT 4.0
/* Nor do neighbours explain a run this far off, in units of the scatter: lack of fit would have widened that. */
#define FAR 12.0

struct work {
    struct solve_problem q;
    double p[LAW_MAX_PARAMS];
    size_t n, k;         /* runs, free parameters */
    double *e, *w, *lev, *sorted, *t; /* (n) residual, weight, leverage, scratch, residual in units of its scatter */
    double scale;
    const double *noise;
};

static enum status alloc(struct work *w, size_t n, struct err *err)
{
    TRY(size_calloc(&w->e, 5 * n, sizeof *w->e, "residuals", err));
    w->w = w->e + n, w->lev = w->e + 2 * n, w->sorted = w->e + 3 * n, w->t = w->e + 4 * n;
    return OK;
}

/* --- one law ----------------------------------------------------------------------------------------- */

static void residuals(struct work *w)
{
    struct law_at at = law_at(w->q.law, w->p, &w->q.centre);
    for (size_t i = 0; i < w->n; i++)
        w->e[i] = w->q.ln_loss[i] - log(law_at_value(&at, &w->q.x[i]));
}

/* Gradient of the ln prediction in the free parameters. */
static void gradient(double *g, const struct work *w, const struct law_at *at, size_t i)
{
    struct law_jet jet;
    law_at_jet(&jet, at, &w->q.x[i]);
    for (size_t a = 0; a < w->k; a++) {
        g[a] = 0;
        for (size_t j = 0; j < w->q.law->n_params; j++)
            g[a] += jet.g[j] * w->q.map.m[j][a] / jet.v;
    }
}

/* Cholesky of the information of the runs in use; directions that they do not settle get a little of their own, so
 * that a run which alone settles one has leverage 1. */
static void factor(double l[LAW_MAX_PARAMS][LAW_MAX_PARAMS], const struct work *w, const struct law_at *at)
{
    double h[LAW_MAX_PARAMS][LAW_MAX_PARAMS] = {{0}}, g[LAW_MAX_PARAMS];
    for (size_t i = 0; i < w->n; i++) {
        if (!(w->w[i] > 0))
            continue;
        gradient(g, w, at, i);
        for (size_t a = 0; a < w->k; a++)
            for (size_t b = 0; b <= a; b++)
                h[a][b] += g[a] * g[b];
    }
    for (size_t a = 0; a < w->k; a++)
        for (size_t b = 0; b <= a; b++) {
            double s = h[a][b];
            for (size_t c = 0; c < b; c++)
                s -= l[a][c] * l[b][c];
            l[a][b] = a == b ? sqrt(fmax(s, 1e-10 * h[a][a] + 1e-300)) : s / l[b][b];
        }
}

static void leverages(struct work *w)
{
    double l[LAW_MAX_PARAMS][LAW_MAX_PARAMS] = {{0}}, g[LAW_MAX_PARAMS];
    struct law_at at = law_at(w->q.law, w->p, &w->q.centre);
    factor(l, w, &at);
    for (size_t i = 0; i < w->n; i++) {
        double sum = 0;
        gradient(g, w, &at, i);
        for (size_t a = 0; a < w->k; a++) {
            for (size_t b = 0; b < a; b++)
                g[a] -= l[a][b] * g[b];
            g[a] /= l[a][a];
            sum += g[a] * g[a];
        }
        w->lev[i] = isfinite(sum) ? sum : 1;
    }
}

/* From the median of what is not interpolated: a fit of least absolute values goes through as many runs as it has
 * parameters. */
static double first_scale(struct work *w)
{
    for (size_t i = 0; i < w->n; i++)
        w->sorted[i] = fabs(w->e[i]);
    sort_doubles(w->sorted, w->n);
    return fmax(1.4826 * stats_quantile(w->sorted + w->k, w->n - w->k, 0.5), EXACT);
}

/* Root mean square of the runs in use. */
static double scale_of_rest(const struct work *w)
{
    double ss = 0, m = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->w[i] > 0) {
            ss += w->e[i] * w->e[i];
            m++;
        }
    return m > (double)w->k ? fmax(sqrt(ss / (m - (double)w->k)), EXACT) : (double)INFINITY;
}

/* Residuals in units of their own spread: smaller than the scatter for a run in use, larger for one left out. */
static void studentize(struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        double h = fmin(w->lev[i], w->w[i] > 0 ? 0.99 : 1e6);
        double spread = sqrt(w->w[i] > 0 ? 1 - h : 1 + h);
        w->t[i] = fabs(w->e[i]) / (fmax(w->scale, w->noise ? w->noise[i] : 0) * spread);
    }
}

/* Leave out what lies beyond the cut; returns whether that changed anything. */
static bool mark(struct work *w, double cut)
{
    bool changed = false;
    for (size_t i = 0; i < w->n; i++) {
        double keep = w->t[i] > cut ? 0 : 1;
        changed = changed || keep != w->w[i];
        w->w[i] = keep;
    }
    return changed;
}

static size_t left_out(const struct work *w)
{
    size_t m = 0;
    for (size_t i = 0; i < w->n; i++)
        m += !(w->w[i] > 0);
    return m;
}

/* The robust optimum to start from: the user's own, where it is one. */
static enum status robust_start(struct work *w, const struct outliers_law *law, struct err *err)
{
    const struct solve_objective huber = {SOLVE_HUBER, 1e-3, SOLVE_LOG, 1};
    bool even = !(w->q.obj.over > 0) || w->q.obj.over == 1;
    bool robust = w->q.obj.loss != SOLVE_LSQ && w->q.obj.scale == SOLVE_LOG && even && w->q.obj.delta <= 1e-2;
    w->q.obj = huber;
    memcpy(w->p, law->start, w->q.law->n_params * sizeof *w->p);
    if (robust)
        return OK;
    struct solve_result r;
    struct err ignored;
    enum status st = search_near(&r, &w->q, law->start, &ignored);
    if (st == E_NOMEM)
        return err_set(err, E_NOMEM, "out of memory for a robust fit");
    if (st == OK)
        memcpy(w->p, r.p, sizeof w->p);
    return OK;
}

static void refit(struct work *w)
{
    struct solve_result r;
    w->q.obj.delta = HUBER_SDS * w->scale;
    w->q.w = w->w;
    solve_from(&r, &w->q, w->p);
    if (isfinite(r.objective))
        memcpy(w->p, r.p, sizeof w->p);
    residuals(w);
}

/* Runs off this law have w->w of 0 afterwards; false where it cannot be said. */
static enum status follow(bool *told, struct work *w, const struct outliers_law *law, struct err *err)
{
    w->q = *law->problem;
    w->n = w->q.n;
    w->k = w->q.map.n_free;
    *told = false;
    if (w->n < w->k + MIN_SPARE)
        return OK;
    TRY(robust_start(w, law, err));
    for (size_t i = 0; i < w->n; i++)
        w->w[i] = 1;
    residuals(w);
    w->scale = first_scale(w);
    leverages(w);
    studentize(w);
    mark(w, FIRST_CUT);
    double spare = (double)(w->n - w->k);
    double cut = stats_t_at(stats_normal_quantile(1 - 0.5 * FALSE_NAMES / (double)w->n), spare);
    for (int round = 0; round < ROUNDS; round++) {
        if (w->n - left_out(w) < w->k + MIN_SPARE)
            return OK;
        refit(w);
        w->scale = scale_of_rest(w);
        leverages(w);
        studentize(w);
        if (!mark(w, cut))
            break;
    }
    *told = isfinite(w->scale) && (double)left_out(w) <= MOST * (double)w->n;
    return OK;
}

/* --- all laws ---------------------------------------------------------------------------------------- */

/* Another run of the cell lies off to the same side, at least half as far: the cell is off, not the run. */
static bool borne_out(const struct outliers_in *in, const double *expected, size_t i)
{
    const struct solve_problem *q = in->laws[in->preferred].problem;
    double e = q->ln_loss[i] - log(expected[i]);
    for (size_t j = 0; j < q->n; j++)
        if (j != i && in->cell[j] == in->cell[i] && (q->ln_loss[j] - log(expected[j])) / e > 0.5)
            return true;
    return false;
}

/* Marks of every law (n_laws, n), its scale, and the preferred one's predictions and what lies far off them. */
static enum status all_laws(bool *marks, double *scale, double *expected, bool *far, struct work *w,
                            const struct outliers_in *in, struct err *err)
{
    size_t n = in->laws[0].problem->n;
    for (size_t k = 0; k < in->n_laws; k++) {
        bool told;
        TRY(follow(&told, w, &in->laws[k], err));
        scale[k] = told ? w->scale : (double)INFINITY;
        for (size_t i = 0; i < n && told; i++)
            marks[k * n + i] = !(w->w[i] > 0);
        if (k == in->preferred && told)
            for (size_t i = 0; i < n; i++) {
                expected[i] = exp(w->q.ln_loss[i] - w->e[i]);
                far[i] = w->t[i] > FAR;
            }
    }
    return OK;
}

enum status outliers_find(bool *off_law, bool *odd, double *expected, const struct outliers_in *in, struct err *err)
{
    size_t n = in->laws[0].problem->n;
    struct work w = {.noise = in->noise};
    double *scale = NULL, best = (double)INFINITY;
    bool *marks = NULL, *far = NULL;
    enum status st = alloc(&w, n, err);
    if (st == OK)
        st = size_calloc(&far, n, sizeof *far, "residuals", err);
    if (st == OK)
        st = size_calloc(&marks, in->n_laws * n, sizeof *marks, "residuals", err);
    if (st == OK)
        st = size_calloc(&scale, in->n_laws, sizeof *scale, "residuals", err);
    if (st == OK)
        st = all_laws(marks, scale, expected, far, &w, in, err);
    for (size_t k = 0; st == OK && k < in->n_laws; k++)
        best = fmin(best, scale[k]);
    bool off_any = false;
    for (size_t i = 0; st == OK && i < n; i++) {
        off_law[i] = isfinite(scale[in->preferred]);
        for (size_t k = 0; k < in->n_laws; k++)
            off_law[i] = off_law[i] && (marks[k * n + i] || !(scale[k] <= POOR * best));
        off_any = off_any || off_law[i];
    }
    for (size_t i = 0; st == OK && i < n; i++) {
        odd[i] = off_law[i] && !borne_out(in, expected, i);
        w.e[i] = in->laws[in->preferred].problem->ln_loss[i] - (off_any ? log(expected[i]) : 0);
    }
    if (st == OK && off_any)
        st = nearby_clear(odd, in->laws[in->preferred].problem->x, w.e, n, NEARBY_CUT, EXACT, err);
    for (size_t i = 0; st == OK && i < n; i++)
        odd[i] = odd[i] || (off_law[i] && far[i] && !borne_out(in, expected, i));
    free(w.e);
    free(far);
    free(marks);
    free(scale);
    return st;
}
