#include "fit/verdict/noise_split.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/verdict/crossed.h"

/* --- crossed cells ------------------------------------------------------------------------------------ */

struct obs {
    double n, d;
    struct crossed_run run; /* in units of the noise at this size and budget */
    size_t trunk;
};

struct cell {
    size_t from, to; /* runs of it */
    struct crossed fit;
    bool again;      /* on trajectories of a cell before */
};

struct split {
    struct obs *obs;
    struct crossed_run *runs; /* (n) those of obs, in order */
    bool *skip;
    size_t n;
    struct cell *cells;
    size_t n_cells;
};

static int order(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_cell(const void *a, const void *b)
{
    const struct obs *x = a, *y = b;
    int c = order(x->n, y->n);
    c = c ? c : order(x->d, y->d);
    c = c ? c : order(x->run.a, y->run.a);
    return c ? c : order(x->run.b, y->run.b);
}

/* Without an order of its own a run has that of its seed. False where no run has one. */
static bool has_orders(const struct fit_table *t)
{
    const double *a = t->col[FIT_SEED], *b = t->col[FIT_ORDER_SEED];
    for (size_t i = 0; i < t->n; i++)
        if (!isnan(b[i]) && b[i] != a[i])
            return true;
    return false;
}

static void gather(struct split *s, const struct fit_table *t, enum fit_column size, const bool *off,
                   const struct noise_model *m)
{
    for (size_t i = 0; i < t->n; i++) {
        double n = t->col[size][i], d = isnan(t->col[FIT_TOKENS][i]) ? 1 : t->col[FIT_TOKENS][i];
        double a = t->col[FIT_SEED][i], b = isnan(t->col[FIT_ORDER_SEED][i]) ? a : t->col[FIT_ORDER_SEED][i];
        if (n > 0 && d > 0 && !isnan(a) && !(off && off[i]))
            s->obs[s->n++] = (struct obs){n, d, {a, b, t->col[FIT_LOSS][i] / noise_model_at(m, n, d)}, t->trunk[i]};
    }
    qsort(s->obs, s->n, sizeof *s->obs, by_cell);
    for (size_t i = 0; i < s->n; i++)
        s->runs[i] = s->obs[i].run;
}

static bool fit_cell(const struct split *s, struct cell *c)
{
    return crossed_fit(&c->fit, s->runs + c->from, s->skip + c->from, c->to - c->from);
}

/* Cells of one size are neighbours. */
static bool is_again(const struct split *s, const struct cell *c)
{
    const struct obs *first = &s->obs[c->from];
    for (size_t k = s->n_cells; k-- > 0 && s->obs[s->cells[k].from].n == first->n;)
        if (s->obs[s->cells[k].from].trunk == first->trunk)
            return true;
    return false;
}

static void find_cells(struct split *s)
{
    for (size_t i = 0, j; i < s->n; i = j) {
        for (j = i + 1; j < s->n && s->obs[j].n == s->obs[i].n && s->obs[j].d == s->obs[i].d; j++)
            ;
        struct cell c = {.from = i, .to = j};
        if (!fit_cell(s, &c))
            continue;
        c.again = is_again(s, &c);
        s->cells[s->n_cells++] = c;
    }
}

/* --- together ----------------------------------------------------------------------------------------- */

/* Mean squares over all cells; degrees of freedom as they count for intervals. */
struct together {
    double ms_a, ms_b, ms_e, per_a, per_b, df_a, df_b, df_e, all_e;
};

static struct together put_together(const struct split *s)
{
    struct together p = {0};
    double a = 0, b = 0, e = 0;
    for (size_t k = 0; k < s->n_cells; k++) {
        const struct crossed *c = &s->cells[k].fit;
        p.ms_a += c->df_a * c->ms_a, p.per_a += c->df_a * c->per_a, a += c->df_a;
        p.ms_b += c->df_b * c->ms_b, p.per_b += c->df_b * c->per_b, b += c->df_b;
        p.ms_e += c->df_e * c->ms_e, e += c->df_e;
        if (!s->cells[k].again)
            p.df_a += c->df_a, p.df_b += c->df_b, p.df_e += c->df_e;
    }
    p.ms_a /= a, p.per_a /= a;
    p.ms_b /= b, p.per_b /= b;
    p.ms_e /= e;
    p.all_e = e;
    return p;
}

/* Leave out one run that is too far from the rest of its cell to be of them; false where none is. */
static bool leave_out(struct split *s)
{
    struct cell *far = NULL;
    for (size_t k = 0; k < s->n_cells; k++)
        if (!far || s->cells[k].fit.farthest > far->fit.farthest)
            far = &s->cells[k];
    struct together p = put_together(s);
    double others = p.all_e - 1, ss = p.all_e * p.ms_e;
    if (others < 3 || !(far->fit.farthest < ss))
        return false;
    double limit = stats_t_at(stats_normal_quantile(1 - 0.005 / (double)s->n), others);
    if (!(far->fit.farthest > limit * limit * (ss - far->fit.farthest) / others))
        return false;
    s->skip[far->from + far->fit.at] = true;
    struct cell again = *far;
    bool still = fit_cell(s, &again);
    if (still)
        *far = again;
    else
        s->skip[far->from + far->fit.at] = false; /* a cell that hangs on it keeps it */
    return still;
}

/* --- intervals ---------------------------------------------------------------------------------------- */

enum { DRAWS = 1000 };

static double chi2_over_df(struct rng *r, double df)
{
    double sum = 0;
    if (df > 200)
        return fmax(0.01, 1 + sqrt(2 / df) * rng_normal(r));
    for (int i = 0; i < (int)df; i++) {
        double z = rng_normal(r);
        sum += z * z;
    }
    return sum / df;
}

static double sd(double variance)
{
    return sqrt(fmax(variance, 0));
}

static struct fit_value summary(double value, double *draws)
{
    sort_doubles(draws, DRAWS);
    return (struct fit_value){value, (double)NAN, stats_quantile(draws, DRAWS, 0.025), stats_quantile(draws, DRAWS, 0.975)};
}

static enum status find_intervals(struct noise_split *out, const struct together *p, double sigma, double slope_sd,
                                  uint64_t seed, struct err *err)
{
    double *draws, *of[3];
    TRY(size_calloc(&draws, 3 * DRAWS, sizeof *draws, "draws of the noise", err));
    for (int k = 0; k < 3; k++)
        of[k] = draws + k * DRAWS;
    for (size_t i = 0; i < DRAWS; i++) {
        struct rng r = rng_make(seed, RNG_BOOTSTRAP, 3002, i);
        double scale = sigma * exp(slope_sd * rng_normal(&r)), e = p->ms_e / chi2_over_df(&r, p->df_e);
        of[0][i] = scale * sd((p->ms_a / chi2_over_df(&r, p->df_a) - e) / p->per_a);
        of[1][i] = scale * sd((p->ms_b / chi2_over_df(&r, p->df_b) - e) / p->per_b);
        of[2][i] = scale * sd(e);
    }
    out->init = summary(sigma * sd((p->ms_a - p->ms_e) / p->per_a), of[0]);
    out->order = summary(sigma * sd((p->ms_b - p->ms_e) / p->per_b), of[1]);
    out->rest = summary(sigma * sd(p->ms_e), of[2]);
    free(draws);
    return OK;
}

static enum status split_runs(struct noise_split *out, struct split *s, double sigma, double slope_sd, uint64_t seed,
                              struct err *err)
{
    find_cells(s);
    out->cells = s->n_cells;
    if (s->n_cells == 0)
        return OK;
    while (10 * out->left_out < s->n && leave_out(s))
        out->left_out++;
    struct together p = put_together(s);
    return find_intervals(out, &p, sigma, slope_sd, seed, err);
}

enum status noise_split_fit(struct noise_split *out, const struct fit_table *t, enum fit_column size, const bool *off,
                            const struct noise_model *m, double sigma, double slope_sd, uint64_t seed, struct err *err)
{
    const struct fit_value unknown = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    struct split s = {0};
    *out = (struct noise_split){.init = unknown, .order = unknown, .rest = unknown};
    if (m->df == 0 || !(sigma > 0) || !has_orders(t))
        return OK;
    enum status st = size_calloc(&s.obs, t->n, sizeof *s.obs, "repeated runs", err);
    if (st == OK)
        st = size_calloc(&s.runs, t->n, sizeof *s.runs, "repeated runs", err);
    if (st == OK)
        st = size_calloc(&s.skip, t->n, sizeof *s.skip, "repeated runs", err);
    if (st == OK)
        st = size_calloc(&s.cells, t->n, sizeof *s.cells, "repeated runs", err);
    if (st == OK) {
        gather(&s, t, size, off, m);
        st = split_runs(out, &s, sigma, slope_sd, seed, err);
    }
    free(s.obs);
    free(s.runs);
    free(s.skip);
    free(s.cells);
    return st;
}
