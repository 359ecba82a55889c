#include "fit/verdict/noise_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/stats.h"
#include "fit/verdict/crossed.h"

/* --- repeated cells ---------------------------------------------------------------------------------- */

struct rep {
    double n, d, seed, order, loss;
    size_t trunk;
};

/* Runs of one size and budget with at least two seeds. */
struct cell {
    double u, v; /* centred ln N, ln D */
    double s2;   /* variance of the loss */
    double df;
    double top, mean; /* where its ratio to the plane's is clipped, and the mean of that */
};

struct cells {
    struct rep *rep;
    size_t n_rep;
    struct cell *cell;
    size_t n;
    size_t *parent; /* (trunks) */
    struct crossed_run *crossed; /* (rows) of one cell; NULL where no run has an order of data of its own */
};

static int order(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_design(const void *a, const void *b)
{
    const struct rep *x = a, *y = b;
    int c = order(x->n, y->n);
    if (c == 0)
        c = order(x->d, y->d);
    if (c == 0)
        c = order(x->seed, y->seed);
    return c ? c : order(x->order, y->order);
}

static bool same_seeds(const struct rep *a, const struct rep *b)
{
    return a->seed == b->seed && a->order == b->order;
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* A cell's variance, in units of the plane's, counts up to this quantile of its distribution. */
#define CLIP 0.975

/* E min(X, c) of X = chi-squared with df degrees over df. */
static double mean_clipped(double df, double c)
{
    return stats_chi2_cdf(df * c, df + 2) + c * (1 - stats_chi2_cdf(df * c, df));
}

/* Sixteen runs of four seeds and four orders of data are not worth sixteen: their variance, and its degrees of freedom,
 * where the seeds of a cell are crossed; else they are left as they are. */
static void use_crossing(double *s2, double *df, const struct cells *c, size_t from, size_t to)
{
    struct crossed all;
    if (!c->crossed)
        return;
    for (size_t i = from; i < to; i++)
        c->crossed[i - from] = (struct crossed_run){c->rep[i].seed, c->rep[i].order, c->rep[i].loss};
    if (crossed_fit(&all, c->crossed, NULL, to - from))
        *s2 = crossed_total(df, &all);
}

/* Two trajectories that are compared at seven budgets are one comparison, not seven: what is independent is each pair
 * of trajectories that nothing has joined before. */
static void add_cell(struct noise_model *m, struct cells *c, size_t from, size_t to)
{
    const struct rep *x = c->rep + from;
    double mean = 0, ss = 0, k = (double)(to - from), df = k - 1;
    size_t first = root_of(c->parent, x->trunk), joined = 0;
    for (size_t i = 0; i < to - from; i++)
        mean += x[i].loss / k;
    for (size_t i = 0; i < to - from; i++) {
        size_t root = root_of(c->parent, x[i].trunk);
        joined += root != first;
        c->parent[root] = first;
        ss += (x[i].loss - mean) * (x[i].loss - mean);
    }
    double s2 = ss / df;
    use_crossing(&s2, &df, c, from, to);
    df = fmin(k - 1, fmax(1, floor(df)));
    m->df += (size_t)df;
    m->independent += size_min(joined, (size_t)df);
    c->cell[c->n++] = (struct cell){.u = log(x->n), .v = log(x->d), .s2 = s2, .df = df};
}

/* Of a few cells none can be called far above the rest. */
#define MIN_TO_CLIP 4

static void set_clips(struct cells *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct cell *x = &c->cell[i];
        const struct cell *last = i > 0 ? x - 1 : NULL;
        bool clip = c->n >= MIN_TO_CLIP, again = last && last->df == x->df;
        x->top = !clip ? (double)INFINITY : again ? last->top : stats_chi2_quantile(CLIP, x->df) / x->df;
        x->mean = !clip ? 1 : again ? last->mean : mean_clipped(x->df, x->top);
    }
}

static void find_cells(struct noise_model *m, struct cells *c)
{
    qsort(c->rep, c->n_rep, sizeof *c->rep, by_design);
    for (size_t i = 0, j; i < c->n_rep; i = j) {
        size_t seeds = 1;
        for (j = i + 1; j < c->n_rep && c->rep[j].n == c->rep[i].n && c->rep[j].d == c->rep[i].d; j++)
            seeds += !same_seeds(&c->rep[j], &c->rep[j - 1]);
        if (seeds > 1)
            add_cell(m, c, i, j);
    }
    set_clips(c);
}

static enum status gather(struct cells *c, const struct fit_table *t, enum fit_column size, const bool *off,
                          struct err *err)
{
    TRY(size_calloc(&c->rep, t->n, sizeof *c->rep, "repeated runs", err));
    TRY(size_calloc(&c->cell, t->n, sizeof *c->cell, "repeated runs", err));
    TRY(size_calloc(&c->parent, t->n_trunks, sizeof *c->parent, "repeated runs", err));
    for (size_t i = 0; i < t->n_trunks; i++)
        c->parent[i] = i;
    bool orders = false;
    for (size_t i = 0; i < t->n && !orders; i++)
        orders = !isnan(t->col[FIT_ORDER_SEED][i]);
    if (orders)
        TRY(size_calloc(&c->crossed, t->n, sizeof *c->crossed, "repeated runs", err));
    for (size_t i = 0; i < t->n; i++) {
        double n = t->col[size][i], d = t->col[FIT_TOKENS][i], seed = t->col[FIT_SEED][i];
        if (isnan(d)) /* a table of one variable may have no tokens */
            d = 1;
        double own = t->col[FIT_ORDER_SEED][i];
        if (!isnan(seed) && n > 0 && d > 0 && !(off && off[i]))
            c->rep[c->n_rep++] = (struct rep){n, d, seed, isnan(own) ? seed : own, t->col[FIT_LOSS][i], t->trunk[i]};
    }
    return OK;
}

static void free_cells(struct cells *c)
{
    free(c->rep);
    free(c->cell);
    free(c->parent);
    free(c->crossed);
}

/* --- the plane --------------------------------------------------------------------------------------- */

/* Slopes of ln sigma in ln N and ln D are near 0 give or take this much: the loss itself falls with exponents of
 * about that size, and its noise with it. */
#define SLOPE_SD 0.5
#define STEPS 60

/* Solve a x = b of three unknowns, a positive definite; returns false where it is not. */
static bool solve3(double x[3], double a[3][3], const double b[3])
{
    double l[3][3] = {{0}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j <= i; j++) {
            double s = a[i][j];
            for (int k = 0; k < j; k++)
                s -= l[i][k] * l[j][k];
            if (i == j && !(s > 0))
                return false;
            l[i][j] = i == j ? sqrt(s) : s / l[j][j];
        }
    for (int i = 0; i < 3; i++) {
        x[i] = b[i];
        for (int k = 0; k < i; k++)
            x[i] -= l[i][k] * x[k];
        x[i] /= l[i][i];
    }
    for (int i = 2; i >= 0; i--) {
        for (int k = i + 1; k < 3; k++)
            x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
    return true;
}

/* Information about the three, 2 df a cell, and the prior's. Cells of one pair of trajectories share an offset, so that
 * level and slope in size are known from `share` of them; the slope along the trajectories is not. */
static void information(double h[3][3], const struct cells *c, double share)
{
    memset(h, 0, 9 * sizeof h[0][0]);
    for (size_t i = 0; i < c->n; i++) {
        const double z[3] = {1, c->cell[i].u, c->cell[i].v}, df = c->cell[i].df;
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                h[a][b] += 2 * share * df * z[a] * z[b];
        h[2][2] += 2 * (1 - share) * df * z[2] * z[2];
    }
    h[1][1] += 1 / (SLOPE_SD * SLOPE_SD);
    h[2][2] += 1 / (SLOPE_SD * SLOPE_SD);
}

/* Fisher scoring on the clipped likelihood equations. */
static void fit_plane(struct noise_model *m, const struct cells *c)
{
    double p[3] = {m->at, 0, 0}, h[3][3], step[3];
    for (int it = 0; it < STEPS; it++) {
        double g[3] = {0, -p[1] / (SLOPE_SD * SLOPE_SD), -p[2] / (SLOPE_SD * SLOPE_SD)};
        for (size_t i = 0; i < c->n; i++) {
            const struct cell *x = &c->cell[i];
            double ratio = x->s2 * exp(-2 * (p[0] + p[1] * x->u + p[2] * x->v));
            double by = x->df * (fmin(ratio, x->top) / x->mean - 1);
            g[0] += by, g[1] += by * x->u, g[2] += by * x->v;
        }
        information(h, c, 1);
        if (!solve3(step, h, g))
            break;
        double size = fmax(fabs(step[0]), fmax(fabs(step[1]), fabs(step[2])));
        for (int a = 0; a < 3; a++)
            p[a] += step[a] * fmin(1, 1 / size);
        if (size < 1e-10)
            break;
    }
    m->at = p[0], m->by_n = p[1], m->by_d = p[2];
}

enum status noise_model_fit(struct noise_model *m, const struct fit_table *t, enum fit_column size, const bool *off,
                            struct err *err)
{
    struct cells c = {0};
    double sum = 0, df = 0, h[3][3];
    *m = (struct noise_model){0};
    enum status st = gather(&c, t, size, off, err);
    if (st == OK)
        find_cells(m, &c);
    m->cells = c.n;
    for (size_t i = 0; i < c.n; i++) {
        m->ln_n += c.cell[i].u / (double)c.n;
        m->ln_d += c.cell[i].v / (double)c.n;
        sum += c.cell[i].s2 * c.cell[i].df;
        df += c.cell[i].df;
    }
    if (!(sum > 0)) {
        m->df = m->independent = 0;
        free_cells(&c);
        return st;
    }
    for (size_t i = 0; i < c.n; i++) {
        c.cell[i].u -= m->ln_n;
        c.cell[i].v -= m->ln_d;
    }
    m->at = 0.5 * log(sum / df);
    fit_plane(m, &c);
    information(h, &c, (double)size_max(m->independent, 1) / (double)m->df);
    for (int a = 0; a < 3; a++) {
        const double unit[3] = {a == 0, a == 1, a == 2};
        if (!solve3(m->cov[a], h, unit))
            m->cov[a][a] = (double)INFINITY;
    }
    for (size_t i = 0; i < c.n; i++)
        m->pooled += exp(2 * (m->at + m->by_n * c.cell[i].u + m->by_d * c.cell[i].v)) / (double)c.n;
    m->pooled = sqrt(m->pooled);
    free_cells(&c);
    return OK;
}

double noise_model_at(const struct noise_model *m, double n, double d)
{
    return exp(m->at + m->by_n * (log(n) - m->ln_n) + m->by_d * (log(d) - m->ln_d));
}

double noise_model_slope_var(const struct noise_model *m, double n, double d)
{
    const double z[3] = {0, log(n) - m->ln_n, log(d) - m->ln_d};
    double var = 0;
    for (int a = 1; a < 3; a++)
        for (int b = 1; b < 3; b++)
            var += z[a] * z[b] * m->cov[a][b];
    return fmax(var, 0);
}
