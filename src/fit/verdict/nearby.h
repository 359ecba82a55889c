/* Is a run off its neighbours, or are they off the law together? Lack of fit is smooth in size and data: the residuals
 * around a run foretell its own. */
#ifndef PLATEAU_FIT_NEARBY_H
#define PLATEAU_FIT_NEARBY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/law.h"

/* Clear odd[i] (n) where the residual e[i] lies no farther from a plane through those of the nearest runs than `cut`
 * times what that misses elsewhere in the table, or than `least`. */
enum status nearby_clear(bool *odd, const struct law_point *x, const double *e, size_t n, double cut, double least,
                         struct err *err) WARN_UNUSED;

#endif
