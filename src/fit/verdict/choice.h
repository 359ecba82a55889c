/* Which of the laws fitted is gone on with, and how sure that is. */
#ifndef PLATEAU_FIT_CHOICE_H
#define PLATEAU_FIT_CHOICE_H

#include "fit/fitted_law.h"

/* Select one and give the reason; there is at least one law. */
void choice_select(struct fit_laws *laws);
/* Akaike weights (NaN for a law without AICc), and in which share of the resamples each law's AICc is the lowest. */
void choice_weigh(struct fit_laws *laws);

#endif
