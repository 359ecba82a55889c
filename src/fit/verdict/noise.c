#include "fit/verdict/noise.h"

#include <math.h>

#include "fit/levels.h"

/* Scatter of the runs about the selected law, in nats. */
static double scatter(const struct fit_law *f, const struct fit_design *d)
{
    double ss = 0, spare = (double)d->n - (f ? (double)f->problem.map.n_free : 0);
    for (size_t i = 0; f && i < d->n; i++) {
        double e = law_value(f->law, f->best.p, &d->points[i], &d->centre) - d->loss[i];
        ss += e * e;
    }
    return f && spare > 0 && isfinite(ss) ? sqrt(ss / spare) : (double)NAN;
}

/* The best run of the largest budget; t->n where none has one. */
static size_t best_of_largest(const struct fit_table *t, const bool *off, const double *c)
{
    size_t best = t->n;
    double top = 0;
    for (size_t i = 0; i < t->n; i++)
        top = c[i] > top && isfinite(c[i]) && !(off && off[i]) ? c[i] : top;
    for (size_t i = 0; i < t->n; i++) {
        if (!(c[i] * LEVELS_MET >= top) || !isfinite(c[i]) || (off && off[i]))
            continue;
        if (best == t->n || t->col[FIT_LOSS][i] < t->col[FIT_LOSS][best])
            best = i;
    }
    return best;
}

/* Residuals of the selected law in units of the noise between seeds at each run: their mean square is near 1 where the
 * law holds. */
static double lack_of_fit(const struct noise_model *m, const struct noise_in *in)
{
    const struct fit_table *t = in->t;
    const struct fit_law *f = in->law;
    const struct fit_design *d = in->kept;
    enum fit_column size = fit_size_column(t, in->count);
    double ss = 0, spare = (double)d->n - (f ? (double)f->problem.map.n_free : 0);
    if (!f || m->df == 0 || !(spare > 0))
        return 1;
    for (size_t i = 0; i < d->n; i++) {
        double tokens = t->col[FIT_TOKENS][d->rows[i]];
        double sd = noise_model_at(m, t->col[size][d->rows[i]], isnan(tokens) ? 1 : tokens);
        double e = law_value(f->law, f->best.p, &d->points[i], &d->centre) - d->loss[i];
        ss += e * e / (sd * sd);
    }
    return ss > spare ? 1 - spare / ss : 0;
}

/* sigma and its interval, once the model is there. */
static enum status at_largest(struct fit_noise *out, const struct noise_in *in, struct err *err)
{
    const double none = (double)NAN;
    const struct fit_table *t = in->t;
    enum fit_column size = fit_size_column(t, in->count);
    const struct noise_model *m = &out->model;
    out->sigma = out->lo = out->hi = none;
    out->from = "unknown: no run was repeated with another seed";
    size_t at = best_of_largest(t, in->off, t->col[t->x_name[0] ? FIT_X : FIT_FLOPS]);
    out->heldout_se = at < t->n ? t->col[FIT_LOSS_SE][at] : none;
    out->df = m->df;
    out->independent = m->independent;
    if (m->df == 0 || at == t->n)
        return OK;
    double n = t->col[size][at], d = isnan(t->col[FIT_TOKENS][at]) ? 1 : t->col[FIT_TOKENS][at];
    out->sigma = noise_model_at(m, n, d);
    out->from = "runs repeated with other seeds";
    if (m->independent > 0) {
        double k = (double)m->independent;
        out->slope_sd = sqrt(noise_model_slope_var(m, n, d));
        double slopes = STATS_Z95 * out->slope_sd;
        out->lo = out->sigma * exp(-hypot(slopes, 0.5 * log(k / stats_chi2_quantile(0.975, k))));
        out->hi = out->sigma * exp(hypot(slopes, 0.5 * log(k / stats_chi2_quantile(0.025, k))));
    }
    return noise_split_fit(&out->split, t, size, in->off, m, out->sigma, out->slope_sd, in->seed, err);
}

enum status noise_fill(struct fit_noise *out, const struct noise_in *in, struct err *err)
{
    out->scatter = scatter(in->law, in->kept);
    TRY(noise_model_fit(&out->model, in->t, fit_size_column(in->t, in->count), in->off, err));
    out->lack_of_fit = lack_of_fit(&out->model, in);
    return at_largest(out, in, err);
}

double noise_draw(const struct fit_noise *noise, struct rng *rng)
{
    double chi2 = 0, k = (double)noise->independent;
    for (size_t i = 0; i < noise->independent; i++) {
        double z = rng_normal(rng);
        chi2 += z * z;
    }
    return chi2 > 0 ? noise->sigma * sqrt(k / chi2) * exp(noise->slope_sd * rng_normal(rng)) : noise->sigma;
}
