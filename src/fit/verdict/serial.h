/* Do the residuals of neighbouring rows go together? Checkpoints of one run do, and a bootstrap over rows that takes
 * them for runs of their own makes intervals several times too narrow. */
#ifndef PLATEAU_FIT_SERIAL_H
#define PLATEAU_FIT_SERIAL_H

#include <stddef.h>

#include "base/status.h"
#include "fit/fitted_law.h"
#include "fit/lines.h"
#include "fit/table.h"

/* Correlation of the residuals of a law between neighbours in tokens of one size, over *pairs pairs; NaN where there
 * are too few. Only rows count that are trunks of their own, of sizes with more budgets than a grid would give. */
enum status serial_correlation(double *r, size_t *pairs, const struct fit_law *f, const struct fit_table *t,
                               enum fit_count count, struct err *err) WARN_UNUSED;
/* A sentence among the warnings where it is strong. */
enum status serial_warn(struct fit_lines *warnings, const struct fit_law *f, const struct fit_table *t, enum fit_count count,
                        struct err *err) WARN_UNUSED;

#endif
