#include "fit/verdict/predict.h"

#include <math.h>
#include <string.h>

#include "fit/verdict/frontier.h"

/* How far a run lies beyond a break at `place`, in the logarithm of what the break is in. */
static double beyond(const struct fit_report *r, bool one, double n, double d, double place)
{
    enum breaks_variable v = r->verdict.brk.variable;
    double at = one || v == BREAKS_SIZE ? log(n) : v == BREAKS_DATA ? log(d) : log(r->cost.k) + r->cost.p * log(n) + log(d);
    return fmax(0, at - log(place));
}

static double bent_loss(const struct fit_report *r, const struct fit_law *f, const struct breaks_draw *b,
                        struct law_point x, double n, double d)
{
    const struct law law = law_bent(f->law);
    enum breaks_variable v = r->verdict.brk.variable;
    bool one = f->law->n_vars == 1;
    double far = beyond(r, one, n, d, b->place);
    x.hinge[0] = one || v != BREAKS_DATA ? far : 0;
    x.hinge[1] = !one && v != BREAKS_SIZE ? far : 0;
    return law_value(&law, b->p, &x, &f->problem.centre);
}

/* The fit's value; the draws of the same go to r->draws, in the order of the frontier's. */
static double over_draws(const struct fit_report *r, const struct fit_law *f, const struct law_point *x, double n, double d)
{
    const struct fit_law *to_bend = frontier_law_to_bend(&r->laws);
    const struct law_centre *c = &f->problem.centre;
    const struct breaks_draw *bent = r->verdict.brk.draws;
    for (size_t b = 0; b < r->frontier.n_boot; b++) {
        const struct ensemble_member *m = r->frontier.weight ? &r->spread.members[b] : NULL;
        r->frontier.draws[b] = r->frontier.bent ? bent_loss(r, to_bend, &bent[b + 1], *x, n, d)
                      : m     ? law_value(r->laws.at[r->spread.cells[m->cell].law].law, m->p, x, c)
                              : law_value(f->law, f->boot + b * f->law->n_params, x, c);
    }
    return r->frontier.bent ? bent_loss(r, to_bend, &bent[0], *x, n, d) : law_value(f->law, f->best.p, x, c);
}

struct fit_value fit_curve(const struct fit_report *r, double n, double d, double unique)
{
    const double none = (double)NAN;
    const struct fit_law *f = fit_report_selected(r);
    if (!f || !r->frontier.holds)
        return (struct fit_value){none, none, none, none};
    const struct law_point x = law_point(f->law, &f->problem.centre, n, d, unique);
    struct fit_value v = frontier_spread(&r->frontier, over_draws(r, f, &x, n, d), false, false);
    v.lo = v.lo < 0 ? 0 : v.lo; /* NaN stays */
    return v;
}

void fit_curve_draws(double *out, const struct fit_report *r, double n, double d, double unique)
{
    const struct fit_law *f = fit_report_selected(r);
    const struct law_point x = law_point(f->law, &f->problem.centre, n, d, unique);
    (void)over_draws(r, f, &x, n, d);
    memcpy(out, r->frontier.draws, r->frontier.n_boot * sizeof *out);
}

/* Half of all deviates of a normal law lie within this many standard deviations. */
#define HALF_WITHIN 0.6745

/* 95 % of runs lie within so many sigma of the curve, sigma known from so many degrees of freedom and ln sigma give or
 * take slope_sd besides: factors spread as logarithms about the median, so that widths add as hypot there. */
static double within(double degrees, double slope_sd)
{
    double t = stats_t95(fmax(degrees, 1));
    return HALF_WITHIN * exp(hypot(log(t / HALF_WITHIN), stats_normal_quantile(0.95) * slope_sd));
}

/* Cells on one pair of trajectories share part of their differences: they tell more than one cell, and less than as many.
 * Where half of the variance is the trajectories' own, m cells of a pair are worth 4 m / (3 + m); their root is near. */
static double degrees_of(const struct noise_model *m)
{
    return sqrt((double)m->df * fmax((double)m->independent, 1));
}

struct fit_run_noise fit_run_noise_at(const struct fit_report *r, double n, double d)
{
    const double none = (double)NAN;
    const struct noise_model *m = &r->noise.model;
    const struct fit_law *f = fit_report_selected(r);
    struct fit_run_noise out = {none, none, true};
    if (m->df > 0) {
        double size = isnan(n) ? exp(m->ln_n) : n, data = isnan(d) ? exp(m->ln_d) : d;
        out.sigma = noise_model_at(m, size, data);
        out.half = out.sigma * within(degrees_of(m), sqrt(noise_model_slope_var(m, size, data)));
        out.bound = false;
    } else if (f && r->noise.scatter > 0) {
        out.sigma = r->noise.scatter;
        out.half = r->noise.scatter * within((double)(f->n - r->odd.n - f->problem.map.n_free), 0);
    }
    return out;
}

struct fit_value fit_new_run(struct fit_value curve, const struct fit_run_noise *noise)
{
    struct fit_value v = curve;
    v.se = hypot(curve.se, noise->sigma);
    v.lo = curve.value - hypot(curve.value - curve.lo, noise->half);
    v.hi = curve.value + hypot(curve.hi - curve.value, noise->half);
    v.lo = v.lo < 0 ? 0 : v.lo;
    return v;
}
