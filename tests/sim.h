/* Simulated sweeps whose law is known: how often intervals cover the truth, and how often a break is found.
 * Shared by the short test (test_truth.c) and by the table that scripts/coverage prints (coverage.c). */
#ifndef PLATEAU_TESTS_SIM_H
#define PLATEAU_TESTS_SIM_H

#include "fit/analysis.h"

enum sim_break { SIM_NO_BREAK, SIM_BREAK_COMPUTE, SIM_BREAK_DATA };

struct sim_design {
    const char *law;
    double truth[LAW_MAX_PARAMS]; /* outer parameters */
    size_t sizes, seeds, points;  /* trajectories are sizes x seeds, each with so many points */
    double trunk_noise, noise;    /* sd of ln loss shared by a trajectory, and of each run */
    enum sim_break brk;           /* the slope of the excess (of compute, or of data) halves in the last third */
};

/* The designs that are reported, one a law; the last ones are for the break test. */
extern const struct sim_design sim_laws[], sim_breaks[];
extern const size_t sim_n_laws, sim_n_breaks;

/* The table of one simulated sweep. */
enum status sim_table(struct fit_table *t, const struct sim_design *s, uint64_t seed, struct err *err);

struct sim_coverage {
    size_t n;                              /* simulated sweeps */
    size_t ci95[LAW_MAX_PARAMS], bca[LAW_MAX_PARAMS], profile[LAW_MAX_PARAMS]; /* that cover the truth */
};

/* Sweeps first .. first + n - 1 of this design, added to *c: which of their intervals hold these parameters
 * (s->truth, or others that they should not hold). */
enum status sim_cover(struct sim_coverage *c, const struct sim_design *s, const double *params, size_t first,
                      size_t n, size_t resamples, struct err *err);
/* In how many of n sweeps a break is found. */
enum status sim_find_breaks(size_t *found, const struct sim_design *s, size_t first, size_t n,
                            struct err *err);

/* Where one new run is predicted, and of how many the loss lay within the interval that was given. */
struct sim_predicted {
    double times;          /* of the largest budget, at the best size that the fit names for it */
    size_t run, curve;     /* the interval for one new run, and that of the curve */
};

/* One new run at each place, of each of the sweeps first .. first + n - 1. law: NULL, as where none is asked for. */
enum status sim_predict(struct sim_predicted *at, size_t places, const struct sim_design *s, const char *law, size_t first,
                        size_t n, size_t resamples, struct err *err);

#endif
