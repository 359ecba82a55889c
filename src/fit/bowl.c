#include "fit/bowl.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"
#include "fit/akima.h"

#define SAME_RATE 1e-9

/* The parabola is of the best rate and at most two on either side, no farther than this factor: beyond it bowls of learning
 * rates rise like no parabola. */
enum { REACH = 2 };
#define FACTOR 8.001

/* A parabola whose residuals are more than this share of what the loss rises by within the window is no shape of it,
 * unless they are noise. */
#define SKEWED 0.05
#define CHANCE 1.5

enum { REDRAWS = 200 };

/* Between two points the curve is a guess: its bottom lies off by about this share of what they are apart (root mean
 * square over where the points lie: .05 for a wedge, .15 for unlike parabolas, .13 and .18 for exponentials). */
#define GUESS 0.15

static int by_rate(const void *a, const void *b)
{
    const struct bowl_point *x = a, *y = b;
    if (x->x != y->x)
        return x->x < y->x ? -1 : 1;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

/* Sums about the means of rates: what repeats tell of chance. */
struct repeats {
    double rss, df;
};

/* Rates that rise, each with its mean loss. */
static struct repeats take_points(struct bowl *b, const struct bowl_point *p, size_t n)
{
    struct repeats r = {0, 0};
    for (size_t i = 0; i < n;) {
        double sum = 0, squares = 0, runs = 0, first = (double)NAN;
        size_t j = i;
        for (; j < n && log(p[j].x / p[i].x) <= SAME_RATE; j++)
            if (isfinite(p[j].loss)) {
                first = runs > 0 ? first : p[j].loss;
                sum += p[j].loss - first;
                squares += (p[j].loss - first) * (p[j].loss - first);
                runs++;
            }
        /* a rate at which any run diverged is none to train at */
        if (runs == (double)(j - i) && b->n < BOWL_MAX) {
            r.rss += fmax(0, squares - sum * sum / runs);
            r.df += runs - 1;
            b->ln_x[b->n] = log(p[i].x);
            b->mean[b->n] = first + sum / runs;
            b->runs[b->n++] = runs;
        }
        i = j;
    }
    return r;
}

static size_t lowest(const double *v, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (v[i] < v[best])
            best = i;
    return best;
}

/* Symmetric 3 x 3, by its first, second and third row's upper part; false where it cannot be told from a singular one. */
static bool invert(double out[3][3], const double s[5])
{
    double a = s[0], b = s[1], c = s[2], d = s[2], e = s[3], f = s[4];
    double A = d * f - e * e, B = c * e - b * f, C = b * e - c * d, det = a * A + b * B + c * C;
    if (!(fabs(det) > 1e-12 * fabs(a * d * f)))
        return false;
    out[0][0] = A / det, out[0][1] = out[1][0] = B / det, out[0][2] = out[2][0] = C / det;
    out[1][1] = (a * f - c * c) / det, out[1][2] = out[2][1] = (b * c - a * e) / det;
    out[2][2] = (a * d - b * b) / det;
    return true;
}

/* Least squares over the rates first..last, each weighed by its runs; cov is that of the coefficients for noise 1. */
static bool parabola(double c[3], double *rss, double cov[3][3], const struct bowl *b, const double *y, size_t first,
                     size_t last)
{
    double s[5] = {0}, v[3] = {0};
    for (size_t i = first; i <= last; i++) {
        double z = b->ln_x[i] - b->ln_centre, zk = b->runs[i];
        for (int k = 0; k < 5; k++, zk *= z) {
            s[k] += zk;
            if (k < 3)
                v[k] += zk * (y[i] - y[first]);
        }
    }
    if (!invert(cov, s))
        return false;
    for (int k = 0; k < 3; k++)
        c[k] = cov[k][0] * v[0] + cov[k][1] * v[1] + cov[k][2] * v[2];
    c[0] += y[first];
    *rss = 0;
    for (size_t i = first; i <= last; i++) {
        double z = b->ln_x[i] - b->ln_centre, r = y[i] - c[0] - z * (c[1] + z * c[2]);
        *rss += b->runs[i] * r * r;
    }
    return true;
}

/* Rates at which the parabola's slope cannot be told from 0 (Fieller 1954): all of them where its curvature cannot. */
static void parabola_interval(struct bowl *b, double cov[3][3], double sd, double df)
{
    double t = isfinite(df) ? stats_t95(df) : STATS_Z95, g = t * t * sd * sd;
    double q2 = 4 * (b->c2 * b->c2 - g * cov[2][2]), q1 = 4 * (b->c1 * b->c2 - g * cov[1][2]), q0 = b->c1 * b->c1 - g * cov[1][1];
    double at = -b->c1 / (2 * b->c2), root = q1 * q1 - 4 * q2 * q0;
    /* d(at) = -(dc1 + 2 at dc2) / (2 c2) */
    b->x.se = sd * sqrt(fmax(0, cov[1][1] + 4 * at * cov[1][2] + 4 * at * at * cov[2][2])) / (2 * b->c2);
    if (!(q2 > 0) || !(root >= 0))
        return;
    b->x.lo = exp(b->ln_centre + (-q1 - sqrt(root)) / (2 * q2));
    b->x.hi = exp(b->ln_centre + (-q1 + sqrt(root)) / (2 * q2));
}

/* Where the bottom comes to lie when the losses are drawn anew about the curve. gap: of the points about it. */
static void curve_interval(struct bowl *b, double gap, double sd, double df)
{
    double y[BOWL_MAX], m[AKIMA_SCRATCH(BOWL_MAX)], draws[REDRAWS];
    for (size_t k = 0; k < REDRAWS; k++) {
        struct rng rng = rng_make(1, RNG_BOOTSTRAP, 2000, k);
        for (size_t i = 0; i < b->n; i++)
            y[i] = b->mean[i] + sd / sqrt(b->runs[i]) * rng_normal(&rng);
        akima_slopes(m, b->ln_x, y, b->n);
        draws[k] = akima_minimum(m, b->ln_x, y, b->n);
    }
    double ln_x = log(b->x.value);
    struct fit_value v = stats_summary(ln_x, draws, REDRAWS, isfinite(df) ? stats_t95(df) : STATS_Z95);
    b->x.se = hypot(v.se, GUESS * gap);
    /* an end at the edge of what was tried is none */
    if (v.lo > b->ln_x[0] + 1e-6)
        b->x.lo = exp(ln_x - hypot(fmax(0, ln_x - v.lo), STATS_Z95 * GUESS * gap));
    if (v.hi < b->ln_x[b->n - 1] - 1e-6)
        b->x.hi = exp(ln_x + hypot(fmax(0, v.hi - ln_x), STATS_Z95 * GUESS * gap));
}

static void window_of(size_t *first, size_t *last, const struct bowl *b, size_t best)
{
    for (*first = best; *first > 0 && best - *first < REACH && b->ln_x[best] - b->ln_x[*first - 1] <= log(FACTOR);)
        --*first;
    for (*last = best; *last + 1 < b->n && *last - best < REACH && b->ln_x[*last + 1] - b->ln_x[best] <= log(FACTOR);)
        ++*last;
    *first = size_min(*first, best - 1); /* however far they are: three make a parabola */
    *last = size_max(*last, best + 1);
}

static double rise(const double *v, size_t first, size_t last)
{
    double lo = v[first], hi = v[first];
    for (size_t i = first; i <= last; i++)
        lo = fmin(lo, v[i]), hi = fmax(hi, v[i]);
    return hi - lo;
}

static void take_curve(struct bowl *b, size_t best)
{
    double m[AKIMA_SCRATCH(BOWL_MAX)];
    akima_slopes(m, b->ln_x, b->mean, b->n);
    double at = akima_minimum(m, b->ln_x, b->mean, b->n), l = b->ln_x[best - 1], r = b->ln_x[best + 1];
    b->skewed = true;
    b->x.value = exp(at);
    b->loss = akima_at(m, b->ln_x, b->mean, b->n, at);
    /* the parabola through the best and its neighbours, by divided differences */
    b->steep = ((b->mean[best + 1] - b->mean[best]) / (r - b->ln_x[best]) -
                (b->mean[best] - b->mean[best - 1]) / (b->ln_x[best] - l)) / (r - l);
}

/* The best rate lies inside: its bottom. */
static void find_bottom(struct bowl *b, size_t best, struct repeats r, double sd, double df)
{
    size_t first, last;
    double c[3] = {0}, cov[3][3] = {{0}}, rss = 0;
    window_of(&first, &last, b, best);
    b->ln_centre = b->ln_x[best];
    b->lo_x = exp(b->ln_x[first]), b->hi_x = exp(b->ln_x[last]);
    bool bends = parabola(c, &rss, cov, b, b->mean, first, last) && c[2] > 0;
    double at = bends ? b->ln_centre - c[1] / (2 * c[2]) : (double)NAN, free = (double)(last - first) - 2;
    double missed = free > 0 ? sqrt(rss / free) : 0;
    bool shapeless = missed > SKEWED * rise(b->mean, first, last) && !(missed <= CHANCE * sd);
    b->c0 = c[0], b->c1 = c[1], b->c2 = c[2];
    b->rss = r.rss, b->df = r.df;
    if (bends && at >= b->ln_x[best - 1] && at <= b->ln_x[best + 1] && !shapeless) {
        b->x.value = exp(at);
        b->loss = c[0] - c[1] * c[1] / (4 * c[2]);
        b->steep = c[2];
        b->rss += rss, b->df += free;
    } else {
        take_curve(b, best);
    }
    if (isnan(sd) && b->df > 0)
        sd = sqrt(b->rss / b->df), df = b->df;
    else if (isnan(sd) && free > 0) /* noise is no more than what a parabola misses */
        sd = missed, df = free;
    if (!isnan(sd) && b->skewed)
        curve_interval(b, 0.5 * (b->ln_x[best + 1] - b->ln_x[best - 1]), sd, df);
    else if (!isnan(sd))
        parabola_interval(b, cov, sd, df);
}

static void note_neighbours(struct bowl *b, const struct bowl_point *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (log(p[i].x / b->best) < -SAME_RATE)
            b->below = p[i].x;
        if (log(p[i].x / b->best) > SAME_RATE && isnan(b->above))
            b->above = p[i].x;
    }
}

void bowl_fit(struct bowl *b, const struct bowl_point *p, size_t n, double sd, double df)
{
    const double none = (double)NAN;
    struct bowl_point sorted[4 * BOWL_MAX];
    *b = (struct bowl){.state = BOWL_FEW, .x = {none, none, none, none}, .loss = none, .best = none, .below = none,
                       .above = none, .steep = none, .c0 = none, .c1 = none, .c2 = none, .lo_x = none, .hi_x = none};
    n = size_min(n, sizeof sorted / sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = p[i];
    qsort(sorted, n, sizeof *sorted, by_rate);
    struct repeats r = take_points(b, sorted, n);
    if (b->n == 0) {
        b->above = n > 0 ? sorted[0].x : none;
        return;
    }
    size_t best = lowest(b->mean, b->n);
    b->best = exp(b->ln_x[best]);
    b->rss = r.rss, b->df = r.df;
    note_neighbours(b, sorted, n);
    if (b->n > 1 || isfinite(b->above) || isfinite(b->below))
        b->state = best == 0 ? BOWL_LOW_EDGE : best + 1 == b->n ? BOWL_HIGH_EDGE : BOWL_FOUND;
    if (b->state == BOWL_FOUND)
        find_bottom(b, best, r, sd, df);
}

double bowl_pool(double *df, const struct bowl *b, size_t n)
{
    double rss = 0;
    *df = 0;
    for (size_t i = 0; i < n; i++)
        rss += b[i].rss, *df += b[i].df;
    return *df > 0 ? sqrt(rss / *df) : (double)NAN;
}

double bowl_at(const struct bowl *b, double x)
{
    double m[AKIMA_SCRATCH(BOWL_MAX)], z = log(x) - b->ln_centre;
    if (b->state != BOWL_FOUND)
        return (double)NAN;
    if (!b->skewed)
        return b->c0 + z * (b->c1 + z * b->c2);
    akima_slopes(m, b->ln_x, b->mean, b->n);
    return akima_at(m, b->ln_x, b->mean, b->n, log(x));
}

double bowl_next(const struct bowl *b, double step)
{
    if (b->state == BOWL_LOW_EDGE)
        return isfinite(b->below) ? sqrt(b->best * b->below) : b->best / step;
    if (b->state == BOWL_HIGH_EDGE)
        return isfinite(b->above) ? sqrt(b->best * b->above) : b->best * step;
    return b->state == BOWL_FOUND ? (double)NAN : isfinite(b->best) ? b->best * step : b->above / step;
}
