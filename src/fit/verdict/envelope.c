#include "fit/verdict/envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

/* Points of the compute axis, and how far around each a curve is averaged, in ln C: single lines of a log are
 * noisy. */
#define N_GRID 200
#define HALF_WINDOW 0.15

/* Curves on the common grid of compute. */
struct grid {
    double ln_c[N_GRID];
    double *loss, *ln_d; /* (n, N_GRID); NaN where a curve does not reach */
    double *ln_n;        /* (n) */
    size_t n;
};

/* --- onto the grid ----------------------------------------------------------------------------------- */

/* Loss and ln tokens of one curve at ln C: a mean over the window, between neighbours where it is empty. */
static void curve_at(double *loss, double *ln_d, const struct envelope_curve *c, double ln_c)
{
    double sum = 0, sum_d = 0, m = 0;
    size_t after = 0;
    *loss = *ln_d = (double)NAN;
    if (c->n < 2 || ln_c < log(c->flops[0]) || ln_c > log(c->flops[c->n - 1]))
        return;
    while (after < c->n - 1 && log(c->flops[after]) < ln_c)
        after++;
    after += after == 0;
    for (size_t i = 0; i < c->n; i++) {
        double x = log(c->flops[i]);
        if (fabs(x - ln_c) > HALF_WINDOW)
            continue;
        sum += c->loss[i];
        sum_d += log(c->tokens[i]) - (x - ln_c); /* along one curve tokens grow as compute */
        m++;
    }
    if (m >= 3) {
        *loss = sum / m;
        *ln_d = sum_d / m;
        return;
    }
    double a = log(c->flops[after - 1]), b = log(c->flops[after]), t = b > a ? (ln_c - a) / (b - a) : 0;
    *loss = c->loss[after - 1] + t * (c->loss[after] - c->loss[after - 1]);
    *ln_d = log(c->tokens[after - 1]) + t * log(c->tokens[after] / c->tokens[after - 1]);
}

/* From where two curves have begun to where one is left. */
static bool range_of(double *lo, double *hi, const struct envelope_curve *curves, size_t n)
{
    double first[2] = {(double)INFINITY, (double)INFINITY}, last[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (curves[i].n < 2)
            continue;
        double a = curves[i].flops[0], b = curves[i].flops[curves[i].n - 1];
        if (a < first[0]) {
            first[1] = first[0];
            first[0] = a;
        } else if (a < first[1]) {
            first[1] = a;
        }
        if (b > last[0]) {
            last[1] = last[0];
            last[0] = b;
        } else if (b > last[1]) {
            last[1] = b;
        }
    }
    *lo = log(first[1]);
    *hi = log(last[1]);
    return isfinite(*lo) && last[1] > 0 && *hi > *lo;
}

static enum status make_grid(struct grid *g, const struct envelope_curve *curves, size_t n, enum fit_count count,
                             struct err *err)
{
    double lo, hi;
    *g = (struct grid){.n = 0};
    if (!range_of(&lo, &hi, curves, n))
        return OK;
    TRY(size_calloc(&g->loss, n * N_GRID, sizeof *g->loss, "envelope", err));
    TRY(size_calloc(&g->ln_d, n * N_GRID, sizeof *g->ln_d, "envelope", err));
    TRY(size_calloc(&g->ln_n, n, sizeof *g->ln_n, "envelope", err));
    for (size_t k = 0; k < N_GRID; k++)
        g->ln_c[k] = lo + (hi - lo) * (double)k / (N_GRID - 1);
    for (size_t i = 0; i < n; i++) {
        if (!(curves[i].params[count] > 0))
            continue;
        for (size_t k = 0; k < N_GRID; k++)
            curve_at(&g->loss[g->n * N_GRID + k], &g->ln_d[g->n * N_GRID + k], &curves[i], g->ln_c[k]);
        g->ln_n[g->n++] = log(curves[i].params[count]);
    }
    return OK;
}

static void free_grid(struct grid *g)
{
    free(g->loss);
    free(g->ln_d);
    free(g->ln_n);
}

/* --- crossings --------------------------------------------------------------------------------------- */

struct line {
    double n, x, y, xx, xy;
};

static void line_add(struct line *l, double x, double y)
{
    l->n++, l->x += x, l->y += y, l->xx += x * x, l->xy += x * y;
}

static double line_slope(const struct line *l)
{
    double det = l->n * l->xx - l->x * l->x;
    return l->n >= 2 && det > 1e-9 * l->n * l->n ? (l->n * l->xy - l->x * l->y) / det : (double)NAN;
}

static size_t lowest_at(const struct grid *g, const double *times, size_t k)
{
    size_t best = g->n;
    for (size_t i = 0; i < g->n; i++) {
        double l = times[i] > 0 ? g->loss[i * N_GRID + k] : (double)NAN;
        if (!isnan(l) && (best == g->n || l < g->loss[best * N_GRID + k]))
            best = i;
    }
    return best;
}

/* Both curves of a crossing are there on either side, else a curve has only begun or ended. */
static bool both_there(const struct grid *g, size_t a, size_t b, size_t k)
{
    return !isnan(g->loss[a * N_GRID + k]) && !isnan(g->loss[b * N_GRID + k]) &&
           !isnan(g->loss[a * N_GRID + k - 1]) && !isnan(g->loss[b * N_GRID + k - 1]);
}

/* Exponents from the curves that times[i] > 0 selects. */
static void exponents(double *a, double *b, size_t *crossings, const struct grid *g, const double *times)
{
    struct line n = {0}, d = {0};
    size_t last = g->n;
    for (size_t k = 0; k < N_GRID && g->n > 0; k++) {
        size_t best = lowest_at(g, times, k);
        if (k > 0 && best < g->n && last < g->n && fabs(g->ln_n[best] - g->ln_n[last]) > 1e-6 &&
            both_there(g, best, last, k)) {
            line_add(&n, g->ln_c[k] - g->ln_c[0], 0.5 * (g->ln_n[best] + g->ln_n[last]));
            line_add(&d, g->ln_c[k] - g->ln_c[0],
                     0.5 * (g->ln_d[best * N_GRID + k] + g->ln_d[last * N_GRID + k]));
        }
        last = best;
    }
    *crossings = (size_t)n.n;
    bool enough = *crossings >= ENVELOPE_MIN_CROSSINGS;
    *a = enough ? line_slope(&n) : (double)NAN;
    *b = enough ? line_slope(&d) : (double)NAN;
}

/* --- all ---------------------------------------------------------------------------------------------- */

static enum status intervals(struct envelope *e, const struct grid *g, double *times, size_t n_boot,
                             uint64_t seed, struct err *err)
{
    double *draws, z = stats_expanded(g->n);
    TRY(size_calloc(&draws, 2 * n_boot, sizeof *draws, "envelope", err));
    for (size_t b = 0; b < n_boot; b++) {
        struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 3000, b);
        size_t ignored;
        memset(times, 0, g->n * sizeof *times);
        for (size_t i = 0; i < g->n; i++)
            times[rng_below(&rng, g->n)]++;
        exponents(&draws[b], &draws[n_boot + b], &ignored, g, times);
    }
    e->n_exponent = stats_summary(e->n_exponent.value, draws, n_boot, z);
    e->d_exponent = stats_summary(e->d_exponent.value, draws + n_boot, n_boot, z);
    free(draws);
    return OK;
}

enum status envelope_fit(struct envelope *e, const struct envelope_curve *curves, size_t n, enum fit_count count,
                         size_t n_boot, uint64_t seed, struct err *err)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    struct grid g;
    double *times = NULL;
    *e = (struct envelope){.n_exponent = unknown, .d_exponent = unknown};
    enum status st = make_grid(&g, curves, n, count, err);
    if (st == OK)
        st = size_calloc(&times, n, sizeof *times, "envelope", err);
    if (st == OK) {
        for (size_t i = 0; i < g.n; i++)
            times[i] = 1;
        exponents(&e->n_exponent.value, &e->d_exponent.value, &e->n_crossings, &g, times);
        if (n_boot > 0 && isfinite(e->n_exponent.value))
            st = intervals(e, &g, times, n_boot, seed, err);
    }
    free(times);
    free_grid(&g);
    return st;
}
