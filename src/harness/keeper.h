/* Keeps a sweep to a time: which trajectories are trained, and how far, while the machine turns out faster or slower than
 * it was thought to be.
 *
 * Work is counted in the seconds that a core was measured to take for it, and what is done of it tells how fast the machine
 * really is. Trajectories have ranks. Those of rank 0, the first seed of every size, are trained whatever comes, if need be
 * with fewer budgets, the longest of each left out first; those of rank 1, further seeds, are dropped where time is short,
 * the last first; and those of rank 2 are taken in where it is left. Whatever a core has time for before the end is given to
 * it, the longest that fits first of each rank. So any end leaves a grid with all sizes, the same budgets and, but where time
 * was very short, two seeds. Nothing here reads a clock or starts a process. */
#ifndef PLATEAU_HARNESS_KEEPER_H
#define PLATEAU_HARNESS_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum keeper_state { KEEPER_WAITING, KEEPER_RUNNING, KEEPER_ENDED };

struct keeper_item {
    const double *work; /* (n + 1) work of the first m of its runs; work[0] = 0 */
    size_t n, rank;
    size_t limit;       /* runs that it is to train; 0: none */
    enum keeper_state state;
    double at;          /* work done */
    size_t runs_done;
    int threads;        /* that it may use now */
};

struct keeper {
    struct keeper_item *items; /* (n), by rank, in each the order in which they are dropped last */
    size_t n, jobs;
    double started_s, end_s; /* when training began, and must be over */
    double cpu_s;            /* of a core, that is needed after it */
    /* measured */
    double speed;            /* work a second and core; 1 at first */
    double share;            /* of a core that a process gets, beside the others */
    double alone;            /* so many times as much without them: what follows training is one */
    double seen_s, seen_work, seen_granted_s, seen_cpu_s, seen_process_s;
};

void keeper_init(struct keeper *k, struct keeper_item *items, size_t n, size_t jobs, double now_s, double end_s, double cpu_s,
                 double share, double alone);

/* What all trajectories have done by now: their work, the core-seconds that were granted to them, those that they had, and
 * the seconds of their processes. */
void keeper_measure(struct keeper *k, double now_s, double work, double granted_s, double used_s, double process_s);
/* Set every limit anew. */
void keeper_settle(struct keeper *k, double now_s);
/* The waiting item that a free core should begin, or k->n where none fits any more. */
size_t keeper_next(const struct keeper *k, double now_s);
/* Item i should be stopped, wherever it is: the end is past, and its run would take longer than is forgiven. */
bool keeper_overdue(const struct keeper *k, size_t i, double now_s);
/* When training must be over, so that what follows is over at the end. */
double keeper_deadline(const struct keeper *k);
/* Runs that are to be trained, or have been. */
size_t keeper_runs(const struct keeper *k);

#endif
