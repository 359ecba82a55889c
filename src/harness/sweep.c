#include "harness/sweep_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/file.h"
#include "base/size.h"
#include "base/system.h"
#include "harness/make_way.h"
#include "harness/memory.h"
#include "harness/rundir.h"

/* ---- what there is to do ---- */

struct waiting {
    double cost;
    size_t trajectory;
};

/* Longest first, so that what is left at the end is short; what takes as long, as the plan has it. */
static int longest_first(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? 1 : -1;
    return (x->trajectory > y->trajectory) - (x->trajectory < y->trajectory);
}

void sweep_count_failure(struct sweep *s, const struct err *err)
{
    log_msg(&s->o->log, LOG_ERROR, "%s", err->msg);
    if (s->first_err.msg[0] == '\0')
        s->first_err = *err;
    s->out->n_failed++;
}

static const struct gpt_shape *shape_of(const struct sweep *s, size_t trajectory)
{
    return &s->p->runs[s->p->trajectories[trajectory].first].shape;
}

/* The trajectories order[from..to-1], all of one size. */
static void leave_out(struct sweep *s, size_t from, size_t to, double bytes)
{
    struct err err;
    char others[64] = "", needed[32], there[32];
    size_t runs = 0;
    for (size_t i = from; i < to; i++)
        runs += s->p->trajectories[s->order[i]].n;
    if (runs > 1)
        snprintf(others, sizeof others, ", with the other %zu run%s of its size", runs - 1, runs == 2 ? "" : "s");
    err_set(&err, E_RUN, "%s is left out%s: training takes %s of memory, %s can be had here",
            s->p->runs[s->p->trajectories[s->order[from]].first].name, others,
            count_format_bytes(needed, sizeof needed, bytes), count_format_bytes(there, sizeof there, s->memory_bytes));
    sweep_count_failure(s, &err);
}

/* A size that this machine cannot hold fails alone: the others are trained. The order is still that of the plan, in
 * which the runs of a size are neighbours. */
static void leave_out_large(struct sweep *s)
{
    size_t kept = 0, next;
    for (size_t i = 0; i < s->n_order; i = next) {
        const struct gpt_shape *shape = shape_of(s, s->order[i]);
        double bytes = sweep_child_bytes(s, s->order[i]);
        for (next = i; next < s->n_order && gpt_shape_same(shape_of(s, s->order[next]), shape) &&
                       sweep_child_bytes(s, s->order[next]) == bytes; next++)
            if (bytes <= s->memory_bytes)
                s->order[kept++] = s->order[next];
        if (bytes > s->memory_bytes)
            leave_out(s, i, next, bytes);
    }
    s->n_order = kept;
}

enum status sweep_sort_work(struct sweep *s, struct err *err)
{
    struct waiting *all;
    TRY(size_calloc(&all, s->n_order, sizeof *all, "the schedule", err));
    for (size_t i = 0; i < s->n_order; i++) {
        all[i] = (struct waiting){sweep_work_of(s, &s->p->trajectories[s->order[i]]), s->order[i]};
        s->cost_total += all[i].cost;
    }
    qsort(all, s->n_order, sizeof *all, longest_first);
    for (size_t i = 0; i < s->n_order; i++)
        s->order[i] = all[i].trajectory;
    free(all);
    return OK;
}

/* Trajectories with a run that has no result yet. */
static enum status find_work(struct sweep *s, struct err *err)
{
    for (size_t t = 0; t < s->p->n_trajectories; t++) {
        const struct trajectory *tr = &s->p->trajectories[t];
        size_t there = 0;
        for (size_t i = tr->first; i < tr->first + tr->n; i++)
            there += s->rows[i].status[0] != '\0';
        s->out->n_skipped += there;
        if (there == tr->n) {
            s->cost_total += sweep_work_of(s, tr);
            s->cost_done += sweep_work_of(s, tr);
            continue;
        }
        s->runs_before += there;
        s->order[s->n_order++] = t;
    }
    leave_out_large(s);
    for (size_t i = 0; i < s->n_order; i++) {
        s->runs_waiting += sweep_runs_there(s, &s->p->trajectories[s->order[i]]);
        s->work_waiting += sweep_work_there(s, &s->p->trajectories[s->order[i]]);
    }
    return sweep_sort_work(s, err);
}

static enum status finish(struct sweep *s, struct err *err)
{
    enum status told = sweep_tell_results(s, err);
    s->out->n_diverged = s->out->n_done = 0;
    size_t finished = 0;
    for (size_t i = 0; i < s->p->n; i++) {
        finished += s->rows[i].status[0] != '\0';
        if (strcmp(s->rows[i].status, "diverged") == 0)
            sweep_name_diverged(s->out, s->rows[i].run);
    }
    s->out->n_done = finished - s->out->n_skipped;
    s->out->seconds = clock_now_s() - s->started_s;
    s->out->tokens = s->tokens;
    s->out->train_share = s->train_s / (s->out->seconds * s->o->jobs);
    s->out->eval_share = s->eval_s / (s->out->seconds * s->o->jobs);
    s->out->first = s->rows[0];
    TRY(told);
    if (!*s->o->stop)
        TRY(sweep_time_record(s, err));
    TRY(sweep_complete_events(s, err));
    sweep_show(s, true);
    if (s->first_err.msg[0] != '\0') {
        *err = s->first_err;
        if (err->code != E_IO && err->code != E_NOMEM)
            err->code = E_RUN;
        return err->code;
    }
    if (*s->o->stop && (s->items || finished < s->p->n))
        return err_set(err, E_INTERRUPTED, "interrupted; everything is kept");
    return OK;
}

static enum status run_locked(struct sweep *s, const struct config *c, struct err *err)
{
    struct sweep_json there;
    struct run_row *others = NULL;
    sweep_json_read(&there, s->dir, c, s->d);
    TRY(sweep_check_folder(s, &there, err));
    if (s->o->fresh)
        TRY(rundir_forget(s->p, s->dir, err));
    TRY(rundir_others(&others, &s->n_others, s->p, s->dir, &s->o->log, err));
    enum status st = size_calloc(&s->rows, s->p->n + s->n_others, sizeof *s->rows, "results", err);
    if (st == OK && s->n_others > 0)
        memcpy(s->rows + s->p->n, others, s->n_others * sizeof *others);
    free(others);
    if (st == OK)
        st = rundir_mend(s->rows, s->p, s->dir, &s->o->log, err);
    TRY(st);
    sweep_warn_of_table(s);
    s->memory_bytes = memory_available();
    TRY(find_work(s, err));
    TRY(sweep_write_record(s, c, &there, err));
    TRY(s->o->before && s->n_order > 0 ? s->o->before(s->o->before_ctx, err) : OK);
    s->started_s = clock_now_s();
    TRY(sweep_time_begin(s, err));
    st = sweep_children(s, err);
    if (st == OK)
        return finish(s, err);
    struct err later; /* the first reason is the one to tell */
    (void)!finish(s, &later);
    return st;
}

enum status sweep_open(struct sweep *s, struct err *err)
{
    const size_t jobs = (size_t)s->o->jobs;
    s->threads = system_shared(2 * jobs * sizeof *s->threads);
    if (!s->threads)
        return err_set(err, E_NOMEM, "out of memory for the schedule");
    s->limits = s->threads + jobs;
    TRY(size_calloc(&s->order, s->p->n_trajectories, sizeof *s->order, "the schedule", err));
    return size_calloc(&s->children, jobs, sizeof *s->children, "the jobs", err);
}

void sweep_close(struct sweep *s)
{
    free(s->rows);
    free(s->children);
    free(s->order);
    if (s->threads)
        munmap(s->threads, 2 * (size_t)s->o->jobs * sizeof *s->threads);
}

enum status sweep_run(struct sweep_outcome *out, const struct plan *p, const struct config *c,
                      const struct data *d, const char *dir, const struct sweep_options *o,
                      struct err *err)
{
    CHECK(o->jobs >= 1 && o->jobs <= 256);
    *out = (struct sweep_outcome){0};
    struct sweep s = {.p = p, .d = d, .dir = dir, .o = o, .c = c, .out = out, .lock = -1};
    TRY(file_mkdirs(dir, err));
    enum status st = sweep_open(&s, err);
    if (st == OK)
        st = live_lock(&s.lock, dir, err);
    if (st == OK)
        st = make_way(dir, o->stop, &o->log, err);
    if (st == OK)
        st = run_locked(&s, c, err);
    live_unlock(s.lock);
    sweep_time_free(&s);
    sweep_close(&s);
    return st;
}
