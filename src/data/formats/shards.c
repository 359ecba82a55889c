#include "data/formats/shards.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "data/formats/llmc.h"

enum status shards_path(char *path, const char *dir, const char *stem, size_t i, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%04zu.bin", stem, i);
    return file_join(path, FILE_PATH_MAX, dir, name, err);
}

static void put_word(unsigned char *p, size_t bytes, uint32_t v)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static enum status put(struct shards *s, const void *bytes, size_t n, struct err *err)
{
    if (fwrite(bytes, 1, n, s->w.out) != n)
        return err_errno(err, errno, "cannot write", s->w.path);
    return OK;
}

/* The header says how many tokens there are, which is known at the end. */
static enum status put_header(struct shards *s, struct err *err)
{
    unsigned char header[LLMC_HEADER_BYTES] = {0};
    put_word(header, 4, s->wide ? LLMC_MAGIC_32 : LLMC_MAGIC_16);
    put_word(header + 4, 4, s->wide ? LLMC_VERSION_32 : LLMC_VERSION_16);
    put_word(header + 8, 4, (uint32_t)s->in_shard);
    return put(s, header, sizeof header, err);
}

static enum status begin(struct shards *s, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(shards_path(path, s->dir, s->stem, s->n, err));
    TRY(file_writer_open(&s->w, path, err));
    s->open = true;
    s->n++;
    s->in_shard = 0;
    return put_header(s, err);
}

enum status shards_end(struct shards *s, struct err *err)
{
    if (!s->open)
        return OK;
    if (fseek(s->w.out, 0, SEEK_SET) != 0)
        return err_errno(err, errno, "cannot write", s->w.path);
    TRY(put_header(s, err));
    s->open = false;
    return file_writer_commit(&s->w, err);
}

enum status shards_put(struct shards *s, const int32_t *tokens, size_t n, struct err *err)
{
    enum { CHUNK = 4096 };
    unsigned char bytes[4 * CHUNK];
    size_t width = s->wide ? 4 : 2;
    while (n > 0) {
        if (s->open && s->in_shard == s->limit)
            TRY(shards_end(s, err));
        if (!s->open)
            TRY(begin(s, err));
        size_t m = size_min(size_min(n, CHUNK), s->limit - s->in_shard);
        for (size_t i = 0; i < m; i++)
            put_word(bytes + i * width, width, (uint32_t)tokens[i]);
        TRY(put(s, bytes, m * width, err));
        s->in_shard += m;
        s->total += m;
        tokens += m;
        n -= m;
    }
    return OK;
}

void shards_abandon(struct shards *s)
{
    if (s->open)
        file_writer_abandon(&s->w);
    s->open = false;
}
