/* Starts for the search of a law's optimum, by variable projection: over a grid of exponents, ends included, the
 * linear part is solved under non-negativity, and the grid's own minima of the objective are kept. */
#ifndef PLATEAU_FIT_STARTS_H
#define PLATEAU_FIT_STARTS_H

#include "fit/solve/solve.h"

struct start {
    double p[LAW_MAX_PARAMS]; /* inner parameters */
    double score;             /* the objective there */
};

/* How closely the grid is looked through. */
struct starts_effort {
    bool fine;        /* the narrow grid, out to the bounds of the exponents */
    size_t reweights; /* of the linear part, towards the robust objective */
    size_t keep;      /* starts kept, the lowest */
};

/* At most effort.keep starts into best, the lowest first; *n how many. */
enum status starts_grid(struct start *best, size_t *n, const struct solve_problem *q,
                        const struct starts_effort *effort, struct err *err) WARN_UNUSED;

/* Every k-th row of a problem, so that n are left; borrows nothing of q but its law. starts_thin_free releases. */
struct starts_thin {
    struct solve_problem q;
    struct law_point *x;
    double *y;
};
enum status starts_thin(struct starts_thin *out, const struct solve_problem *q, size_t n, struct err *err) WARN_UNUSED;
void starts_thin_free(struct starts_thin *t);

#endif
