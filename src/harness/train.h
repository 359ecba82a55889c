/* Training one trajectory: a trunk and the cooldowns that branch off it, or a single run.
 *
 * Everything that decides a result is a function of the run's config: batches come by index, sums have
 * one order, and a checkpoint holds the whole state with the length of the log that belongs to it. So a
 * run that was killed and started again ends with the bytes of an undisturbed one, and a branch with
 * those of the run trained alone. */
#ifndef PLATEAU_HARNESS_TRAIN_H
#define PLATEAU_HARNESS_TRAIN_H

#include <signal.h>

#include "base/log.h"
#include "harness/plan.h"
#include "harness/runlog.h"

/* Evaluations along the way take every so many-th window of the held-out set, the last one of a run all of them. */
enum { TRAIN_CURVE_STRIDE = 16 };

struct train_progress {
    size_t run;                 /* index in the plan */
    size_t runs_done;           /* of the trajectory */
    double tokens_done;         /* of trajectory.tokens, whoever trained them */
    double tokens_trained;      /* by this process */
    double tokens_evaluated;    /* by it, for results */
    double run_tokens, loss;    /* of the run at hand */
    double tokens_per_s;
    double cpu_s;               /* seconds of a core that this process has had */
    double train_s, eval_s;     /* core-seconds of this process in training steps and in evaluations */
};

typedef void train_progress_fn(void *ctx, const struct train_progress *p);

struct train_options {
    enum kern_isa isa;                 /* for new runs; one that has begun goes on with the kernels it was begun with */
    int threads;                       /* at most; fewer where they do not pay (harness/pace.h) */
    const volatile int *threads_now;   /* at most, at the next step; NULL: the above */
    const volatile int *runs_now;      /* so many of the trajectory's runs, as it stands when one is over; NULL: all */
    bool tensorboard;                  /* an event file beside each log */
    const char *home;                  /* the folder of a finished run is moved there, out of dir; NULL: it stays */
    const volatile sig_atomic_t *stop; /* not 0: checkpoint and return E_INTERRUPTED */
    train_progress_fn *progress;       /* may be NULL */
    void *progress_ctx;
    struct log log;                    /* what had to be made again, and why */
};

/* Train what is missing of trajectory t into dir/<run>/. Runs with a result.json are skipped. A run that
 * diverges gets a result with that status, and the trajectory goes on with the next. */
enum status train_trajectory(const struct plan *p, const struct trajectory *t, const struct data *d,
                             const char *dir, const struct train_options *o,
                             struct err *err) WARN_UNUSED;

#endif
