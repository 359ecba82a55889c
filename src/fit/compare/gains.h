/* What a change is worth: in compute, tokens, parameters and time. */
#ifndef PLATEAU_FIT_COMPARE_GAINS_H
#define PLATEAU_FIT_COMPARE_GAINS_H

#include "fit/compare/evidence.h"

/* Both frontiers as they may be, of one draw. */
struct gains_draw {
    const struct evidence_member *member; /* NULL: two fits, each as it is */
    double moved[LAW_MAX_PARAMS];
    struct frontier_curve base, variant;
};

/* Draws of pairs: (n) where differences say how the variant differs. */
void gains_of_pairs(struct gains_draw *out, size_t n, const struct evidence *e, const struct fit_report *variant,
                    uint64_t seed);
/* Of two fits that know nothing of each other. */
void gains_of_fits(struct gains_draw *out, size_t n, const struct fit_report *base, const struct fit_report *variant,
                   uint64_t seed);

/* Fill what *v says of gains, from draws (n). */
enum status gains_fill(struct compare_variant *v, const struct gains_draw *draws, size_t n, const struct compare_side *base,
                       const struct compare_side *variant, struct err *err) WARN_UNUSED;

#endif
