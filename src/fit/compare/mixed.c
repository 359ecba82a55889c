#include "fit/compare/mixed.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

double mixed_rho(size_t step)
{
    return 0.15 * (double)(step % MIXED_RHOS);
}

static size_t power_of(size_t step)
{
    return step / MIXED_RHOS % MIXED_POWERS;
}

double mixed_power(size_t step)
{
    return (double)power_of(step) / (MIXED_POWERS - 1);
}

double mixed_tau(size_t step)
{
    return 0.05 * (double)(step / (MIXED_RHOS * MIXED_POWERS));
}

/* sd of what a cluster of so many shares, and of each, under the whitening: variances along its mean and about it. */
static double along(double rho, double members)
{
    return 1 - rho + members * rho;
}

static double sd_of(const struct mixed *m, size_t i, double power)
{
    return m->sd && power > 0 ? pow(m->sd[i], power) : 1;
}

static const double *scale_of(const struct mixed *m, size_t step)
{
    return m->scale + power_of(step) * m->n;
}

/* What whitening begins with, the same at all rho: y in units of sd less what groups share, and the mean of each cluster. */
static void scale_down(double *y_sd, double *mean, const struct mixed *m, const double *y, size_t step)
{
    const double *scale = scale_of(m, step), apart = sqrt(1 - mixed_tau(step));
    for (size_t c = 0; c < m->in.n_clusters; c++)
        mean[c] = 0;
    for (size_t i = 0; i < m->n; i++)
        y_sd[i] = y[i] / (scale[i] * apart);
    for (size_t i = 0; i < m->n; i++)
        mean[m->in.cluster[i]] += y_sd[i];
    for (size_t c = 0; c < m->in.n_clusters; c++)
        mean[c] /= m->members[c];
}

/* z = V^-1/2 y but for what groups share; a column of ones so whitened is the same for all of a cluster. */
static void whiten_clusters(double *z, struct mixed *m, const double *y_sd, const double *mean, size_t step)
{
    const double about = 1 / sqrt(1 - mixed_rho(step)), *root = m->root_along + step % MIXED_RHOS * m->in.n_clusters;
    for (size_t c = 0; c < m->in.n_clusters; c++)
        m->mean[c] = mean[c] / root[c] - mean[c] * about;
    for (size_t i = 0; i < m->n; i++)
        z[i] = y_sd[i] * about + m->mean[m->in.cluster[i]];
}

/* z = V^-1/2 y. With B without and B + tau 1 1' with what a group shares, u = B^-1/2 1:
 * V^-1/2 = (I - (1 - 1 / sqrt(1 + tau u'u)) u u' / u'u) B^-1/2. y is scaled down in a row of its own at the first of the steps
 * that differ in rho alone, which come one after the other. */
static void whiten(double *z, struct mixed *m, size_t row, const double *y, size_t step)
{
    double *y_sd = m->scaled + row * m->n, *mean = m->means + row * m->in.n_clusters;
    const double *one = m->one + step * m->in.n_clusters, *less = m->less + step * m->in.n_groups;
    if (step % MIXED_RHOS == 0)
        scale_down(y_sd, mean, m, y, step);
    whiten_clusters(z, m, y_sd, mean, step);
    if (!(mixed_tau(step) > 0))
        return;
    for (size_t g = 0; g < m->in.n_groups; g++)
        m->shared[g] = 0;
    for (size_t i = 0; i < m->n; i++)
        m->shared[m->in.group[i]] += one[m->in.cluster[i]] * z[i];
    for (size_t i = 0; i < m->n; i++)
        z[i] -= one[m->in.cluster[i]] * less[m->in.group[i]] * m->shared[m->in.group[i]];
}

/* ln |V| of a step, and what whitening takes of each group's level. */
static double prepare(struct mixed *m, size_t step)
{
    double sum = 0, rho = mixed_rho(step), tau = mixed_tau(step);
    double *one = m->one + step * m->in.n_clusters, *less = m->less + step * m->in.n_groups;
    for (size_t c = 0; c < m->in.n_clusters; c++) {
        one[c] = 1 / sqrt((1 - tau) * along(rho, m->members[c]));
        sum += (m->members[c] - 1) * log(1 - rho) + log(along(rho, m->members[c]));
    }
    for (size_t i = 0; i < m->n; i++) {
        sum += 2 * log(scale_of(m, step)[i]) + log(1 - tau);
        less[m->in.group[i]] += one[m->in.cluster[i]] * one[m->in.cluster[i]];
    }
    for (size_t g = 0; g < m->in.n_groups; g++) {
        sum += log(1 + tau * less[g]);
        less[g] = (1 - 1 / sqrt(1 + tau * less[g])) / less[g];
    }
    return sum;
}

enum status mixed_init(struct mixed *m, const struct mixed_clusters *in, const double *sd, struct err *err)
{
    size_t n = in->n;
    *m = (struct mixed){.in = *in, .n = n, .sd = sd};
    TRY(size_calloc(&m->members, in->n_clusters, sizeof *m->members, "clusters", err));
    TRY(size_calloc(&m->root_along, MIXED_RHOS * in->n_clusters, sizeof *m->root_along, "clusters", err));
    TRY(size_calloc(&m->scaled, (MIXED_MAX + 1) * n, sizeof *m->scaled, "differences", err));
    TRY(size_calloc(&m->means, (MIXED_MAX + 1) * in->n_clusters, sizeof *m->means, "clusters", err));
    TRY(size_calloc(&m->mean, in->n_clusters, sizeof *m->mean, "clusters", err));
    TRY(size_calloc(&m->shared, in->n_groups, sizeof *m->shared, "clusters", err));
    TRY(size_calloc(&m->one, MIXED_STEPS * in->n_clusters, sizeof *m->one, "clusters", err));
    TRY(size_calloc(&m->less, MIXED_STEPS * in->n_groups, sizeof *m->less, "clusters", err));
    TRY(size_calloc(&m->zy, n, sizeof *m->zy, "differences", err));
    TRY(size_calloc(&m->zx, n * MIXED_MAX, sizeof *m->zx, "differences", err));
    for (size_t i = 0; i < n; i++)
        m->members[in->cluster[i]]++;
    for (size_t r = 0; r < MIXED_RHOS; r++)
        for (size_t c = 0; c < in->n_clusters; c++)
            m->root_along[r * in->n_clusters + c] = sqrt(along(mixed_rho(r), m->members[c]));
    TRY(size_calloc(&m->scale, MIXED_POWERS * n, sizeof *m->scale, "differences", err));
    for (size_t q = 0; q < MIXED_POWERS; q++)
        for (size_t i = 0; i < n; i++)
            m->scale[q * n + i] = sd_of(m, i, mixed_power(q * MIXED_RHOS));
    for (size_t s = 0; s < MIXED_STEPS; s++)
        m->ln_det[s] = prepare(m, s);
    return OK;
}

void mixed_free(struct mixed *m)
{
    free(m->members);
    free(m->root_along);
    free(m->scaled);
    free(m->means);
    free(m->mean);
    free(m->shared);
    free(m->one);
    free(m->less);
    free(m->zy);
    free(m->zx);
    free(m->scale);
    *m = (struct mixed){.n = 0};
}

static double dot(const double *a, const double *b, size_t n)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

/* Each as dot has it; four and two at a time, as one sum alone waits for each of its additions. */
static void dots(double *out, const double *const *a, const double *const *b, size_t n, size_t count)
{
    size_t k = 0;
    for (; k + 4 <= count; k += 4) {
        const double *a0 = a[k], *a1 = a[k + 1], *a2 = a[k + 2], *a3 = a[k + 3];
        const double *b0 = b[k], *b1 = b[k + 1], *b2 = b[k + 2], *b3 = b[k + 3];
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (size_t i = 0; i < n; i++) {
            s0 += a0[i] * b0[i];
            s1 += a1[i] * b1[i];
            s2 += a2[i] * b2[i];
            s3 += a3[i] * b3[i];
        }
        out[k] = s0, out[k + 1] = s1, out[k + 2] = s2, out[k + 3] = s3;
    }
    for (; k + 2 <= count; k += 2) {
        const double *a0 = a[k], *a1 = a[k + 1], *b0 = b[k], *b1 = b[k + 1];
        double s0 = 0, s1 = 0;
        for (size_t i = 0; i < n; i++) {
            s0 += a0[i] * b0[i];
            s1 += a1[i] * b1[i];
        }
        out[k] = s0, out[k + 1] = s1;
    }
    if (k < count)
        out[k] = dot(a[k], b[k], n);
}

enum { SQUARES = MIXED_MAX * (MIXED_MAX + 1) / 2 };

/* What a regression has of whitened columns (k, n) and y: X'X by rows of its lower half, X'y, y'y. */
struct products {
    double xx[SQUARES], xy[MIXED_MAX], yy;
};

static void multiply_columns(struct products *out, const double *zx, size_t n, size_t k)
{
    const double *a[SQUARES], *b[SQUARES];
    size_t count = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++, count++)
            a[count] = zx + i * n, b[count] = zx + j * n;
    dots(out->xx, a, b, n, count);
}

static void multiply_y(struct products *out, const double *zx, const double *zy, size_t n, size_t k)
{
    const double *a[MIXED_MAX + 1], *b[MIXED_MAX + 1];
    double sums[MIXED_MAX + 1];
    for (size_t i = 0; i <= k; i++)
        a[i] = i < k ? zx + i * n : zy, b[i] = zy;
    dots(sums, a, b, n, k + 1);
    for (size_t i = 0; i < k; i++)
        out->xy[i] = sums[i];
    out->yy = sums[k];
}

/* A column that the others explain up to this share of its square says nothing of its own. */
#define COLLINEAR 1e-9

/* Lower factor of X'X of k columns. */
static bool factor(double root[MIXED_MAX][MIXED_MAX], const struct products *of, size_t k)
{
    for (size_t i = 0, at = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++, at++) {
            double square = of->xx[at], s = square;
            for (size_t l = 0; l < j; l++)
                s -= root[i][l] * root[j][l];
            if (i != j)
                root[i][j] = s / root[j][j];
            else if (s > COLLINEAR * square)
                root[i][i] = sqrt(s);
            else
                return false;
        }
    return true;
}

/* g = root^-1 X'y: y'y less g'g is what the columns leave. */
static void project(double g[MIXED_MAX], double root[MIXED_MAX][MIXED_MAX], const struct products *of, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        g[i] = of->xy[i];
        for (size_t l = 0; l < i; l++)
            g[i] -= root[i][l] * g[l];
        g[i] /= root[i][i];
    }
}

/* Generalised least squares of what is whitened: the factor, and b by two triangular solves. */
static bool solve(struct mixed_fit *f, const struct mixed *m, size_t k)
{
    double g[MIXED_MAX];
    struct products of;
    multiply_columns(&of, m->zx, m->n, k);
    if (!factor(f->root, &of, k))
        return false;
    multiply_y(&of, m->zx, m->zy, m->n, k);
    project(g, f->root, &of, k);
    f->rss = of.yy - dot(g, g, k);
    for (size_t i = k; i-- > 0;) {
        f->b[i] = g[i];
        for (size_t l = i + 1; l < k; l++)
            f->b[i] -= f->root[l][i] * f->b[l];
        f->b[i] /= f->root[i][i];
    }
    return true;
}

/* -2 ln of the restricted likelihood and of the full one, less what does not hang on rho or X. */
static double restricted(const struct mixed *m, const struct mixed_fit *f, size_t k, double ln_v)
{
    double ln_x = 0, left = (double)(m->n - k);
    for (size_t i = 0; i < k; i++)
        ln_x += 2 * log(f->root[i][i]);
    return left * log(f->rss / left) + ln_v + ln_x;
}

/* Differences of losses this small, squared, are rounding: nothing is known better. */
#define ROUNDING 1e-24

void mixed_regress(struct mixed_posterior *out, struct mixed *m, const double *y, const double *x, size_t k)
{
    double reml[MIXED_STEPS], full[MIXED_STEPS], best = (double)INFINITY, least = (double)INFINITY;
    *out = (struct mixed_posterior){.n = m->n, .k = k, .ok = m->n > k};
    for (size_t s = 0; s < MIXED_STEPS && out->ok; s++) {
        struct mixed_fit *f = &out->at[s];
        double ln_v = m->ln_det[s];
        whiten(m->zy, m, k, y, s);
        for (size_t i = 0; i < k; i++)
            whiten(m->zx + i * m->n, m, i, x + i * m->n, s);
        f->ok = out->ok = solve(f, m, k);
        f->rss = fmax(f->rss, ROUNDING * (double)m->n);
        reml[s] = restricted(m, f, k, ln_v);
        full[s] = (double)m->n * log(f->rss / (double)m->n) + ln_v;
        best = fmin(best, reml[s]);
        least = fmin(least, full[s]);
    }
    double sum = 0, mean = 0;
    for (size_t s = 0; s < MIXED_STEPS && out->ok; s++) {
        sum += out->at[s].weight = exp(-(reml[s] - best) / 2);
        mean += exp(-(full[s] - least) / 2) / MIXED_STEPS;
    }
    for (size_t s = 0; s < MIXED_STEPS && out->ok; s++) {
        out->at[s].weight /= sum;
        for (size_t i = 0; i < k; i++)
            out->b[i] += out->at[s].weight * out->at[s].b[i];
    }
    out->bic = out->ok ? least - 2 * log(mean) + (double)k * log((double)m->n) : (double)INFINITY;
}

/* --- many numbers, the same columns ------------------------------------------------------------------------ */

void mixed_whiten(double *z, struct mixed *m, const double *y)
{
    for (size_t s = 0; s < MIXED_STEPS; s++)
        whiten(z + s * m->n, m, 0, y, s);
}

enum status mixed_columns_init(struct mixed_columns *c, struct mixed *m, const double *x, size_t k, struct err *err)
{
    *c = (struct mixed_columns){.k = k, .ok = m->n > k};
    TRY(size_calloc(&c->z, MIXED_STEPS * (k + 1) * m->n, sizeof *c->z, "differences", err));
    for (size_t s = 0; s < MIXED_STEPS && c->ok; s++) {
        double *z = c->z + s * k * m->n;
        struct products of;
        for (size_t i = 0; i < k; i++)
            whiten(z + i * m->n, m, i, x + i * m->n, s);
        multiply_columns(&of, z, m->n, k);
        c->ok = factor(c->root[s], &of, k);
    }
    return OK;
}

void mixed_columns_free(struct mixed_columns *c)
{
    free(c->z);
    *c = (struct mixed_columns){.k = 0};
}

double mixed_bic(struct mixed_columns *c, const struct mixed *m, const double *z)
{
    double full[MIXED_STEPS], g[MIXED_MAX], least = (double)INFINITY, mean = 0, n = (double)m->n;
    for (size_t s = 0; s < MIXED_STEPS && c->ok; s++) {
        struct products of;
        multiply_y(&of, c->z + s * c->k * m->n, z + s * m->n, m->n, c->k);
        project(g, c->root[s], &of, c->k);
        double rss = fmax(of.yy - dot(g, g, c->k), ROUNDING * n);
        full[s] = n * log(rss / n) + m->ln_det[s];
        least = fmin(least, full[s]);
    }
    for (size_t s = 0; s < MIXED_STEPS && c->ok; s++)
        mean += exp(-(full[s] - least) / 2) / MIXED_STEPS;
    return c->ok ? least - 2 * log(mean) + (double)c->k * log(n) : (double)INFINITY;
}

/* --- draws --------------------------------------------------------------------------------------------------- */

static size_t pick_step(const struct mixed_posterior *p, struct rng *rng)
{
    double u = rng_double(rng);
    size_t s = 0;
    while (s + 1 < MIXED_STEPS && u >= p->at[s].weight)
        u -= p->at[s++].weight;
    return s;
}

/* sigma, of chi-squared with n - k degrees of freedom. */
static double draw_sigma(const struct mixed_posterior *p, size_t step, struct rng *rng)
{
    double chi2 = 0;
    for (size_t i = 0; i < p->n - p->k; i++) {
        double z = rng_normal(rng);
        chi2 += z * z;
    }
    return sqrt(p->at[step].rss / chi2);
}

void mixed_draw(double b[MIXED_MAX], const struct mixed_posterior *p, struct rng *rng)
{
    size_t s = pick_step(p, rng);
    const struct mixed_fit *f = &p->at[s];
    double sigma = draw_sigma(p, s, rng), d[MIXED_MAX];
    for (size_t i = 0; i < p->k; i++)
        d[i] = sigma * rng_normal(rng);
    for (size_t i = p->k; i-- > 0;) {
        for (size_t l = i + 1; l < p->k; l++)
            d[i] -= f->root[l][i] * d[l];
        d[i] /= f->root[i][i];
        b[i] = f->b[i] + d[i];
    }
}

double mixed_se(const struct mixed_posterior *p, const double c[MIXED_MAX])
{
    double var = 0;
    for (size_t s = 0; s < MIXED_STEPS; s++) {
        const struct mixed_fit *f = &p->at[s];
        double sum = 0, w[MIXED_MAX];
        for (size_t i = 0; i < p->k; i++) {
            w[i] = c[i];
            for (size_t l = 0; l < i; l++)
                w[i] -= f->root[i][l] * w[l];
            w[i] /= f->root[i][i];
            sum += w[i] * w[i];
        }
        var += f->weight * sum * f->rss / (double)(p->n - p->k);
    }
    return sqrt(var);
}

void mixed_simulate(double *y, const struct mixed *m, const struct mixed_posterior *none, struct rng *rng)
{
    size_t s = pick_step(none, rng);
    double rho = mixed_rho(s), tau = mixed_tau(s), sigma = draw_sigma(none, s, rng);
    for (size_t c = 0; c < m->in.n_clusters; c++)
        m->mean[c] = rng_normal(rng);
    for (size_t g = 0; g < m->in.n_groups; g++)
        m->shared[g] = rng_normal(rng);
    for (size_t i = 0; i < m->n; i++) {
        double own = sqrt(rho) * m->mean[m->in.cluster[i]] + sqrt(1 - rho) * rng_normal(rng);
        y[i] = sigma * scale_of(m, s)[i] * (sqrt(tau) * m->shared[m->in.group[i]] + sqrt(1 - tau) * own);
    }
}

/* Webb 2014, for few clusters. Normal weights would not do: where one cluster outweighs the others no change explains it, and
 * all scores are low. */
static double webb(struct rng *rng)
{
    static const double six[] = {-1.2247448713915890, -1, -0.70710678118654752, 0.70710678118654752, 1, 1.2247448713915890};
    return six[(size_t)(6 * rng_double(rng))];
}

void mixed_simulate_wild(double *y, const struct mixed *m, const struct mixed_posterior *none, const double *left, struct rng *rng)
{
    size_t s = pick_step(none, rng);
    const double tau = mixed_tau(s), *scale = scale_of(m, s);
    double square = 0;
    for (size_t i = 0; i < m->n; i++)
        square += left[i] * left[i] / (scale[i] * scale[i]) / (double)m->n;
    for (size_t c = 0; c < m->in.n_clusters; c++)
        m->mean[c] = webb(rng);
    for (size_t g = 0; g < m->in.n_groups; g++)
        m->shared[g] = sqrt(square) * webb(rng);
    for (size_t i = 0; i < m->n; i++)
        y[i] = sqrt(1 - tau) * m->mean[m->in.cluster[i]] * left[i] + sqrt(tau) * m->shared[m->in.group[i]] * scale[i];
}
