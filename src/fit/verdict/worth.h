/* Which runs would narrow what the verdict quotes.
 *
 * The verdict's intervals are spreads over members: laws, windows of the runs and resamples. Where members that agree on the
 * runs that are there part ways at a run that is not, its loss tells them apart, and what they say of the floor, of the gain
 * of the next doubling and of the exponent of the best size comes together with them. To first order that is linear: of a
 * quantity q, with the covariances that the weighted members have, a run of ln loss y with noise r narrows the variance by
 * cov(q, y)^2 / (var(y) + r) (the analysis step of an ensemble Kalman filter, Evensen 1994; in the words of optimal design,
 * Bayesian c-optimality for each q: Chaloner and Verdinelli 1995). So the expectation is over all laws that are quoted, not
 * at one fitted law's jacobian; for one law's resamples it is the same to first order. Members' tails are cut, as a few far
 * ones would make up the covariances otherwise; and a member whose window leaves a run out learns nothing from it.
 *
 * The noise of a run is the seed's, measured, and what the selected law gets wrong beside it. Runs of one trajectory share
 * part of the seed's: the correlation of repeated runs' deviations along their trajectories. They share its cost, too. */
#ifndef PLATEAU_FIT_WORTH_H
#define PLATEAU_FIT_WORTH_H

#include "fit/analysis.h"

/* A run that could be trained. */
struct worth_run {
    double n, d;    /* size, counted as the report counts, and tokens */
    double flops;   /* of the whole run */
    size_t trunk;   /* below the number of runs: those that share a trajectory share a number */
};

struct worth_in {
    const struct worth_run *runs; /* (n) */
    size_t n;
    double branch;  /* share of a run's tokens that it trains alone where it shares a trajectory; 1: nothing is shared */
    size_t k;       /* runs wanted */
    double enough;  /* see worth_choose; 0: WORTH_ENOUGH */
};

/* What is quoted, and is to become narrower. */
enum { WORTH_FLOOR, WORTH_GAIN, WORTH_EXPONENT, WORTH_N };
extern const char *const worth_names[WORTH_N];

struct worth_pick {
    size_t run;            /* of the candidates */
    double flops;          /* that it adds to those before it */
    double width[WORTH_N]; /* of each interval with this run and those before it, as a share of what it is now; NaN: that
                            * is not quoted */
};

struct worth {
    struct worth_pick *picks; /* (n), in the order in which they are best added */
    size_t n;
    double flops;          /* of all */
    double sigma, misfit;  /* of ln loss, at the middle of the runs: of one run by its seed, and of the law */
    double shared;         /* share of the seed's variance that a trajectory has in common */
    bool noise_is_bound;   /* no run was repeated: the scatter about the law stands in its place */
};

/* Choose k of the runs, one after the other: of those that narrow the intervals (the mean of the logarithms of their
 * widths) at least WORTH_ENOUGH times as much as the best one would, the one that does most per FLOP. Without the first
 * condition the cheapest run would always win, and tell next to nothing. E_DATA with what is missing where the report has
 * no law of two variables or no members. worth_free also after a failure. */
#define WORTH_ENOUGH 0.25
enum status worth_choose(struct worth *w, const struct fit_report *r, const struct fit_table *t, const struct worth_in *in,
                         struct err *err) WARN_UNUSED;
void worth_free(struct worth *w);

/* What a set of them would do: the widths that are expected, into width (WORTH_N). */
enum status worth_expect(double *width, const struct fit_report *r, const struct fit_table *t, const struct worth_in *in,
                         const size_t *set, size_t n_set, struct err *err) WARN_UNUSED;

/* FLOPs that run i adds to a set of runs. */
double worth_adds(const struct worth_in *in, const size_t *set, size_t n_set, size_t i);

#endif
