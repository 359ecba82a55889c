#include "fit/verdict/ahead.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"
#include "fit/solve/search.h"

/* Fit the points with w = 1 and fill `predicted` at the others; *ok: they were enough to fit. Near: from the law's optimum
 * alone, unless that leads nowhere, for where few points are left out. */
static enum status predict_rest(double *predicted, bool *ok, const struct fit_law *f, const double *w, bool near,
                                struct err *err)
{
    struct solve_problem q = f->problem;
    struct solve_result r;
    struct err why;
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        kept += w[i] > 0;
    q.w = w;
    *ok = false;
    if (kept < q.map.n_free + 2 || kept == f->n)
        return OK;
    solve_from(&r, &q, f->best.p);
    enum status st = near && r.converged ? OK : search_near(&r, &q, f->best.p, &why);
    if (st != OK)
        return st == E_NOMEM ? err_set(err, st, "%s", why.msg) : OK;
    *ok = true;
    for (size_t i = 0; i < f->n; i++)
        if (!(w[i] > 0))
            predicted[i] = law_value(f->law, r.p, &f->points[i], &q.centre);
    return OK;
}

struct room {
    double *sorted, *w, *predicted; /* (n) */
};

static enum status room_make(struct room *m, size_t n, struct err *err)
{
    *m = (struct room){.w = NULL};
    TRY(size_calloc(&m->sorted, n, sizeof *m->sorted, "compute", err));
    TRY(size_calloc(&m->w, n, sizeof *m->w, "weights", err));
    return size_calloc(&m->predicted, n, sizeof *m->predicted, "predictions", err);
}

static void room_free(struct room *m)
{
    free(m->sorted);
    free(m->w);
    free(m->predicted);
}

/* No held-out run of at most its compute has a lower loss: what a choice of the best size would have trained. */
static bool on_envelope(const struct fit_law *f, const struct fit_design *d, const double *w, size_t i)
{
    for (size_t j = 0; j < f->n; j++)
        if (!(w[j] > 0) && d->scale[j] <= d->scale[i] * LEVELS_MET && f->loss[j] < f->loss[i])
            return false;
    return true;
}

static enum status keep_held(struct fit_law *f, const struct fit_design *d, const struct room *m, struct err *err)
{
    double ss = 0, sum = 0, best = 0, n_best = 0;
    TRY(size_calloc(&f->held, f->n, sizeof *f->held, "held-out runs", err));
    for (size_t i = 0; i < f->n; i++) {
        if (m->w[i] > 0)
            continue;
        double e = log(m->predicted[i]) - f->ln_loss[i];
        bool envelope = on_envelope(f, d, m->w, i);
        f->held[f->holdout_n++] = (struct fit_held){
            .row = f->rows[i], .loss = f->loss[i], .predicted = m->predicted[i], .best = envelope};
        ss += e * e;
        sum += e;
        best += envelope ? e * e : 0;
        n_best += envelope;
    }
    f->holdout_error = sqrt(ss / (double)f->holdout_n);
    f->holdout_bias = sum / (double)f->holdout_n;
    f->holdout_best = sqrt(best / n_best);
    return OK;
}

enum status ahead_hold_out(struct fit_law *f, const struct fit_design *d, double share, struct err *err)
{
    struct room m;
    bool ok = false;
    f->holdout_error = f->holdout_bias = f->holdout_best = (double)NAN;
    enum status st = room_make(&m, f->n, err);
    if (st == OK && share > 0) {
        for (size_t i = 0; i < f->n; i++)
            m.sorted[i] = d->scale[i];
        sort_doubles(m.sorted, f->n);
        size_t at = (size_t)((1 - share) * (double)f->n);
        double edge = m.sorted[size_min(at, f->n - 1)] / LEVELS_MET;
        for (size_t i = 0; i < f->n; i++)
            m.w[i] = d->scale[i] < edge;
        st = predict_rest(m.predicted, &ok, f, m.w, false, err);
    }
    if (st == OK && ok)
        st = keep_held(f, d, &m, err);
    room_free(&m);
    return st;
}

#define MAX_GROUPS 12

enum status ahead_leave_out(struct fit_law *f, const struct fit_design *d, struct err *err)
{
    struct room m;
    double ss = 0;
    f->lobo_error = (double)NAN;
    enum status st = room_make(&m, f->n, err);
    size_t levels = st == OK ? levels_distinct(m.sorted, d->scale, f->n, LEVELS_MET) : 0;
    size_t groups = size_min(levels, MAX_GROUPS);
    for (size_t g = 0; g < groups && levels > 2 && st == OK; g++) {
        double lo = m.sorted[g * levels / groups], hi = m.sorted[(g + 1) * levels / groups - 1] * LEVELS_MET;
        bool ok;
        for (size_t i = 0; i < f->n; i++)
            m.w[i] = d->scale[i] < lo || d->scale[i] > hi;
        st = predict_rest(m.predicted, &ok, f, m.w, true, err);
        for (size_t i = 0; i < f->n && st == OK && ok; i++) {
            if (m.w[i] > 0)
                continue;
            double e = log(m.predicted[i]) - f->ln_loss[i];
            ss += e * e;
            f->lobo_n++;
        }
    }
    if (f->lobo_n > 0)
        f->lobo_error = sqrt(ss / (double)f->lobo_n);
    room_free(&m);
    return st;
}
