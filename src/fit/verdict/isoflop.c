#include "fit/verdict/isoflop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "fit/akima.h"
#include "fit/levels.h"

/* Sizes of one shape are the same number, and their logarithms differ by rounding at most. */
#define SAME_SIZE 1e-9
#define MIN_SIZES 3

struct run {
    double c, ln_n, loss;
    double drawn; /* loss of the present redraw */
};

struct budget {
    size_t first, n; /* runs[first .. first+n), by size */
};

static int by_budget(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    if (x->c != y->c)
        return x->c < y->c ? -1 : 1;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

static int by_size(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    if (x->ln_n != y->ln_n)
        return x->ln_n < y->ln_n ? -1 : 1;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

static size_t count_sizes(const struct run *x, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        m += i == 0 || x[i].ln_n > x[i - 1].ln_n + SAME_SIZE;
    return m;
}

/* Least squares for loss = c0 + c1 z + c2 z^2 over runs in the window; rss and the count come back. */
static bool parabola(double c[3], double *rss, size_t *used, const struct run *x, size_t n, double centre,
                     double lo, double hi)
{
    double s[5] = {0}, b[3] = {0};
    *used = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i].ln_n < lo || x[i].ln_n > hi)
            continue;
        double z = x[i].ln_n - centre, zk = 1;
        for (int k = 0; k < 5; k++, zk *= z) {
            s[k] += zk;
            if (k < 3)
                b[k] += zk * x[i].drawn;
        }
        ++*used;
    }
    double m[3][4] = {{s[0], s[1], s[2], b[0]}, {s[1], s[2], s[3], b[1]}, {s[2], s[3], s[4], b[2]}};
    for (int i = 0; i < 3; i++) {
        if (!(fabs(m[i][i]) > 1e-12 * (1 + s[4])))
            return false;
        for (int r = i + 1; r < 3; r++)
            for (int j = 3; j >= i; j--)
                m[r][j] -= m[r][i] / m[i][i] * m[i][j];
    }
    for (int i = 2; i >= 0; i--) {
        c[i] = m[i][3];
        for (int j = i + 1; j < 3; j++)
            c[i] -= m[i][j] * c[j];
        c[i] /= m[i][i];
    }
    *rss = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i].ln_n < lo || x[i].ln_n > hi)
            continue;
        double z = x[i].ln_n - centre, r = x[i].drawn - c[0] - z * (c[1] + z * c[2]);
        *rss += r * r;
    }
    return true;
}

/* The window is centred on the best run, then once on the minimum that it gave; it widens to the
 * neighbours where it holds fewer than three sizes. */
static bool minimum(struct fit_isoflop *out, double *rss, const struct run *x, size_t n, double factor)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i].drawn < x[best].drawn)
            best = i;
    double centre = x[best].ln_n, half = log(factor), c[3];
    out->at_edge = x[best].ln_n <= x[0].ln_n + SAME_SIZE || x[best].ln_n >= x[n - 1].ln_n - SAME_SIZE;
    out->valid = false;
    for (int pass = 0; pass < 2; pass++) {
        double lo = centre - half, hi = centre + half;
        for (double h = half;; h *= 1.25) {
            size_t sizes = 0;
            lo = centre - h, hi = centre + h;
            for (size_t i = 0; i < n; i++)
                sizes += x[i].ln_n >= lo && x[i].ln_n <= hi &&
                         (i == 0 || x[i].ln_n > x[i - 1].ln_n + SAME_SIZE);
            if (sizes >= MIN_SIZES || (lo < x[0].ln_n && hi > x[n - 1].ln_n))
                break;
        }
        if (!parabola(c, rss, &out->n_window, x, n, centre, lo, hi) || !(c[2] > 0))
            break;
        double at = centre - c[1] / (2 * c[2]);
        out->c0 = c[0], out->c1 = c[1], out->c2 = c[2];
        out->ln_centre = centre;
        out->lo_n = exp(fmax(lo, x[0].ln_n));
        out->hi_n = exp(fmin(hi, x[n - 1].ln_n));
        out->n_opt.value = exp(at);
        out->loss.value = c[0] - c[1] * c[1] / (4 * c[2]);
        /* a minimum outside of what was sampled is an extrapolation */
        out->valid = at >= x[0].ln_n - 0.7 && at <= x[n - 1].ln_n + 0.7;
        out->at_edge |= at < x[0].ln_n || at > x[n - 1].ln_n;
        centre = fmin(fmax(at, x[0].ln_n), x[n - 1].ln_n);
    }
    return out->valid;
}

/* Minimum of the Akima curve through the mean loss of each size, as Porian et al. use it. */
static double curve_minimum(const struct run *x, size_t n, double *scratch)
{
    double *u = scratch, *y = scratch + n, *m = scratch + 2 * n;
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        double sum = 0, cnt = 0;
        u[k] = x[i].ln_n;
        for (; i < n && x[i].ln_n <= u[k] + SAME_SIZE; i++, cnt++)
            sum += x[i].loss;
        y[k++] = sum / cnt;
    }
    akima_slopes(m, u, y, k);
    return exp(akima_minimum(m, u, y, k));
}

/* Exponent of N* against C; NaN below two budgets. A minimum at the edge of the sizes is a guess, and not used. */
static double exponent(const struct fit_isoflop *b, size_t n)
{
    double m = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        if (!b[i].valid || b[i].at_edge)
            continue;
        double x = log(b[i].flops / b[0].flops), y = log(b[i].n_opt.value);
        m++, sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    double det = m * sxx - sx * sx;
    return m < 2 || !(det > 0) ? (double)NAN : (m * sxy - sx * sy) / det;
}

struct work {
    struct run *runs;
    struct budget *budgets;
    size_t n_budgets;
    size_t n_boot;
    double *draws; /* (2 n_budgets + 1, n_boot) */
};

/* Runs that all redraws together may take in; long tables get fewer redraws, but as many as an interval needs. */
#define REDRAW_WORK 2e7
#define MIN_REDRAWS 60

/* A budget that somebody chose stands apart from the runs below and above it by more than this; the compute of a log's
 * checkpoints is a continuum. */
#define APART 1.1

static void group(struct work *w, size_t n)
{
    double below = 0;
    qsort(w->runs, n, sizeof *w->runs, by_budget);
    for (size_t i = 0; i < n;) {
        size_t j = i + 1;
        while (j < n && w->runs[j].c <= w->runs[i].c * LEVELS_MET)
            j++;
        double least = w->runs[i].c, most = w->runs[j - 1].c;
        bool apart = least > APART * below && (j == n || w->runs[j].c > APART * most);
        below = most;
        qsort(w->runs + i, j - i, sizeof *w->runs, by_size);
        if (apart && count_sizes(w->runs + i, j - i) >= MIN_SIZES)
            w->budgets[w->n_budgets++] = (struct budget){i, j - i};
        i = j;
    }
}

/* Fit every budget to the losses as they are; returns the pooled residual variance and its degrees of
 * freedom. */
static double first_pass(double *degrees, struct fit_isoflops *out, struct work *w, double factor,
                         double *scratch)
{
    double rss_sum = 0, df = 0;
    for (size_t i = 0; i < w->n_budgets; i++) {
        struct budget b = w->budgets[i];
        struct fit_isoflop *f = &out->at[i];
        double rss = 0, c = 0;
        for (size_t k = 0; k < b.n; k++)
            c += log(w->runs[b.first + k].c) / (double)b.n;
        *f = (struct fit_isoflop){.flops = exp(c), .n = b.n};
        f->n_opt_local = curve_minimum(w->runs + b.first, b.n, scratch);
        if (minimum(f, &rss, w->runs + b.first, b.n, factor) && f->n_window > 3) {
            rss_sum += rss;
            df += (double)f->n_window - 3;
        }
    }
    *degrees = df;
    return df > 0 ? rss_sum / df : 0;
}

static void redraw(struct work *w, const struct fit_isoflops *out, size_t i, double sd, struct rng *rng)
{
    const struct fit_isoflop *f = &out->at[i];
    for (size_t k = 0; k < w->budgets[i].n; k++) {
        struct run *x = &w->runs[w->budgets[i].first + k];
        double z = x->ln_n - f->ln_centre;
        bool inside = x->ln_n >= log(f->lo_n) - SAME_SIZE && x->ln_n <= log(f->hi_n) + SAME_SIZE;
        x->drawn = (inside ? f->c0 + z * (f->c1 + z * f->c2) : x->loss) + sd * rng_normal(rng);
    }
}

static void intervals(struct fit_isoflops *out, struct work *w, const struct fit_options *opt, double sd,
                      double z, struct fit_isoflop *copy)
{
    size_t m = w->n_budgets, n = w->n_boot;
    for (size_t b = 0; b < n; b++) {
        struct rng rng = rng_make(opt->seed, RNG_BOOTSTRAP, 1000, b);
        for (size_t i = 0; i < m; i++) {
            double rss;
            copy[i] = out->at[i];
            if (out->at[i].valid) {
                redraw(w, out, i, sd, &rng);
                minimum(&copy[i], &rss, w->runs + w->budgets[i].first, w->budgets[i].n,
                        opt->isoflop_window);
            }
            bool ok = copy[i].valid;
            w->draws[i * n + b] = ok ? copy[i].n_opt.value : (double)NAN;
            w->draws[(m + i) * n + b] = ok ? copy[i].loss.value : (double)NAN;
        }
        w->draws[2 * m * n + b] = exponent(copy, m);
    }
    for (size_t i = 0; i < m; i++) {
        struct fit_isoflop *f = &out->at[i];
        f->n_opt = stats_summary(f->n_opt.value, w->draws + i * n, n, z);
        f->loss = stats_summary(f->loss.value, w->draws + (m + i) * n, n, z);
    }
    out->n_exponent = stats_summary(out->n_exponent.value, w->draws + 2 * m * n, n, z);
}

static enum status analyse(struct fit_isoflops *out, struct work *w, const struct fit_table *t,
                           const struct fit_options *opt, const struct fit_cost *cost, const struct fit_noise *noise,
                           struct err *err)
{
    double *scratch, df;
    struct fit_isoflop *copy;
    const double none = (double)NAN;
    size_t m = w->n_budgets;
    TRY(size_calloc(&out->at, m, sizeof *out->at, "IsoFLOP budgets", err));
    out->n = m;
    TRY(size_calloc(&scratch, 3 * t->n + 8, sizeof *scratch, "curve", err));
    double sd = sqrt(first_pass(&df, out, w, opt->isoflop_window, scratch));
    free(scratch);
    if (noise->df > 0 && noise->model.pooled > sd) {
        sd = noise->model.pooled;
        df = (double)noise->df;
    }
    out->n_exponent = (struct fit_value){exponent(out->at, m), none, none, none};
    for (size_t i = 0; i < m; i++) {
        struct fit_isoflop *f = &out->at[i];
        f->n_opt.se = f->n_opt.lo = f->n_opt.hi = none;
        f->loss.se = f->loss.lo = f->loss.hi = none;
    }
    if (sd > 0 && opt->bootstrap > 0) {
        TRY(size_calloc(&copy, m, sizeof *copy, "IsoFLOP budgets", err));
        w->n_boot = size_min(opt->bootstrap, (size_t)fmax(MIN_REDRAWS, REDRAW_WORK / (double)t->n));
        enum status st = size_calloc(&w->draws, (2 * m + 1) * w->n_boot, sizeof *w->draws,
                                     "IsoFLOP draws", err);
        if (st == OK)
            intervals(out, w, opt, sd, stats_t95(fmax(df, 1)), copy);
        free(copy);
        TRY(st);
    }
    for (size_t i = 0; i < m; i++)
        out->at[i].d_opt = cost_tokens(cost, out->at[i].flops, out->at[i].n_opt);
    out->d_exponent = cost_data_exponent(cost, out->n_exponent);
    return OK;
}

enum status isoflop_analyse(struct fit_isoflops *out, const struct fit_table *t, const struct fit_options *opt,
                            const struct fit_cost *cost, const struct fit_noise *noise, struct err *err)
{
    struct work w = {0};
    enum fit_column size = fit_count_column(opt->count);
    size_t n = 0;
    enum status st = size_calloc(&w.runs, t->n, sizeof *w.runs, "runs", err);
    if (st == OK)
        st = size_calloc(&w.budgets, t->n, sizeof *w.budgets, "budgets", err);
    if (st == OK) {
        for (size_t i = 0; i < t->n; i++) {
            double c = t->col[FIT_FLOPS][i], p = t->col[size][i], l = t->col[FIT_LOSS][i];
            if (c > 0 && isfinite(c) && p > 0)
                w.runs[n++] = (struct run){.c = c, .ln_n = log(p), .loss = l, .drawn = l};
        }
        group(&w, n);
        if (w.n_budgets > 0)
            st = analyse(out, &w, t, opt, cost, noise, err);
    }
    free(w.draws);
    free(w.runs);
    free(w.budgets);
    return st;
}

void isoflop_none(struct fit_isoflops *out)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    *out = (struct fit_isoflops){.n_exponent = unknown, .d_exponent = unknown};
}

void isoflop_free(struct fit_isoflops *out)
{
    free(out->at);
    *out = (struct fit_isoflops){.n = 0};
}
