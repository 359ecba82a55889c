#include "fit/verdict/breaks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/solve/boot.h"

/* Places tried along each variable, within the middle of its range. */
#define N_PLACES 14
#define FIRST_PLACE 0.2
#define LAST_PLACE 0.85
#define MAX_SCORES (BREAKS_N_VARIABLES * N_PLACES)
/* Distinct values of a variable, and runs beyond the law's parameters, below which nothing is tested. */
#define MIN_VALUES 5
#define MIN_SPARE 5
/* A Huber loss that bends at 1.345 sd keeps 95 % of the power of least squares under normal noise. */
#define HUBER_SDS 1.345
#define SIGNIFICANT 0.05

struct work {
    const struct breaks_in *in;
    struct solve_problem null;    /* with the test's own objective and losses */
    double p0[LAW_MAX_PARAMS];    /* its optimum on the runs as they are */
    double *x[BREAKS_N_VARIABLES]; /* (n) ln of the variable; NULL: not looked at */
    double *place;                /* (MAX_SCORES) ln */
    bool *use;                    /* (MAX_SCORES) */
    double *fitted, *offset, *rest; /* (n) ln prediction; residuals: of the trajectory, and within it */
    double *loss, *ln_loss, *psi, *w; /* (n) */
    struct law_point *points;     /* (n) with hinges */
    double *sign;                 /* (n_clusters) */
    double *scores;               /* (n_sims, MAX_SCORES) */
};

/* --- set up ------------------------------------------------------------------------------------------ */

static enum status alloc(struct work *w, struct err *err)
{
    const struct breaks_in *in = w->in;
    size_t n = in->problem->n;
    TRY(size_calloc(&w->fitted, 7 * n, sizeof *w->fitted, "break test", err));
    w->offset = w->fitted + n, w->rest = w->fitted + 2 * n, w->loss = w->fitted + 3 * n;
    w->ln_loss = w->fitted + 4 * n, w->psi = w->fitted + 5 * n, w->w = w->fitted + 6 * n;
    TRY(size_calloc(&w->x[0], BREAKS_N_VARIABLES * n, sizeof *w->x[0], "break test", err));
    w->x[1] = w->x[0] + n, w->x[2] = w->x[0] + 2 * n;
    TRY(size_calloc(&w->place, MAX_SCORES, sizeof *w->place, "break test", err));
    TRY(size_calloc(&w->use, MAX_SCORES, sizeof *w->use, "break test", err));
    TRY(size_calloc(&w->points, n, sizeof *w->points, "break test", err));
    TRY(size_calloc(&w->sign, in->design->n_clusters, sizeof *w->sign, "break test", err));
    return size_calloc(&w->scores, in->n_sims * MAX_SCORES, sizeof *w->scores, "break test", err);
}

static void release(struct work *w)
{
    free(w->fitted);
    free(w->x[0]);
    free(w->place);
    free(w->use);
    free(w->points);
    free(w->sign);
    free(w->scores);
}

static size_t distinct(const double *x, double *scratch, size_t n)
{
    size_t m = 0;
    memcpy(scratch, x, n * sizeof *scratch);
    sort_doubles(scratch, n);
    for (size_t i = 0; i < n; i++)
        m += i == 0 || scratch[i] > scratch[i - 1] + 1e-3;
    return m;
}

static bool all_known(const struct fit_design *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (!(isfinite(d->scale[i]) && d->scale[i] > 0))
            return false;
    return true;
}

/* Fill the variables and their places; false where none has enough values. */
static bool choose_places(struct work *w)
{
    const struct solve_problem *q = w->in->problem;
    bool any = false, one = q->law->n_vars == 1;
    for (size_t v = 0; v < BREAKS_N_VARIABLES; v++) {
        bool on = one ? v == BREAKS_SIZE : v != BREAKS_COMPUTE || all_known(w->in->design);
        for (size_t i = 0; i < q->n && on; i++)
            w->x[v][i] = v == BREAKS_COMPUTE ? log(w->in->design->scale[i]) : v == BREAKS_SIZE ? q->x[i].u : q->x[i].v;
        if (!on || distinct(w->x[v], w->w, q->n) < MIN_VALUES)
            continue;
        double lo = w->w[0], range = w->w[q->n - 1] - lo; /* sorted by distinct */
        any = true;
        for (size_t k = 0; k < N_PLACES; k++) {
            w->place[v * N_PLACES + k] =
                lo + range * (FIRST_PLACE + (LAST_PLACE - FIRST_PLACE) * (double)k / (N_PLACES - 1));
            w->use[v * N_PLACES + k] = true;
        }
    }
    return any;
}

static double ln_residual(const struct work *w, const double *p, size_t i)
{
    return log(law_value(w->null.law, p, &w->null.x[i], &w->null.centre)) - w->null.ln_loss[i];
}

/* The null fit under an objective that wastes no power: as the user's, but wide enough for the noise. */
static bool fit_null(struct work *w)
{
    struct solve_result r;
    size_t n = w->null.n, k = w->null.map.n_free;
    if (w->null.obj.loss != SOLVE_LSQ) {
        for (size_t i = 0; i < n; i++)
            w->w[i] = fabs(ln_residual(w, w->in->start, i));
        sort_doubles(w->w, n);
        double sd = 1.4826 * stats_quantile(w->w, n, 0.5) * sqrt((double)n / (double)(n - k));
        w->null.obj.loss = SOLVE_HUBER;
        w->null.obj.delta = fmax(HUBER_SDS * sd, 1e-9);
    }
    w->null.obj.over = 1;
    solve_from(&r, &w->null, w->in->start);
    memcpy(w->p0, r.p, sizeof w->p0);
    return r.converged && isfinite(r.objective);
}

/* Residuals as an offset of the trajectory and what is left within, each scaled to the spread that it has
 * before the fit and the means take their share. */
static void split_residuals(struct work *w)
{
    const struct breaks_in *in = w->in;
    size_t n = w->null.n, k = w->null.map.n_free, shared = n - in->design->n_clusters;
    double inflate = sqrt((double)n / (double)(n - k)), within = 0, between = 0;
    double *mean = w->sign, *count = w->w; /* until they are drawn */
    for (size_t c = 0; c < in->design->n_clusters; c++)
        mean[c] = count[c] = 0;
    for (size_t i = 0; i < n; i++) {
        w->rest[i] = -ln_residual(w, w->p0, i) * inflate;
        w->fitted[i] = log(w->null.loss[i]) - w->rest[i] / inflate;
        mean[in->design->cluster[i]] += w->rest[i];
        count[in->design->cluster[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        size_t c = in->design->cluster[i];
        w->offset[i] = shared ? mean[c] / count[c] : 0;
        w->rest[i] -= w->offset[i];
        within += w->rest[i] * w->rest[i];
        between += w->offset[i] * w->offset[i];
    }
    if (shared == 0)
        return;
    /* a mean of m runs carries 1/m of the noise within, which is drawn by itself */
    double var = within / (double)shared, noise = var * (double)in->design->n_clusters;
    double keep = between > noise ? sqrt(1 - noise / between) : 0, widen = sqrt((double)n / (double)shared);
    for (size_t i = 0; i < n; i++) {
        w->offset[i] *= keep;
        w->rest[i] *= widen;
    }
}

/* --- scores ------------------------------------------------------------------------------------------- */

/* Which terms of the law bend with a variable: compute all of them; size and data their own. */
static void terms_bent(bool bent[2], const struct law *law, size_t v)
{
    bent[0] = v != BREAKS_DATA || !law->apart;
    bent[1] = v != BREAKS_SIZE && law->apart;
}

/* The derivative of the objective in ln of each term, row by row. */
static void score_weights(struct work *w, const double *p)
{
    const struct solve_problem *q = &w->null;
    struct law_at at = law_at(q->law, p, &q->centre);
    double level = q->law->level >= 0 ? p[q->law->level] : 0;
    for (size_t i = 0; i < q->n; i++) {
        double t[2], d = q->obj.delta, scale = 1;
        law_at_terms(t, &at, &q->x[i]);
        double f = level + t[0] + t[1], r = f - q->loss[i];
        if (q->obj.scale == SOLVE_LOG) {
            r = log(f) - q->ln_loss[i];
            scale = 1 / f;
        } else if (q->obj.scale == SOLVE_LOG1P) {
            r = log1p(f) - log1p(q->loss[i]);
            scale = 1 / (1 + f);
        }
        double psi = q->obj.loss == SOLVE_LSQ ? r : fmin(fmax(r, -d), d);
        w->psi[i] = psi * scale * t[0];
        w->w[i] = psi * scale * t[1];
    }
}

static void scores_at(double *u, struct work *w, const double *p)
{
    score_weights(w, p);
    for (size_t k = 0; k < MAX_SCORES; k++) {
        const double *x = w->x[k / N_PLACES];
        bool bent[2];
        terms_bent(bent, w->null.law, k / N_PLACES);
        u[k] = 0;
        for (size_t i = 0; i < w->null.n && w->use[k]; i++)
            if (x[i] > w->place[k])
                u[k] += (x[i] - w->place[k]) * (bent[0] * w->psi[i] + bent[1] * w->w[i]);
    }
}

/* One table under the null, refitted; false where that fails. */
static bool simulate(double *u, struct work *w, size_t s)
{
    const struct breaks_in *in = w->in;
    struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, 2000, s);
    struct solve_problem *q = &w->null;
    struct solve_result r;
    for (size_t c = 0; c < in->design->n_clusters; c++)
        w->sign[c] = rng_below(&rng, 2) ? 1 : -1;
    for (size_t i = 0; i < q->n; i++) {
        double e = w->sign[in->design->cluster[i]] * w->offset[i] + (rng_below(&rng, 2) ? w->rest[i] : -w->rest[i]);
        w->ln_loss[i] = w->fitted[i] + e;
        w->loss[i] = exp(w->ln_loss[i]);
    }
    solve_from(&r, q, w->p0);
    if (!isfinite(r.objective))
        return false;
    scores_at(u, w, r.p);
    return true;
}

/* The largest score in units of its own spread under the null. */
static double largest(const double *u, const double *spread, const bool *use, size_t *at)
{
    double best = -1;
    for (size_t k = 0; k < MAX_SCORES; k++) {
        double z = use[k] && spread[k] > 0 ? fabs(u[k]) / spread[k] : -1;
        if (z > best) {
            best = z;
            *at = k;
        }
    }
    return best;
}

/* p-value and the place with the largest score. */
static double p_value(struct work *w, size_t *at)
{
    double seen[MAX_SCORES], spread[MAX_SCORES] = {0};
    size_t m = 0, beyond = 0, ignored = 0;
    scores_at(seen, w, w->p0);
    w->null.loss = w->loss;
    w->null.ln_loss = w->ln_loss;
    for (size_t s = 0; s < w->in->n_sims; s++)
        m += simulate(w->scores + m * MAX_SCORES, w, s);
    w->null.loss = w->in->problem->loss;
    w->null.ln_loss = w->in->problem->ln_loss;
    for (size_t s = 0; s < m; s++)
        for (size_t k = 0; k < MAX_SCORES; k++)
            spread[k] += w->scores[s * MAX_SCORES + k] * w->scores[s * MAX_SCORES + k];
    for (size_t k = 0; k < MAX_SCORES; k++)
        spread[k] = sqrt(spread[k] / (double)size_max(m, 1));
    double stat = largest(seen, spread, w->use, at);
    for (size_t s = 0; s < m; s++)
        beyond += largest(w->scores + s * MAX_SCORES, spread, w->use, &ignored) >= stat;
    return m >= 20 && stat >= 0 ? (double)(beyond + 1) / (double)(m + 1) : (double)NAN;
}

/* --- the bent law ------------------------------------------------------------------------------------- */

struct bent {
    struct law law;
    struct solve_problem q;
    size_t v; /* variable */
};

static void bend_problem(struct bent *b, struct work *w, size_t v, const double *weights)
{
    size_t k = w->null.law->n_params;
    b->law = law_bent(w->null.law);
    b->q = w->null;
    b->q.law = &b->law;
    b->q.x = w->points;
    b->q.w = weights;
    b->v = v;
    b->q.map.m[k][b->q.map.n_free] = 1;
    b->q.map.of[b->q.map.n_free++] = k;
}

static void set_hinges(struct bent *b, struct work *w, double place)
{
    bool bent[2];
    terms_bent(bent, w->null.law, b->v);
    for (size_t i = 0; i < w->null.n; i++) {
        double h = fmax(0, w->x[b->v][i] - place);
        w->points[i] = w->null.x[i];
        w->points[i].hinge[0] = bent[0] ? h : 0;
        w->points[i].hinge[1] = bent[1] ? h : 0;
    }
}

/* One place; keeps it where it is the best so far. */
static void try_place(struct solve_result *best, double *place, struct bent *b, struct work *w, double at,
                      double *start)
{
    struct solve_result r;
    set_hinges(b, w, at);
    solve_from(&r, &b->q, start);
    memcpy(start, r.p, sizeof r.p); /* the next place is near */
    if (r.objective < best->objective) {
        *best = r;
        *place = at;
    }
}

#define REFINEMENTS 3

/* The best place, on the grid and then between its points; `place` is its logarithm. */
static bool fit_bent(struct solve_result *best, double *place, struct bent *b, struct work *w)
{
    const double *grid = w->place + b->v * N_PLACES;
    double start[LAW_MAX_PARAMS] = {0}, step = 0.5 * (grid[1] - grid[0]);
    memcpy(start, w->p0, sizeof start);
    start[w->null.law->n_params] = 0;
    best->objective = (double)INFINITY;
    for (size_t k = 0; k < N_PLACES; k++)
        try_place(best, place, b, w, grid[k], start);
    for (int i = 0; i < REFINEMENTS && isfinite(best->objective); i++, step *= 0.5) {
        double centre = *place;
        memcpy(start, best->p, sizeof start);
        try_place(best, place, b, w, centre - step, start);
        memcpy(start, best->p, sizeof start);
        try_place(best, place, b, w, centre + step, start);
    }
    if (isfinite(best->objective))
        set_hinges(b, w, *place);
    return isfinite(best->objective);
}

/* Runs left out in turn: every eighth along the variable, so that each fold spans its range. */
#define N_FOLDS 8

struct ranked {
    double x;
    size_t row;
};

static int by_x(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static enum status folds_of(size_t **fold, const double *x, size_t n, struct err *err)
{
    struct ranked *k;
    TRY(size_calloc(&k, n, sizeof *k, "folds", err));
    enum status st = size_calloc(fold, n, sizeof **fold, "folds", err);
    for (size_t i = 0; i < n && st == OK; i++)
        k[i] = (struct ranked){x[i], i};
    if (st == OK)
        qsort(k, n, sizeof *k, by_x);
    for (size_t i = 0; i < n && st == OK; i++)
        (*fold)[k[i].row] = i % N_FOLDS;
    free(k);
    return st;
}

/* Squared errors of one law on the runs with w = 0, fitted to the others; NaN where that fails. */
static double left_out(const struct work *w, const struct solve_problem *law, const double *start)
{
    struct solve_problem q = *law;
    struct solve_result r;
    double ss = 0;
    q.obj = w->null.obj;
    q.w = w->w;
    solve_from(&r, &q, start);
    for (size_t i = 0; i < q.n; i++) {
        double e = w->w[i] > 0 ? 0 : log(law_value(q.law, r.p, &q.x[i], &q.centre)) - q.ln_loss[i];
        ss += e * e;
    }
    return isfinite(r.objective) ? ss : (double)NAN;
}

static double left_out_bent(struct work *w, size_t v)
{
    struct solve_result r;
    struct bent b;
    double place = 0, ss = 0;
    bend_problem(&b, w, v, w->w);
    if (!fit_bent(&r, &place, &b, w))
        return (double)NAN;
    for (size_t i = 0; i < w->null.n; i++) {
        double e = w->w[i] > 0 ? 0 : log(law_value(&b.law, r.p, &w->points[i], &b.q.centre)) - w->null.ln_loss[i];
        ss += e * e;
    }
    return ss;
}

enum { MAX_OTHERS = 8 };

/* The law, the bent one, and the others on the same folds. */
static enum status cross_validate(struct breaks_out *out, struct work *w, size_t v, struct err *err)
{
    const struct breaks_in *in = w->in;
    size_t n = w->null.n, *fold, others = size_min(in->n_others, MAX_OTHERS);
    double plain = 0, bent = 0, other[MAX_OTHERS] = {0};
    TRY(folds_of(&fold, w->x[v], n, err));
    for (size_t g = 0; g < N_FOLDS; g++) {
        for (size_t i = 0; i < n; i++)
            w->w[i] = fold[i] != g;
        plain += left_out(w, &w->null, w->p0);
        bent += left_out_bent(w, v);
        for (size_t k = 0; k < others; k++)
            other[k] += left_out(w, &in->others[k], in->other_starts[k]);
    }
    free(fold);
    out->cv = sqrt(plain / (double)n);
    out->cv_bent = sqrt(bent / (double)n);
    for (size_t k = 0; k < others; k++)
        out->cv_other = fmin(out->cv_other, sqrt(other[k] / (double)n)); /* NaN is passed over */
    return OK;
}

/* A place as it is, not as a centred logarithm. */
static double outer_place(const struct work *w, size_t v, double ln)
{
    const struct law_centre *c = &w->null.centre;
    return exp(ln + (v == BREAKS_COMPUTE ? 0 : v == BREAKS_SIZE ? c->u : c->v));
}

static void keep(struct breaks_out *out, const struct solve_result *r, size_t bend, double place)
{
    struct breaks_draw *d = &out->draws[out->n_draws++];
    memcpy(d->p, r->p, sizeof d->p);
    d->bend = r->p[bend];
    d->place = place;
}

void breaks_free(struct breaks_out *out)
{
    free(out->draws);
    out->draws = NULL;
    out->n_draws = 0;
}

/* Resample trajectories: the change at the best place, and the place that each resample would choose. With the
 * floor free, an early bend one way and a late one the other look alike, so that the change over all places at
 * once would be an interval of two unrelated halves. */
static enum status effect(struct breaks_out *out, struct work *w, size_t v, struct err *err)
{
    const struct breaks_in *in = w->in;
    size_t n = w->null.n, last = w->null.law->n_params, m = 0;
    struct solve_result r;
    struct bent b;
    double *draws, place = 0, z = stats_expanded(in->design->n_clusters);
    TRY(size_calloc(&out->draws, in->n_boot + 1, sizeof *out->draws, "break test", err));
    TRY(size_calloc(&draws, 2 * in->n_boot + 1, sizeof *draws, "break test", err));
    bend_problem(&b, w, v, NULL);
    if (fit_bent(&r, &place, &b, w)) {
        const struct solve_result best = r;
        double best_place = place;
        out->place.value = outer_place(w, v, place);
        out->change.value = -r.p[last];
        keep(out, &r, last, out->place.value);
        b.q.w = w->w;
        /* the search of places in each resample is dear, and says nothing where there is no break */
        size_t n_boot = out->p < SIGNIFICANT ? in->n_boot : 0;
        for (size_t s = 0; s < n_boot; s++) {
            struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, 2001, s);
            boot_weights(w->sign, in->design->n_clusters, NULL, in->design->n_clusters, &rng);
            for (size_t i = 0; i < n; i++)
                w->w[i] = w->sign[in->design->cluster[i]];
            set_hinges(&b, w, best_place);
            solve_from(&r, &b.q, best.p);
            draws[in->n_boot + m] = -r.p[last];
            bool ok = isfinite(r.objective) && fit_bent(&r, &place, &b, w);
            draws[m] = outer_place(w, v, place);
            m += ok;
            if (ok)
                keep(out, &r, last, draws[m - 1]);
        }
        out->place = stats_summary(out->place.value, draws, m, z);
        out->change = stats_summary(out->change.value, draws + in->n_boot, m, z);
    }
    free(draws);
    return OK;
}

enum status breaks_test(struct breaks_out *out, const struct breaks_in *in, struct err *err)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    struct work w = {.in = in, .null = *in->problem};
    size_t at = 0;
    *out = (struct breaks_out){.untested = "too few runs, or sizes and budgets, to see a bend",
                               .p = none, .cv = none, .cv_bent = none, .cv_other = none,
                               .place = unknown, .change = unknown};
    if (in->problem->n < in->problem->map.n_free + MIN_SPARE || in->problem->law->level < 0)
        return OK;
    enum status st = alloc(&w, err);
    if (st == OK && choose_places(&w) && fit_null(&w)) {
        split_residuals(&w);
        out->p = p_value(&w, &at);
        out->tested = isfinite(out->p);
        out->variable = (enum breaks_variable)(at / N_PLACES);
    }
    if (st == OK && out->tested) {
        st = cross_validate(out, &w, out->variable, err);
        if (st == OK)
            st = effect(out, &w, out->variable, err);
        bool sign = out->change.hi < 0 || out->change.lo > 0;
        out->found = out->p < SIGNIFICANT && sign && out->cv_bent < BREAKS_MATTERS * fmin(out->cv, out->cv_other);
    }
    release(&w);
    return st;
}
