#include "fit/verdict/noise.h"

#include <math.h>

/* Scatter of the runs about the selected law, in nats. */
static double scatter(const struct fit_report *r)
{
    const struct fit_law *f = fit_report_selected(r);
    const struct fit_design *d = &r->kept;
    double ss = 0, spare = (double)d->n - (f ? (double)f->problem.map.n_free : 0);
    for (size_t i = 0; f && i < d->n; i++) {
        double e = law_value(f->law, f->best.p, &d->points[i], &d->centre) - d->loss[i];
        ss += e * e;
    }
    return f && spare > 0 && isfinite(ss) ? sqrt(ss / spare) : (double)NAN;
}

/* The best run of the largest budget; t->n where none has one. */
static size_t best_of_largest(const struct fit_report *r, const struct fit_table *t, const double *c)
{
    size_t best = t->n;
    double top = 0;
    for (size_t i = 0; i < t->n; i++)
        top = c[i] > top && isfinite(c[i]) && !(r->off && r->off[i]) ? c[i] : top;
    for (size_t i = 0; i < t->n; i++) {
        if (!(c[i] * DESIGN_SAME >= top) || !isfinite(c[i]) || (r->off && r->off[i]))
            continue;
        if (best == t->n || t->col[FIT_LOSS][i] < t->col[FIT_LOSS][best])
            best = i;
    }
    return best;
}

enum status noise_fill(struct fit_report *r, const struct fit_table *t, uint64_t seed, struct err *err)
{
    const double none = (double)NAN;
    enum fit_column size = t->x_name[0] ? FIT_X : fit_count_column(r->count);
    struct noise_model *m = &r->noise;
    r->sigma = r->sigma_lo = r->sigma_hi = none;
    r->sigma_from = "unknown: no run was repeated with another seed";
    r->scatter = scatter(r);
    TRY(noise_model_fit(m, t, size, r->off, err));
    size_t at = best_of_largest(r, t, t->col[t->x_name[0] ? FIT_X : FIT_FLOPS]);
    r->heldout_se = at < t->n ? t->col[FIT_LOSS_SE][at] : none;
    r->sigma_n = m->df;
    r->sigma_independent = m->independent;
    if (m->df == 0 || at == t->n)
        return OK;
    double n = t->col[size][at], d = isnan(t->col[FIT_TOKENS][at]) ? 1 : t->col[FIT_TOKENS][at];
    r->sigma = noise_model_at(m, n, d);
    r->sigma_from = "runs repeated with other seeds";
    if (m->independent > 0) {
        double k = (double)m->independent;
        r->sigma_slope_sd = sqrt(noise_model_slope_var(m, n, d));
        double slopes = STATS_Z95 * r->sigma_slope_sd;
        r->sigma_lo = r->sigma * exp(-hypot(slopes, 0.5 * log(k / stats_chi2_quantile(0.975, k))));
        r->sigma_hi = r->sigma * exp(hypot(slopes, 0.5 * log(k / stats_chi2_quantile(0.025, k))));
    }
    return noise_split_fit(&r->split, t, size, r->off, m, r->sigma, r->sigma_slope_sd, seed, err);
}

/* Residuals of the selected law in units of the noise between seeds at each run: their mean square is near 1 where the
 * law holds. */
double noise_lack_of_fit(const struct fit_report *r, const struct fit_table *t)
{
    const struct fit_law *f = fit_report_selected(r);
    const struct fit_design *d = &r->kept;
    enum fit_column size = t->x_name[0] ? FIT_X : fit_count_column(r->count);
    double ss = 0, spare = (double)d->n - (f ? (double)f->problem.map.n_free : 0);
    if (!f || r->noise.df == 0 || !(spare > 0))
        return 1;
    for (size_t i = 0; i < d->n; i++) {
        double tokens = t->col[FIT_TOKENS][d->rows[i]];
        double sd = noise_model_at(&r->noise, t->col[size][d->rows[i]], isnan(tokens) ? 1 : tokens);
        double e = law_value(f->law, f->best.p, &d->points[i], &d->centre) - d->loss[i];
        ss += e * e / (sd * sd);
    }
    return ss > spare ? 1 - spare / ss : 0;
}

double noise_draw(const struct fit_report *r, struct rng *rng)
{
    double chi2 = 0, k = (double)r->sigma_independent;
    for (size_t i = 0; i < r->sigma_independent; i++) {
        double z = rng_normal(rng);
        chi2 += z * z;
    }
    return chi2 > 0 ? r->sigma * sqrt(k / chi2) * exp(r->sigma_slope_sd * rng_normal(rng)) : r->sigma;
}
