/* The objective of a fit with its first and second derivatives in the free variables: what Newton's steps are made of,
 * and where nearly all of a fit's time goes. */
#ifndef PLATEAU_FIT_SUMS_H
#define PLATEAU_FIT_SUMS_H

#include <math.h>

#include "fit/solve/problem.h"

struct sums {
    double value;
    double g[LAW_MAX_PARAMS];
    double h[LAW_MAX_PARAMS][LAW_MAX_PARAMS];  /* upper triangle */
    double scale[LAW_MAX_PARAMS];  /* diagonal of the reweighted J'J: positive, sets the units of damping */
};

struct sums_rho {
    double value, d1, d2, weight; /* weight = d1/r, the one of reweighted least squares */
};

/* What a row counts for the side that its residual is on. */
static inline double sums_side(const struct solve_objective *o, double r)
{
    return r > 0 && o->over > 0 ? o->over : 1;
}

static inline struct sums_rho sums_rho(const struct solve_objective *o, double delta, double r)
{
    double k = sums_side(o, r), a = fabs(r), kd = k * delta;
    if (o->loss == SOLVE_LSQ)
        return (struct sums_rho){k * r * r, 2 * k * r, 2 * k, 2 * k};
    if (a <= delta)
        return (struct sums_rho){0.5 * k * r * r, k * r, k, k};
    return (struct sums_rho){kd * (a - 0.5 * delta), r < 0 ? -kd : kd, 0, kd / a};
}

/* A prediction on the scale of residuals. */
static inline double sums_scaled(const struct solve_problem *q, double f)
{
    return q->obj.scale == SOLVE_RAW ? f : q->obj.scale == SOLVE_LOG1P ? log1p(f) : log(f);
}

/* What a prediction is compared with, on the scale of residuals. */
static inline double sums_target(const struct solve_problem *q, size_t i)
{
    return q->obj.scale == SOLVE_RAW ? q->loss[i] : q->obj.scale == SOLVE_LOG1P ? log1p(q->loss[i]) : q->ln_loss[i];
}

/* Where the prediction leaves the numbers the residual is huge, not NaN, and the step is refused. */
static inline double sums_residual(const struct solve_problem *q, size_t i, double f)
{
    return sums_scaled(q, f) - sums_target(q, i);
}

/* Factors of a row: c1 multiplies grad f and hess f, c2 the outer product of grad f. */
static inline void sums_factors(const struct solve_problem *q, const struct sums_rho *k, double w, double f,
                        double *c1, double *c2, double *cs)
{
    if (q->obj.scale == SOLVE_RAW) {
        *c1 = w * k->d1;
        *c2 = w * k->d2;
        *cs = w * k->weight;
        return;
    }
    double inv = 1 / (q->obj.scale == SOLVE_LOG1P ? 1 + f : f);
    *c1 = w * k->d1 * inv;
    *c2 = w * (k->d2 - k->d1) * inv * inv;
    *cs = w * k->weight * inv * inv;
}

/* At free values z, Huber losses with this delta. */
void sums_at(struct sums *s, const struct solve_problem *q, const double *z, double delta);

#endif
