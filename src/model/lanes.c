#include "model/lanes.h"

#include <limits.h>

#include "base/size.h"
#include "model/gpt.h"
#include "model/team.h"

void turn_next(struct turn *t)
{
    if (!t)
        return;
    atomic_store_explicit(&t->done, t->at++, memory_order_release);
    if (t->before)
        team_await(&t->before->done, t->at);
}

void turn_end(struct turn *t)
{
    if (t)
        atomic_store_explicit(&t->done, INT_MAX, memory_order_release);
}

/* Heads for further tokens, experts and teachers keep more beside a model than a lane has. */
size_t lanes_of(const struct gpt *g, int threads)
{
    const struct gpt_shape *s = &g->shape;
    if (threads < 2 || g->forward || s->C > LANES_WIDTH || s->mtp || s->n_expert)
        return 1;
    return size_min(size_min((size_t)threads, g->B / g->chunk), LANES_MOST);
}

struct lanes {
    struct gpt *g;
    lane_fn *chunk;
    void *ctx;
    struct turn *turns;
    size_t n;
    _Atomic size_t next; /* chunk that nobody has claimed */
};

static void lane_part(void *ctx, int i, int parts)
{
    struct lanes *l = ctx;
    struct gpt *lane = i == 0 ? l->g : &l->g->lanes[i - 1];
    (void)parts;
    for (size_t c; (c = atomic_fetch_add(&l->next, 1)) < l->n;) {
        l->turns[c].before = c > 0 ? &l->turns[c - 1] : NULL;
        l->chunk(l->ctx, lane, c, &l->turns[c]);
        turn_end(&l->turns[c]);
    }
}

void lanes_run(struct gpt *g, size_t lanes, lane_fn *chunk, void *ctx, struct turn *turns, size_t n)
{
    struct lanes l = {.g = g, .chunk = chunk, .ctx = ctx, .turns = turns, .n = n};
    int threads = g->ops.threads;
    g->ops.threads = 1; /* a lane is one thread's */
    team_parts(lane_part, &l, (int)lanes);
    g->ops.threads = threads;
}
