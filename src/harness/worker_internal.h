/* What the files of a worker share. worker.h is for all others. */
#ifndef PLATEAU_HARNESS_WORKER_INTERNAL_H
#define PLATEAU_HARNESS_WORKER_INTERNAL_H

#include <time.h>

#include "harness/slots.h"
#include "harness/sweep_internal.h"
#include "harness/worker.h"

/* What this worker knows of a trajectory. */
enum worker_knows {
    WORKER_OPEN,    /* nobody has begun it, as far as it knows */
    WORKER_BEGUN,   /* somebody has, and may be at it */
    WORKER_MINE,
    WORKER_LOST,    /* it was taken over: the child is about to end */
    WORKER_ENDED,   /* all its runs have results */
    WORKER_NOT_HERE /* it cannot be trained on this machine */
};

/* And of a run's folder: a worker puts it into the sweep's when it is finished, so that a listing tells; one that an ordinary
 * sweep began may lie there without a result. */
enum worker_there { WORKER_ABSENT, WORKER_FINISHED, WORKER_PARTIAL };

struct worker {
    struct sweep *s;
    const struct worker_how *how;
    struct claims claims;
    struct slots slots;
    struct heartbeat beat;
    size_t *queue, n_queue; /* trajectories of its share that lack results, longest first */
    unsigned char *knows;   /* (trajectories) enum worker_knows */
    unsigned char *there;   /* (runs) enum worker_there */
    size_t *by_key;         /* (trajectories) in the order of their keys */
    uint64_t random;
    double beat_s, watch_s; /* the last heartbeat, and look at claims and neighbour */
    double next_try_s, pause_s; /* when to look again whether there is something to claim, and the time until then */
    double waits_since_s, next_cores_s; /* for cores that other workers of this machine have; 0: it does not */
    struct timespec told;   /* when results.csv was last written */
    double listed_s;        /* when the keys that were begun were listed last */
    size_t cursor;          /* in the queue: from where it looks at what others have begun */
    bool over;              /* nothing is left for it to claim */
    bool warned;            /* that the heartbeat cannot be written */
    bool said_waits;        /* for cores */
};

static inline const char *worker_key(const struct worker *w, size_t trajectory)
{
    return w->s->p->runs[w->s->p->trajectories[trajectory].first].trunk;
}

/* ---- worker_claim.c ---- */

/* The next trajectory to train, with what lies there of it in its folder; *found false where there is none now, and w->over
 * where there will be none. */
enum status worker_choose(bool *found, size_t *trajectory, struct worker *w, struct err *err) WARN_UNUSED;
/* Whether all runs of a trajectory have a result in the sweep's folder: as the last listing has it, or `surely`, by a look at
 * each. */
bool worker_all_there(struct worker *w, size_t trajectory, bool surely);
/* List that folder: trajectories that others have finished are WORKER_ENDED. */
enum status worker_list_home(struct worker *w, struct err *err) WARN_UNUSED;

/* ---- worker_watch.c ---- */

/* The heartbeat, when it is due or `at_once`; and as often whether claims still hold, and one look at a neighbour. */
void worker_tick(struct worker *w, bool at_once);

/* ---- worker_folder.c ---- */

/* All runs have results: results.csv, names of those that diverged, and where no worker is left its folder is put away. */
enum status worker_finish_folder(struct sweep *s, struct claims *c, struct err *err) WARN_UNUSED;

#endif
