/* Fit, charts and words for a sweep's folder: what follows a sweep. */
#ifndef PLATEAU_CLI_VERDICT_H
#define PLATEAU_CLI_VERDICT_H

#include <stdbool.h>

#include "harness/config.h"

/* Reads dir/results.csv, writes dir/fit.json and dir/charts, prints the verdict and the paths.
 * unchanged: no run was trained since; what exists is then left alone. */
enum status verdict_of_folder(const char *dir, const struct config *c, bool unchanged,
                              struct err *err) WARN_UNUSED;

/* Only the charts, into out, with the fit settings of c. */
enum status verdict_charts(const char *dir, const char *out, const struct config *c,
                           struct err *err) WARN_UNUSED;

#endif
