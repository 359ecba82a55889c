/* The compute-optimal frontier of a fitted law, L*(C) = E + K C^-g, in closed form.
 *
 * Compute is what the runs really cost: flops = k N^p D with k and p fitted to the table's flops (k = 6,
 * p = 1 where flops are 6 N D). Minimising E + A N^-alpha + B D^-beta along it gives
 * N* = [(alpha A / (p beta B)) (C/k)^beta]^(1/(alpha + p beta)) and g = alpha beta / (alpha + p beta). */
#ifndef PLATEAU_FIT_FRONTIER_H
#define PLATEAU_FIT_FRONTIER_H

#include "fit/analysis.h"

/* k and p of flops = k N^p D by least squares in logarithms; the smallest and largest flops. */
void frontier_cost(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt);

/* Fill the report's frontier: of this law, with what the ensemble of laws and windows makes of it, or where there is none
 * (no resamples, a very long table) the law's own resamples; beyond a break that was found, of the bent law. A law that
 * is no sum of powers stands in as the power law that touches it at the largest runs. */
enum status frontier_fill(struct fit_report *r, const struct fit_law *f, struct err *err) WARN_UNUSED;

/* The frontier of a law at these inner parameters, where compute is what the runs of `cost` took (its flops_k and flops_p
 * alone are read). */
struct fit_frontier frontier_of_law(const struct fit_report *cost, const struct fit_law *f, const double *inner);

/* The law whose excess is tested for a break, and which r->verdict.brk.draws are of: the selected one, or that with a
 * floor in its place where the selected one has none, or bends by itself. NULL where no law was fitted. */
const struct fit_law *frontier_law_to_bend(const struct fit_report *r);
/* Whether a break in this variable leaves the law a frontier in closed form. */
bool frontier_can_bend(const struct fit_law *f, enum breaks_variable v);

/* A value with its interval from r->draws, one for each resampled frontier; `decades`: positive, and read as a
 * logarithm. Members' quantiles are stretched: whole for what lies far beyond all runs (`far`: a floor, an exponent, where
 * returns flatten), and for a loss or a size at some compute as far as the law is seen to lack fit. */
struct fit_value frontier_spread(const struct fit_report *r, double value, bool decades, bool far);

/* Loss, and gain of one doubling, on one frontier. */
double frontier_loss(const struct fit_frontier *f, double flops);
double frontier_gain(const struct fit_frontier *f, double flops);
/* Compute beyond which a doubling gains less than sigma. */
double frontier_flatten(const struct fit_frontier *f, double sigma);

#endif
