#include "data/tokens_parts.h"

#include <stdlib.h>

#include "base/size.h"

enum { BLOCKS_MAX = 4096 };

static enum status push(struct part *p, size_t at, size_t n, struct err *err)
{
    if (n == 0)
        return OK;
    TRY(size_reserve(&p->items, &p->cap, p->n + 1, sizeof *p->items, "the pieces of the corpus", err));
    p->items[p->n++] = (struct stretch){at, n, p->total};
    p->total += n;
    return pieces_end(&p->ends, p->total, err);
}

static size_t blocks(size_t total, size_t ctx)
{
    return size_min(BLOCKS_MAX, pieces_count(total, pieces_least(ctx)));
}

static enum status part_spread(struct part *train, struct part *held, size_t size, size_t ctx, struct err *err)
{
    size_t n_held = size / 10, n = n_held ? blocks(n_held, ctx) : 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        struct piece b = pieces_block(size, n_held, n, i);
        TRY(push(train, at, b.at - at, err));
        TRY(push(held, b.at, b.n, err));
        at = b.at + b.n;
    }
    return push(train, at, size - at, err);
}

const struct stretch *part_find(const struct part *p, size_t at)
{
    size_t lo = 0, hi = p->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (p->items[mid].start <= at)
            lo = mid;
        else
            hi = mid;
    }
    return &p->items[lo];
}

/* Tokens at .. at+n-1 of one part, to another. */
static enum status push_of(struct part *to, const struct part *from, size_t at, size_t n, struct err *err)
{
    while (n > 0) {
        const struct stretch *s = part_find(from, at);
        size_t within = at - s->start, m = size_min(n, s->n - within);
        TRY(push(to, s->at + within, m, err));
        at += m;
        n -= m;
    }
    return OK;
}

/* To `unique` tokens: the first ones, or blocks spread over them. */
static enum status cut(struct part *p, size_t unique, bool spread, size_t ctx, struct err *err)
{
    struct part kept = {0};
    size_t n = spread ? blocks(unique, ctx) : 1;
    enum status st = OK;
    for (size_t i = 0; i < n && st == OK; i++) {
        struct piece k = spread ? pieces_block(p->total, unique, n, i) : (struct piece){0, unique};
        st = push_of(&kept, p, k.at, k.n, err);
    }
    part_free(p);
    *p = kept;
    return st;
}

enum status parts_whole(struct part *p, size_t size, struct err *err)
{
    return push(p, 0, size, err);
}

enum status parts_make(struct part *train, struct part *held, size_t size, const struct data_spec *s, size_t ctx, struct err *err)
{
    bool parted = s->n_val_files == 0 && !s->whole, spread = parted && s->heldout == DATA_HELDOUT_SPREAD;
    if (spread) {
        TRY(part_spread(train, held, size, ctx, err));
    } else {
        TRY(push(train, 0, parted ? size - size / 10 : size, err));
        TRY(push(held, train->total, size - train->total, err));
    }
    if (s->unique_tokens > train->total)
        return err_set(err, E_CONFIG, "data.unique_tokens=%zu: there are only %zu to train on", s->unique_tokens, train->total);
    if (s->unique_tokens == 0 || s->unique_tokens == train->total)
        return OK;
    return cut(train, s->unique_tokens, spread, ctx, err);
}

void part_free(struct part *p)
{
    free(p->items);
    free(p->ends.items);
    *p = (struct part){0};
}
