/* Runs that no law follows.
 *
 * Each fitted law is brought to the runs that follow it: starting from its robust optimum, runs that lie far off are
 * left out, the law is refitted to the rest under a Huber loss as wide as the noise, and this is repeated until the
 * same runs are out. A residual is judged in units of the scatter of the runs that follow, with its leverage (a run in
 * a corner of the grid draws the law towards itself), and of the noise between seeds at that budget where that is
 * larger. The bar is a t quantile for the number of runs, so that a clean table names one in few tables. A run is named
 * where every law that describes the rest about as well as the best one says so. What the laws get wrong widens the
 * scatter, and is smooth: runs of one cell that agree with each other, and runs that lie off together with their
 * neighbours (fit/verdict/nearby.h), are no odd runs. They say that the law is wrong there (off_law). */
#ifndef PLATEAU_FIT_OUTLIERS_H
#define PLATEAU_FIT_OUTLIERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/solve/solve.h"

struct outliers_law {
    const struct solve_problem *problem;
    const double *start; /* its optimum, inner parameters */
};

struct outliers_in {
    const struct outliers_law *laws; /* all on the same runs */
    size_t n_laws, preferred;        /* whose prediction is quoted */
    const size_t *cell;              /* (n) runs of one size and budget share a number, below n */
    const double *noise;             /* (n) sd of ln loss between seeds at each run, 0: not known */
};

/* off_law (n): the runs that no law follows; odd (n): those of them that no run of the same cell bears out; expected
 * (n): the loss that the preferred law says. Too few runs, or a fifth and more of them off: none. */
enum status outliers_find(bool *off_law, bool *odd, double *expected, const struct outliers_in *in,
                          struct err *err) WARN_UNUSED;

#endif
