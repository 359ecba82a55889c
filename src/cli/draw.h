/* Charts of runs, for the commands that draw them. */
#ifndef PLATEAU_CLI_DRAW_H
#define PLATEAU_CLI_DRAW_H

#include "base/file.h"
#include "harness/curves.h"
#include "report/charts/charts.h"

/* Write every chart that these runs support into out, which is made where it is missing, and print the paths. The
 * curves of `in` are taken from `curves`, NULL for runs that were not trained here. The names of the charts that were
 * drawn are added to `drawn`. */
enum status draw_charts(struct file_list *drawn, const char *out, struct charts_input in,
                        const struct curves *curves, struct err *err) WARN_UNUSED;

#endif
