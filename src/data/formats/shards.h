/* Tokens written as shards of llm.c's form: DIR/STEM_0000.bin, STEM_0001.bin and so on, each 256 int32 of header, then its
 * tokens. */
#ifndef PLATEAU_DATA_FORMATS_SHARDS_H
#define PLATEAU_DATA_FORMATS_SHARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

struct shards {
    const char *dir, *stem; /* borrowed */
    size_t limit;           /* tokens of a shard, 1 to 2^31 - 1 */
    bool wide;              /* uint32 (magic 20240801, version 7), else uint16 (20240520, 1) */
    size_t n, total;        /* shards begun; tokens */
    size_t in_shard;
    bool open;
    struct file_writer w;
};

/* The path (FILE_PATH_MAX) of shard i. */
enum status shards_path(char *path, const char *dir, const char *stem, size_t i, struct err *err) WARN_UNUSED;

/* Begin with dir, stem, limit and wide set and the rest zero. After shards_end all are there; shards_abandon leaves those
 * that were full. */
enum status shards_put(struct shards *s, const int32_t *tokens, size_t n, struct err *err) WARN_UNUSED;
enum status shards_end(struct shards *s, struct err *err) WARN_UNUSED;
void shards_abandon(struct shards *s);

#endif
