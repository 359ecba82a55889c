/* A corpus in memory: the training bytes and the held-out bytes of a list of files and folders. */
#ifndef PLATEAU_DATA_TEXT_H
#define PLATEAU_DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "data/data.h"
#include "data/pieces.h"

struct text_bytes {
    unsigned char *data;
    size_t n, cap;
    struct piece_ends ends; /* the last is n: no window crosses one, unless a piece is shorter than a window */
};

struct text {
    struct text_bytes train, held;
    struct data_file *files; /* (n_files) */
    size_t n_files;
};

/* Whether blocks spread over each file are held out, rather than its tail or files of their own. */
bool text_is_spread(const struct data_spec *spec);

/* Read spec->files and val_files. A tenth of each file is held out: its tail, or blocks of at least 4096 bytes, and of four
 * windows of ctx, spread over it (pieces_block); a file of less than ten such blocks has one. Each file's training part is
 * followed by the next file's. Of all that, spec->unique_tokens bytes unless that is 0: the first ones, or blocks spread
 * likewise. With a tail, all is one piece. On failure *t is zeroed; otherwise text_free releases it. */
enum status text_read(struct text *t, const struct data_spec *spec, size_t ctx,
                      struct err *err) WARN_UNUSED;
void text_free(struct text *t);

/* E_DATA where its training bytes are all one, whose loss is 0: no law can be fitted to that. */
enum status text_teaches(const struct text *t, struct err *err) WARN_UNUSED;

/* The text that an open source reads, borrowed from d; NULL where it is none. */
const struct text *text_behind(const struct data *d);

#endif
