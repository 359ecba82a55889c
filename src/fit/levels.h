/* When two sizes, budgets or numbers of tokens are one level of a design: by three tolerances, each for a reason. */
#ifndef PLATEAU_FIT_LEVELS_H
#define PLATEAU_FIT_LEVELS_H

#include <stddef.h>

/* A factor. What was aimed at the same target: budgets are one where their compute is within 3 %, sizes and numbers of
 * tokens alike, as shapes do not meet a target to the digit. */
#define LEVELS_MET 1.03
/* A factor. What was rounded to whole batches: the budgets of the trials of one run's rate. */
#define LEVELS_BATCHES 1.01
/* A share, also of a difference of logarithms. What was written with other digits: for counting what a table has, where a
 * continuum is many levels. */
#define LEVELS_WRITTEN 1e-3

/* The distinct values of x, rising, each the smallest of those within a factor of it: into out (n), which may be x;
 * returns how many. Values must be above 0. */
size_t levels_distinct(double *out, const double *x, size_t n, double factor);

#endif
