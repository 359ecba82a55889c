#include "harness/worker_internal.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"

/* What its cores do together. */
static double work_per_s(const struct sweep *s, double now)
{
    double done = s->cost_trained;
    for (size_t i = 0; i < s->n_children; i++)
        done += sweep_work_by(&s->p->trajectories[s->children[i].trajectory], &s->children[i].last);
    return now > s->started_s ? done / (now - s->started_s) : (double)NAN;
}

static void beat(struct worker *w, double now)
{
    const struct sweep *s = w->s;
    struct heartbeat *h = &w->beat;
    struct err err;
    sweep_look(&h->live, s);
    for (size_t i = 0; i < h->live.n; i++)
        snprintf(h->live.run[i].name, RUN_NAME_MAX, "%s", worker_key(w, s->children[i].trajectory));
    if (s->next < s->n_order && h->live.n < LIVE_MAX) { /* one that was claimed and is about to begin */
        struct live_run *r = &h->live.run[h->live.n++];
        *r = (struct live_run){.total = s->p->trajectories[s->order[s->next]].tokens, .loss = (double)NAN};
        snprintf(r->name, RUN_NAME_MAX, "%s", worker_key(w, s->order[s->next]));
    }
    h->work_per_s = work_per_s(s, now);
    h->runs_done = s->runs_ended - s->runs_before;
    w->beat_s = now;
    if (claims_beat(&w->claims, h, &err) == OK || w->warned)
        return;
    w->warned = true;
    log_msg(&s->o->log, LOG_WARN, "%s: others may take this worker for dead", err.msg);
}

/* Claims that others took over, while this worker was not heard of. */
static void check_claims(struct worker *w)
{
    const struct sweep *s = w->s;
    for (size_t i = 0; i < s->n_children; i++) {
        size_t t = s->children[i].trajectory;
        if (w->knows[t] != WORKER_MINE || claim_holds(&w->claims, worker_key(w, t)))
            continue;
        w->knows[t] = WORKER_LOST;
        kill(s->children[i].pid, SIGKILL);
    }
}

/* Hand back what a dead one held, as its last heartbeat has it; the rest is found when all else is begun. */
static void bury(struct worker *w, const struct heartbeat *h, const char *id)
{
    for (size_t i = 0; i < h->live.n; i++) {
        const char *key = h->live.run[i].name;
        bool mine = false;
        if (claim_take(&mine, &w->claims, key, id, NULL) == OK && mine && claim_release(&w->claims, key, true, NULL) == OK)
            log_msg(&w->s->o->log, LOG_INFO, "%s is handed back for a worker that is gone (%s)", key, id);
    }
    claims_bury(&w->claims, id);
}

/* In the ring of all workers each watches the one after it: one look a beat, however many there are. */
static void watch_neighbour(struct worker *w)
{
    struct file_list ids;
    enum claim_life life;
    struct heartbeat h;
    if (claims_workers(&ids, &w->claims, NULL) != OK)
        return;
    size_t next = 0;
    while (next < ids.n && strcmp(ids.names[next], w->claims.id) < 0)
        next++;
    const char *id = ids.n ? ids.names[next < ids.n ? next : 0] : NULL;
    if (id && claims_look(&life, &h, &w->claims, id, NULL) == OK && life == CLAIM_DEAD)
        bury(w, &h, id);
    file_list_free(&ids);
}

void worker_tick(struct worker *w, bool at_once)
{
    double now = clock_now_s();
    if (at_once || now - w->beat_s >= w->beat.every_s)
        beat(w, now);
    if (now - w->watch_s < w->beat.every_s)
        return;
    w->watch_s = now;
    check_claims(w);
    watch_neighbour(w);
}
