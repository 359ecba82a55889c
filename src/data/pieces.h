/* Pieces of a corpus, held out of it or left to train on, and the windows that fit into them. A piece is what stood in one
 * stretch of a file, so that a window within one is text as it was written.
 *
 * All places are functions of sizes and numbers alone. */
#ifndef PLATEAU_DATA_PIECES_H
#define PLATEAU_DATA_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The place of the i-th of n blocks that are `total` of `size` bytes together: one in each n-th of the bytes, somewhere in
 * the middle half of the room that it has there, so that blocks never touch and no period of the text meets them all.
 * n <= total <= size; total == size: the blocks are the n-ths. */
struct piece {
    size_t at, n;
};
struct piece pieces_block(size_t size, size_t total, size_t n, size_t i);

/* How many blocks of at least `least` bytes (one where that is more than there are) make up total. */
size_t pieces_count(size_t total, size_t least);

/* The shortest block to hold out for windows of ctx: long enough to be text of its own, and for four windows, as what is left
 * of a block after its last window is lost. Blocks of 4096 bytes are 27 of a megabyte. */
size_t pieces_least(size_t ctx);

/* Where pieces end that lie one after the other. */
struct piece_ends {
    size_t *items; /* owned */
    size_t n, cap;
};
/* A piece that ends at `end`, unless nothing is in it. */
enum status pieces_end(struct piece_ends *e, size_t end, struct err *err) WARN_UNUSED;

/* Windows of ctx + 1 bytes, which begin within one piece and end there. */
struct windows {
    struct windowed {
        size_t at, n;        /* bytes of the piece */
        size_t first, count; /* numbers of its windows */
        size_t slack;        /* to train: they may begin 0 .. slack-1 bytes later, 1 .. ctx */
    } *items; /* (n), owned */
    size_t n, total;
    size_t slack; /* the largest of them */
};
/* Training windows: in each piece as many as fit without a common byte among the inputs, wherever the first begins. A piece
 * too short for a window goes together with the next, as short files do. The last end is at least ctx + 1. */
enum status windows_to_train(struct windows *w, const struct piece_ends *e, size_t ctx, struct err *err) WARN_UNUSED;
/* At most `most` held-out windows, shared out among the pieces by their lengths; w->total says how many there are. */
enum status windows_to_hold(struct windows *w, const struct piece_ends *e, size_t ctx, size_t most,
                            struct err *err) WARN_UNUSED;
void windows_free(struct windows *w);

/* Where the training window of that number begins: epoch by epoch, every window once, in an order of the seed and the
 * epoch, with a new offset, which moves the windows' borders. */
size_t windows_train_at(const struct windows *w, size_t ctx, uint64_t seed, uint64_t index);
/* Where a held-out window begins: spread over each piece, in steps of at least ctx, so that windows never overlap. */
size_t windows_held_at(const struct windows *w, uint64_t index);

/* The piece with window i < w->total. */
const struct windowed *windows_find(const struct windows *w, size_t i);

#endif
