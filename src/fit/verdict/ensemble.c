#include "fit/verdict/ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/each.h"
#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"
#include "fit/solve/boot.h"
#include "fit/solve/search.h"

/* --- windows ------------------------------------------------------------------------------------------ */

/* Of the random draws; each window has its own. */
#define STREAM 7001
/* Shares of the levels that are left out. */
#define N_DROPS 4
static const double drop_budgets[N_DROPS] = {0, 1 / 8.0, 2 / 8.0, 3 / 8.0}, drop_sizes[N_DROPS] = {0, 1 / 6.0, 2 / 6.0, 0};
#define MIN_LEVELS 3

/* Distinct sizes, or amounts of data, as the logarithms of the points; rising; returns how many. */
static size_t levels_of(double *out, const struct fit_design *d, bool data)
{
    for (size_t i = 0; i < d->n; i++)
        out[i] = exp(data ? d->points[i].v : d->points[i].u);
    size_t n = levels_distinct(out, out, d->n, LEVELS_MET);
    for (size_t i = 0; i < n; i++)
        out[i] = log(out[i]);
    return n;
}

static size_t dropped(double share, size_t levels)
{
    size_t most = levels > MIN_LEVELS ? levels - MIN_LEVELS : 0;
    return size_min(most, (size_t)(share * (double)levels + 0.5));
}

bool ensemble_inside(const struct ensemble_window *w, const struct law_point *x)
{
    const double slack = log(LEVELS_MET) / 2;
    return x->u >= w->u - slack && x->v >= w->v - slack;
}

static void add_window(struct ensemble *e, struct ensemble_window w)
{
    for (size_t i = 0; i < e->n_windows; i++)
        if (e->windows[i].sizes == w.sizes && e->windows[i].budgets == w.budgets)
            return;
    e->windows[e->n_windows++] = w;
}

enum status ensemble_windows(struct ensemble *e, const struct fit_design *d, struct err *err)
{
    double *size = NULL, *data = NULL;
    TRY(size_calloc(&size, d->n, sizeof *size, "windows", err));
    enum status st = size_calloc(&data, d->n, sizeof *data, "windows", err);
    if (st == OK) {
        size_t sizes = levels_of(size, d, false), budgets = levels_of(data, d, true);
        for (size_t s = 0; s < N_DROPS; s++)
            for (size_t b = 0; b < N_DROPS; b++) {
                /* in a law of one variable x is u, and all runs have one v */
                size_t ds = dropped((d->two ? drop_sizes : drop_budgets)[s], sizes), db = dropped(drop_budgets[b], budgets);
                add_window(e, (struct ensemble_window){size[ds], data[db], ds, db});
            }
    }
    free(size);
    free(data);
    return st;
}

/* --- fits ---------------------------------------------------------------------------------------------- */

/* Room for one cell at a time, (n) each. */
struct room {
    double *inside, *w, *scratch;
    enum status st;
    struct err err;
};

/* *ok: the runs with w above 0 are enough, and have a finite fit. Near: from `start` alone, unless that leads nowhere. */
static enum status fit_to(struct solve_result *r, bool *ok, const struct solve_problem *q, const double *w,
                          const double *start, bool near, struct err *err)
{
    struct solve_problem p = *q;
    struct err why;
    size_t n = 0;
    for (size_t i = 0; i < q->n; i++)
        n += w[i] > 0;
    *ok = false;
    if (n < q->map.n_free + 2)
        return OK;
    p.w = w;
    solve_from(r, &p, start);
    enum status st = near && r->converged ? OK : search_near(r, &p, start, &why);
    *ok = st == OK && isfinite(r->objective);
    return st == E_NOMEM ? err_set(err, st, "%s", why.msg) : OK;
}

/* Shares of a window's runs, the smallest ones, that predict the rest. */
static const double origins[ENSEMBLE_ORIGINS] = {0.5, 0.65, 0.8};

static enum status predict_larger(double *error, const struct ensemble_cell *c, const struct ensemble_in *in,
                                  struct room *m, double cut, struct err *err)
{
    const struct solve_problem *q = &in->problems[c->law];
    struct solve_result r;
    bool ok;
    double ss = 0, k = 0;
    for (size_t i = 0; i < q->n; i++)
        m->w[i] = m->inside[i] > 0 && in->design->scale[i] < cut;
    TRY(fit_to(&r, &ok, q, m->w, c->fit.p, true, err));
    for (size_t i = 0; i < q->n && ok; i++) {
        if (in->design->scale[i] < cut)
            continue;
        double e = log(law_value(q->law, r.p, &q->x[i], &q->centre)) - q->ln_loss[i];
        ss += e * e;
        k++;
    }
    *error = k > 0 ? sqrt(ss / k) : (double)NAN;
    return OK;
}

static enum status look_ahead(struct ensemble_cell *c, const struct ensemble_in *in, struct room *m, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < in->design->n; i++)
        if (m->inside[i] > 0)
            m->scratch[n++] = in->design->scale[i];
    sort_doubles(m->scratch, n);
    for (size_t o = 0; o < ENSEMBLE_ORIGINS; o++) {
        double cut = m->scratch[size_min(n - 1, (size_t)(origins[o] * (double)n))] / sqrt(LEVELS_MET);
        TRY(predict_larger(&c->error[o], c, in, m, cut, err));
    }
    return OK;
}

/* The members of one cell, in the n_boot places that it has; returns how many there are. */
static size_t resample(struct ensemble_member *members, size_t cell, const struct ensemble_cell *c,
                       const struct ensemble_in *in, struct room *m)
{
    const struct fit_design *d = in->design;
    struct solve_problem drawn = in->problems[c->law], plain = drawn;
    size_t n = 0;
    drawn.w = m->w;
    plain.w = m->inside;
    for (size_t b = 0; b < in->n_boot; b++) {
        struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, STREAM + c->window, b);
        struct solve_result r;
        boot_weights(m->scratch, d->n_clusters, NULL, d->n_clusters, &rng);
        for (size_t i = 0; i < d->n; i++)
            m->w[i] = m->inside[i] * m->scratch[d->cluster[i]];
        solve_from(&r, &drawn, c->fit.p);
        if (!isfinite(r.objective))
            continue;
        struct ensemble_member *x = &members[n++];
        *x = (struct ensemble_member){.cell = cell, .objective = solve_objective(&plain, r.p)};
        memcpy(x->p, r.p, sizeof r.p);
    }
    return n;
}

/* Cells by several threads; what one has comes from its law and window alone. */
struct filling {
    struct ensemble *e;
    const struct ensemble_in *in;
    size_t *made; /* (cells) members of each, owned */
    struct room rooms[EACH_THREADS];
};

static enum status fill_cell(struct filling *f, size_t cell, struct room *m)
{
    struct ensemble *e = f->e;
    struct ensemble_cell *c = &e->cells[cell];
    const struct ensemble_in *in = f->in;
    *c = (struct ensemble_cell){.law = cell / e->n_windows, .window = cell % e->n_windows};
    for (size_t i = 0; i < in->design->n; i++) {
        m->inside[i] = ensemble_inside(&e->windows[c->window], &in->design->points[i]);
        c->n += m->inside[i] > 0;
    }
    TRY(fit_to(&c->fit, &c->fitted, &in->problems[c->law], m->inside, in->starts[c->law], false, &m->err));
    if (!c->fitted)
        return OK;
    c->objective = c->fit.objective;
    TRY(look_ahead(c, in, m, &m->err));
    f->made[cell] = resample(e->members + cell * in->n_boot, cell, c, in, m);
    return OK;
}

static void fill_one(void *ctx, size_t cell, size_t thread)
{
    struct filling *f = ctx;
    struct room *m = &f->rooms[thread];
    if (m->st == OK)
        m->st = fill_cell(f, cell, m);
}

static enum status make_room(struct room *m, size_t n, struct err *err)
{
    TRY(size_calloc(&m->inside, n, sizeof *m->inside, "ensemble", err));
    TRY(size_calloc(&m->w, n, sizeof *m->w, "ensemble", err));
    return size_calloc(&m->scratch, n, sizeof *m->scratch, "ensemble", err);
}

static enum status fill_cells(struct filling *f, struct err *err)
{
    struct ensemble *e = f->e;
    size_t n = f->in->n_laws * e->n_windows, n_boot = f->in->n_boot, threads = each_threads(n);
    TRY(size_calloc(&e->cells, n, sizeof *e->cells, "ensemble", err));
    TRY(size_calloc(&e->members, n * n_boot, sizeof *e->members, "ensemble", err));
    TRY(size_calloc(&f->made, n, sizeof *f->made, "ensemble", err));
    for (size_t i = 0; i < threads; i++)
        TRY(make_room(&f->rooms[i], f->in->design->n, err));
    each_run(n, fill_one, f);
    for (size_t i = 0; i < threads; i++)
        if (f->rooms[i].st != OK)
            return err_set(err, f->rooms[i].st, "%s", f->rooms[i].err.msg);
    e->n_cells = n;
    for (size_t i = 0; i < n; i++) {
        memmove(e->members + e->n_members, e->members + i * n_boot, f->made[i] * sizeof *e->members);
        e->n_members += f->made[i];
    }
    return OK;
}

/* --- weights ------------------------------------------------------------------------------------------- */

/* A cell counts as its error to this power; errors below NOISE, a share of the loss, are as good as none. */
#define POWER 2.0
#define NOISE 1e-4

static double cell_weight(const struct ensemble_cell *c)
{
    double ss = NOISE * NOISE, k = 0;
    for (size_t o = 0; o < ENSEMBLE_ORIGINS; o++)
        if (!isnan(c->error[o])) {
            ss += c->error[o] * c->error[o];
            k++;
        }
    return k > 0 ? pow(ss / k, -POWER / 2) : 0; /* not known */
}

/* Set the cells' weights. Where runs are so few that the chosen law can be held to its predictions in no window, it would have
 * no weight, and all others would speak for it: then it counts as much as the best of those that can be. */
static void weigh_cells(struct ensemble *e, const struct ensemble_in *in)
{
    double best = 0, chosen = 0;
    for (size_t i = 0; i < e->n_cells; i++) {
        struct ensemble_cell *c = &e->cells[i];
        c->weight = c->fitted ? cell_weight(c) : 0;
        best = fmax(best, c->weight);
        chosen = c->law == in->chosen ? fmax(chosen, c->weight) : chosen;
    }
    for (size_t i = 0; i < e->n_cells && chosen == 0; i++)
        if (e->cells[i].law == in->chosen && e->cells[i].fitted)
            e->cells[i].weight = best > 0 ? best : 1;
}

/* Residuals of one trajectory go together, so that runs say less than as many independent ones: the likelihood counts to
 * this power. */
#define LIKELIHOOD 0.5
/* Residuals this small are rounding. */
#define ROUNDING 1e-9

/* Within its cell a member counts by the likelihood of the runs, residuals having the scale at which the cell's own fit
 * is the likeliest: (objective / the lowest)^-n. */
static void weigh(struct ensemble *e, const struct ensemble_in *in)
{
    double all = 0;
    weigh_cells(e, in);
    for (size_t i = 0; i < e->n_members;) {
        struct ensemble_cell *c = &e->cells[e->members[i].cell];
        double sum = 0, best = (double)INFINITY, least = (double)c->n * ROUNDING * ROUNDING;
        size_t end = i;
        for (; end < e->n_members && e->members[end].cell == e->members[i].cell; end++)
            best = fmin(best, e->members[end].objective);
        for (size_t k = i; k < end; k++)
            sum += e->members[k].weight = exp(-LIKELIHOOD * (double)c->n * log((e->members[k].objective + least) / (best + least)));
        for (size_t k = i; k < end; k++)
            all += e->members[k].weight *= c->weight / sum;
        i = end;
    }
    for (size_t i = 0; i < e->n_members; i++)
        e->members[i].weight /= all;
}

enum status ensemble_fill(struct ensemble *e, const struct ensemble_in *in, struct err *err)
{
    struct filling f = {.e = e, .in = in};
    *e = (struct ensemble){.n_cells = 0};
    TRY(ensemble_windows(e, in->design, err));
    enum status st = fill_cells(&f, err);
    if (st == OK)
        weigh(e, in);
    for (size_t i = 0; i < EACH_THREADS; i++) {
        free(f.rooms[i].inside);
        free(f.rooms[i].w);
        free(f.rooms[i].scratch);
    }
    free(f.made);
    return st;
}

void ensemble_free(struct ensemble *e)
{
    free(e->cells);
    free(e->members);
    *e = (struct ensemble){.n_cells = 0};
}
