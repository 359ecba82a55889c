#include "harness/worker_internal.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "base/system.h"
#include "harness/memory.h"
#include "harness/rundir.h"
#include "harness/shard.h"

/* Between two looks at what others hold: soon at first, then about as often as hearts beat. */
#define PAUSE_FIRST_S 0.1
/* Who waits for cores that others have looks whether all is done at the latest when another hundredth of its time has gone, and for
 * a core every two seconds: two hundred who wait are no work. */
#define WAIT_SHARE 0.01
#define WAIT_MOST_S 0.9
#define CORES_EVERY_S 2.0

static void sleep_a_tick(const struct worker *w)
{
    double s = 0.05;
    if (w->waits_since_s > 0)
        s = fmin(fmax(2 * s, WAIT_SHARE * (clock_now_s() - w->waits_since_s)), fmin(WAIT_MOST_S, w->beat.every_s));
    clock_sleep_s(s);
}

/* ---- what the sweep asks (sweep_internal.h) ---- */

static void fail(struct sweep *s, const struct err *err)
{
    if (s->first_err.msg[0] == '\0')
        s->first_err = *err;
    s->worker->over = true;
    s->stopping = true;
}

/* One look whether there is something to claim. */
static bool choose(struct sweep *s)
{
    struct worker *w = s->worker;
    struct err err;
    bool found;
    size_t trajectory;
    double now = clock_now_s();
    if (worker_choose(&found, &trajectory, w, &err) != OK) {
        fail(s, &err);
        return false;
    }
    if (found) {
        s->order[0] = trajectory;
        s->next = 0;
        s->n_order = 1;
        w->pause_s = 0;
        worker_tick(w, true);
        return true;
    }
    w->pause_s = fmin(fmax(PAUSE_FIRST_S, 2 * w->pause_s), w->beat.every_s / 2);
    w->next_try_s = now + w->pause_s;
    return false;
}

/* Who finds that all runs have ended writes results.csv. To those who wait that is a hint to look now: else they may sleep on for
 * as long as they have slept already. */
static bool results_told(struct worker *w)
{
    char path[FILE_PATH_MAX];
    struct stat sb;
    struct timespec at = {0};
    if (file_join(path, sizeof path, w->s->dir, "results.csv", NULL) == OK && stat(path, &sb) == 0)
        at = system_changed(&sb);
    bool news = at.tv_sec != w->told.tv_sec || at.tv_nsec != w->told.tv_nsec;
    w->told = at;
    return news;
}

static bool all_ended(struct worker *w)
{
    const size_t n = w->s->p->n_trajectories;
    if (!w->knows || worker_list_home(w, NULL) != OK)
        return false;
    for (size_t i = 0; i < n; i++) /* what is known first: most that end know that others have not */
        if (w->knows[i] != WORKER_ENDED && !worker_all_there(w, i, false))
            return false;
    for (size_t i = 0; i < n; i++)
        if (!worker_all_there(w, i, true))
            return false;
    return true;
}

/* Whether there are cores to train on. */
static bool has_cores(struct worker *w)
{
    const double now = clock_now_s();
    if (w->s->n_children > 0 || w->how->oversubscribe)
        return true;
    if (w->waits_since_s > 0 && now < w->next_cores_s)
        return false;
    if (slots_take(&w->slots, w->s->o->jobs)) {
        w->waits_since_s = 0;
        return true;
    }
    if (w->waits_since_s == 0)
        w->waits_since_s = now;
    w->next_cores_s = now + fmin(now - w->waits_since_s + PAUSE_FIRST_S, CORES_EVERY_S);
    if (!w->said_waits)
        log_msg(&w->s->o->log, LOG_INFO, "other workers of this folder are at work on this machine's cores: waiting for them");
    w->said_waits = true;
    return false;
}

/* One that has none waits until it has, or all runs have ended. */
static bool look_now(struct sweep *s)
{
    struct worker *w = s->worker;
    const bool told = s->n_children == 0 && results_told(w);
    if (!told && clock_now_s() < w->next_try_s)
        return false;
    if (!has_cores(w)) {
        w->over = told && all_ended(w);
        return false;
    }
    if (choose(s))
        return true;
    if (s->n_children == 0)
        slots_give(&w->slots);
    return false;
}

bool sweep_worker_next(struct sweep *s)
{
    struct worker *w = s->worker;
    if (s->next < s->n_order)
        return true;
    while (!w->over && !s->stopping && !*s->o->stop && s->n_children < (size_t)s->o->jobs) {
        if (look_now(s))
            return true;
        if (w->over || s->n_children > 0)
            return false;
        sleep_a_tick(w);
        sweep_worker_tick(s);
    }
    return false;
}

void sweep_worker_tick(struct sweep *s)
{
    if (s->worker)
        worker_tick(s->worker, false);
}

enum status sweep_worker_folder(char *path, const struct sweep *s, size_t trajectory, struct err *err)
{
    return claim_folder(path, &s->worker->claims, worker_key(s->worker, trajectory), err);
}

bool sweep_worker_ended(struct sweep *s, const struct child *c, enum child_end end)
{
    struct worker *w = s->worker;
    struct err err;
    const char *key = worker_key(w, c->trajectory);
    unsigned char *knows = &w->knows[c->trajectory];
    if (*knows == WORKER_LOST || (end != CHILD_WHOLE && !claim_holds(&w->claims, key))) {
        *knows = WORKER_BEGUN;
        s->cost_done += sweep_work_of(s, &s->p->trajectories[c->trajectory]) -
                        sweep_work_done(s, &s->p->trajectories[c->trajectory], &c->last);
        log_msg(&s->o->log, LOG_WARN, "%s was taken over by another worker while this one was not heard of: it goes on there", key);
        return false;
    }
    *knows = end == CHILD_WHOLE ? WORKER_ENDED : end == CHILD_STOPPED ? WORKER_BEGUN : WORKER_NOT_HERE;
    if (claim_release(&w->claims, key, end != CHILD_WHOLE, &err) != OK)
        fail(s, &err);
    return true;
}

/* ---- before ---- */

static enum status read_rows(struct sweep *s, struct err *err)
{
    struct file_list list;
    TRY(size_calloc(&s->rows, s->p->n, sizeof *s->rows, "results", err));
    TRY(size_calloc(&s->worker->there, s->p->n, sizeof *s->worker->there, "results", err));
    TRY(file_list_dir(&list, s->dir, err));
    enum status st = OK;
    for (size_t i = 0; i < list.n && st == OK; i++) {
        size_t at = plan_first_from(s->p, list.names[i]);
        char path[FILE_PATH_MAX];
        bool found;
        if (!plan_has(s->p, list.names[i]))
            continue;
        const size_t run = (size_t)(s->p->sorted[at] - s->p->runs);
        struct run_row *row = &s->rows[run];
        st = file_join(path, sizeof path, s->dir, list.names[i], err);
        if (st == OK && !(run_row_read(row, &found, path, NULL) == OK && found)) {
            row->status[0] = '\0'; /* whoever claims it looks again */
            s->worker->there[run] = WORKER_PARTIAL;
        }
    }
    file_list_free(&list);
    return st;
}

/* Of all trajectories, longest first, those of this worker's share that lack results. */
static enum status fill_queue(struct worker *w, struct err *err)
{
    struct sweep *s = w->s;
    size_t n = s->p->n_trajectories, *owner;
    double *work;
    const size_t shards = size_max(1, w->how->shards);
    TRY(size_calloc(&owner, n, sizeof *owner, "the schedule", err));
    enum status st = size_calloc(&work, n + shards, sizeof *work, "the schedule", err);
    for (size_t i = 0; i < n; i++)
        s->order[i] = i;
    s->n_order = n;
    if (st == OK)
        st = sweep_sort_work(s, err);
    for (size_t i = 0; st == OK && i < n; i++)
        work[i] = sweep_work_of(s, &s->p->trajectories[s->order[i]]);
    if (st == OK)
        shard_deal(owner, work + n, work, n, shards);
    s->cost_total = 0;
    for (size_t i = 0; st == OK && i < n; i++) {
        const struct trajectory *t = &s->p->trajectories[s->order[i]];
        size_t there = 0;
        for (size_t k = t->first; k < t->first + t->n; k++)
            there += s->rows[k].status[0] != '\0';
        s->out->n_skipped += there;
        if (there == t->n)
            w->knows[s->order[i]] = WORKER_ENDED;
        else if (w->how->shards == 0 || owner[i] + 1 == w->how->shard) {
            w->queue[w->n_queue++] = s->order[i];
            s->cost_total += work[i];
        }
    }
    s->n_order = s->next = 0;
    free(work);
    free(owner);
    return st;
}

static const struct worker *sorted_worker; /* of the one sort below */

static int by_key(const void *a, const void *b)
{
    return strcmp(worker_key(sorted_worker, *(const size_t *)a), worker_key(sorted_worker, *(const size_t *)b));
}

static enum status fill(struct worker *w, struct err *err)
{
    size_t n = w->s->p->n_trajectories;
    TRY(size_calloc(&w->queue, n, sizeof *w->queue, "the schedule", err));
    TRY(size_calloc(&w->knows, n, sizeof *w->knows, "claims", err));
    TRY(size_calloc(&w->by_key, n, sizeof *w->by_key, "claims", err));
    for (size_t i = 0; i < n; i++)
        w->by_key[i] = i;
    sorted_worker = w;
    qsort(w->by_key, n, sizeof *w->by_key, by_key);
    return fill_queue(w, err);
}

/* Whether one that lives is of the same sweep cannot be told but by sweep.json, which the first of them wrote. */
static enum status refuse_other_sweep(struct worker *w, const struct sweep_json *there, struct err *err)
{
    struct file_list ids;
    const struct sweep *s = w->s;
    if (!there->found || there->damaged)
        return OK;
    if (!there->same_data)
        return err_set(err, E_DATA, "%s is a sweep on other data (%s): workers of one sweep need the same bytes", s->dir,
                       there->changed_file[0] ? there->changed_file : "another language, seed or data.heldout");
    if (there->same_config)
        return OK;
    TRY(claims_workers(&ids, &w->claims, err));
    size_t n = ids.n;
    for (size_t i = 0; i < ids.n; i++) {
        enum claim_life life;
        struct heartbeat h;
        TRY(claims_look(&life, &h, &w->claims, ids.names[i], err));
        n -= life == CLAIM_DEAD;
    }
    file_list_free(&ids);
    return n ? err_set(err, E_CONFIG, "%s: %zu worker%s of another config %s on the list there (sweep.json has it): wait for "
                                      "them, or give another --out", s->dir, n, n == 1 ? "" : "s", n == 1 ? "is" : "are") : OK;
}

/* sweep.json of whoever is first; that of an earlier grid, whose workers are gone, is replaced. */
static enum status record(struct worker *w, struct sweep_json *there, struct err *err)
{
    struct sweep *s = w->s;
    if (there->found && !there->damaged && there->same_config)
        return OK;
    TRY(sweep_facts_of(s, there, err));
    s->facts.first = !there->found;
    TRY(sweep_json_write(s->dir, s->c, &s->facts, err));
    if (!s->facts.first)
        return OK;
    sweep_json_read(there, s->dir, s->c, s->d); /* somebody may have been first after all */
    return refuse_other_sweep(w, there, err);
}

static enum status begin(struct worker *w, struct err *err)
{
    struct sweep *s = w->s;
    struct sweep_json there;
    struct live unused;
    const double patience = w->how->patience_s > 0 ? w->how->patience_s : WORKER_PATIENCE_S;
    TRY(rundir_refuse_links(s->p, s->dir, err));
    sweep_json_read(&there, s->dir, s->c, s->d);
    if (!there.found)
        TRY(rundir_refuse_strangers(s->dir, err));
    TRY(rundir_refuse_data(s->p, s->dir, s->d, &there, false, err));
    TRY(rundir_refuse_collisions(s->p, s->dir, err));
    TRY(claims_make(&w->claims, err));
    w->beat = (struct heartbeat){.pid = (long)getpid(), .cores = s->o->jobs, .every_s = patience / HEARTBEAT_BEATS};
    snprintf(w->beat.id, sizeof w->beat.id, "%s", w->claims.id);
    snprintf(w->beat.host, sizeof w->beat.host, "%.*s", (int)strcspn(w->claims.id, "-"), w->claims.id);
    snprintf(w->beat.where, sizeof w->beat.where, "%s", w->claims.where);
    snprintf(w->beat.isa, sizeof w->beat.isa, "%s", config_isa_name(&s->p->runs[0].cfg, s->o->isa));
    w->beat.live.tokens_per_s = 0;
    TRY(claims_beat(&w->claims, &w->beat, err));
    /* first on the list, then a look for a sweep, which first takes its lock, then looks at the list: one sees the other */
    if (live_read(&unused, s->dir))
        return err_set(err, E_IO, "another sweep is at work in %s, and not as a worker: wait for it, or stop it; it can be gone on "
                                  "with by workers", s->dir);
    TRY(refuse_other_sweep(w, &there, err));
    TRY(read_rows(s, err));
    TRY(fill(w, err));
    return record(w, &there, err);
}

/* ---- after ---- */

static enum status hand_back(struct worker *w, struct err *err)
{
    for (size_t i = 0; i < w->s->p->n_trajectories && w->knows; i++)
        if (w->knows[i] == WORKER_MINE)
            TRY(claim_release(&w->claims, worker_key(w, i), true, err));
    return OK;
}

/* Left over here: what no machine like this one can train. */
static enum status judge_rest(const struct worker *w, struct err *err)
{
    const struct sweep *s = w->s;
    size_t n = 0;
    for (size_t i = 0; i < w->n_queue; i++)
        n += w->knows[w->queue[i]] == WORKER_NOT_HERE;
    if (s->first_err.msg[0]) {
        *err = s->first_err;
        if (err->code != E_IO && err->code != E_NOMEM && s->out->n_failed > 0)
            err->code = E_RUN;
        return err->code;
    }
    if (*s->o->stop == SIGINT)
        return err_set(err, E_INTERRUPTED, "interrupted; everything is kept");
    if (*s->o->stop)
        return err_set(err, E_PREEMPTED, "stopped by signal %d; everything is kept and handed back to other workers",
                       (int)*s->o->stop);
    return n ? err_set(err, E_RUN, "%zu trajector%s could not be trained on this machine; other workers may", n,
                       n == 1 ? "y" : "ies") : OK;
}

static enum status finish(struct worker *w, struct err *err)
{
    struct sweep *s = w->s;
    struct err later = {0};
    TRY(hand_back(w, err));
    claims_leave(&w->claims);
    s->out->n_done = s->runs_ended - s->runs_before;
    s->out->seconds = clock_now_s() - s->started_s;
    s->out->tokens = s->tokens;
    s->out->train_share = s->train_s / (s->out->seconds * s->o->jobs);
    s->out->eval_share = s->eval_s / (s->out->seconds * s->o->jobs);
    if (s->o->view)
        s->o->view(s->o->view_ctx, &s->live, true);
    enum status st = judge_rest(w, err);
    if (s->first_err.code == E_IO || *s->o->stop || !all_ended(w))
        return st;
    s->out->n_diverged = 0;
    enum status told = worker_finish_folder(s, &w->claims, &later);
    s->out->complete = told == OK;
    if (st == OK && told != OK)
        *err = later;
    return st != OK ? st : told;
}

static enum status work(struct worker *w, struct err *err)
{
    struct sweep *s = w->s;
    TRY(begin(w, err));
    s->memory_bytes = memory_available();
    s->results_s = (double)INFINITY; /* results.csv is written at the end, by the last */
    s->started_s = clock_now_s();
    w->random = system_nonce();
    (void)results_told(w);
    TRY(s->o->before && w->n_queue > 0 ? s->o->before(s->o->before_ctx, err) : OK);
    enum status st = sweep_children(s, err);
    if (st != OK && s->first_err.msg[0] == '\0')
        s->first_err = *err;
    return finish(w, err);
}

enum status worker_run(struct sweep_outcome *out, const struct plan *p, const struct config *c, const struct data *d,
                       const char *dir, const struct sweep_options *o, struct err *err)
{
    CHECK(o->jobs >= 1 && o->jobs <= 256 && o->worker);
    struct worker *w;
    *out = (struct sweep_outcome){0};
    TRY(size_calloc(&w, 1, sizeof *w, "a worker", err)); /* large: its heartbeat names all that it trains */
    struct sweep s = {.p = p, .d = d, .dir = dir, .o = o, .c = c, .out = out, .lock = -1, .worker = w};
    w->s = &s;
    w->how = o->worker;
    enum status st = file_mkdirs(dir, err);
    slots_open(&w->slots, dir);
    if (st == OK)
        st = claims_init(&w->claims, dir, err);
    if (st == OK)
        st = sweep_open(&s, err);
    if (st == OK)
        st = work(w, err);
    claims_leave(&w->claims);
    claims_free(&w->claims);
    slots_close(&w->slots);
    sweep_close(&s);
    free(w->by_key);
    free(w->knows);
    free(w->there);
    free(w->queue);
    free(w);
    return st;
}
