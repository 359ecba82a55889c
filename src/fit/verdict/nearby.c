#include "fit/verdict/nearby.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"

/* Runs that a plane goes through, and rounds in which far ones lose weight (least absolute values). */
#define NEAREST 10
#define ROUNDS 8
/* Planes taken to see what they miss; every so many runs of a longer table. */
#define SAMPLE 400

struct work {
    const struct law_point *x;
    const double *e;
    size_t n;
    double su, sv; /* spreads */
};

static double spread(const struct work *w, bool of_v)
{
    double mean = 0, ss = 0;
    for (size_t i = 0; i < w->n; i++)
        mean += (of_v ? w->x[i].v : w->x[i].u) / (double)w->n;
    for (size_t i = 0; i < w->n; i++) {
        double d = (of_v ? w->x[i].v : w->x[i].u) - mean;
        ss += d * d;
    }
    return ss > 0 ? sqrt(ss / (double)w->n) : 1;
}

/* The nearest runs, by insertion. */
static size_t nearest(size_t near[NEAREST], const struct work *w, size_t i)
{
    double far[NEAREST];
    size_t m = 0;
    for (size_t j = 0; j < w->n; j++) {
        double a = (w->x[j].u - w->x[i].u) / w->su, b = (w->x[j].v - w->x[i].v) / w->sv, d = a * a + b * b;
        if (j == i || (m == NEAREST && d >= far[m - 1]))
            continue;
        size_t k = m < NEAREST ? m++ : m - 1;
        for (; k > 0 && far[k - 1] > d; k--) {
            far[k] = far[k - 1];
            near[k] = near[k - 1];
        }
        far[k] = d;
        near[k] = j;
    }
    return m;
}

/* Weighted least squares of e on 1, a, b around run i; slopes that the runs do not tell are 0. Returns the plane's
 * height at i and the variance of that, in units of one residual's. */
static double plane(double *var, double p[3], const struct work *w, size_t i, const size_t *near, const double *wt,
                    size_t m)
{
    double h[3][4] = {{1e-9}, {0, 1e-3}, {0, 0, 1e-3}}, inv = 0;
    for (size_t k = 0; k < m; k++) {
        const double z[3] = {1, (w->x[near[k]].u - w->x[i].u) / w->su, (w->x[near[k]].v - w->x[i].v) / w->sv};
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++)
                h[a][b] += wt[k] * z[a] * z[b];
            h[a][3] += wt[k] * z[a] * w->e[near[k]];
        }
    }
    /* slopes first, so that what is left of the first row is the height: its pivot is one over the variance */
    for (int c = 2; c >= 1; c--)
        for (int r = 0; r < c; r++) {
            double f = h[r][c] / h[c][c];
            for (int j = 0; j < 4; j++)
                h[r][j] -= f * h[c][j];
        }
    inv = h[0][0];
    p[0] = h[0][3] / h[0][0];
    p[1] = (h[1][3] - h[1][0] * p[0]) / h[1][1];
    p[2] = (h[2][3] - h[2][0] * p[0] - h[2][1] * p[1]) / h[2][2];
    *var = 1 / inv;
    return p[0];
}

/* How far run i lies from its neighbours' plane, less what the way out to it costs. */
static double miss(const struct work *w, size_t i)
{
    size_t near[NEAREST], m = nearest(near, w, i);
    double wt[NEAREST], r[NEAREST], p[3], var = 0, at = 0;
    for (size_t k = 0; k < m; k++)
        wt[k] = 1;
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0;
        at = plane(&var, p, w, i, near, wt, m);
        for (size_t k = 0; k < m; k++) {
            double a = (w->x[near[k]].u - w->x[i].u) / w->su, b = (w->x[near[k]].v - w->x[i].v) / w->sv;
            r[k] = fabs(w->e[near[k]] - p[0] - p[1] * a - p[2] * b);
            sum += r[k];
        }
        double scale = sum / (double)size_max(m, 1) + 1e-300;
        for (size_t k = 0; k < m; k++)
            wt[k] = 1 / fmax(r[k] / scale, 0.1);
        double mean = 0;
        for (size_t k = 0; k < m; k++)
            mean += wt[k] / (double)m;
        for (size_t k = 0; k < m; k++)
            wt[k] /= mean;
    }
    return fabs(w->e[i] - at) / sqrt(1 + var);
}

enum status nearby_clear(bool *odd, const struct law_point *x, const double *e, size_t n, double cut, double least,
                         struct err *err)
{
    struct work w = {x, e, n, 1, 1};
    double *all;
    size_t m = 0, step = size_max(n / SAMPLE, 1);
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || odd[i];
    if (!any)
        return OK;
    TRY(size_calloc(&all, n, sizeof *all, "neighbours", err));
    w.su = spread(&w, false);
    w.sv = spread(&w, true);
    for (size_t i = 0; i < n; i += step)
        all[m++] = miss(&w, i);
    sort_doubles(all, m);
    double bar = fmax(cut * 1.4826 * sort_median(all, m), least);
    for (size_t i = 0; i < n; i++)
        odd[i] = odd[i] && miss(&w, i) > bar;
    free(all);
    return OK;
}
