#include "fit/forecast.h"

#include <math.h>

#include "base/status.h"

/* Found on one sweep (zipf of tests/bank) and judged on others: docs/live.md. Distances are logarithms. */
static const double WINDOW = 0.9;      /* the level of a curve at t is its mean from t * WINDOW to t */
static const double FALL = 0.3;        /* of the slope there, as far as the budget's end: curves flatten */
static const double COOLDOWN = 0.04;   /* and what the last decline of the rate gains */
static const double NOISE = 0.008;     /* a factor's own noise, before any sibling is seen */
static const double NOISE_DEGREES = 2; /* how firmly that is held */
/* Variances in units of that noise's: of a factor about what its own curve says; of its change where size or budget is e times as
 * much; of what bends beside that, over these distances; and of what runs on the same batches have in common, which are as hard
 * for all, over a little of tokens. */
static const double ALONE = 20, TILT = 1, BEND = 4, SAME = 8;
static const double BEND_SIZE = 2.0, BEND_BUDGET = 0.8, SAME_SIZE = 2.0, SAME_BUDGET = 0.4;

static const double DOUBT = 3; /* of the law: its form is wrong where it is asked, in corners that nothing has reached */
static const double STRETCH = 1.2; /* of the half-widths: 95 % of that sweep's runs are within */

enum { SIBLINGS_MAX = 64 };

/* ---- where a curve is ---- */

/* The first point at or after t; n where there is none. */
static size_t first_from(const struct forecast_run *r, double t)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (r->at[middle] < t)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* The mean loss from share * WINDOW to share of a run's budget, weighed by tokens; NaN where it has not been there. */
static double level_at(const struct forecast_run *r, double share)
{
    double to = share * r->tokens, from = WINDOW * to, sum = 0, tokens = 0;
    if (r->n == 0 || r->at[r->n - 1] < to * (1 - 1e-9))
        return (double)NAN;
    for (size_t i = first_from(r, from); i < r->n; i++) {
        double a = fmax(i ? r->at[i - 1] : 0, from), b = fmin(r->at[i], to);
        if (a >= to)
            break;
        if (b > a) {
            sum += (b - a) * r->curve[i];
            tokens += b - a;
        }
    }
    return log(sum / tokens);
}

/* What its curve alone says of how far the logarithm of a run's loss still falls. */
static double alone(const struct forecast_run *r, double share)
{
    double before = level_at(r, share * 0.5), slope = (before - level_at(r, share)) / log(2);
    return isfinite(slope) ? FALL * fmin(fmax(slope, 0), 1) * log(1 / (share * 0.5 * (1 + WINDOW))) + COOLDOWN : (double)NAN;
}

/* ---- how the siblings went on ---- */

/* Where a run stands among its siblings, and the logarithm of its factor. */
struct place {
    double size, budget, order, y;
    size_t trunk;
};

/* The covariance of two factors, seen from the run in question, where size and budget are 0. */
static double covariance(const struct place *a, const struct place *b)
{
    double size = a->size - b->size, budget = a->budget - b->budget;
    double bend = hypot(size / BEND_SIZE, budget / BEND_BUDGET), same = hypot(size / SAME_SIZE, budget / SAME_BUDGET);
    return ALONE + TILT * (a->size * b->size + a->budget * b->budget) + BEND * exp(-0.5 * bend * bend) +
           (a->order == b->order ? SAME * exp(-0.5 * same * same) : 0);
}

/* How far, in what one is like the other. */
static double distance(const struct place *a, const struct place *b)
{
    return hypot((a->size - b->size) / BEND_SIZE, (a->budget - b->budget) / BEND_BUDGET) + (a->order == b->order ? 0 : 0.5);
}

/* An estimate of the logarithm of a loss: a t distribution. */
struct guess {
    double mean, scale, degrees;
};

/* l x = b, for a lower triangle l of n rows. */
static void substitute(double *x, const double l[][SIBLINGS_MAX], const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double s = b[i];
        for (size_t k = 0; k < i; k++)
            s -= l[i][k] * x[k];
        x[i] = s / l[i][i];
    }
}

static double trajectories(const struct place *all, size_t n)
{
    double different = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (all[j].trunk != all[i].trunk)
            j++;
        different += j == i;
    }
    return different;
}

/* The factor of the run in question given those of its siblings (n): a Gaussian process whose scale is unknown (Rasmussen and
 * Williams, Gaussian Processes for Machine Learning, 2.2 and 9.9). */
static struct guess posterior(const struct place *all, size_t n, double order)
{
    const struct place me = {.order = order};
    double l[SIBLINGS_MAX][SIBLINGS_MAX], cross[SIBLINGS_MAX] = {0}, y[SIBLINGS_MAX] = {0}, u[SIBLINGS_MAX], v[SIBLINGS_MAX];
    double mean = 0, var = 1 + covariance(&me, &me), sum = NOISE_DEGREES * NOISE * NOISE;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = covariance(&all[i], &all[j]) + (i == j);
            for (size_t k = 0; k < j; k++)
                s -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(s) : s / l[j][j];
        }
    for (size_t i = 0; i < n; i++) {
        cross[i] = covariance(&all[i], &me);
        y[i] = all[i].y;
    }
    substitute(u, l, y, n);
    substitute(v, l, cross, n);
    for (size_t i = 0; i < n; i++) {
        mean += u[i] * v[i];
        var -= v[i] * v[i];
        sum += u[i] * u[i];
    }
    /* the noise of one trajectory is in all its runs: they count once */
    return (struct guess){mean, sqrt(sum / (NOISE_DEGREES + (double)n) * fmax(var, 1)), NOISE_DEGREES + trajectories(all, n)};
}

/* The siblings' factors, taken less what the run's own curve says (falls); of many the nearest. */
static size_t gather(struct place *all, const struct forecast_run *runs, size_t n, size_t me, double share, double falls)
{
    const struct forecast_run *r = &runs[me];
    const struct place here = {.order = r->order};
    size_t used = 0;
    for (size_t j = 0; j < n; j++) {
        const struct forecast_run *s = &runs[j];
        double then = j != me && s->loss > 0 ? level_at(s, share) : (double)NAN;
        struct place p = {log(s->params / r->params), log(s->tokens / r->tokens), s->order, log(s->loss) - then + falls, s->trunk};
        size_t at = used, farthest = 0;
        if (!isfinite(p.y + p.size + p.budget))
            continue;
        if (used == SIBLINGS_MAX) {
            for (size_t k = 1; k < used; k++)
                if (distance(&all[k], &here) > distance(&all[farthest], &here))
                    farthest = k;
            at = farthest;
            if (distance(&p, &here) >= distance(&all[at], &here))
                continue;
        } else
            used++;
        all[at] = p;
    }
    return used;
}

/* ---- both ---- */

static bool from_law(struct guess *g, const struct fit_value *law)
{
    if (!(law->value > 0 && law->hi >= law->value && law->lo <= law->value))
        return false;
    double lo = law->lo > 0 ? law->lo : law->value * law->value / law->hi;
    *g = (struct guess){log(law->value), DOUBT * (log(law->hi) - log(lo)) / (2 * STATS_Z95), 1e9};
    return g->scale > 0;
}

/* Weighed by their precision; where they disagree by more than their doubts allow, the doubt grows (the scale factor of the
 * Particle Data Group). */
static struct guess both(const struct guess *a, const struct guess *b)
{
    double pa = 1 / (a->scale * a->scale), pb = 1 / (b->scale * b->scale), diff = a->mean - b->mean;
    double apart = diff * diff / (1 / pa + 1 / pb);
    double mean = (pa * a->mean + pb * b->mean) / (pa + pb);
    return (struct guess){mean, sqrt(fmax(apart, 1) / (pa + pb)), fmin(a->degrees, b->degrees)};
}

struct forecast forecast_of(const struct forecast_run *runs, size_t n, size_t i)
{
    CHECK(i < n);
    const struct forecast_run *r = &runs[i];
    const double none = (double)NAN;
    struct forecast out = {FORECAST_NONE, none, none, none};
    struct place all[SIBLINGS_MAX];
    struct guess law, own, guess;
    double share = r->n ? fmin(r->at[r->n - 1] / r->tokens, 1) : 0, now = level_at(r, share), falls = alone(r, share);
    bool has_law = from_law(&law, &r->law), has_curve = share > 0.02 && isfinite(now + falls);
    if (!has_law && !has_curve)
        return out;
    guess = law;
    out.from = FORECAST_LAW;
    if (has_curve) {
        size_t used = gather(all, runs, n, i, share, falls);
        own = posterior(all, used, r->order);
        own.mean += now - falls;
        guess = has_law ? both(&own, &law) : own;
        out.from = has_law ? FORECAST_BOTH : used ? FORECAST_SIBLINGS : FORECAST_CURVE;
    }
    double half = STRETCH * guess.scale * (guess.degrees > 1e6 ? STATS_Z95 : stats_t95(guess.degrees));
    out.value = exp(guess.mean);
    out.lo = exp(guess.mean - half);
    out.hi = exp(guess.mean + half);
    return out;
}

const char *forecast_source(enum forecast_from from)
{
    static const char *const words[] = {"not yet", "its curve", "siblings", "law", "law and siblings"};
    return words[from];
}
