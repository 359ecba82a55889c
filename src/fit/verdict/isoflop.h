/* IsoFLOP profiles: at each compute budget, the size with the lowest loss (Hoffmann et al. 2022,
 * approach 2), and the power law of those sizes against compute. */
#ifndef PLATEAU_FIT_ISOFLOP_H
#define PLATEAU_FIT_ISOFLOP_H

#include "fit/analysis.h"

/* Fill r->isoflop and the exponents from rows of equal flops (within 3 %). A budget needs three sizes.
 * Intervals: losses are redrawn around the parabolas with the spread that the runs show about them. */
enum status isoflop_analyse(struct fit_report *r, const struct fit_table *t,
                            const struct fit_options *opt, struct err *err) WARN_UNUSED;

#endif
