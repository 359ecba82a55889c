/* What is fitted: a law, the runs, and what is made small. */
#ifndef PLATEAU_FIT_PROBLEM_H
#define PLATEAU_FIT_PROBLEM_H

#include <stddef.h>

#include "fit/law.h"
#include "fit/solve/solve_map.h"

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

static inline double solve_weight(const struct solve_problem *q, size_t i)
{
    return q->w ? q->w[i] : 1.0;
}

#endif
