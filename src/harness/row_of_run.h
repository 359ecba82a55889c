/* The row of a run that has not ended yet. */
#ifndef PLATEAU_HARNESS_ROW_OF_RUN_H
#define PLATEAU_HARNESS_ROW_OF_RUN_H

#include "harness/plan.h"
#include "harness/results.h"

/* The columns that a run's config decides; the result's own are to be filled in. */
enum status run_row_of(struct run_row *row, const struct run *r, const char *data_name, uint64_t data_fingerprint,
                       const char *isa, struct err *err) WARN_UNUSED;

#endif
