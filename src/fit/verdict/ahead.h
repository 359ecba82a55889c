/* How a law does on runs that it was not fitted to. */
#ifndef PLATEAU_FIT_AHEAD_H
#define PLATEAU_FIT_AHEAD_H

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"

/* Hold out the runs of the largest compute, this share of all, and predict them: fills f->held, f->holdout_error,
 * f->holdout_bias and f->holdout_best. Nothing where the rest is too little to fit. */
enum status ahead_hold_out(struct fit_law *f, const struct fit_design *d, double share, struct err *err) WARN_UNUSED;

/* Leave each compute budget out and predict it; where there are many, twelve groups of them. Fills f->lobo_error. */
enum status ahead_leave_out(struct fit_law *f, const struct fit_design *d, struct err *err) WARN_UNUSED;

#endif
