/* A sweep: every trajectory of the plan in a child process of its own, as many side by side as there are
 * cores, longest first. A crash of one costs that trajectory's unsaved tail; results do not depend on
 * the number of jobs. */
#ifndef PLATEAU_HARNESS_SWEEP_H
#define PLATEAU_HARNESS_SWEEP_H

#include <signal.h>

#include "base/log.h"
#include "harness/live.h"
#include "harness/results.h"
#include "harness/train.h"

/* A sweep that is to last so long, all in all: harness/keeper.h. */
struct sweep_time {
    double end_s;          /* clock_now_s() then */
    double share;          /* of a core, that a process had of late with all others beside it */
    double alone;          /* and so many times as much it has without them: 1, or more where what is started together shares one
                            * part of the machine */
    const double *token_s; /* (trajectories of the plan) seconds of a core for a token */
    const size_t *rank;    /* (trajectories) as the keeper's */
};

/* Seconds of a core that the fit of so many runs, its charts and its page take: 1 to 4.5 for fits of 23 to 64 runs, as they are
 * easy or hard, and 1 to draw. */
static inline double sweep_after_s(size_t runs)
{
    return 3 + 0.03 * (double)runs;
}

/* One of several processes that train one sweep: harness/worker.h. */
struct worker_how {
    size_t shard, shards; /* its share is the one of that number, from 1; shards 0: whatever it can claim */
    double patience_s;    /* others take it for dead when they have not heard of it for so long; 0: the default */
    bool stay;            /* until all is done, not only until nothing is left to claim */
    bool oversubscribe;   /* also where other workers of the folder have all cores of this machine */
};

/* A display; called a few times a second. */
typedef void sweep_view_fn(void *ctx, const struct live *l, bool final);

struct sweep_options {
    int jobs;                          /* children at most; also the threads of all together */
    bool fresh;                        /* delete finished runs of this plan first */
    bool tensorboard;                  /* event files beside the logs */
    const struct sweep_time *time;     /* NULL: all of the plan, however long it takes */
    const struct worker_how *worker;   /* of worker_run; NULL: sweep_run, which has the folder alone */
    enum kern_isa isa;
    const volatile sig_atomic_t *stop; /* set by the caller's signal handler, to the number of the signal */
    sweep_view_fn *view;               /* may be NULL */
    void *view_ctx;
    /* Called once, when all is checked and before the first run is trained, if any is; NULL: never. */
    enum status (*before)(const void *ctx, struct err *err);
    const void *before_ctx;
    struct log log;
};

struct sweep_outcome {
    size_t n_done, n_skipped, n_diverged, n_failed;
    char diverged[256];   /* " NAME NAME ...", as many as fit */
    struct run_row first; /* the plan's first run; status "" where it has no result */
    double seconds;
    double tokens;      /* trained by this sweep, shared trunks once */
    double train_share; /* of jobs x seconds that cores spent in training steps */
    double eval_share;  /* and in evaluations */
    bool complete;      /* of a worker: all runs of the sweep have results, and results.csv is written */
};

/* With a time the plan is what may be trained, and c what is meant to be; sweep.json ends with the runs that were.
 *
 * Train what is missing in dir and write sweep.json and results.csv. E_RUN where some run failed (the
 * others are kept), E_INTERRUPTED where stop was set, E_CONFIG where dir holds the same
 * cell of the grid under another config (the difference is named), E_IO where another sweep is at work in dir, or workers are. */
enum status sweep_run(struct sweep_outcome *out, const struct plan *p, const struct config *c,
                      const struct data *d, const char *dir, const struct sweep_options *o,
                      struct err *err) WARN_UNUSED;

#endif
