#include "data/tokenisers/encode_all.h"

#include <stdlib.h>

#include "base/each.h"
#include "base/size.h"

/* Pieces that are encoded together, and the bytes of each: large beside what begins and ends a piece, small beside memory. */
enum { PIECES = 16, PIECE_BYTES = 1 << 20 };

enum status encoders_init(struct encoders *e, const struct tokeniser *t, struct err *err)
{
    *e = (struct encoders){.n = each_threads(PIECES)};
    TRY(size_calloc(&e->items, e->n, sizeof *e->items, "encoders", err));
    for (size_t i = 0; i < e->n; i++)
        e->items[i].t = t;
    return OK;
}

void encoders_free(struct encoders *e)
{
    for (size_t i = 0; i < e->n && e->items; i++)
        encoder_free(&e->items[i]);
    free(e->items);
    *e = (struct encoders){0};
}

/* What is encoded together. */
struct batch {
    const unsigned char *text;
    struct encoders *encoders;
    size_t cut[PIECES + 1], n;
    struct id_list ids[PIECES];
    struct err errs[PIECES];
    enum status st[PIECES];
};

static void encode_piece(void *ctx, size_t i, size_t thread)
{
    struct batch *b = ctx;
    b->ids[i].n = 0;
    b->st[i] = encoder_run(&b->ids[i], &b->encoders->items[thread], b->text + b->cut[i], b->cut[i + 1] - b->cut[i], &b->errs[i]);
}

enum status encoders_run(struct encoders *e, const unsigned char *text, size_t n, encoders_take *take, void *ctx, struct err *err)
{
    struct batch *b;
    enum status st = OK;
    TRY(size_calloc(&b, 1, sizeof *b, "pieces of a text", err));
    b->text = text;
    b->encoders = e;
    for (size_t at = 0; st == OK && at < n; at = b->cut[b->n]) {
        b->cut[0] = at;
        for (b->n = 0; b->n < PIECES && b->cut[b->n] < n; b->n++)
            b->cut[b->n + 1] = n - b->cut[b->n] <= PIECE_BYTES ? n : pretokens_cut(text, n, b->cut[b->n] + PIECE_BYTES);
        each_run(b->n, encode_piece, b);
        for (size_t i = 0; i < b->n && st == OK; i++) {
            st = b->st[i];
            if (st == OK)
                st = take(ctx, b->ids[i].items, b->ids[i].n, err);
            else if (err)
                *err = b->errs[i];
        }
    }
    for (size_t i = 0; i < PIECES; i++)
        free(b->ids[i].items);
    free(b);
    return st;
}
