#include "harness/worker_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "harness/memory.h"
#include "harness/rundir.h"
#include "harness/tensorboard.h"

/* ---- what lies there of a trajectory that was claimed ---- */

bool worker_all_there(struct worker *w, size_t trajectory, bool surely)
{
    const struct sweep *s = w->s;
    const struct trajectory *t = &s->p->trajectories[trajectory];
    for (size_t i = t->first; i < t->first + t->n; i++) {
        char path[FILE_PATH_MAX];
        if (s->rows[i].status[0] || (!surely && w->there[i] == WORKER_FINISHED))
            continue;
        w->claims.count.looks++;
        if (rundir_path(path, s->dir, s->p->runs[i].name, "result.json", NULL) != OK || !file_exists(path))
            return false;
    }
    return true;
}

enum status worker_list_home(struct worker *w, struct err *err)
{
    const struct sweep *s = w->s;
    struct file_list list;
    w->claims.count.lists++;
    TRY(file_list_dir(&list, s->dir, err));
    for (size_t i = 0; i < list.n; i++) {
        if (!plan_has(s->p, list.names[i]))
            continue;
        unsigned char *there = &w->there[s->p->sorted[plan_first_from(s->p, list.names[i])] - s->p->runs];
        *there = *there == WORKER_ABSENT ? WORKER_FINISHED : *there;
    }
    file_list_free(&list);
    for (size_t k = 0; k < w->n_queue; k++) {
        size_t t = w->queue[k], finished = 0;
        const struct trajectory *tr = &s->p->trajectories[t];
        for (size_t i = tr->first; i < tr->first + tr->n; i++)
            finished += s->rows[i].status[0] || w->there[i] == WORKER_FINISHED;
        if (w->knows[t] == WORKER_BEGUN && finished == tr->n)
            w->knows[t] = WORKER_ENDED;
    }
    return OK;
}

/* Files that are written in place get a copy under their name: whoever had them open writes into nothing. */
static enum status fence_file(const char *folder, const char *run, const char *name, struct err *err)
{
    char path[FILE_PATH_MAX], *text;
    size_t size;
    TRY(rundir_path(path, folder, run, name, err));
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &size, path, err));
    enum status st = file_write_atomic(path, text, size, err);
    free(text);
    return st;
}

/* A run that an ordinary sweep began lies in the sweep's folder: into the claim's with it. */
static enum status fetch_run(const char *folder, const char *home, const char *run, struct err *err)
{
    char here[FILE_PATH_MAX], there[FILE_PATH_MAX], aside[RUN_NAME_MAX + 8];
    enum file_tree_moved how;
    TRY(file_join(there, sizeof there, home, run, err));
    if (!file_is_dir(there))
        return OK;
    TRY(file_join(here, sizeof here, folder, run, err));
    if (file_is_dir(here)) {
        snprintf(aside, sizeof aside, "aside-%s", run);
        TRY(file_join(here, sizeof here, folder, aside, err));
    }
    return file_tree_move(&how, there, here, false, err);
}

/* The result of a run that this worker has claimed into its row; what there is of one without lies in folder then. */
static enum status take_run(struct worker *w, const char *folder, size_t i, struct err *err)
{
    struct sweep *s = w->s;
    const char *run = s->p->runs[i].name;
    struct run_row *row = &s->rows[i];
    char path[FILE_PATH_MAX];
    bool found, gone;
    TRY(file_join(path, sizeof path, s->dir, run, err));
    w->claims.count.reads++;
    if (run_row_read(row, &found, path, NULL) == OK && found)
        return OK;
    row->status[0] = '\0';
    TRY(fetch_run(folder, s->dir, run, err));
    TRY(rundir_mend_run(row, &s->p->runs[i], folder, &s->o->log, err));
    TRY(fence_file(folder, run, "log.jsonl", err));
    TRY(fence_file(folder, run, TENSORBOARD_FILE, err));
    return row->status[0] ? claim_publish(&gone, folder, s->dir, run, err) : OK; /* its worker ended just before that */
}

static enum status give_up(bool *ready, struct worker *w, size_t t, enum worker_knows knows, struct err *err)
{
    w->knows[t] = (unsigned char)knows;
    *ready = false;
    return claim_release(&w->claims, worker_key(w, t), knows != WORKER_ENDED, err);
}

/* What was begun with kernels that this machine has not is left to others. */
static bool kernels_here(const struct worker *w, const char *folder, const struct trajectory *t)
{
    struct err why;
    for (size_t i = t->first; i < t->first + t->n; i++) {
        enum kern_isa isa;
        bool begun;
        if (w->s->rows[i].status[0] || rundir_kernels(&isa, &begun, folder, &w->s->p->runs[i], &why) == OK)
            continue;
        log_msg(&w->s->o->log, LOG_WARN, "%s; it is left to other workers", why.msg);
        return false;
    }
    return true;
}

static enum status make_ready(bool *ready, struct worker *w, size_t trajectory, struct err *err)
{
    struct sweep *s = w->s;
    const struct trajectory *t = &s->p->trajectories[trajectory];
    char folder[FILE_PATH_MAX];
    size_t there = 0;
    w->knows[trajectory] = WORKER_MINE;
    *ready = true;
    TRY(claim_folder(folder, &w->claims, worker_key(w, trajectory), err));
    for (size_t i = t->first; i < t->first + t->n; i++) {
        TRY(take_run(w, folder, i, err));
        there += s->rows[i].status[0] != '\0';
    }
    if (there == t->n)
        return give_up(ready, w, trajectory, WORKER_ENDED, err);
    if (!kernels_here(w, folder, t))
        return give_up(ready, w, trajectory, WORKER_NOT_HERE, err);
    s->runs_before += there;
    return OK;
}

/* ---- claims ---- */

/* Whether it can be trained here, beside what is trained already. */
static bool suits(struct worker *w, size_t t)
{
    struct sweep *s = w->s;
    double bytes = sweep_child_bytes(s, t), all = bytes;
    for (size_t i = 0; i < s->n_children; i++)
        all += sweep_child_bytes(s, s->children[i].trajectory);
    if (bytes > s->memory_bytes) {
        log_msg(&s->o->log, LOG_WARN, "%s takes more memory than there is here: it is left to other workers", worker_key(w, t));
        w->knows[t] = WORKER_NOT_HERE;
        return false;
    }
    return s->n_children == 0 || all <= 0.9 * s->memory_bytes;
}

enum { WATCHED = 16 };

struct tail {
    size_t unknown, alive; /* begun by workers that may have ended, and by those that live */
};

/* A trajectory that somebody has begun: its owner handed it back, is dead, or is at it. */
static enum status try_begun(bool *mine, struct worker *w, size_t t, struct tail *tail, struct err *err)
{
    const char *key = worker_key(w, t);
    char owner[HEARTBEAT_ID_MAX];
    enum claim_life life;
    struct heartbeat h;
    *mine = false;
    TRY(claim_owner(owner, &w->claims, key, err));
    w->knows[t] = owner[0] ? WORKER_BEGUN : WORKER_OPEN;
    if (!owner[0]) {
        tail->unknown++;
        return OK;
    }
    if (strcmp(owner, CLAIM_FREE) == 0) {
        if (worker_all_there(w, t, false)) {
            w->knows[t] = WORKER_ENDED;
            return OK;
        }
        TRY(claim_take(mine, &w->claims, key, owner, err));
        tail->unknown += !*mine;
        return OK;
    }
    TRY(claims_look(&life, &h, &w->claims, owner, err));
    if (life == CLAIM_DEAD) {
        TRY(claim_take(mine, &w->claims, key, owner, err));
        if (*mine)
            log_msg(&w->s->o->log, LOG_INFO, "%s is taken over from a worker that is gone (%s)", key, owner);
        tail->unknown += !*mine;
        return OK;
    }
    *(life == CLAIM_ALIVE ? &tail->alive : &tail->unknown) += 1;
    return OK;
}

static enum status claim_one(bool *mine, struct worker *w, size_t t, struct tail *tail, struct err *err)
{
    bool ready = true;
    *mine = false;
    if (w->knows[t] == WORKER_OPEN) {
        TRY(claim_begin(mine, &w->claims, worker_key(w, t), err));
        w->knows[t] = WORKER_BEGUN;
    }
    if (!*mine)
        TRY(try_begun(mine, w, t, tail, err));
    if (*mine)
        TRY(make_ready(&ready, w, t, err));
    *mine = *mine && ready;
    return OK;
}

/* ---- which ---- */

/* The trajectory of a key; n_trajectories where it is none of the plan's. */
static size_t find_key(const struct worker *w, const char *key)
{
    size_t n = w->s->p->n_trajectories, lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(worker_key(w, w->by_key[mid]), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && strcmp(worker_key(w, w->by_key[lo]), key) == 0 ? w->by_key[lo] : n;
}

static enum status list_begun(struct worker *w, struct err *err)
{
    struct file_list keys;
    TRY(claims_begun(&keys, &w->claims, err));
    for (size_t i = 0; i < keys.n; i++) {
        size_t t = find_key(w, keys.names[i]);
        if (t < w->s->p->n_trajectories && w->knows[t] == WORKER_OPEN)
            w->knows[t] = WORKER_BEGUN;
    }
    file_list_free(&keys);
    w->listed_s = clock_now_s();
    return OK;
}

/* The k-th of the queue that is open; n_trajectories where there is none at all. */
static size_t open_one(struct worker *w, size_t k)
{
    size_t last = w->s->p->n_trajectories;
    for (size_t i = 0; i < w->n_queue; i++) {
        size_t t = w->queue[i];
        if (w->knows[t] != WORKER_OPEN || !suits(w, t))
            continue;
        last = t;
        if (k-- == 0)
            break;
    }
    return last;
}

/* Longest first. Where others come at the same moment, each that loses picks among twice as many. */
static enum status choose_open(bool *found, size_t *trajectory, struct worker *w, struct err *err)
{
    struct tail unused = {0};
    *found = false;
    if (clock_now_s() - w->listed_s > 1)
        TRY(list_begun(w, err));
    for (unsigned lost = 0; lost < 10000; lost++) {
        size_t among = (size_t)1 << (lost < 12 ? lost : 12);
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        *trajectory = open_one(w, (size_t)(w->random >> 33) % among);
        if (*trajectory == w->s->p->n_trajectories)
            return OK;
        TRY(claim_one(found, w, *trajectory, &unused, err));
        if (*found)
            return OK;
        if (lost % 4 == 3)
            TRY(list_begun(w, err));
    }
    return OK;
}

/* What was handed back: longest first, as the queue has it. */
static enum status choose_handed(bool *found, size_t *trajectory, struct worker *w, struct err *err)
{
    struct file_list keys;
    struct tail unused = {0};
    bool *handed = NULL;
    *found = false;
    TRY(claims_handed(&keys, &w->claims, err));
    enum status st = keys.n ? size_calloc(&handed, w->s->p->n_trajectories + 1, sizeof *handed, "claims", err) : OK;
    for (size_t i = 0; i < keys.n && st == OK; i++)
        handed[find_key(w, keys.names[i])] = true;
    for (size_t i = 0; keys.n && st == OK && i < w->n_queue && !*found; i++) {
        *trajectory = w->queue[i];
        unsigned char *knows = &w->knows[*trajectory];
        if (!handed[*trajectory] || *knows == WORKER_NOT_HERE || *knows == WORKER_MINE || !suits(w, *trajectory))
            continue;
        *knows = WORKER_BEGUN;
        st = claim_one(found, w, *trajectory, &unused, err);
    }
    free(handed);
    file_list_free(&keys);
    return st;
}

/* Of what others have begun, the longest few: were all owners looked at by all who wait, a thousand workers would ask a million
 * times. Death elsewhere is noticed in the ring (worker_watch.c). Over where nothing is left, or all of those live. */
static enum status choose_begun(bool *found, size_t *trajectory, struct worker *w, struct err *err)
{
    struct tail tail = {0};
    size_t held_up = 0, seen = 0; /* held up: for want of memory beside what runs */
    *found = false;
    TRY(worker_list_home(w, err));
    for (size_t i = 0; i < w->n_queue && !*found && seen < WATCHED; i++) {
        *trajectory = w->queue[(w->cursor + i) % w->n_queue];
        if (w->knows[*trajectory] != WORKER_BEGUN && w->knows[*trajectory] != WORKER_OPEN)
            continue;
        seen++;
        if (suits(w, *trajectory))
            TRY(claim_one(found, w, *trajectory, &tail, err));
        else
            held_up++;
    }
    bool settled = !*found && tail.unknown + held_up == 0, all = seen < WATCHED;
    w->over = settled && (tail.alive == 0 ? all : !w->how->stay);
    if (settled && !w->over && tail.alive > 0)
        w->cursor += WATCHED;
    return OK;
}

enum status worker_choose(bool *found, size_t *trajectory, struct worker *w, struct err *err)
{
    TRY(choose_handed(found, trajectory, w, err));
    if (!*found)
        TRY(choose_open(found, trajectory, w, err));
    if (!*found)
        TRY(choose_begun(found, trajectory, w, err));
    return OK;
}
