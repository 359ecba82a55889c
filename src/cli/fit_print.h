/* A fit report as a table that people read, on stdout. */
#ifndef PLATEAU_CLI_FIT_PRINT_H
#define PLATEAU_CLI_FIT_PRINT_H

#include "fit/analysis.h"

/* The selected law and how sure that is, IsoFLOP minima, frontier, notes, warnings; `all_intervals`: every law, with
 * BCa and profile-likelihood intervals beside. */
void fit_print_tables(const struct fit_report *r, bool all_intervals);
/* The runs that were held out, with what the selected law, fitted to the others, predicts of each. */
void fit_print_held(const struct fit_report *r);
/* The verdict's sentences, wrapped to 100 columns. */
void fit_print_verdict(const struct fit_report *r);

#endif
