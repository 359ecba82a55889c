/* Runs of one size and budget, each with one seed of initial weights (a) and one of the order of data (b): their analysis of
 * variance, y = mean + a's effect + b's effect + the rest. */
#ifndef PLATEAU_FIT_CROSSED_H
#define PLATEAU_FIT_CROSSED_H

#include <stdbool.h>
#include <stddef.h>

struct crossed_run {
    double a, b, y;
};

/* Mean squares and their degrees of freedom. With variances va, vb and ve of the three, ms_a is near ve + per_a va, ms_b
 * near ve + per_b vb, and ms_e near ve. */
struct crossed {
    double ms_a, ms_b, ms_e, df_a, df_b, df_e, per_a, per_b;
    double farthest; /* the largest squared residual, as if its run had not pulled at the fit */
    size_t at;       /* and its run */
};

/* Of the runs (n) that are not in skip (n; NULL: none is) and whose seeds and orders come more than once. False where they
 * are not crossed, so that the three cannot be told apart: fewer than two of either, less than half of the pairs, no degree
 * of freedom left for the rest, or a pair that ran twice, which differs in what is no seed. Missing pairs are filled in
 * from the others. */
bool crossed_fit(struct crossed *c, const struct crossed_run *runs, const bool *skip, size_t n);

/* The variance of one run, all three together, without bias, and how many degrees of freedom it is worth (Satterthwaite). */
double crossed_total(double *df, const struct crossed *c);

#endif
