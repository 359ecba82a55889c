/* Tokens of several files as one stream, read where they lie. */
#ifndef PLATEAU_DATA_TOKENS_STREAM_H
#define PLATEAU_DATA_TOKENS_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/file_map.h"
#include "data/data.h"
#include "data/formats/token_format.h"
#include "data/text_files.h"

struct stream {
    struct shard {
        const char *path; /* borrowed from the list of files */
        struct file_map map;
        struct token_layout layout;
        size_t first;         /* of its tokens in the stream */
        uint64_t fingerprint; /* stream_look sets it */
    } *items; /* (n), owned */
    size_t n, total;
};

/* Streams of up to so many tokens are looked through when they are opened, which takes a third of a second at most; of longer
 * ones STREAM_PLACES places, and what is beyond the vocabulary is found when it is read. */
enum { STREAM_WHOLE = 128 << 20, STREAM_PLACES = 1024, STREAM_BLOCK = 4096 };

/* Append the files that each path stands for: itself, or where there is no such file, those of a pattern. E_DATA for a
 * folder, a missing or empty file and one that is there already. */
enum status stream_files(struct text_files *f, const char *const *paths, size_t n, struct err *err) WARN_UNUSED;

/* Files first .. end-1 of a list. E_DATA with the file and what is wrong with it. */
enum status stream_open(struct stream *s, const struct text_files *f, size_t first, size_t end, struct err *err) WARN_UNUSED;
void stream_close(struct stream *s);

/* n tokens from place `at` on. What does not fit into int32_t is -1. */
void stream_read(const struct stream *s, int32_t *out, size_t at, size_t n);

/* What the stream says of itself: a hash of its tokens, however they lie in files, and the largest of them, which is -1 where
 * the stream is long and need not be counted. Files are read from one end to the other, not mapped: that leaves no memory in
 * use. E_DATA for a token below 0. */
struct stream_look {
    uint64_t hash;
    int32_t largest;
};
enum status stream_look(struct stream_look *look, struct stream *s, bool count, struct err *err) WARN_UNUSED;

/* The file with that place of the stream, whose place in it is *within. */
const struct shard *stream_shard(const struct stream *s, size_t at, size_t *within);

#endif
