/* A fixed split of a sweep among workers: which trajectories are whose follows from the plan alone. */
#ifndef PLATEAU_HARNESS_SHARD_H
#define PLATEAU_HARNESS_SHARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct shard {
    size_t i, n; /* i of n, from 1; n 0: no split */
};

/* "2/4"; or "auto": what the scheduler says of this task in its environment (SLURM_ARRAY_TASK_ID with _MIN and _COUNT,
 * JOB_COMPLETION_INDEX with JOB_COMPLETIONS or PLATEAU_SHARDS, PMI_RANK with PMI_SIZE). E_USAGE where that is not there or makes
 * no sense, with the variable. */
enum status shard_parse(struct shard *s, const char *text, struct err *err) WARN_UNUSED;

/* owner[i], 0 .. n-1, of each of these pieces of work in their order, longest first: each goes to the shard with the least so
 * far. sums (n): room, overwritten. */
void shard_deal(size_t *owner, double *sums, const double *work, size_t n_work, size_t n);

#endif
