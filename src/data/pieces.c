#include "data/pieces.h"

#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"
#include "data/data_internal.h"

/* a * i / n, rounded down, for i <= n. */
static size_t share(size_t a, size_t i, size_t n)
{
    return a / n * i + a % n * i / n;
}

struct piece pieces_block(size_t size, size_t total, size_t n, size_t i)
{
    /* multiples of the golden ratio, which fill an interval evenly however many there are */
    const uint32_t turn = (uint32_t)(i * 2654435769u + 0x68000000u);
    size_t from = share(size, i, n), length = share(total, i + 1, n) - share(total, i, n);
    size_t room = share(size, i + 1, n) - from - length;
    return (struct piece){from + room / 4 + (size_t)((double)(room / 2) * turn / 4294967296.0), length};
}

size_t pieces_count(size_t total, size_t least)
{
    return size_max(1, total / least);
}

size_t pieces_least(size_t ctx)
{
    return size_max(4096, 4 * (ctx + 1));
}

enum status pieces_end(struct piece_ends *e, size_t end, struct err *err)
{
    if (end == (e->n ? e->items[e->n - 1] : 0))
        return OK;
    TRY(size_reserve(&e->items, &e->cap, e->n + 1, sizeof *e->items, "the pieces of the corpus", err));
    e->items[e->n++] = end;
    return OK;
}

/* Pieces long enough for a window; what is left over at the end goes with the last. */
static enum status join_short(struct windows *w, const struct piece_ends *e, size_t ctx, struct err *err)
{
    size_t at = 0;
    *w = (struct windows){0};
    TRY(size_calloc(&w->items, e->n, sizeof *w->items, "the windows of the corpus", err));
    for (size_t i = 0; i < e->n; i++) {
        size_t end = e->items[i];
        if (end - at > ctx) {
            w->items[w->n++] = (struct windowed){.at = at, .n = end - at};
            at = end;
        } else if (i + 1 == e->n && w->n > 0) {
            w->items[w->n - 1].n = end - w->items[w->n - 1].at;
        }
    }
    CHECK(w->n > 0);
    return OK;
}

enum status windows_to_train(struct windows *w, const struct piece_ends *e, size_t ctx, struct err *err)
{
    TRY(join_short(w, e, ctx, err));
    for (size_t i = 0; i < w->n; i++) {
        struct windowed *p = &w->items[i];
        p->first = w->total;
        p->count = size_max((p->n - ctx) / ctx, 1);
        p->slack = size_min(ctx, p->n - p->count * ctx);
        w->total += p->count;
        w->slack = size_max(w->slack, p->slack);
    }
    return OK;
}

enum status windows_to_hold(struct windows *w, const struct piece_ends *e, size_t ctx, size_t most, struct err *err)
{
    size_t room = 0, before = 0;
    TRY(join_short(w, e, ctx, err));
    for (size_t i = 0; i < w->n; i++)
        room += (w->items[i].n - 1) / ctx;
    w->total = size_min(most, room);
    for (size_t i = 0; i < w->n; i++) {
        struct windowed *p = &w->items[i];
        size_t after = before + (p->n - 1) / ctx;
        p->first = share(w->total, before, room);
        p->count = share(w->total, after, room) - p->first;
        before = after;
    }
    return OK;
}

void windows_free(struct windows *w)
{
    free(w->items);
    *w = (struct windows){0};
}

const struct windowed *windows_find(const struct windows *w, size_t i)
{
    size_t lo = 0, hi = w->n; /* the last that begins at i or before it lies in lo .. hi-1 */
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->items[mid].first <= i)
            lo = mid;
        else
            hi = mid;
    }
    return &w->items[lo];
}

size_t windows_train_at(const struct windows *w, size_t ctx, uint64_t seed, uint64_t index)
{
    struct rng r = rng_make(seed, RNG_DATA, 0, index / w->total);
    size_t offset = (size_t)rng_below(&r, w->slack);
    size_t place = (size_t)data_permute(index % w->total, w->total, rng_u64(&r));
    const struct windowed *p = windows_find(w, place);
    return p->at + offset % p->slack + (place - p->first) * ctx;
}

size_t windows_held_at(const struct windows *w, uint64_t index)
{
    const struct windowed *p = windows_find(w, (size_t)index);
    size_t span = p->n - 1, i = (size_t)index - p->first; /* span / count >= ctx */
    return p->at + span / p->count * i + span % p->count * i / p->count;
}
