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

#include "base/status.h"
#include "fit/law.h"

enum solve_loss { SOLVE_HUBER, SOLVE_LAD, SOLVE_LSQ };

/* What a residual is a difference of, prediction less loss: logarithms, the losses themselves, or
 * ln(1 + y) (the "msle" of scikit-learn, which the BNSL paper minimises). */
enum solve_scale { SOLVE_LOG, SOLVE_RAW, SOLVE_LOG1P };

/* Sum of rho(residual).
 * Huber: r^2/2 within delta, delta (|r| - delta/2) outside. LAD: |r|. LSQ: r^2. Where the law lies above the
 * measured loss (r > 0, an overestimate), rho is multiplied by `over`; 0 stands for 1. */
struct solve_objective {
    enum solve_loss loss;
    double delta;
    enum solve_scale scale;
    double over;
};

/* Inner parameters as a function of the free ones, p = m z + c: ties and fixed values. Where a parameter held as
 * its logarithm equals one held as it is (g = beta), it is ln of that one instead. */
struct solve_map {
    size_t n_free;
    size_t of[LAW_MAX_PARAMS]; /* (n_free) the parameter that each free one is */
    double m[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
    double c[LAW_MAX_PARAMS];
    size_t ln_of[LAW_MAX_PARAMS]; /* 1 + the parameter that this one is the logarithm of; 0: affine */
    bool identity; /* nothing tied or fixed */
};

struct solve_range {
    double lo, hi;
};

struct solve_problem {
    const struct law *law;
    size_t n;
    const struct law_point *x; /* (n) centred */
    const double *loss;        /* (n) */
    const double *ln_loss;     /* (n) */
    const double *w;           /* (n) weights, NULL: 1 each */
    struct law_centre centre;
    struct solve_objective obj;
    struct solve_map map;
};

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

void solve_map_identity(struct solve_map *map, const struct law *law);
/* "alpha=beta" and "E=0" in outer values; E_USAGE for an unknown name, a tie that the law's row does not list, or
 * a value outside the law's bounds. */
enum status solve_map_tie(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err) WARN_UNUSED;
enum status solve_map_fix(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err) WARN_UNUSED;
/* Hold parameter i at an outer value; false where it is settled already. */
bool solve_map_hold(struct solve_map *map, const struct law *law, size_t i, double outer,
                    const struct law_centre *c);
/* The n inner parameters at free values z, and their derivatives d[i][a] in z_a where they are p. */
void solve_map_inner(double *p, const struct solve_map *map, const double *z, size_t n);
void solve_map_slopes(double d[LAW_MAX_PARAMS][LAW_MAX_PARAMS], const struct solve_map *map, const double *p,
                      size_t n);
/* True where the parameter is one of the free variables, neither held nor following another. */
bool solve_map_is_free(const struct solve_map *map, size_t param);
/* What free variable j may be: the law's bounds, and those of what follows it. */
struct solve_range solve_map_range(const struct solve_map *map, const struct law *law, size_t j);

static inline double solve_weight(const struct solve_problem *q, size_t i)
{
    return q->w ? q->w[i] : 1.0;
}

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
