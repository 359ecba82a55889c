/* One of several processes, here and on other machines, that train one sweep into one folder: it claims a trajectory
 * (harness/claim.h), the longest that is left, trains it, and claims another. What it ends with is, byte for byte, what a
 * sweep on one machine ends with, whoever else took part and whatever became of them. */
#ifndef PLATEAU_HARNESS_WORKER_H
#define PLATEAU_HARNESS_WORKER_H

#include "harness/claim.h"
#include "harness/sweep.h"

#define WORKER_PATIENCE_S 60.0 /* above the seconds for which NFS clients believe what they last saw of a folder (acdirmax) */

/* As sweep_run, of what this worker could claim; o->worker is set. Nothing is fitted. sweep.json is written by whichever worker
 * comes first, results.csv by the last. E_PREEMPTED where SIGTERM or SIGUSR1 stopped it: what it had claimed is handed back.
 * E_IO where an ordinary sweep holds the folder, E_CONFIG where the folder's live workers are of another sweep. */
enum status worker_run(struct sweep_outcome *out, const struct plan *p, const struct config *c, const struct data *d,
                       const char *dir, const struct sweep_options *o, struct err *err) WARN_UNUSED;

/* results.csv of the runs of a folder at which workers are or were; nothing where there never were any, or the last of them
 * wrote it. */
enum status worker_gather(const char *dir, const struct log *log, struct err *err) WARN_UNUSED;

/* Workers on a folder's list as one look shows them, dead ones of this machine left out; the caller frees *all. */
struct worker_seen {
    struct heartbeat beat;
    double ago_s; /* since its last heartbeat, by this machine's clock and the file's time; NaN where that is in the future */
};
enum status worker_list(struct worker_seen **all, size_t *n, const char *dir, struct err *err) WARN_UNUSED;

#endif
