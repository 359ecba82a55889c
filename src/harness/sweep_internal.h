/* What the files of the sweep share: its state, and how work is counted. sweep.h is for all others. */
#ifndef PLATEAU_HARNESS_SWEEP_INTERNAL_H
#define PLATEAU_HARNESS_SWEEP_INTERNAL_H

#include "data/data.h"
#include "harness/child.h"
#include "harness/keeper.h"
#include "harness/sweep.h"
#include "harness/sweep_json.h"

struct sweep {
    const struct plan *p;
    const struct data *d;
    const char *dir;
    const struct sweep_options *o;
    size_t *order;    /* trajectories still to train, longest first */
    size_t n_order, next;
    struct child *children;
    size_t n_children;
    int *limits;  /* (jobs) and how many runs of its trajectory, where there is a time */
    int *threads; /* (jobs) shared with the children: how many threads each may use now */
    double cost_total, cost_done; /* work of all trajectories; done: by those that have ended, then or before */
    double cost_trained;          /* of that, in this sweep and not before it */
    double started_s, viewed_s, written_s;
    double child_s;                 /* seconds of children so far, however many threads they may use */
    double granted_s;               /* core-seconds that children could use so far */
    double train_s, eval_s, tokens; /* of the children that have ended */
    int lock;
    double memory_bytes; /* that may be used; INFINITY: not known */
    struct run_row *rows;  /* (p->n + n_others) results, status "" where there is none yet */
    size_t n_others;       /* of runs in the folder that are none of the plan's */
    size_t runs_told;      /* in results.csv */
    double results_s;      /* when that was written */
    double results_took_s; /* and how long it took: of a grid of many thousands of runs, a second and more */
    size_t runs_ended;   /* of trajectories that have ended since the start */
    size_t runs_before;  /* of those to train: results that were there, counted by their children too */
    size_t runs_waiting; /* and of these, those of trajectories that wait, with what they took */
    double work_waiting;
    bool stopping;
    struct sweep_outcome *out;
    struct err first_err;
    struct live live;
    struct worker *worker;         /* of a worker: order has only what it has claimed; NULL: a sweep that has the folder alone */
    struct keeper keeper;          /* of a sweep with a time: its items are those of order */
    struct keeper_item *items;     /* (trajectories) NULL: no time */
    double *item_work;             /* theirs */
    double ended_work, ended_cpu_s; /* of its children that have ended, in the keeper's units */
    const struct config *c;
    struct sweep_facts facts;
};

/* ---- what there is to do, in the units of plan_cost ---- */

static inline double sweep_eval_tokens(const struct sweep *s, const struct trajectory *t)
{
    const struct run *r = &s->p->runs[t->first];
    return plan_eval_tokens((double)(data_eval_windows(s->d) * r->shape.T));
}

static inline double sweep_work_of(const struct sweep *s, const struct trajectory *t)
{
    return t->cost * (t->tokens + (double)t->n * sweep_eval_tokens(s, t));
}

/* Of that, what has been done so far: in this sweep, before it, or by another worker. */
static inline double sweep_work_done(const struct sweep *s, const struct trajectory *t, const struct train_progress *p)
{
    return t->cost * (p->tokens_done + (double)p->runs_done * sweep_eval_tokens(s, t));
}

/* Of that, what the process that reports p has done since it began. */
static inline double sweep_work_by(const struct trajectory *t, const struct train_progress *p)
{
    return t->cost * (p->tokens_trained + plan_eval_tokens(p->tokens_evaluated));
}

/* ---- sweep.c, for workers too ---- */

/* Memory for the schedule and the jobs. sweep_close also after a failure. */
enum status sweep_open(struct sweep *s, struct err *err) WARN_UNUSED;
void sweep_close(struct sweep *s);
/* s->order, longest first; adds up s->cost_total. */
enum status sweep_sort_work(struct sweep *s, struct err *err) WARN_UNUSED;
/* Say it, count it, and keep the first one for the end. */
void sweep_count_failure(struct sweep *s, const struct err *err);

/* ---- sweep_children.c ---- */

/* Train what waits, side by side, until nothing does. */
enum status sweep_children(struct sweep *s, struct err *err) WARN_UNUSED;
/* Memory that the process of a trajectory takes. */
double sweep_child_bytes(const struct sweep *s, size_t trajectory);

/* ---- sweep_look.c ---- */

/* What is done already of a trajectory that was interrupted: its first runs, as far as they have results, and what they took.
 * That is all that is known until its process says how far it is. */
size_t sweep_runs_there(const struct sweep *s, const struct trajectory *t);
double sweep_work_there(const struct sweep *s, const struct trajectory *t);
/* What goes on at this moment, and of that how many runs are done. */
size_t sweep_runs_done(const struct sweep *s);
void sweep_look(struct live *l, const struct sweep *s);
/* The display, its file, and results.csv, each as often as it should be; final: a last time. */
void sweep_show(struct sweep *s, bool final);

/* ---- sweep_record.c: what it leaves in the folder; there: what sweep.json says so far ---- */

/* All that can be wrong with the folder, before anything in it is changed. */
enum status sweep_check_folder(const struct sweep *s, const struct sweep_json *there, struct err *err) WARN_UNUSED;
/* A warning where results.csv is not of the results. */
void sweep_warn_of_table(const struct sweep *s);
/* s->facts, for sweep.json. */
enum status sweep_facts_of(struct sweep *s, const struct sweep_json *there, struct err *err) WARN_UNUSED;
/* sweep.json, where there is something to train, or what is there is not of c. */
enum status sweep_write_record(struct sweep *s, const struct config *c, const struct sweep_json *there,
                               struct err *err) WARN_UNUSED;
/* results.csv of the runs that have ended so far. */
enum status sweep_tell_results(struct sweep *s, struct err *err) WARN_UNUSED;
enum status sweep_complete_events(const struct sweep *s, struct err *err) WARN_UNUSED;
void sweep_name_diverged(struct sweep_outcome *out, const char *run);

/* ---- worker.c: s->worker is set ---- */

/* Whether a trajectory that was claimed waits to be trained; that is order[next] then. Claims one where a job is free, and
 * where none runs waits until there is one or nothing is left. */
bool sweep_worker_next(struct sweep *s);
/* The folder that a claimed trajectory is trained in. */
enum status sweep_worker_folder(char *path, const struct sweep *s, size_t trajectory, struct err *err) WARN_UNUSED;
/* Heartbeat and watch, a few times a second; nothing where there is no worker. */
void sweep_worker_tick(struct sweep *s);
/* A child has ended: its claim goes back. False where the claim was lost, so that the end is no failure. */
bool sweep_worker_ended(struct sweep *s, const struct child *c, enum child_end end);

/* ---- sweep_time.c: all of these do nothing, or say yes, where the sweep has no time ---- */

/* The trajectories of s->order, sorted by rank. sweep_time_free also after a failure. */
enum status sweep_time_begin(struct sweep *s, struct err *err) WARN_UNUSED;
void sweep_time_free(struct sweep *s);
/* Whether one that waits should begin now; that is order[next] then. */
bool sweep_time_next(struct sweep *s);
/* A child has begun, and has ended. */
void sweep_time_started(struct sweep *s, const struct child *c);
void sweep_time_ended(struct sweep *s, const struct child *c);
/* Look at what is done, give all children their limits, and stop those that are overdue. */
void sweep_time_settle(struct sweep *s);
/* The time, as the display has it. */
void sweep_time_look(struct live *l, const struct sweep *s);
/* sweep.json with the runs that have a result for its grid. */
enum status sweep_time_record(const struct sweep *s, struct err *err) WARN_UNUSED;

#endif
