/* What a sweep would do, without doing it. */
#ifndef PLATEAU_CLI_DRY_RUN_H
#define PLATEAU_CLI_DRY_RUN_H

#include "cli/setup.h"

/* The grid as a table on stdout, at most 60 columns wide where the runs' names allow: name, counts, flops, epochs of a
 * text, memory, and the time each run adds on this machine, from a short calibration of every shape; then the totals,
 * and what is doubtful about the design. */
enum status dry_run(const struct setup *s, int jobs, struct err *err) WARN_UNUSED;

#endif
