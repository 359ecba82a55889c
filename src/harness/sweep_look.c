/* What a sweep shows of itself while it is at work. */
#include "harness/sweep_internal.h"

#include <math.h>

#include "base/clock.h"
#include "base/size.h"

/* Seconds until the last child ends, when the waiting trajectories start in order, each where a core falls
 * free first, and cores go on as fast as they have been. */
static double time_left(const struct sweep *s, double cost_trained)
{
    double rate = s->granted_s > 0 ? cost_trained / s->granted_s : 0, free_at[256] = {0}, end = 0;
    size_t jobs = (size_t)s->o->jobs;
    if (!(rate > 0))
        return (double)NAN;
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        const struct trajectory *t = &s->p->trajectories[c->trajectory];
        free_at[i] = (sweep_work_of(s, t) - sweep_work_done(s, t, &c->last)) / rate / s->threads[c->slot];
        end = fmax(end, free_at[i]);
    }
    for (size_t q = s->next; q < s->n_order; q++) {
        const struct trajectory *t = &s->p->trajectories[s->order[q]];
        size_t first = 0;
        for (size_t i = 1; i < jobs; i++)
            if (free_at[i] < free_at[first])
                first = i;
        free_at[first] += sweep_work_of(s, t) / rate;
        end = fmax(end, free_at[first]);
    }
    return end;
}

static void describe_child(struct live_run *r, const struct sweep *s, const struct child *c)
{
    const struct trajectory *t = &s->p->trajectories[c->trajectory];
    live_name(r->name, &s->p->runs[t->first]);
    r->tokens = c->last.tokens_done;
    r->total = t->tokens;
    r->loss = c->last.loss;
    r->tokens_per_s = c->last.tokens_per_s;
}

size_t sweep_runs_there(const struct sweep *s, const struct trajectory *t)
{
    size_t m = 0;
    while (m < t->n && s->rows && s->rows[t->first + m].status[0] != '\0')
        m++;
    return m;
}

double sweep_work_there(const struct sweep *s, const struct trajectory *t)
{
    const size_t there = sweep_runs_there(s, t);
    double tokens = 0;
    for (size_t i = 0; i < there; i++)
        tokens += plan_own_tokens(s->p, t, t->first + i);
    return sweep_work_of(s, t) * tokens / t->tokens;
}

size_t sweep_runs_done(const struct sweep *s)
{
    size_t done = s->out->n_skipped - s->runs_before + s->runs_ended + s->runs_waiting;
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        done += size_max(c->last.runs_done, sweep_runs_there(s, &s->p->trajectories[c->trajectory]));
    }
    return done;
}

void sweep_look(struct live *l, const struct sweep *s)
{
    double done = s->cost_done + s->work_waiting, trained = s->cost_trained;
    *l = (struct live){.runs_done = sweep_runs_done(s),
                       .runs = s->p->n,
                       .seconds = clock_now_s() - s->started_s,
                       .n = s->n_children};
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        const struct trajectory *t = &s->p->trajectories[c->trajectory];
        describe_child(&l->run[i], s, c);
        done += fmax(sweep_work_done(s, t, &c->last), sweep_work_there(s, t));
        trained += sweep_work_by(t, &c->last);
        l->tokens_per_s += c->last.tokens_per_s;
    }
    l->share = s->cost_total > 0 ? done / s->cost_total : 1;
    /* what others have left is theirs to say: plateau status adds it up */
    l->left_s = l->share > 0.002 && !s->worker ? time_left(s, trained) : (double)NAN;
    sweep_time_look(l, s);
}

void sweep_show(struct sweep *s, bool final)
{
    double now = clock_now_s();
    if (!final && now - s->results_s >= fmax(1, 20 * s->results_took_s) && sweep_runs_done(s) > s->runs_told) {
        enum status st = sweep_tell_results(s, NULL);
        (void)st; /* what keeps it from being written is told at the end */
        s->results_s = now;
    }
    /* at first no process has said how far the one before it was */
    const bool early = now - s->started_s < 1;
    bool view = s->o->view && (final || (!early && now - s->viewed_s >= 0.2));
    bool write = !final && !early && now - s->written_s >= 1;
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
