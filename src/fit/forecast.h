/* What loss a run will end with, while it is under way.
 *
 * Two sources, each with its own doubt, weighed by it. The law, fitted to the runs that have finished, says what a run of this
 * size and budget ends with. And the run's own curve says where it is: its finished siblings went from the same share of their
 * budgets to their ends by factors that change smoothly with size and budget, and so will this one. The logarithm of that
 * factor is regressed on both over the siblings, the near ones counting most, with a prior that is what a curve says alone: a
 * run goes on about as it has been falling. The conjugate prior (normal and inverse gamma; Gelman et al., Bayesian Data
 * Analysis, 14.3) makes the interval that of a t distribution, wide with few siblings and never without an end. How well the
 * intervals hold on sweeps that were replayed: docs/live.md.
 *
 * A loss here is as the curve has it, per token of training data, and as the result has it, on the held-out set: what lies
 * between the two is part of the factor. */
#ifndef PLATEAU_FIT_FORECAST_H
#define PLATEAU_FIT_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/stats.h"

/* A run that has finished, is under way, or waits. */
struct forecast_run {
    double params, tokens; /* its size and its budget */
    size_t trunk;          /* runs of one trajectory share a number */
    double order;          /* runs that are fed the same batches share a number: their seed's */
    double loss;           /* its result; NaN: none yet */
    size_t n;              /* points of its curve so far, that of the trunk that it will branch off included */
    const double *at, *curve; /* (n) tokens, rising, and the training loss between the point before and this */
    struct fit_value law;  /* what the law says of one new run, in loss; NaN: nothing */
};

enum forecast_from {
    FORECAST_NONE,     /* nothing can be said yet */
    FORECAST_CURVE,    /* the run's own curve alone */
    FORECAST_SIBLINGS, /* and how its siblings went on from there */
    FORECAST_LAW,      /* the law alone: it has no curve yet */
    FORECAST_BOTH,     /* the law and the siblings */
};

struct forecast {
    enum forecast_from from;
    double value, lo, hi; /* and a 95 % interval for this run's result; NaN where from is FORECAST_NONE */
};

/* Of run i, from it and all others (n). */
struct forecast forecast_of(const struct forecast_run *runs, size_t n, size_t i);

/* For people: "siblings", "law and siblings", ... */
const char *forecast_source(enum forecast_from from);

#endif
