/* Fit, words and charts for a sweep's folder: what follows a sweep. */
#ifndef PLATEAU_CLI_ENDING_H
#define PLATEAU_CLI_ENDING_H

#include <stdbool.h>

#include "harness/config.h"

/* Fit dir/results.csv as the section fit of c says, write dir/fit.json, print the verdict, draw dir/charts, write
 * dir/report.html. What cannot
 * be kept costs no more than itself: the verdict is printed all the same.
 * unchanged: no run was trained since. Where fit.json, charts and page are those of just these rows and options, it
 * then only says where they are. */
enum status ending_of_folder(const char *dir, const struct config *c, bool unchanged,
                              struct err *err) WARN_UNUSED;

#endif
