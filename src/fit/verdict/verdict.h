/* The verdict of DESIGN section 9: numbers, and sentences that claim no more than the intervals carry. */
#ifndef PLATEAU_FIT_VERDICT_H
#define PLATEAU_FIT_VERDICT_H

#include "fit/analysis.h"

/* Fill r->verdict and r->warnings once everything else is there. */
enum status verdict_fill(struct fit_report *r, const struct fit_table *t,
                         const struct fit_options *opt, struct err *err) WARN_UNUSED;

#endif
