/* The global optimum of one law over many starts.
 *
 * Starts come from variable projection: over a grid of exponents the linear part is solved under
 * non-negativity, the true objective ranks the grid, and the best distinct points are each brought to their
 * own optimum (fit/solve/solve.h). Laws whose objective has several minima are then searched further around the
 * best of them (basin hopping, Wales and Doye 1997). The draws are fixed, so the answer is too. */
#ifndef PLATEAU_FIT_SEARCH_H
#define PLATEAU_FIT_SEARCH_H

#include "fit/solve/solve.h"

/* E_NUMERIC where no start leads anywhere finite. */
enum status search_global(struct solve_result *out, const struct solve_problem *q,
                          struct err *err) WARN_UNUSED;
/* The same from a few starts and from `near` (LAW_MAX_PARAMS inner parameters), the optimum of a problem that
 * differs little: for the many refits of a cross-validation. */
enum status search_near(struct solve_result *out, const struct solve_problem *q, const double *near,
                        struct err *err) WARN_UNUSED;

#endif
