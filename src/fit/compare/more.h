/* How many more runs would settle what a comparison leaves open: further seeds, or further budgets. */
#ifndef PLATEAU_FIT_COMPARE_MORE_H
#define PLATEAU_FIT_COMPARE_MORE_H

#include <stdint.h>

#include "base/status.h"
#include "fit/compare/change.h"
#include "fit/compare/evidence.h"

/* By simulation; 0: none of those tried does, or nothing is open. */
struct compare_more {
    double seeds, seeds_tried;     /* times the seeds, and the most that were tried */
    double budgets, budgets_tried; /* more budgets, each twice the one before, for all sizes */
};

/* What the comparison says so far. */
struct more_in {
    const double *probability;   /* (CHANGE_N_KINDS) of each kind, where there is a change */
    double p_any;                /* any change, not corrected for the number of variants */
    double gain, smallest_seen;  /* at the largest budget; the smallest that these runs would show */
};

/* Fill *kind: how often a change as it may be, with errors as they may be, would be called by its kind; and *gain:
 * with how many more budgets the gain found here is one that can be seen. The base's law is taken to be known by then: each
 * simulated comparison is judged under the law that it was drawn from. */
enum status more_fill(struct compare_more *kind, struct compare_more *gain, const struct more_in *in, const struct evidence *e,
                      uint64_t seed, struct err *err) WARN_UNUSED;

#endif
