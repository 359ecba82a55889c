/* Which tokens of a stream are trained on, and which are held out. */
#ifndef PLATEAU_DATA_TOKENS_PARTS_H
#define PLATEAU_DATA_TOKENS_PARTS_H

#include "data/data.h"
#include "data/pieces.h"

/* Stretches of a stream, one after the other. */
struct part {
    struct stretch {
        size_t at, n; /* of the stream */
        size_t start; /* among the part's own tokens */
    } *items; /* owned */
    size_t n, cap, total;
    struct piece_ends ends; /* as those of struct text_bytes */
};

/* Part a stream of `size` tokens as text_read parts one file of so many bytes, but into 4096 blocks at most; all of it is to
 * train on where nothing is held out of it. Then of what is trained on spec->unique_tokens, likewise. E_CONFIG where there are
 * not so many. On failure both are to be freed all the same. */
enum status parts_make(struct part *train, struct part *held, size_t size, const struct data_spec *spec, size_t ctx,
                       struct err *err) WARN_UNUSED;
/* All `size` tokens of a stream. */
enum status parts_whole(struct part *p, size_t size, struct err *err) WARN_UNUSED;
void part_free(struct part *p);

/* The stretch with that place of the part. */
const struct stretch *part_find(const struct part *p, size_t at);

#endif
