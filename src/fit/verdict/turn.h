/* Does the loss of a size rise again where it is given more data?
 *
 * Under every law without a break the loss falls with data, whatever the law's form, so a rise needs no law to be told from
 * noise: the largest amount of data of a size is compared with one before it, and at a higher bar all others with the next.
 * What lack of fit makes of a bend elsewhere in the table does not touch it. A corpus that is read over and over ends so
 * (Muennighoff et al. 2023, figure 3), and so does a language that is no longer the one held out. */
#ifndef PLATEAU_FIT_TURN_H
#define PLATEAU_FIT_TURN_H

#include <stdbool.h>

#include "base/status.h"
#include "fit/design.h"

struct turn_out {
    bool found;  /* p below 5 %, and the rise is at least TURN_MATTERS of the fall before it */
    double p;    /* of the clearest rise among all sizes; NaN: no size has runs enough */
    double size; /* of that size; as they are: */
    double from, to; /* data, or the one variable: of the lowest loss, and where it has risen */
    double low, end; /* mean loss there */
};

#define TURN_MATTERS 0.02

/* scatter: the standard deviation of ln loss about a law, and its degrees of freedom; it stands in where no run was
 * repeated. A table of one variable is one size; it is looked at where that is data or a column of its own. */
enum status turn_test(struct turn_out *out, const struct fit_design *d, double scatter, double degrees,
                      struct err *err) WARN_UNUSED;

#endif
