/* The charts of a sweep: what was measured, what was fitted, and where returns flatten. */
#ifndef PLATEAU_CLI_CHARTS_H
#define PLATEAU_CLI_CHARTS_H

#include "fit/analysis.h"
#include "harness/curves.h"

/* Write every chart that the runs support, as PNG and SVG, into out (made where it is missing) and print
 * the paths. */
enum status charts_write(const char *out, const struct curves *curves, const struct fit_table *t,
                         const struct fit_report *r, struct err *err) WARN_UNUSED;

#endif
