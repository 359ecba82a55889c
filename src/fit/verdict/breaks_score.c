/* The score test of no bend, and its null distribution. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/verdict/breaks_internal.h"

/* A Huber loss that bends at 1.345 sd keeps 95 % of the power of least squares under normal noise. */
#define HUBER_SDS 1.345

static double ln_residual(const struct breaks_work *w, const double *p, size_t i)
{
    return log(law_value(w->null.law, p, &w->null.x[i], &w->null.centre)) - w->null.ln_loss[i];
}

/* From the median of what p misses: a few runs far off do not widen it. */
static double scatter_of(struct breaks_work *w, const double *p)
{
    size_t n = w->null.n, k = w->null.map.n_free;
    for (size_t i = 0; i < n; i++)
        w->w[i] = fabs(ln_residual(w, p, i));
    sort_doubles(w->w, n);
    return 1.4826 * stats_quantile(w->w, n, 0.5) * sqrt((double)n / (double)(n - k));
}

double breaks_scatter(struct breaks_work *w)
{
    return scatter_of(w, w->p0);
}

/* The null fit under an objective that wastes no power: as the user's, but wide enough for the noise. */
bool breaks_fit_null(struct breaks_work *w)
{
    struct solve_result r;
    if (w->null.obj.loss != SOLVE_LSQ) {
        w->null.obj.loss = SOLVE_HUBER;
        w->null.obj.delta = fmax(HUBER_SDS * scatter_of(w, w->in->start), 1e-9);
    }
    w->null.obj.over = 1;
    solve_from(&r, &w->null, w->in->start);
    memcpy(w->p0, r.p, sizeof w->p0);
    return r.converged && isfinite(r.objective);
}

/* Residuals as an offset of the trajectory and what is left within, each scaled to the spread that it has
 * before the fit and the means take their share. */
static void split_residuals(struct breaks_work *w)
{
    const struct breaks_in *in = w->in;
    size_t n = w->null.n, k = w->null.map.n_free, shared = n - in->design->n_clusters;
    double inflate = sqrt((double)n / (double)(n - k)), within = 0, between = 0;
    double *mean = w->sign, *count = w->w; /* until they are drawn */
    for (size_t c = 0; c < in->design->n_clusters; c++)
        mean[c] = count[c] = 0;
    for (size_t i = 0; i < n; i++) {
        w->rest[i] = -ln_residual(w, w->p0, i) * inflate;
        w->fitted[i] = log(w->null.loss[i]) - w->rest[i] / inflate;
        mean[in->design->cluster[i]] += w->rest[i];
        count[in->design->cluster[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        size_t c = in->design->cluster[i];
        w->offset[i] = shared ? mean[c] / count[c] : 0;
        w->rest[i] -= w->offset[i];
        within += w->rest[i] * w->rest[i];
        between += w->offset[i] * w->offset[i];
    }
    if (shared == 0)
        return;
    /* a mean of m runs carries 1/m of the noise within, which is drawn by itself */
    double var = within / (double)shared, noise = var * (double)in->design->n_clusters;
    double keep = between > noise ? sqrt(1 - noise / between) : 0, widen = sqrt((double)n / (double)shared);
    for (size_t i = 0; i < n; i++) {
        w->offset[i] *= keep;
        w->rest[i] *= widen;
    }
}

/* --- scores ------------------------------------------------------------------------------------------- */

void breaks_terms_bent(bool bent[2], const struct law *law, size_t v)
{
    bent[0] = v != BREAKS_DATA || !law->apart;
    bent[1] = v != BREAKS_SIZE && law->apart;
}

/* The derivative of the objective in ln of each term, row by row. */
static void score_weights(struct breaks_work *w, const double *p)
{
    const struct solve_problem *q = &w->null;
    struct law_at at = law_at(q->law, p, &q->centre);
    double level = q->law->level >= 0 ? p[q->law->level] : 0;
    for (size_t i = 0; i < q->n; i++) {
        double t[2], d = q->obj.delta, scale = 1;
        law_at_terms(t, &at, &q->x[i]);
        double f = level + t[0] + t[1], r = f - q->loss[i];
        if (q->obj.scale == SOLVE_LOG) {
            r = log(f) - q->ln_loss[i];
            scale = 1 / f;
        } else if (q->obj.scale == SOLVE_LOG1P) {
            r = log1p(f) - log1p(q->loss[i]);
            scale = 1 / (1 + f);
        }
        double psi = q->obj.loss == SOLVE_LSQ ? r : fmin(fmax(r, -d), d);
        w->psi[i] = psi * scale * t[0];
        w->w[i] = psi * scale * t[1];
    }
}

static void scores_at(double *u, struct breaks_work *w, const double *p)
{
    score_weights(w, p);
    for (size_t k = 0; k < BREAKS_MAX_SCORES; k++) {
        const double *x = w->x[k / BREAKS_N_PLACES];
        bool bent[2];
        breaks_terms_bent(bent, w->null.law, k / BREAKS_N_PLACES);
        u[k] = 0;
        for (size_t i = 0; i < w->null.n && w->use[k]; i++)
            if (x[i] > w->place[k])
                u[k] += (x[i] - w->place[k]) * (bent[0] * w->psi[i] + bent[1] * w->w[i]);
    }
}

/* One table under the null, refitted; false where that fails. */
static bool simulate(double *u, struct breaks_work *w, size_t s)
{
    const struct breaks_in *in = w->in;
    struct rng rng = rng_make(in->seed, RNG_BOOTSTRAP, 2000, s);
    struct solve_problem *q = &w->null;
    struct solve_result r;
    for (size_t c = 0; c < in->design->n_clusters; c++)
        w->sign[c] = rng_below(&rng, 2) ? 1 : -1;
    for (size_t i = 0; i < q->n; i++) {
        double e = w->sign[in->design->cluster[i]] * w->offset[i] + (rng_below(&rng, 2) ? w->rest[i] : -w->rest[i]);
        w->ln_loss[i] = w->fitted[i] + e;
        w->loss[i] = exp(w->ln_loss[i]);
    }
    solve_from(&r, q, w->p0);
    if (!isfinite(r.objective))
        return false;
    scores_at(u, w, r.p);
    return true;
}

/* The largest score in units of its own spread under the null. */
static double largest(const double *u, const double *spread, const bool *use, size_t *at)
{
    double best = -1;
    for (size_t k = 0; k < BREAKS_MAX_SCORES; k++) {
        double z = use[k] && spread[k] > 0 ? fabs(u[k]) / spread[k] : -1;
        if (z > best) {
            best = z;
            *at = k;
        }
    }
    return best;
}

/* p-value and the place with the largest score. */
double breaks_p_value(struct breaks_work *w, size_t *at)
{
    double seen[BREAKS_MAX_SCORES], spread[BREAKS_MAX_SCORES] = {0};
    size_t m = 0, beyond = 0, ignored = 0;
    split_residuals(w);
    scores_at(seen, w, w->p0);
    w->null.loss = w->loss;
    w->null.ln_loss = w->ln_loss;
    for (size_t s = 0; s < w->in->n_sims; s++)
        m += simulate(w->scores + m * BREAKS_MAX_SCORES, w, s);
    w->null.loss = w->in->problem->loss;
    w->null.ln_loss = w->in->problem->ln_loss;
    for (size_t s = 0; s < m; s++)
        for (size_t k = 0; k < BREAKS_MAX_SCORES; k++)
            spread[k] += w->scores[s * BREAKS_MAX_SCORES + k] * w->scores[s * BREAKS_MAX_SCORES + k];
    for (size_t k = 0; k < BREAKS_MAX_SCORES; k++)
        spread[k] = sqrt(spread[k] / (double)size_max(m, 1));
    double stat = largest(seen, spread, w->use, at);
    for (size_t s = 0; s < m; s++)
        beyond += largest(w->scores + s * BREAKS_MAX_SCORES, spread, w->use, &ignored) >= stat;
    return m >= 20 && stat >= 0 ? (double)(beyond + 1) / (double)(m + 1) : (double)NAN;
}
