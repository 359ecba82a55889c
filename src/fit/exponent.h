/* The exponent of a power law through a few points: the slope of ln y on ln x by least squares, with Student's interval.
 * What a coordinate check asks of an activation: how does it follow width, or depth? */
#ifndef PLATEAU_FIT_EXPONENT_H
#define PLATEAU_FIT_EXPONENT_H

#include <stddef.h>

#include "fit/stats.h"

/* x, y (n). Points of one x, such as seeds, count each. The value is NaN where a y is not finite and above 0, or where there
 * are fewer than two different x; the interval where there are no more points than the line has parameters. */
struct fit_value exponent_fit(const double *x, const double *y, size_t n);

/* How a quantity follows a size. */
enum exponent_kind {
    EXPONENT_FLAT,     /* within the tolerance */
    EXPONENT_GROWS,    /* beyond it, and so is its interval, where there is one */
    EXPONENT_VANISHES,
    EXPONENT_OPEN,     /* beyond it, but the interval reaches into it: more points would tell */
    EXPONENT_ZERO,     /* nothing there at any size */
    EXPONENT_UNKNOWN,  /* not finite somewhere, or 0 at some sizes */
};
enum exponent_kind exponent_judge(struct fit_value *exponent, const double *x, const double *y, size_t n, double tolerance);
const char *exponent_word(enum exponent_kind kind);

#endif
