/* How many more runs would settle what a comparison leaves open: further seeds, or further budgets. */
#ifndef PLATEAU_FIT_COMPARE_MORE_H
#define PLATEAU_FIT_COMPARE_MORE_H

#include "fit/compare/evidence.h"

/* Fill v->name_kind, by simulation: how often a change as it may be, with errors as they may be, would be called by its
 * kind; and v->see_gain: with how many more budgets the gain found here is one that can be seen. The base's law is taken to be
 * known by then: each simulated comparison is judged under the law that it was drawn from. */
enum status more_fill(struct compare_variant *v, const struct evidence *e, uint64_t seed, struct err *err) WARN_UNUSED;

#endif
