/* The compute-optimal frontier of a fitted law, L*(C) = E + K C^-g, in closed form.
 *
 * Compute is what the runs really cost: flops = k N^p D (fit/verdict/cost.h). Minimising E + A N^-alpha + B D^-beta along it gives
 * N* = [(alpha A / (p beta B)) (C/k)^beta]^(1/(alpha + p beta)) and g = alpha beta / (alpha + p beta). */
#ifndef PLATEAU_FIT_FRONTIER_H
#define PLATEAU_FIT_FRONTIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/fitted_law.h"
#include "fit/stats.h"
#include "fit/verdict/breaks.h"
#include "fit/verdict/cost.h"
#include "fit/verdict/ensemble.h"

/* L*(C) = e + exp(ln_k) C^-g and N*(C) = exp(ln_n) C^n_exp (NaN for laws of one variable). */
struct frontier_curve {
    double e, ln_k, g, ln_n, n_exp;
};

struct fit_frontier {
    bool holds;               /* L*(C) = E + K C^-g does */
    struct fit_value n_exponent, d_exponent; /* NaN for laws of one variable */
    struct fit_value e, k, g;
    const char *of;           /* "compute-optimal frontier", or what varies in the runs */
    const char *x;            /* "C", or the variable that stands in its place */
    bool bent;                /* it is that of the law beyond the break */
    struct frontier_curve *curves; /* (1 + n_boot): the fit, then the resamples */
    double *weight;           /* (n_boot) NULL: all alike, of one law */
    size_t n_boot;
    double *draws;            /* (n_boot) as fit_law.draws */
    struct stats_draw *mixture; /* (n_boot) where they have weights */
    double z;                 /* as fit_law.z */
    struct fit_cost cost;     /* what compute buys on it */
    double lack_of_fit;       /* as fit_noise's */
};

/* What it is made of. */
struct frontier_in {
    const struct fit_laws *laws; /* one is selected */
    const struct fit_cost *cost;
    double lack_of_fit;
    const struct ensemble *spread;
    const struct breaks_out *brk;
};

/* Fill the frontier: of the selected law, with what the ensemble of laws and windows makes of it, or where there is none
 * (no resamples, a very long table) the law's own resamples; beyond a break that was found, of the bent law. A law that
 * is no sum of powers stands in as the power law that touches it at the largest runs. frontier_free also after a failure. */
enum status frontier_fill(struct fit_frontier *fr, const struct frontier_in *in, struct err *err) WARN_UNUSED;
/* None holds: its values are NaN. */
void frontier_none(struct fit_frontier *fr);
void frontier_free(struct fit_frontier *fr);

/* Along the frontier at compute C: loss, the gain of doubling C, the best size and its tokens. NaN where there is none. They
 * are read with memory that it holds: they cannot fail, and only one thread at a time may ask. */
struct fit_value fit_frontier_loss(const struct fit_frontier *fr, double flops);
struct fit_value fit_frontier_gain(const struct fit_frontier *fr, double flops);
struct fit_value fit_frontier_params(const struct fit_frontier *fr, double flops);
struct fit_value fit_frontier_tokens(const struct fit_frontier *fr, double flops);

/* The frontier of a law at these inner parameters, where compute is what the runs of `cost` took. */
struct frontier_curve frontier_of_law(const struct fit_cost *cost, const struct fit_law *f, const double *inner);

/* The law whose excess is tested for a break, and which the break's draws are of: the selected one, or that with a
 * floor in its place where the selected one has none, or bends by itself. NULL where no law was fitted. */
const struct fit_law *frontier_law_to_bend(const struct fit_laws *laws);
/* Whether a break in this variable leaves the law a frontier in closed form. */
bool frontier_can_bend(const struct fit_law *f, enum breaks_variable v);

/* A value with its interval from fr->draws, one for each resampled frontier; `decades`: positive, and read as a
 * logarithm. Members' quantiles are stretched: whole for what lies far beyond all runs (`far`: a floor, an exponent, where
 * returns flatten), and for a loss or a size at some compute as far as the law is seen to lack fit. */
struct fit_value frontier_spread(const struct fit_frontier *fr, double value, bool decades, bool far);

/* Loss, and gain of one doubling, on one frontier. */
double frontier_loss(const struct frontier_curve *f, double flops);
double frontier_gain(const struct frontier_curve *f, double flops);
/* Compute beyond which a doubling gains less than sigma. */
double frontier_flatten(const struct frontier_curve *f, double sigma);

#endif
