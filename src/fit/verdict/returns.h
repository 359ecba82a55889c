/* What the next doubling gains, against the noise of one run, and where it sinks below it. */
#ifndef PLATEAU_FIT_RETURNS_H
#define PLATEAU_FIT_RETURNS_H

#include "fit/analysis.h"

/* Fill loss, gain, halving and flatten of the verdict from the frontier, and add their sentences. `unit` is the
 * loss's with a space in front (" nats"), or "". */
void returns_judge(struct fit_report *r, const char *unit, uint64_t seed);
/* The sentence on the noise alone, for where nothing else can be said. */
void returns_say_noise(struct fit_report *r, const char *unit);

#endif
