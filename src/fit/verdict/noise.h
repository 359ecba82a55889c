/* The noise that the report speaks of: what one run's loss moves by with its seed at the largest budget.
 *
 * Without repeated seeds it is unknown. The scatter about a law holds the noise and what the law gets wrong, so it is
 * kept as what the noise is at most; the error of evaluation is shared by all runs and says nothing of it. */
#ifndef PLATEAU_FIT_NOISE_H
#define PLATEAU_FIT_NOISE_H

#include "base/rng.h"
#include "fit/analysis.h"

/* Fill r->noise, r->sigma and what goes with it, at the best run of the largest budget, with its 95 % interval from
 * chi-squared for its level and the spread of its slopes; r->scatter from the selected law. r->split and
 * r->heldout_se there. All leave out the rows that r->off marks; draws come from `seed`. */
enum status noise_fill(struct fit_report *r, const struct fit_table *t, uint64_t seed, struct err *err) WARN_UNUSED;

/* The share of the runs' scatter about the selected law that noise between seeds does not explain, 0 to 1; 1 where no
 * seed was repeated. After noise_fill and with r->kept. */
double noise_lack_of_fit(const struct fit_report *r, const struct fit_table *t);
/* sigma as it would come out of other seeds, level and slopes; sigma itself where its own spread is not known. */
double noise_draw(const struct fit_report *r, struct rng *rng);

#endif
