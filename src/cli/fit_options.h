/* Words of the command line and the config that choose how a fit is made. */
#ifndef PLATEAU_CLI_FIT_OPTIONS_H
#define PLATEAU_CLI_FIT_OPTIONS_H

#include "fit/analysis.h"

/* huber:DELTA, lad or lsq; total, nonembd or matmul. E_USAGE otherwise. */
enum status fit_options_objective(struct solve_objective *obj, const char *text,
                                  struct err *err) WARN_UNUSED;
enum status fit_options_count(enum fit_count *out, const char *text, struct err *err) WARN_UNUSED;

#endif
