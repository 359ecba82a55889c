#include "harness/sweep_internal.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"

/* ---- work, in seconds of a core as it was measured ---- */

static double token_s(const struct sweep *s, size_t trajectory)
{
    return s->o->time->token_s[trajectory];
}

static double seconds_of(const struct sweep *s, const struct child *c)
{
    const struct trajectory *t = &s->p->trajectories[c->trajectory];
    return token_s(s, c->trajectory) * (c->last.tokens_done + (double)c->last.runs_done * sweep_eval_tokens(s, t));
}

/* Runs of an item in the order in which they are trained: each adds its own last part, and the trunk up to it. */
static void fill_work(double *work, const struct sweep *s, size_t trajectory)
{
    const struct trajectory *t = &s->p->trajectories[trajectory];
    double trunk = 0;
    work[0] = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct run *r = &s->p->runs[t->first + i];
        struct schedule schedule = config_schedule(&r->cfg);
        double tokens = r->cfg.train.tokens - trunk;
        trunk = schedule_branch_tokens(&schedule);
        work[i + 1] = work[i] + token_s(s, trajectory) * (tokens + sweep_eval_tokens(s, t));
    }
}

struct ranked {
    size_t trajectory, rank, seed;
    double work;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->seed != y->seed)
        return x->seed < y->seed ? -1 : 1;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return (x->trajectory > y->trajectory) - (x->trajectory < y->trajectory);
}

static enum status sort_by_rank(struct sweep *s, struct err *err)
{
    struct ranked *all;
    TRY(size_calloc(&all, s->n_order, sizeof *all, "the schedule", err));
    for (size_t i = 0; i < s->n_order; i++) {
        const struct trajectory *t = &s->p->trajectories[s->order[i]];
        all[i] = (struct ranked){s->order[i], s->o->time->rank[s->order[i]], s->p->runs[t->first].cfg.train.seed,
                                 token_s(s, s->order[i]) * t->tokens};
    }
    qsort(all, s->n_order, sizeof *all, by_rank);
    for (size_t i = 0; i < s->n_order; i++)
        s->order[i] = all[i].trajectory;
    free(all);
    return OK;
}

enum status sweep_time_begin(struct sweep *s, struct err *err)
{
    const struct sweep_time *time = s->o->time;
    size_t room = 0;
    if (!time)
        return OK;
    TRY(sort_by_rank(s, err));
    for (size_t i = 0; i < s->n_order; i++)
        room += s->p->trajectories[s->order[i]].n + 1;
    TRY(size_calloc(&s->item_work, size_max(room, 1), sizeof *s->item_work, "the schedule", err));
    TRY(size_calloc(&s->items, size_max(s->n_order, 1), sizeof *s->items, "the schedule", err));
    double *work = s->item_work;
    for (size_t i = 0; i < s->n_order; i++) {
        const struct trajectory *t = &s->p->trajectories[s->order[i]];
        fill_work(work, s, s->order[i]);
        s->items[i] = (struct keeper_item){.work = work, .n = t->n, .rank = time->rank[s->order[i]],
                                           .runs_done = sweep_runs_there(s, t)};
        s->items[i].at = work[s->items[i].runs_done];
        work += t->n + 1;
    }
    keeper_init(&s->keeper, s->items, s->n_order, (size_t)s->o->jobs, s->started_s, time->end_s,
                sweep_after_s(s->p->n), time->share, time->alone);
    keeper_settle(&s->keeper, s->started_s);
    return OK;
}

void sweep_time_free(struct sweep *s)
{
    free(s->items);
    free(s->item_work);
}

/* ---- along the way ---- */

static struct keeper_item *item_of(struct sweep *s, const struct child *c)
{
    size_t i = 0;
    while (s->order[i] != c->trajectory)
        i++;
    return &s->items[i];
}

/* The others keep their order. */
static void bring_to(struct sweep *s, size_t to, size_t from)
{
    size_t trajectory = s->order[from];
    struct keeper_item item = s->items[from];
    memmove(&s->order[to + 1], &s->order[to], (from - to) * sizeof *s->order);
    memmove(&s->items[to + 1], &s->items[to], (from - to) * sizeof *s->items);
    s->order[to] = trajectory;
    s->items[to] = item;
}

bool sweep_time_next(struct sweep *s)
{
    if (!s->items)
        return true;
    size_t i = keeper_next(&s->keeper, clock_now_s());
    if (i == s->keeper.n)
        return false;
    bring_to(s, s->next, i);
    return true;
}

void sweep_time_started(struct sweep *s, const struct child *c)
{
    if (s->items)
        item_of(s, c)->state = KEEPER_RUNNING;
}

static void note(struct keeper_item *x, const struct sweep *s, const struct child *c)
{
    x->at = fmax(x->at, seconds_of(s, c));
    x->runs_done = size_max(x->runs_done, c->last.runs_done);
    x->threads = s->threads[c->slot];
}

void sweep_time_ended(struct sweep *s, const struct child *c)
{
    if (!s->items)
        return;
    struct keeper_item *x = item_of(s, c);
    note(x, s, c);
    x->state = KEEPER_ENDED;
    x->limit = x->runs_done;
    s->ended_work += token_s(s, c->trajectory) * (c->last.tokens_trained + plan_eval_tokens(c->last.tokens_evaluated));
    s->ended_cpu_s += c->last.cpu_s;
}

void sweep_time_settle(struct sweep *s)
{
    double now = clock_now_s(), work = s->ended_work, cpu_s = s->ended_cpu_s;
    if (!s->items)
        return;
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        note(item_of(s, c), s, c);
        work += token_s(s, c->trajectory) * (c->last.tokens_trained + plan_eval_tokens(c->last.tokens_evaluated));
        cpu_s += c->last.cpu_s;
    }
    keeper_measure(&s->keeper, now, work, s->granted_s, cpu_s, s->child_s);
    s->keeper.cpu_s = sweep_after_s(keeper_runs(&s->keeper) + s->out->n_skipped - s->runs_before);
    keeper_settle(&s->keeper, now);
    for (size_t i = 0; i < s->n_children; i++) {
        const struct child *c = &s->children[i];
        struct keeper_item *x = item_of(s, c);
        s->limits[c->slot] = (int)x->limit;
        if (keeper_overdue(&s->keeper, (size_t)(x - s->items), now))
            kill(c->pid, SIGTERM);
    }
}

void sweep_time_look(struct live *l, const struct sweep *s)
{
    if (!s->items)
        return;
    double end = keeper_deadline(&s->keeper), now = clock_now_s();
    l->left_s = fmax(0, end - now);
    l->share = fmin(1, (now - s->started_s) / fmax(1e-9, end - s->started_s));
    l->runs = keeper_runs(&s->keeper) + s->out->n_skipped - s->runs_before;
}

/* ---- at the end ---- */

enum status sweep_time_record(const struct sweep *s, struct err *err)
{
    struct config_cell *cells;
    struct config c = *s->c;
    size_t n = 0;
    if (!s->items)
        return OK;
    TRY(size_calloc(&cells, s->p->n, sizeof *cells, "the grid", err));
    for (size_t i = 0; i < s->p->n && n < CONFIG_RUNS_MAX; i++) {
        const struct run *r = &s->p->runs[i];
        if (s->rows[i].status[0] != '\0')
            cells[n++] = (struct config_cell){{r->shape.C, r->shape.L, r->shape.NH}, r->cfg.train.tokens, r->cfg.train.seed};
    }
    /* a list of its own, in place of what there was: c's strings and lists stay s->c's */
    c.grid.params.n = c.grid.models.n = c.grid.tokens.n = c.grid.flops.n = c.grid.seeds.n = 0;
    c.grid.runs = (struct config_cells){cells, n};
    enum status st = n > 0 ? sweep_json_write(s->dir, &c, &s->facts, err) : OK;
    free(cells);
    return st;
}
