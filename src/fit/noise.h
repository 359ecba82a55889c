/* How far apart two runs lie that differ in their seed alone. */
#ifndef PLATEAU_FIT_NOISE_H
#define PLATEAU_FIT_NOISE_H

#include "base/rng.h"
#include "fit/analysis.h"

/* Fills r->sigma and what goes with it, from the best source there is: runs repeated with other seeds (its 95 %
 * interval from chi-squared, counting trajectories and not runs), the errors of evaluation, or the scatter about
 * the selected law. */
void noise_fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt);

/* sigma as it would come out of other seeds: sigma sqrt(m / chi2_m); sigma itself where its own spread is not
 * known. */
double noise_draw(const struct fit_report *r, struct rng *rng);

#endif
