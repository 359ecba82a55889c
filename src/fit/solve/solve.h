/* Fitting one law to runs: from a start to the optimum of a robust objective, by a damped Newton method with
 * exact second derivatives on centred parameters (the global optimum is the work of fit/solve/search.h). An
 * optimum is accepted when the decrease that Newton's model still promises is below rounding; a start is
 * never returned as a result. The Huber loss is piecewise quadratic, so Newton ends there in finitely
 * many steps; least absolute deviations are reached through a sequence of Huber losses whose delta
 * shrinks to 1e-9 (Madsen and Nielsen 1993). */
#ifndef PLATEAU_FIT_SOLVE_H
#define PLATEAU_FIT_SOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/solve/problem.h"

struct solve_result {
    double p[LAW_MAX_PARAMS]; /* inner parameters */
    double objective;
    bool converged;
    unsigned at_bound;  /* bit i: parameter i sits at its bound */
    unsigned unsettled; /* bit i: a digit of parameter i that is printed hangs on digits of the losses that are not
                           (search_global alone fills it) */
    size_t iterations;
    size_t n_starts, n_best; /* starts brought to an optimum, and how many ended at this one */
    size_t n_optima;         /* distinct optima among them */
};

/* Ties and fixed values applied to a start. */
void solve_on_map(double *p, const struct solve_problem *q);

double solve_objective(const struct solve_problem *q, const double *p);

/* From one start (inner parameters; it may be out->p) to the optimum of its basin. */
void solve_from(struct solve_result *out, const struct solve_problem *q, const double *start);
/* Covariance of the inner parameters from the curvature of the objective at p, in units of tau (see
 * solve_deviance): rows of what is fixed or at a bound are 0. False where the curvature is not positive. */
bool solve_covariance(double cov[LAW_MAX_PARAMS][LAW_MAX_PARAMS], const struct solve_problem *q,
                      const double *p, double tau);
/* How far each outer parameter moves, as a share of itself, when every loss is off by this share of it, at worst; what
 * nothing settles moves without end. */
void solve_sensitivity(double moves[LAW_MAX_PARAMS], const struct solve_problem *q, const double *p, double share);
/* And how far the objective at p moves. */
double solve_slack(const struct solve_problem *q, const double *p, double share);
/* -2 ln likelihood of residuals that follow exp(-rho(r)/tau), tau at its best value (stored in *tau):
 * one scale for every objective, so that AICc and profile intervals mean the same for all. */
double solve_deviance(double *tau, const struct solve_objective *obj, double objective, double n);
/* AICc of q at this value of its objective (Hurvich and Tsai 1989; tau counts as a parameter), NaN where there are
 * too few runs for it. */
double solve_aicc(double *tau, const struct solve_problem *q, double objective);

#endif
