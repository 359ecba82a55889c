/* The scheduler: which trajectory starts when, beside which others, and with how many threads. */
#include "harness/sweep_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/system.h"
#include "harness/memory.h"
#include "harness/places.h"

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
    if (!s->worker) {
        s->runs_waiting -= sweep_runs_there(s, &s->p->trajectories[c->trajectory]);
        s->work_waiting -= sweep_work_there(s, &s->p->trajectories[c->trajectory]);
    }
    s->next++;
    s->n_children++;
    return OK;
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
        sweep_count_failure(s, &c.err);
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
        sweep_show(s, false);
    }
    return st;
}
