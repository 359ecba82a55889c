#include "fit/verdict/worth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/predict.h"

const char *const worth_names[WORTH_N] = {"floor", "gain", "exponent"};

/* --- what members say ---------------------------------------------------------------------------------- */

/* The covariance of quantities and losses, and what observing one of them leaves of it. */
struct state {
    size_t n;        /* WORTH_N + candidates */
    double *cov;     /* (n, n) */
    double now[WORTH_N]; /* variances of the quantities before anything is observed; 0: not quoted */
    double *alone;   /* (candidates) variance of a run's own noise, that of its trajectory is in cov */
};

/* Quantiles of the members beyond which their values are cut. */
#define TAIL 0.025

static int by_value(const void *a, const void *b)
{
    const struct stats_draw *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Deviations from the weighted mean, tails cut, in place; a value that is not finite deviates by nothing. */
static void centre(double *x, const double *w, size_t n, struct stats_draw *room)
{
    double all = 0, at = 0, mean = 0, lo, hi;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && w[i] > 0) {
            room[m++] = (struct stats_draw){x[i], w[i]};
            all += w[i];
        }
    if (m == 0) {
        memset(x, 0, n * sizeof *x);
        return;
    }
    qsort(room, m, sizeof *room, by_value);
    size_t i = 0;
    for (; i + 1 < m && at + room[i].weight < TAIL * all; i++)
        at += room[i].weight;
    lo = room[i].value;
    for (; i + 1 < m && at + room[i].weight < (1 - TAIL) * all; i++)
        at += room[i].weight;
    hi = room[i].value;
    for (i = 0; i < m; i++)
        mean += room[i].weight / all * fmin(hi, fmax(lo, room[i].value));
    for (i = 0; i < n; i++)
        x[i] = isfinite(x[i]) ? fmin(hi, fmax(lo, x[i])) - mean : 0;
}

static double dot(const double *a, const double *b, const double *w, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += w[i] * a[i] * b[i];
    return sum;
}

/* What each member says of what is quoted. */
static void quantities(double *x, const struct fit_report *r)
{
    size_t m = r->frontier.n_boot;
    for (size_t b = 0; b < m; b++) {
        const struct frontier_curve *f = &r->frontier.curves[b + 1];
        x[WORTH_FLOOR * m + b] = f->e;
        x[WORTH_GAIN * m + b] = log(frontier_gain(f, r->cost.max_flops));
        x[WORTH_EXPONENT * m + b] = f->n_exp;
    }
}

/* Whether the window of a member would hold that run. */
static bool sees(const struct fit_report *r, size_t member, const struct worth_run *x)
{
    const struct ensemble *e = &r->spread;
    const struct fit_law *f = fit_report_selected(r);
    if (!r->frontier.weight || r->frontier.bent)
        return true;
    const struct law_point at = law_point(f->law, &f->problem.centre, x->n, x->d, x->d);
    return ensemble_inside(&e->windows[e->cells[e->members[member].cell].window], &at);
}

static enum status members(struct state *s, const struct fit_report *r, const struct worth_in *in, struct err *err)
{
    size_t m = r->frontier.n_boot;
    double *x = NULL, *w = NULL, all = 0;
    struct stats_draw *room = NULL;
    enum status st = size_calloc(&x, s->n * m, sizeof *x, "the members", err);
    if (st == OK)
        st = size_calloc(&w, m, sizeof *w, "the members", err);
    if (st == OK)
        st = size_calloc(&room, m, sizeof *room, "the members", err);
    if (st == OK) {
        for (size_t b = 0; b < m; b++)
            all += w[b] = r->frontier.weight ? r->frontier.weight[b] : 1;
        for (size_t b = 0; b < m; b++)
            w[b] /= all;
        quantities(x, r);
        for (size_t i = 0; i < in->n; i++) {
            double *y = x + (WORTH_N + i) * m;
            fit_curve_draws(y, r, in->runs[i].n, in->runs[i].d, in->runs[i].d);
            for (size_t b = 0; b < m; b++)
                y[b] = sees(r, b, &in->runs[i]) ? log(y[b]) : (double)NAN;
        }
        for (size_t i = 0; i < s->n; i++)
            centre(x + i * m, w, m, room);
        for (size_t i = 0; i < s->n; i++)
            for (size_t j = 0; j <= i; j++)
                s->cov[i * s->n + j] = s->cov[j * s->n + i] = dot(x + i * m, x + j * m, w, m);
    }
    free(room);
    free(w);
    free(x);
    return st;
}

/* --- noise --------------------------------------------------------------------------------------------- */

/* Where nothing tells what a trajectory's runs share: half (docs/designs.md has what it is in the bank), which counts as
 * much as so many pairs of deviations. */
#define SHARED 0.5
#define SHARED_PAIRS 4

/* Deviation of row i from the mean of its size and budget, in units of the noise there; NaN where it stands alone. */
static double deviation(const struct fit_report *r, const struct fit_table *t, enum fit_column size, size_t i)
{
    const double *n = t->col[size], *d = t->col[FIT_TOKENS], *loss = t->col[FIT_LOSS];
    double mean = 0, k = 0;
    for (size_t j = 0; j < t->n; j++)
        if (n[j] == n[i] && d[j] == d[i] && !(r->odd.off && r->odd.off[j])) {
            mean += loss[j];
            k++;
        }
    return k > 1 ? (loss[i] - mean / k) / noise_model_at(&r->noise.model, n[i], d[i]) : (double)NAN;
}

/* The correlation of deviations along trajectories. */
static enum status shared_of(double *shared, const struct fit_report *r, const struct fit_table *t, struct err *err)
{
    enum fit_column size = fit_count_column(r->count);
    double *z, product = 0, square = 0, pairs = 0, k = 0;
    TRY(size_calloc(&z, t->n, sizeof *z, "deviations", err));
    for (size_t i = 0; i < t->n; i++) {
        z[i] = r->noise.model.df > 0 && !(r->odd.off && r->odd.off[i]) ? deviation(r, t, size, i) : (double)NAN;
        if (isnan(z[i]))
            continue;
        square += z[i] * z[i];
        k++;
        for (size_t j = 0; j < i; j++)
            if (!isnan(z[j]) && t->trunk[i] == t->trunk[j]) {
                product += z[i] * z[j];
                pairs++;
            }
    }
    free(z);
    double measured = square > 0 && pairs > 0 ? fmin(1, fmax(0, product / pairs / (square / k))) : 0;
    *shared = (pairs * measured + SHARED_PAIRS * SHARED) / (pairs + SHARED_PAIRS);
    return OK;
}

/* Variance of ln loss at a run by its seed. */
static double seed_variance(const struct fit_report *r, double n, double d)
{
    const struct fit_law *f = fit_report_selected(r);
    double sigma = fit_run_noise_at(r, n, d).sigma / fit_predict(f, n, d).value;
    return isfinite(sigma) ? sigma * sigma : f->rms_log * f->rms_log;
}

/* And by what the law gets wrong; without repeated runs the scatter stands for both. */
static double misfit_variance(const struct fit_report *r)
{
    const struct fit_law *f = fit_report_selected(r);
    return r->noise.model.df > 0 ? r->noise.lack_of_fit * f->rms_log * f->rms_log : 0;
}

static void add_noise(struct state *s, const struct fit_report *r, const struct worth_in *in, double shared)
{
    double *seed = s->alone;
    for (size_t i = 0; i < in->n; i++) {
        seed[i] = seed_variance(r, in->runs[i].n, in->runs[i].d);
        for (size_t j = 0; j <= i; j++) {
            double *c = &s->cov[(WORTH_N + i) * s->n + WORTH_N + j];
            if (in->runs[j].trunk == in->runs[i].trunk)
                *c += shared * sqrt(seed[i] * seed[j]);
            s->cov[(WORTH_N + j) * s->n + WORTH_N + i] = *c;
        }
    }
    for (size_t i = 0; i < in->n; i++)
        s->alone[i] = (1 - shared) * seed[i] + misfit_variance(r);
}

/* --- choosing ------------------------------------------------------------------------------------------ */

/* Take the observation of a run into the covariance of all that is asked for afterwards, which the run itself is not. */
static void observe(struct state *s, size_t run)
{
    size_t n = s->n, i = WORTH_N + run;
    double v = s->cov[i * n + i] + s->alone[run];
    for (size_t a = 0; a < n; a++) {
        double by = s->cov[a * n + i] / v;
        for (size_t b = 0; b < n && a != i; b++)
            if (b != i)
                s->cov[a * n + b] -= by * s->cov[i * n + b];
    }
}

/* How much the mean of the logarithms of the widths falls with run i. */
static double narrows(const struct state *s, size_t run)
{
    size_t n = s->n, i = WORTH_N + run;
    double sum = 0, k = 0, v = s->cov[i * n + i] + s->alone[run];
    for (size_t q = 0; q < WORTH_N; q++) {
        double var = s->cov[q * n + q], c = s->cov[q * n + i];
        if (!(s->now[q] > 0) || !(var > 0))
            continue;
        sum -= 0.5 * log1p(-fmin(0.999999, c * c / (v * var)));
        k++;
    }
    return k > 0 ? sum / k : 0;
}

double worth_adds(const struct worth_in *in, const size_t *set, size_t n_set, size_t i)
{
    const struct worth_run *x = &in->runs[i];
    double longest = 0;
    for (size_t j = 0; j < n_set; j++)
        if (in->runs[set[j]].trunk == x->trunk)
            longest = fmax(longest, in->runs[set[j]].flops);
    /* the longest of a trajectory trains the trunk, the others their own last part beside it */
    if (longest == 0)
        return x->flops;
    return x->flops > longest ? x->flops - longest + in->branch * longest : in->branch * x->flops;
}

static void widths(double *width, const struct state *s)
{
    for (size_t q = 0; q < WORTH_N; q++)
        width[q] = s->now[q] > 0 ? sqrt(fmax(0, s->cov[q * s->n + q]) / s->now[q]) : (double)NAN;
}

static void pick_next(struct worth *w, struct state *s, const struct worth_in *in, size_t *set, bool *taken)
{
    double most = 0, best = -1;
    size_t at = in->n;
    for (size_t i = 0; i < in->n; i++)
        if (!taken[i])
            most = fmax(most, narrows(s, i));
    for (size_t i = 0; i < in->n; i++) {
        double by = narrows(s, i), per = by / worth_adds(in, set, w->n, i);
        if (!taken[i] && by >= (in->enough > 0 ? in->enough : WORTH_ENOUGH) * most && per > best) {
            best = per;
            at = i;
        }
    }
    struct worth_pick *p = &w->picks[w->n];
    *p = (struct worth_pick){.run = at, .flops = worth_adds(in, set, w->n, at)};
    w->flops += p->flops;
    taken[at] = true;
    set[w->n++] = at;
    observe(s, at);
    widths(p->width, s);
}

/* --- all of it ----------------------------------------------------------------------------------------- */

static enum status can_tell(const struct fit_report *r, struct err *err)
{
    const struct fit_law *f = fit_report_selected(r);
    if (!f)
        return err_set(err, E_DATA, "no law could be fitted: %s", r->nothing);
    if (f->law->n_vars != 2 || !r->frontier.holds)
        return err_set(err, E_DATA, "law %s is one of a single variable, %s: runs that differ in both size and tokens are needed",
                       f->law->name, f->x_name);
    if (r->frontier.n_boot < 20)
        return err_set(err, E_DATA, "there are no resamples, so nothing is known of how wide the intervals are");
    return OK;
}

static void state_free(struct state *s)
{
    free(s->cov);
    free(s->alone);
}

static enum status state_make(struct state *s, struct worth *w, const struct fit_report *r, const struct fit_table *t,
                              const struct worth_in *in, struct err *err)
{
    *s = (struct state){.n = WORTH_N + in->n};
    TRY(can_tell(r, err));
    TRY(size_calloc(&s->cov, s->n * s->n, sizeof *s->cov, "the design", err));
    TRY(size_calloc(&s->alone, in->n, sizeof *s->alone, "the design", err));
    TRY(members(s, r, in, err));
    TRY(shared_of(&w->shared, r, t, err));
    for (size_t q = 0; q < WORTH_N; q++)
        s->now[q] = s->cov[q * s->n + q];
    add_noise(s, r, in, w->shared);
    const struct fit_law *f = fit_report_selected(r);
    w->sigma = sqrt(seed_variance(r, exp(f->problem.centre.u), exp(f->problem.centre.v)));
    w->misfit = sqrt(misfit_variance(r));
    w->noise_is_bound = r->noise.model.df == 0;
    return OK;
}

enum status worth_choose(struct worth *w, const struct fit_report *r, const struct fit_table *t, const struct worth_in *in,
                         struct err *err)
{
    struct state s;
    size_t *set = NULL, k = size_min(in->k, in->n);
    bool *taken = NULL;
    *w = (struct worth){.n = 0};
    enum status st = state_make(&s, w, r, t, in, err);
    if (st == OK)
        st = size_calloc(&w->picks, size_max(k, 1), sizeof *w->picks, "the runs", err);
    if (st == OK)
        st = size_calloc(&set, size_max(k, 1), sizeof *set, "the runs", err);
    if (st == OK)
        st = size_calloc(&taken, size_max(in->n, 1), sizeof *taken, "the runs", err);
    while (st == OK && w->n < k)
        pick_next(w, &s, in, set, taken);
    free(taken);
    free(set);
    state_free(&s);
    return st;
}

void worth_free(struct worth *w)
{
    free(w->picks);
    *w = (struct worth){.n = 0};
}

enum status worth_expect(double *width, const struct fit_report *r, const struct fit_table *t, const struct worth_in *in,
                         const size_t *set, size_t n_set, struct err *err)
{
    struct state s;
    struct worth w;
    enum status st = state_make(&s, &w, r, t, in, err);
    for (size_t i = 0; i < n_set && st == OK; i++)
        observe(&s, set[i]);
    if (st == OK)
        widths(width, &s);
    state_free(&s);
    return st;
}
