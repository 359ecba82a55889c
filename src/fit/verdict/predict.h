/* What one new run will have: the law's loss at its size and data, and the run's own noise on top.
 *
 * A law's interval says where the mean of many runs lies. One run lies off that mean by its seed, most of the way that
 * it can lie off where the law is known well, so an interval for the curve holds far fewer than 95 % of new runs. Values
 * are read as those of analysis.h: they cannot fail, and one thread at a time may ask. */
#ifndef PLATEAU_FIT_PREDICT_H
#define PLATEAU_FIT_PREDICT_H

#include "fit/analysis.h"

/* The selected law's loss at size n and d tokens of which the first `unique` are new (only laws of repeated data ask
 * for them); laws of one variable take it as n and ignore the rest. The interval is over what the frontier's is over:
 * laws, windows and resamples; one law's resamples where there is no more; beyond a break the bent law's. NaN where no
 * law was fitted. */
struct fit_value fit_curve(const struct fit_report *r, double n, double d, double unique);

/* The same of every member that the interval is made of, into out (r->n_frontier_boot), in the order of the frontier's. */
void fit_curve_draws(double *out, const struct fit_report *r, double n, double d, double unique);

/* What one run moves by about the curve. */
struct fit_run_noise {
    double sigma; /* nats; NaN: not known */
    double half;  /* 95 % of new runs lie within so much of the curve */
    bool bound;   /* no run was repeated with another seed: the runs' scatter about the law in its place, which holds
                   * what the law gets wrong as well */
};

/* At size n (or what varies in a table of one variable) and d tokens. What is NaN is taken as it is in the runs that
 * were repeated. */
struct fit_run_noise fit_run_noise_at(const struct fit_report *r, double n, double d);

/* The interval for one new run: of the curve, with the noise on top. NaN where either is not known. */
struct fit_value fit_new_run(struct fit_value curve, const struct fit_run_noise *noise);

#endif
