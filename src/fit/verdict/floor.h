/* Where the loss would level off, as far as the runs tell, and whether that covers the truth where it is known. */
#ifndef PLATEAU_FIT_FLOOR_H
#define PLATEAU_FIT_FLOOR_H

#include "fit/analysis.h"

/* Fill the verdict's floor from the frontier and add its sentence; f is the selected law. `unit` is the loss's with a
 * space in front (" nats"), or "". */
enum status floor_judge(struct fit_report *r, const struct fit_law *f, const char *unit, struct err *err) WARN_UNUSED;
/* After it: the sentence on the known floor of a language. */
void floor_judge_truth(struct fit_report *r, const struct fit_law *f);

#endif
