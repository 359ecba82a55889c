/* A corpus in memory: the training bytes and the held-out bytes of a list of files and folders. */
#ifndef PLATEAU_DATA_TEXT_H
#define PLATEAU_DATA_TEXT_H

#include <stddef.h>

#include "base/status.h"
#include "data/data.h"

struct text_bytes {
    unsigned char *data;
    size_t n, cap;
};

struct text {
    struct text_bytes train, held;
    struct data_file *files; /* (n_files) */
    size_t n_files;
};

/* Read spec->files and val_files, without regard to a window's length. Each file's training part is
 * followed by the next file's; of all that, the first spec->unique_tokens bytes unless that is 0. On failure *t is zeroed;
 * otherwise text_free releases it. */
enum status text_read(struct text *t, const struct data_spec *spec, struct err *err) WARN_UNUSED;
void text_free(struct text *t);

#endif
