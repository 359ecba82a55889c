#include "fit/verdict/breaks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"
#include "fit/solve/boot.h"
#include "fit/verdict/breaks_internal.h"
#include "fit/verdict/ensemble.h"

/* Places lie within the middle of a variable's range. */
#define FIRST_PLACE 0.2
#define LAST_PLACE 0.85
/* Distinct values of a variable, and runs beyond the law's parameters, below which nothing is tested. */
#define MIN_VALUES 5
#define MIN_SPARE 5
#define SIGNIFICANT 0.05

/* --- set up ------------------------------------------------------------------------------------------ */

static enum status alloc(struct breaks_work *w, struct err *err)
{
    const struct breaks_in *in = w->in;
    size_t n = in->problem->n;
    TRY(size_calloc(&w->fitted, 7 * n, sizeof *w->fitted, "break test", err));
    w->offset = w->fitted + n, w->rest = w->fitted + 2 * n, w->loss = w->fitted + 3 * n;
    w->ln_loss = w->fitted + 4 * n, w->psi = w->fitted + 5 * n, w->w = w->fitted + 6 * n;
    TRY(size_calloc(&w->x[0], BREAKS_N_VARIABLES * n, sizeof *w->x[0], "break test", err));
    w->x[1] = w->x[0] + n, w->x[2] = w->x[0] + 2 * n;
    TRY(size_calloc(&w->place, BREAKS_MAX_SCORES, sizeof *w->place, "break test", err));
    TRY(size_calloc(&w->use, BREAKS_MAX_SCORES, sizeof *w->use, "break test", err));
    TRY(size_calloc(&w->points, n, sizeof *w->points, "break test", err));
    TRY(size_calloc(&w->sign, in->design->n_clusters, sizeof *w->sign, "break test", err));
    return size_calloc(&w->scores, in->n_sims * BREAKS_MAX_SCORES, sizeof *w->scores, "break test", err);
}

static void release(struct breaks_work *w)
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
        m += i == 0 || scratch[i] > scratch[i - 1] + LEVELS_WRITTEN;
    return m;
}

static bool all_known(const struct fit_design *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (!(isfinite(d->scale[i]) && d->scale[i] > 0))
            return false;
    return true;
}

/* Places within the middle of the range of one variable, from its values in rising order. */
static void set_grid(struct breaks_work *w, size_t v, const double *sorted, size_t n)
{
    double lo = sorted[0], range = sorted[n - 1] - lo;
    for (size_t k = 0; k < BREAKS_N_PLACES; k++)
        w->place[v * BREAKS_N_PLACES + k] =
            lo + range * (FIRST_PLACE + (LAST_PLACE - FIRST_PLACE) * (double)k / (BREAKS_N_PLACES - 1));
}

/* Fill the variables and their places; false where none has enough values. */
static bool choose_places(struct breaks_work *w)
{
    const struct solve_problem *q = w->in->problem;
    bool any = false, one = q->law->n_vars == 1;
    for (size_t v = 0; v < BREAKS_N_VARIABLES; v++) {
        bool on = one ? v == BREAKS_SIZE : v != BREAKS_COMPUTE || all_known(w->in->design);
        for (size_t i = 0; i < q->n && on; i++)
            w->x[v][i] = v == BREAKS_COMPUTE ? log(w->in->design->scale[i]) : v == BREAKS_SIZE ? q->x[i].u : q->x[i].v;
        if (!on || distinct(w->x[v], w->w, q->n) < MIN_VALUES)
            continue;
        any = true;
        set_grid(w, v, w->w, q->n); /* sorted by distinct */
        for (size_t k = 0; k < BREAKS_N_PLACES; k++)
            w->use[v * BREAKS_N_PLACES + k] = true;
    }
    return any;
}

/* --- the bent law ------------------------------------------------------------------------------------- */

struct bent {
    struct law law;
    struct solve_problem q;
    size_t v; /* variable */
};

static void bend_problem(struct bent *b, struct breaks_work *w, size_t v, const double *weights)
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

static void set_hinges(struct bent *b, struct breaks_work *w, double place)
{
    bool bent[2];
    breaks_terms_bent(bent, w->null.law, b->v);
    for (size_t i = 0; i < w->null.n; i++) {
        double h = fmax(0, w->x[b->v][i] - place);
        w->points[i] = w->null.x[i];
        w->points[i].hinge[0] = bent[0] ? h : 0;
        w->points[i].hinge[1] = bent[1] ? h : 0;
    }
}

/* One place; keeps it where it is the best so far. */
static void try_place(struct solve_result *best, double *place, struct bent *b, struct breaks_work *w, double at,
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
static bool fit_bent(struct solve_result *best, double *place, struct bent *b, struct breaks_work *w)
{
    const double *grid = w->place + b->v * BREAKS_N_PLACES;
    double start[LAW_MAX_PARAMS] = {0}, step = 0.5 * (grid[1] - grid[0]);
    memcpy(start, w->p0, sizeof start);
    start[w->null.law->n_params] = 0;
    best->objective = (double)INFINITY;
    for (size_t k = 0; k < BREAKS_N_PLACES; k++)
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

/* The variable in which a bend describes the runs best: the largest score tells that there is one, from the slope at no
 * bend alone. */
static size_t best_variable(struct breaks_work *w, size_t fallback)
{
    double least = (double)INFINITY, place = 0;
    size_t best = fallback;
    for (size_t v = 0; v < BREAKS_N_VARIABLES; v++) {
        struct solve_result r;
        struct bent b;
        if (!w->use[v * BREAKS_N_PLACES])
            continue;
        bend_problem(&b, w, v, NULL);
        if (fit_bent(&r, &place, &b, w) && r.objective < least) {
            least = r.objective;
            best = v;
        }
    }
    return best;
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

/* Runs that a window leaves out weigh nothing, and are not judged. */
struct window {
    const double *inside; /* (n) 1 or 0 */
    size_t n;
};

static double squares(const struct breaks_work *w, const struct window *in, const struct solve_problem *q, const double *p)
{
    double ss = 0;
    for (size_t i = 0; i < q->n; i++) {
        double e = w->w[i] > 0 ? 0 : in->inside[i] * (log(law_value(q->law, p, &q->x[i], &q->centre)) - q->ln_loss[i]);
        ss += e * e;
    }
    return ss;
}

/* Squared errors of one law on the runs with w = 0, fitted to the others; NaN where that fails. */
static double left_out(const struct breaks_work *w, const struct window *in, const struct solve_problem *law,
                       const double *start)
{
    struct solve_problem q = *law;
    struct solve_result r;
    q.obj = w->null.obj;
    q.w = w->w;
    solve_from(&r, &q, start);
    return isfinite(r.objective) ? squares(w, in, &q, r.p) : (double)NAN;
}

static double left_out_bent(struct breaks_work *w, const struct window *in, size_t v)
{
    struct solve_result r;
    struct bent b;
    double place = 0;
    bend_problem(&b, w, v, w->w);
    return fit_bent(&r, &place, &b, w) ? squares(w, in, &b.q, r.p) : (double)NAN;
}

enum { MAX_OTHERS = 8 };

struct errors {
    double plain, bent, other; /* root mean squares of ln loss; other: of the best of the other laws */
};

/* The law, the bent one, and the others on the same folds of a window. */
static enum status cross_validate(struct errors *out, struct breaks_work *w, const struct window *in, size_t v,
                                  struct err *err)
{
    size_t n = w->null.n, *fold, others = size_min(w->in->n_others, MAX_OTHERS);
    double plain = 0, bent = 0, other[MAX_OTHERS] = {0};
    TRY(folds_of(&fold, w->x[v], n, err));
    for (size_t g = 0; g < N_FOLDS; g++) {
        for (size_t i = 0; i < n; i++)
            w->w[i] = fold[i] != g ? in->inside[i] : 0;
        plain += left_out(w, in, &w->null, w->p0);
        bent += left_out_bent(w, in, v);
        for (size_t k = 0; k < others; k++)
            other[k] += left_out(w, in, &w->in->others[k], w->in->other_starts[k]);
    }
    free(fold);
    *out = (struct errors){sqrt(plain / (double)in->n), sqrt(bent / (double)in->n), (double)NAN};
    for (size_t k = 0; k < others; k++)
        out->other = fmin(out->other, sqrt(other[k] / (double)in->n)); /* NaN is passed over */
    return OK;
}

/* A place as it is, not as a centred logarithm. */
static double outer_place(const struct breaks_work *w, size_t v, double ln)
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
static enum status effect(struct breaks_out *out, struct breaks_work *w, size_t v, struct err *err)
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
        /* searching for the place in each resample takes long, and is of no use where there is no break */
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

/* --- windows ------------------------------------------------------------------------------------------ */

/* A bend that is gone without the smallest budgets is lack of fit: runs that have hardly begun lie beside every law. It is
 * looked for again without an eighth and without a quarter of them. */
enum { N_WINDOWS = 2 };

/* Runs of one window, with the places to try there; false where it tells nothing: all runs, too few of them, sizes left out,
 * or none before the bend. */
static bool enter(struct window *in, double *inside, struct breaks_work *w, const struct ensemble_window *of,
                  const struct breaks_out *b)
{
    *in = (struct window){.inside = inside};
    for (size_t i = 0; i < w->null.n; i++)
        if ((inside[i] = ensemble_inside(of, &w->null.x[i])) > 0)
            w->w[in->n++] = w->x[b->variable][i];
    if (in->n == w->null.n || in->n < w->null.map.n_free + MIN_SPARE || (w->in->design->two && of->sizes > 0))
        return false;
    sort_doubles(w->w, in->n);
    set_grid(w, b->variable, w->w, in->n);
    return outer_place(w, b->variable, w->w[0]) < b->place.value;
}

/* The bend of a window, at the place that all runs have it, as a share of theirs. */
static double bend_kept(struct breaks_work *w, const struct window *in, const struct breaks_out *b)
{
    struct solve_result r;
    struct bent bent;
    memcpy(w->w, in->inside, w->null.n * sizeof *w->w);
    bend_problem(&bent, w, b->variable, w->w);
    set_hinges(&bent, w, log(b->place.value / outer_place(w, b->variable, 0)));
    solve_from(&r, &bent.q, b->draws[0].p);
    return isfinite(r.objective) ? -r.p[w->null.law->n_params] / b->change.value : (double)NAN;
}

static enum status survives(bool *out, struct breaks_work *w, const struct breaks_out *b, struct err *err)
{
    struct ensemble all = {.n_windows = 0};
    double *inside;
    TRY(ensemble_windows(&all, w->in->design, err));
    TRY(size_calloc(&inside, w->null.n, sizeof *inside, "break test", err));
    enum status st = OK;
    *out = true;
    for (size_t k = 0, tried = 0; k < all.n_windows && tried < N_WINDOWS && *out && st == OK; k++) {
        struct window in;
        struct errors e;
        if (!enter(&in, inside, w, &all.windows[k], b))
            continue;
        *out = bend_kept(w, &in, b) >= BREAKS_KEPT;
        if (*out && tried++ == 0) {
            st = cross_validate(&e, w, &in, b->variable, err);
            *out = e.bent < BREAKS_SURVIVES * fmin(e.plain, e.other);
        }
    }
    free(inside);
    return st;
}

/* What falls faster after the first runs than among them had hardly begun there: a faster fall counts where at least half of
 * the runs lie before it. */
static bool late_enough(const struct breaks_work *w, const struct breaks_out *b)
{
    size_t before = 0;
    for (size_t i = 0; i < w->null.n; i++)
        before += outer_place(w, b->variable, w->x[b->variable][i]) <= b->place.value;
    return b->change.value < 0 || 2 * before >= w->null.n;
}

/* --- the test ---------------------------------------------------------------------------------------- */

/* Everything about a bend that is tested, but for whether it survives. */
static enum status measure(struct breaks_out *out, struct breaks_work *w, struct err *err)
{
    struct window all = {.n = w->null.n};
    struct errors e;
    double *inside;
    TRY(size_calloc(&inside, w->null.n, sizeof *inside, "break test", err));
    for (size_t i = 0; i < w->null.n; i++)
        inside[i] = 1;
    all.inside = inside;
    enum status st = cross_validate(&e, w, &all, out->variable, err);
    free(inside);
    TRY(st);
    out->cv = e.plain, out->cv_bent = e.bent, out->cv_other = e.other;
    return effect(out, w, out->variable, err);
}

static enum status bend(struct breaks_out *out, struct breaks_work *w, struct err *err)
{
    size_t at = 0;
    out->p = breaks_p_value(w, &at);
    out->tested = isfinite(out->p);
    if (!out->tested)
        return OK;
    out->variable = (enum breaks_variable)best_variable(w, at / BREAKS_N_PLACES);
    TRY(measure(out, w, err));
    bool sign = out->change.hi < 0 || out->change.lo > 0;
    out->matters = out->p < SIGNIFICANT && sign && out->cv_bent < BREAKS_MATTERS * fmin(out->cv, out->cv_other);
    return out->matters && late_enough(w, out) ? survives(&out->bent, w, out, err) : OK;
}

/* A rise that no bend describes is what is found. */
static void tell_turn(struct breaks_out *out, bool one)
{
    const double none = (double)NAN;
    const struct turn_out *t = &out->turn;
    out->tested = true;
    out->p = t->p;
    out->variable = one ? BREAKS_SIZE : BREAKS_DATA;
    out->place = (struct fit_value){t->from, none, t->from, t->to};
    out->change = (struct fit_value){none, none, none, none};
}

enum status breaks_test(struct breaks_out *out, const struct breaks_in *in, struct err *err)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    struct breaks_work w = {.in = in, .null = *in->problem};
    *out = (struct breaks_out){.untested = "too few runs, or sizes and budgets, to see a bend",
                               .p = none, .cv = none, .cv_bent = none, .cv_other = none,
                               .place = unknown, .change = unknown, .turn = {.p = none}};
    if (in->problem->n < in->problem->map.n_free + MIN_SPARE || in->problem->law->level < 0)
        return OK;
    enum status st = alloc(&w, err);
    if (st == OK) {
        bool fitted = choose_places(&w) && breaks_fit_null(&w);
        st = turn_test(&out->turn, in->design, fitted ? breaks_scatter(&w) : none, (double)(w.null.n - w.null.map.n_free), err);
        if (st == OK && fitted)
            st = bend(out, &w, err);
    }
    out->found = out->bent || out->turn.found;
    if (out->found && !out->bent)
        tell_turn(out, in->problem->law->n_vars == 1);
    release(&w);
    return st;
}
