/* results.csv against the results that it was made of. */
#ifndef PLATEAU_HARNESS_RESULTS_CHECK_H
#define PLATEAU_HARNESS_RESULTS_CHECK_H

#include <stddef.h>

#include "base/status.h"

/* OK where every row of dir/results.csv is that of the run's own result.json, cell by cell; E_DATA with the file, the line and
 * the reason where not, or where a result is damaged. *missing: finished runs that it lacks, as of a sweep that was killed.
 * Rows of runs whose folder is gone, and those of older versions, are taken as they are, as is a folder without the table. While a
 * sweep is at work there its table may be behind: no reader's matter. */
enum status results_check(size_t *missing, const char *dir, struct err *err) WARN_UNUSED;

#endif
