/* What the files of training share: the state of a process that trains a trajectory. train.h is for all others. */
#ifndef PLATEAU_HARNESS_TRAIN_INTERNAL_H
#define PLATEAU_HARNESS_TRAIN_INTERNAL_H

#include <math.h>

#include "harness/pace.h"
#include "harness/train.h"
#include "model/distill.h"
#include "model/members.h"

/* Sequences that are evaluated together. */
enum { TRAIN_EVAL_CHUNK = 16 };

/* What one process holds while it trains a trajectory. */
struct trainer {
    const struct plan *plan;
    const struct trajectory *t;
    const struct data *data;
    struct data *own_data; /* to train on, where its runs have unique tokens of their own; NULL: data */
    const char *dir;
    const struct train_options *o;
    const struct run *at; /* the run whose state e holds */
    const struct run *trunk; /* the run in whose folder the trunk is trained */
    struct kern k;
    struct members e; /* the model; of an ensemble all */
    struct members teachers; /* n 0: none */
    struct distill distill;
    int32_t *x, *y;      /* (max(B, TRAIN_EVAL_CHUNK), T) */
    float *losses;       /* (1 + e.n, TRAIN_EVAL_CHUNK, T): of the ensemble, then of its members */
    double member_loss[GPT_MEMBERS_MAX]; /* of the last evaluation */
    int64_t step;        /* steps done by the state in e */
    double loss;         /* of the last step; of an ensemble the members' mean */
    double loss_sum;     /* of the loss_steps steps since the log's last line */
    int64_t loss_steps;
    int64_t bad_steps;   /* in a row with a loss above the untrained one */
    double shown_loss;   /* what that line said, for the progress line */
    double *own_tokens;  /* (t->n) of each run's own part that are behind it */
    double tokens_trained; /* by this process */
    double tokens_evaluated; /* by it, for results */
    double train_s, eval_s; /* its core-seconds in training steps and in evaluations */
    size_t runs_done;
    double started_s, run_started_s, saved_s, reported_s;
    struct pace pace;
};

/* Tokens of the step after so many, and of all these. */
static inline double train_step_tokens(const struct run *r, int64_t steps)
{
    struct batch b = config_batch(&r->cfg);
    return batch_of_step(&b, steps);
}

static inline double train_tokens_at(const struct run *r, int64_t steps)
{
    struct batch b = config_batch(&r->cfg);
    return batch_tokens(&b, steps);
}

/* Whole steps within so many tokens of a run. */
static inline int64_t train_steps_within(const struct run *r, double tokens)
{
    struct batch b = config_batch(&r->cfg);
    return batch_steps(&b, tokens);
}

static inline int64_t train_total_steps(const struct run *r)
{
    return train_steps_within(r, r->cfg.train.tokens);
}

/* The last step of the trunk before this run leaves it. */
static inline int64_t train_branch_step(const struct run *r)
{
    struct schedule s = config_schedule(&r->cfg);
    return train_steps_within(r, schedule_branch_tokens(&s));
}

/* Steps of this run before its tail, whose weights are averaged: that has one step at least. */
static inline int64_t train_tail_step(const struct run *r)
{
    int64_t steps = train_steps_within(r, (1 - r->cfg.train.tail_average) * r->cfg.train.tokens), most = train_total_steps(r) - 1;
    return steps < most ? steps : most;
}

/* --- train_report.c: how far it is, for whoever started it --- */

/* Note how much of run r's own part, which for a branch begins where it leaves the trunk, is done. */
void train_note_position(struct trainer *tr, const struct run *r, int64_t step);
void train_send_report(struct trainer *tr);
/* Both for the run at hand, often enough for a display and no more: each report wakes the parent. */
void train_report(struct trainer *tr);

/* --- train_pieces.c: work on as many threads as are granted and pay --- */

/* Those granted now. */
int train_threads(const struct trainer *tr);
/* Before and after a piece of work, a step or some sequences of an evaluation, in tokens of training. Returns when it
 * began, then the core-seconds that it took. */
double train_begin_piece(struct trainer *tr);
double train_end_piece(struct trainer *tr, double began, double tokens);

/* Does one piece, and says whether there are more. */
typedef enum status train_piece_fn(void *ctx, bool *more, struct err *err);
/* All pieces, by a team that grows when more threads are granted. */
enum status train_in_pieces(const struct trainer *tr, train_piece_fn *piece, void *ctx, struct err *err) WARN_UNUSED;

/* --- train_eval.c --- */

/* Tokens of every stride-th window of the held-out set. */
double train_eval_tokens(const struct trainer *tr, size_t stride);
/* Mean loss over them and its standard error. A stop does not wait for the end: E_INTERRUPTED. */
enum status train_evaluate(struct trainer *tr, size_t stride, double *loss, double *se, struct err *err) WARN_UNUSED;

/* --- train_state.c: a run's folder, its checkpoint and the log that belongs to it --- */

/* path (FILE_PATH_MAX) of a file of that run. */
enum status train_run_path(char *path, const struct trainer *tr, const struct run *r, const char *name,
                           struct err *err) WARN_UNUSED;
/* The folder of a run, with its config. */
enum status train_make_run_dir(struct trainer *tr, const struct run *r, struct err *err) WARN_UNUSED;
/* Whether a run has its result, in dir or where finished runs go. */
enum status train_is_done(bool *done, const struct trainer *tr, const struct run *r, struct err *err) WARN_UNUSED;
/* A run has its result: its folder goes to where finished runs go. */
enum status train_let_go(const struct trainer *tr, const struct run *r, struct err *err) WARN_UNUSED;
/* Models for kernels of that level, which pack weights each in their own way, and their teacher. */
enum status train_use_kernels(struct trainer *tr, enum kern_isa isa, struct err *err) WARN_UNUSED;
void train_free_models(struct trainer *tr);
/* The state as run r's checkpoint. */
enum status train_save(struct trainer *tr, const struct run *r, struct runlog *log, struct err *err) WARN_UNUSED;
/* Open a run's log where its state stands, or start afresh with new weights. */
enum status train_resume(struct trainer *tr, const struct run *r, struct runlog *log, struct err *err) WARN_UNUSED;
/* The trunk's log up to log_bytes tells the branch's story too; its events hold the times of that. */
enum status train_copy_log(struct trainer *tr, const struct run *from, const struct run *to, struct runlog *log,
                           int64_t log_bytes, struct err *err) WARN_UNUSED;

#endif
