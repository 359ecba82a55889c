/* Charts of runs, for the commands that draw them. */
#ifndef PLATEAU_CLI_DRAW_H
#define PLATEAU_CLI_DRAW_H

#include "fit/analysis.h"
#include "harness/curves.h"

/* Write every chart that the runs support into out, which is made where it is missing, and print the paths.
 * curves: NULL for runs whose training was not logged here. */
enum status draw_charts(const char *out, const struct curves *curves, const struct fit_table *t,
                        const struct fit_report *r, struct err *err) WARN_UNUSED;

#endif
