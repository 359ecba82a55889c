#include "data/tokens_stream.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"

static enum status add_pattern(struct text_files *f, const char *pattern, struct err *err)
{
    glob_t g;
    enum status st = OK;
    int failed = glob(pattern, 0, NULL, &g);
    if (failed == GLOB_NOMATCH)
        return err_set(err, E_DATA, "%s: no file has such a name", pattern);
    if (failed)
        return err_errno(err, failed == GLOB_NOSPACE ? ENOMEM : EIO, "cannot list", pattern);
    for (size_t i = 0; i < g.gl_pathc && st == OK; i++)
        st = file_is_dir(g.gl_pathv[i]) ? OK : text_files_add(f, g.gl_pathv[i], err);
    globfree(&g);
    return st;
}

enum status stream_files(struct text_files *f, const char *const *paths, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (file_is_dir(paths[i]))
            return err_set(err, E_DATA, "%s is a folder: name its files of tokens, in their order, or a pattern such as *.bin",
                           paths[i]);
        if (!file_exists(paths[i]) && strpbrk(paths[i], "*?["))
            TRY(add_pattern(f, paths[i], err));
        else
            TRY(text_files_add(f, paths[i], err));
    }
    return OK;
}

static enum status open_shard(struct shard *s, const char *path, struct err *err)
{
    s->path = path;
    TRY(file_map_open(&s->map, path, err));
    if (s->map.n == 0)
        return err_set(err, E_DATA, "%s is empty", path);
    return token_format_read(&s->layout, s->map.bytes, s->map.n, err) == OK ? OK : err_wrap(err, "%s", path);
}

enum status stream_open(struct stream *s, const struct text_files *f, size_t first, size_t end, struct err *err)
{
    *s = (struct stream){0};
    TRY(size_calloc(&s->items, end - first, sizeof *s->items, "the files of tokens", err));
    s->n = end - first;
    for (size_t i = 0; i < s->n; i++) {
        TRY(open_shard(&s->items[i], f->items[first + i].path, err));
        s->items[i].first = s->total;
        s->total += s->items[i].layout.n;
    }
    /* windows lie anywhere: what is around them is not wanted in memory */
    for (size_t i = 0; i < s->n && s->total > STREAM_WHOLE; i++)
        (void)posix_madvise((void *)s->items[i].map.bytes, s->items[i].map.n, POSIX_MADV_RANDOM);
    return OK;
}

void stream_close(struct stream *s)
{
    for (size_t i = 0; i < s->n && s->items; i++)
        file_map_close(&s->items[i].map);
    free(s->items);
    *s = (struct stream){0};
}

const struct shard *stream_shard(const struct stream *s, size_t at, size_t *within)
{
    size_t lo = 0, hi = s->n; /* the last that begins at `at` or before it lies in lo .. hi-1 */
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->items[mid].first <= at)
            lo = mid;
        else
            hi = mid;
    }
    *within = at - s->items[lo].first;
    return &s->items[lo];
}

/* n tokens of that layout at p. */
static void decode(int32_t *out, const struct token_layout *l, const unsigned char *p, size_t n)
{
    if (l->width == 2) {
        for (size_t i = 0; i < n; i++, p += 2)
            out[i] = p[0] | p[1] << 8;
        return;
    }
    for (size_t i = 0; i < n; i++, p += 4) {
        uint32_t v = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        out[i] = v <= INT32_MAX ? (int32_t)v : -1;
    }
}

void stream_read(const struct stream *s, int32_t *out, size_t at, size_t n)
{
    while (n > 0) {
        size_t within, m;
        const struct shard *k = stream_shard(s, at, &within);
        m = size_min(n, k->layout.n - within);
        decode(out, &k->layout, k->map.bytes + k->layout.at + within * k->layout.width, m);
        out += m;
        at += m;
        n -= m;
    }
}

/* Hash and maximum of tokens that come in pieces, which must not matter. */
struct tally {
    uint64_t hash;
    int32_t block[STREAM_BLOCK], largest;
    size_t n;
};

static void flush(struct tally *t)
{
    if (t->n > 0)
        t->hash = hash_bytes(t->hash, t->block, t->n * sizeof *t->block);
    t->n = 0;
}

static void feed(struct tally *t, const int32_t *tokens, size_t n)
{
    while (n > 0) {
        size_t m = size_min(n, STREAM_BLOCK - t->n);
        memcpy(t->block + t->n, tokens, m * sizeof *tokens);
        t->n += m;
        tokens += m;
        n -= m;
        if (t->n == STREAM_BLOCK)
            flush(t);
    }
}

/* A file from one end to the other, into its own tally and the stream's. */
static enum status read_through(struct shard *k, struct tally *own, struct tally *stream, struct err *err)
{
    unsigned char bytes[4 * STREAM_BLOCK];
    int32_t tokens[STREAM_BLOCK];
    const struct token_layout *l = &k->layout;
    FILE *f;
    enum status st = OK;
    TRY(file_open_regular(&f, k->path, err));
    if (fseeko(f, (off_t)l->at, SEEK_SET) != 0)
        st = err_errno(err, errno, "cannot read", k->path);
    for (size_t done = 0, m; st == OK && done < l->n; done += m) {
        m = size_min(l->n - done, STREAM_BLOCK);
        if (fread(bytes, l->width, m, f) != m) {
            st = ferror(f) ? err_errno(err, errno, "cannot read", k->path)
                           : err_set(err, E_DATA, "%s has become shorter", k->path);
            break;
        }
        decode(tokens, l, bytes, m);
        for (size_t i = 0; i < m && st == OK; i++) {
            if (tokens[i] < 0)
                st = err_set(err, E_DATA, "%s: token %zu is below 0 or beyond 2^31", k->path, done + i);
            if (tokens[i] > stream->largest)
                stream->largest = tokens[i];
        }
        feed(own, tokens, m);
        feed(stream, tokens, m);
    }
    fclose(f);
    flush(own);
    k->fingerprint = own->hash;
    return st;
}

/* A hash of n tokens from `first` on, by places spread over them. */
static uint64_t hash_places(const struct stream *s, size_t first, size_t n)
{
    int32_t tokens[STREAM_BLOCK];
    size_t block = size_min(n, STREAM_BLOCK), room = n - block;
    uint64_t h = HASH_SEED;
    for (size_t i = 0; i < STREAM_PLACES; i++) {
        size_t at = room / (STREAM_PLACES - 1) * i + room % (STREAM_PLACES - 1) * i / (STREAM_PLACES - 1);
        stream_read(s, tokens, first + at, block);
        h = hash_bytes(h, tokens, block * sizeof *tokens);
    }
    return h;
}

enum status stream_look(struct stream_look *look, struct stream *s, bool count, struct err *err)
{
    bool whole = s->total <= STREAM_WHOLE;
    struct tally *t;
    enum status st = OK;
    TRY(size_calloc(&t, 2, sizeof *t, "blocks of tokens", err));
    t[1] = (struct tally){.hash = HASH_SEED, .largest = -1};
    for (size_t i = 0; i < s->n && (whole || count) && st == OK; i++) {
        t[0] = (struct tally){.hash = HASH_SEED, .largest = -1};
        st = read_through(&s->items[i], &t[0], &t[1], err);
    }
    flush(&t[1]);
    *look = (struct stream_look){t[1].hash, t[1].largest};
    free(t);
    if (st != OK || whole)
        return st;
    look->hash = hash_places(s, 0, s->total);
    for (size_t i = 0; i < s->n; i++)
        s->items[i].fingerprint = hash_places(s, s->items[i].first, s->items[i].layout.n);
    return OK;
}
