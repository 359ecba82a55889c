#include "model/lanes.h"

#include "model/team.h"

struct lanes {
    lane_fn *chunk;
    void *ctx;
    struct turn *turns;
    size_t n;
    _Atomic size_t next; /* chunk that nobody has claimed */
};

static void lane_part(void *ctx, int i, int parts)
{
    struct lanes *l = ctx;
    (void)parts;
    for (size_t c; (c = atomic_fetch_add(&l->next, 1)) < l->n;) {
        l->turns[c].before = c > 0 ? &l->turns[c - 1] : NULL;
        l->chunk(l->ctx, (size_t)i, c, &l->turns[c]);
        turn_end(&l->turns[c]);
    }
}

void lanes_run(size_t lanes, lane_fn *chunk, void *ctx, struct turn *turns, size_t n)
{
    struct lanes l = {.chunk = chunk, .ctx = ctx, .turns = turns, .n = n};
    team_parts(lane_part, &l, (int)lanes);
}
