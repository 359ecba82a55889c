/* The envelope of training curves (Hoffmann et al. 2022, approach 1): at each compute, the size whose curve is
 * lowest.
 *
 * Sizes are few, so the best size against compute is a staircase. What is used of it are its steps: where the
 * curve of one size passes below that of another, the best size lies between the two, at their geometric mean.
 * The power law of N* is fitted to those crossings, and likewise that of the tokens seen there. */
#ifndef PLATEAU_FIT_ENVELOPE_H
#define PLATEAU_FIT_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/stats.h"
#include "fit/table.h"

/* One run's loss along its training, flops rising. */
struct envelope_curve {
    double params[FIT_N_COUNTS]; /* by each count; NaN: unknown */
    size_t n;
    const double *tokens, *flops, *loss; /* (n) borrowed */
};

/* A line through two or three steps says nothing (2.3 on runs whose exponent is .5). */
enum { ENVELOPE_MIN_CROSSINGS = 4 };

struct envelope {
    struct fit_value n_exponent, d_exponent; /* NaN below ENVELOPE_MIN_CROSSINGS */
    size_t n_crossings;
};

/* Intervals from n_boot resamples of the curves; those with fewer crossings are left out. */
enum status envelope_fit(struct envelope *e, const struct envelope_curve *curves, size_t n, enum fit_count count,
                         size_t n_boot, uint64_t seed, struct err *err) WARN_UNUSED;

#endif
