#include "harness/sweep_internal.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/file.h"
#include "base/size.h"
#include "base/system.h"
#include "data/baseline.h"
#include "harness/make_way.h"
#include "harness/memory.h"
#include "harness/places.h"
#include "harness/results_check.h"
#include "harness/rundir.h"

/* ---- children ---- */

static int free_slot(const struct sweep *s)
{
    int slot = 0;
    for (size_t i = 0; i < s->n_children; i++)
        if (s->children[i].slot == slot) {
            slot++;
            i = (size_t)-1;
        }
    return slot;
}

static enum status start_next(struct sweep *s, struct err *err)
{
    int slot = free_slot(s);
    struct child *c = &s->children[s->n_children];
    char claimed[FILE_PATH_MAX];
    if (s->worker)
        TRY(sweep_worker_folder(claimed, s, s->order[s->next], err));
    const struct child_task task = {.plan = s->p, .data = s->d, .dir = s->worker ? claimed : s->dir,
                                    .home = s->worker ? s->dir : NULL, .isa = s->o->isa, .jobs = s->o->jobs,
                                    .threads = &s->threads[slot], .runs = s->items ? &s->limits[slot] : NULL,
                                    .tensorboard = s->o->tensorboard, .trajectory = s->order[s->next]};
    s->threads[slot] = 1;
    s->limits[slot] = (int)s->p->trajectories[task.trajectory].n;
    if (s->items)
        s->limits[slot] = (int)s->items[s->next].limit;
    TRY(child_start(c, &task, err));
    c->slot = slot;
    sweep_time_started(s, c);
    s->next++;
    s->n_children++;
    return OK;
}

static void count_failure(struct sweep *s, const struct err *err)
{
    log_msg(&s->o->log, LOG_ERROR, "%s", err->msg);
    if (s->first_err.msg[0] == '\0')
        s->first_err = *err;
    s->out->n_failed++;
}

/* A child has closed its pipe: collect it. */
static void reap(struct sweep *s, size_t i)
{
    struct child c = s->children[i];
    bool told = c.err.msg[0] != '\0';
    enum child_end end = child_reap(&c);
    const struct trajectory *t = &s->p->trajectories[c.trajectory];
    bool whole = end == CHILD_WHOLE && c.last.runs_done == t->n;
    sweep_time_ended(s, &c);
    s->cost_done += whole ? sweep_work_of(s, t) : sweep_work_done(s, t, &c.last);
    s->cost_trained += sweep_work_by(t, &c.last);
    s->tokens += c.last.tokens_trained;
    s->train_s += c.last.train_s;
    s->eval_s += c.last.eval_s;
    s->runs_ended += whole ? t->n : c.last.runs_done;
    bool kept = !s->worker || sweep_worker_ended(s, &c, end);
    if (end == CHILD_FAILED && kept) {
        if (!told)
            err_wrap(&c.err, "%s", s->p->runs[c.last.run].name);
        count_failure(s, &c.err);
        /* A full disk or a refused permission meets every run: starting more would only repeat it. */
        if (c.err.code == E_IO)
            s->stopping = true;
    }
    s->children[i] = s->children[--s->n_children];
}

/* Each child counts with the threads that it may use. */
static void count_granted(struct sweep *s, double seconds)
{
    s->child_s += seconds * (double)s->n_children;
    for (size_t i = 0; i < s->n_children; i++)
        s->granted_s += seconds * s->threads[s->children[i].slot];
}

/* results.csv follows the runs as they end, so that they can be fitted while others train. */
static enum status tell_results(struct sweep *s, struct err *err)
{
    size_t done = 0, n = s->p->n + s->n_others;
    double began = clock_now_s();
    for (size_t i = 0; i < s->p->n; i++) {
        char run_dir[FILE_PATH_MAX];
        bool found;
        TRY(file_join(run_dir, sizeof run_dir, s->dir, s->p->runs[i].name, err));
        if (s->rows[i].status[0] == '\0')
            TRY(run_row_read(&s->rows[i], &found, run_dir, err));
        done += s->rows[i].status[0] != '\0';
    }
    s->runs_told = done;
    enum status st = results_write(s->dir, s->rows, n, err);
    s->results_s = clock_now_s();
    s->results_took_s = s->results_s - began;
    return st;
}

static void show(struct sweep *s, bool final)
{
    double now = clock_now_s();
    if (!final && now - s->results_s >= fmax(1, 20 * s->results_took_s) && sweep_runs_done(s) > s->runs_told) {
        enum status st = tell_results(s, NULL);
        (void)st; /* what keeps it from being written is told at the end */
        s->results_s = now;
    }
    bool view = s->o->view && (final || now - s->viewed_s >= 0.2);
    bool write = !final && now - s->written_s >= 1;
    if (!view && !write)
        return;
    sweep_look(&s->live, s);
    if (final)
        s->live.runs_done = s->out->n_skipped + s->out->n_done;
    if (write) {
        s->written_s = now;
        live_write(s->lock, &s->live);
    }
    if (view) {
        s->viewed_s = now;
        s->o->view(s->o->view_ctx, &s->live, final);
    }
}

static void stop_children(struct sweep *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    for (size_t i = 0; i < s->n_children; i++)
        kill(s->children[i].pid, SIGTERM);
}

static enum status wait_for_children(struct sweep *s, struct err *err)
{
    struct pollfd fds[256];
    for (size_t i = 0; i < s->n_children; i++)
        fds[i] = (struct pollfd){.fd = s->children[i].fd, .events = POLLIN};
    int n = poll(fds, (nfds_t)s->n_children, 200);
    if (n < 0 && errno != EINTR)
        return err_set(err, E_IO, "poll: %s", strerror(errno));
    for (size_t i = s->n_children; n > 0 && i-- > 0;)
        if (fds[i].revents && !child_read(&s->children[i], &s->o->log))
            reap(s, i);
    return OK;
}

static const struct gpt_shape *shape_of(const struct sweep *s, size_t trajectory)
{
    return &s->p->runs[s->p->trajectories[trajectory].first].shape;
}

double sweep_child_bytes(const struct sweep *s, size_t trajectory)
{
    struct kern k;
    kern_init(&k, s->o->isa);
    return memory_of_run(&s->p->runs[s->p->trajectories[trajectory].first], &k, s->o->jobs);
}

/* Whether the next trajectory fits beside those that run, with a tenth to spare; a single one is always
 * tried. */
static bool fits_in_memory(const struct sweep *s)
{
    double bytes = sweep_child_bytes(s, s->order[s->next]);
    for (size_t i = 0; i < s->n_children; i++)
        bytes += sweep_child_bytes(s, s->children[i].trajectory);
    return s->n_children == 0 || bytes <= 0.9 * s->memory_bytes;
}

/* Whether there is one to start; it is order[next] then. */
static bool waits(struct sweep *s)
{
    if (s->worker)
        return sweep_worker_next(s);
    return s->next < s->n_order && !s->stopping && sweep_time_next(s);
}

/* Cores that no waiting trajectory needs go to those with the most to do. */
static void spread_threads(struct sweep *s)
{
    int threads[256], spare = waits(s) ? 0 : s->o->jobs - (int)s->n_children;
    for (size_t i = 0; i < s->n_children; i++)
        threads[i] = 1;
    for (; s->n_children > 0 && spare > 0; spare--) {
        size_t most = 0;
        double longest = -1;
        for (size_t i = 0; i < s->n_children; i++) {
            const struct child *c = &s->children[i];
            const struct trajectory *t = &s->p->trajectories[c->trajectory];
            double left = (sweep_work_of(s, t) - sweep_work_done(s, t, &c->last)) / threads[i];
            if (left > longest) {
                longest = left;
                most = i;
            }
        }
        threads[most]++;
    }
    for (size_t i = 0; i < s->n_children; i++) /* one store each: the children look at any time */
        s->threads[s->children[i].slot] = threads[i];
}

/* Onto cores of their kinds, where there are two: whenever a process has begun or ended. */
static void place_children(struct sweep *s)
{
    double left[256];
    int threads[256];
    bool fast[256];
    struct system_cores cores = system_cores();
    if (cores.slow == 0)
        return;
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        const struct trajectory *t = &s->p->trajectories[c->trajectory];
        left[i] = sweep_work_of(s, t) - sweep_work_done(s, t, &c->last);
        threads[i] = s->threads[c->slot];
    }
    places_pick(fast, left, threads, s->n_children, cores.fast);
    for (size_t i = 0; i < s->n_children; i++) {
        struct child *c = &s->children[i];
        if (c->place != (fast[i] ? PLACE_FAST : PLACE_SLOW))
            (void)system_place(c->pid, fast[i]); /* where the system decides, it does */
        c->place = fast[i] ? PLACE_FAST : PLACE_SLOW;
    }
}

enum status sweep_children(struct sweep *s, struct err *err)
{
    enum status st = OK;
    double before = clock_now_s();
    size_t placed = 0; /* children at the last look */
    while (s->n_children > 0 || (st == OK && waits(s))) {
        while (st == OK && s->n_children < (size_t)s->o->jobs && waits(s)) {
            if (!fits_in_memory(s))
                break;
            st = start_next(s, err);
            if (st != OK && s->n_children > 0) {
                /* no room for one more process or pipe: those that are there go on, and the next one waits */
                st = OK;
                break;
            }
        }
        spread_threads(s);
        if (s->n_children != placed || (s->n_children > 0 && s->children[s->n_children - 1].place == PLACE_ANY))
            place_children(s);
        placed = s->n_children;
        if (s->n_children > 0) {
            enum status waited = wait_for_children(s, err);
            if (waited != OK) {
                st = waited;
                stop_children(s);
            }
        }
        double now = clock_now_s();
        count_granted(s, now - before);
        before = now;
        sweep_time_settle(s);
        sweep_worker_tick(s);
        if (*s->o->stop)
            stop_children(s);
        show(s, false);
    }
    return st;
}

/* ---- the folder ---- */

struct work {
    double cost;
    size_t trajectory;
};

/* Longest first, so that what is left at the end is short; what takes as long, as the plan has it. */
static int longest_first(const void *a, const void *b)
{
    const struct work *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? 1 : -1;
    return (x->trajectory > y->trajectory) - (x->trajectory < y->trajectory);
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
    count_failure(s, &err);
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
    struct work *all;
    TRY(size_calloc(&all, s->n_order, sizeof *all, "the schedule", err));
    for (size_t i = 0; i < s->n_order; i++) {
        all[i] = (struct work){sweep_work_of(s, &s->p->trajectories[s->order[i]]), s->order[i]};
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
        if (there == tr->n)
            continue;
        s->runs_before += there;
        s->order[s->n_order++] = t;
    }
    leave_out_large(s);
    return sweep_sort_work(s, err);
}

/* Event files of finished runs that lack some events or all: those of a sweep that had not been asked for
 * them. */
static enum status complete_events(const struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->p->n && s->o->tensorboard; i++) {
        char path[FILE_PATH_MAX];
        struct tensorboard tb = {.out = NULL};
        if (s->rows[i].status[0] == '\0')
            continue;
        TRY(rundir_path(path, s->dir, s->p->runs[i].name, "log.jsonl", err));
        if (!file_exists(path))
            continue;
        TRY(rundir_path(path, s->dir, s->p->runs[i].name, "", err));
        enum status st = tensorboard_open(&tb, path, -1, err);
        enum status closed = tensorboard_close(&tb, st == OK ? err : NULL);
        TRY(st != OK ? st : closed);
    }
    return OK;
}

void sweep_name_diverged(struct sweep_outcome *out, const char *run)
{
    size_t n = strlen(out->diverged);
    out->n_diverged++;
    if (n + strlen(run) + 6 < sizeof out->diverged)
        snprintf(out->diverged + n, sizeof out->diverged - n, " %s", run);
    else if (n > 0 && out->diverged[n - 1] != '.')
        strcpy(out->diverged + n, " ...");
}

static enum status finish(struct sweep *s, struct err *err)
{
    enum status told = tell_results(s, err);
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
    TRY(complete_events(s, err));
    show(s, true);
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

/* All that can be wrong with the folder, before anything in it is changed. */
static enum status check_folder(const struct sweep *s, const struct sweep_json *there, struct err *err)
{
    TRY(rundir_refuse_links(s->p, s->dir, err));
    TRY(rundir_refuse_data(s->p, s->dir, s->d, there, s->o->fresh, err));
    if (s->o->fresh)
        return OK;
    TRY(rundir_refuse_collisions(s->p, s->dir, err));
    for (size_t i = 0; i < s->p->n; i++) {
        enum kern_isa isa;
        bool begun;
        TRY(rundir_kernels(&isa, &begun, s->dir, &s->p->runs[i], err));
    }
    return OK;
}

/* The loss of a perfect predictor takes a pass over the held-out set, and the baseline one over a text, so earlier ones are
 * taken where the data are the same. */
enum status sweep_facts_of(struct sweep *s, const struct sweep_json *there, struct err *err)
{
    s->facts = (struct sweep_facts){.version = PLATEAU_VERSION,
                                   .isa = kern_isa_name(s->o->isa),
                                   .floor = data_floor(s->d),
                                   .eval_floor = there->floor_heldout,
                                   .cores = system_cores_all(),
                                   .data = s->d,
                                   .baseline = there->baseline};
    if (!(there->same_data && isfinite(there->baseline)))
        TRY(baseline_of_text(&s->facts.baseline, s->d, err));
    if (isfinite(s->facts.floor) && !(there->same_held_out && isfinite(s->facts.eval_floor)))
        TRY(data_eval_floor(&s->facts.eval_floor, s->d, s->o->stop, err));
    return OK;
}

/* sweep.json says what was asked for last; it is written again where it is lost or damaged. */
static enum status write_record(struct sweep *s, const struct config *c, const struct sweep_json *there,
                                struct err *err)
{
    if (there->damaged)
        log_msg(&s->o->log, LOG_WARN, "%s: it is written again", there->why);
    if (s->n_order == 0 && there->found && !there->damaged && there->same_config)
        return OK;
    TRY(sweep_facts_of(s, there, err));
    return sweep_json_write(s->dir, c, &s->facts, err);
}

/* The table is made of the results whatever it holds; what has happened to it is told. */
static void warn_of_table(const struct sweep *s)
{
    struct err why;
    size_t missing;
    if (results_check(&missing, s->dir, &why) == E_DATA)
        log_msg(&s->o->log, LOG_WARN, "%s", why.msg);
}

static enum status run_locked(struct sweep *s, const struct config *c, struct err *err)
{
    struct sweep_json there;
    struct run_row *others = NULL;
    sweep_json_read(&there, s->dir, c, s->d);
    TRY(check_folder(s, &there, err));
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
    warn_of_table(s);
    s->memory_bytes = memory_available();
    TRY(find_work(s, err));
    TRY(write_record(s, c, &there, err));
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
