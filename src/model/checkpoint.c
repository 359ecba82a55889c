#include "model/checkpoint.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

static const char magic[8] = {'P', 'L', 'A', 'T', 'C', 'K', 'P', 'T'};

struct header {
    char magic[8];
    uint32_t version, tensors;
    uint64_t shape[5];
    int64_t step;
    uint64_t config_hash;
    int64_t log_bytes;
    double loss, loss_sum;
    int64_t loss_steps, bad_steps;
    char isa[16]; /* from version 2 on */
    uint64_t log_checksum;
};

enum { VERSION = 2 };

static size_t header_size(uint32_t version)
{
    return version == 1 ? offsetof(struct header, isa) : sizeof(struct header);
}

static struct header make_header(const struct gpt *g, const struct checkpoint_meta *meta)
{
    struct header h = {.version = VERSION, .tensors = (uint32_t)tensors_count(&g->tensors)};
    memcpy(h.magic, magic, sizeof magic);
    const uint64_t shape[5] = {g->shape.V, g->shape.T, g->shape.C, g->shape.L, g->shape.NH};
    memcpy(h.shape, shape, sizeof shape);
    h.step = meta->step;
    h.config_hash = meta->config_hash;
    h.log_bytes = meta->log_bytes;
    h.loss = meta->loss;
    h.loss_sum = meta->loss_sum;
    h.loss_steps = meta->loss_steps;
    h.bad_steps = meta->bad_steps;
    memcpy(h.isa, meta->isa, sizeof h.isa);
    h.log_checksum = meta->log_checksum;
    return h;
}

static enum status put(struct file_writer *w, uint64_t *sum, const void *data, size_t n,
                       struct err *err)
{
    *sum = hash_bytes(*sum, data, n);
    errno = 0;
    if (fwrite(data, 1, n, w->out) != n)
        return err_set(err, E_IO, "cannot write %s: %s", w->path, strerror(errno ? errno : EIO));
    return OK;
}

/* The floats of a state one stretch after the other: the weights of each layer's tensor, then the optimiser's first array
 * of each, then its next. */
struct stretch {
    size_t array; /* 0: weights; from 1 on the optimiser's */
    struct optim_walk walk;
    float *at;
    size_t bytes;
};

/* Begin with zeroes; false at the end. */
static bool next_stretch(struct stretch *s, const struct gpt *g, const struct optim *o)
{
    while (!optim_next(&s->walk, o, &g->tensors)) {
        s->walk = (struct optim_walk){0};
        if (++s->array > o->kind->n_states)
            return false;
    }
    size_t state = s->array - 1;
    const struct optim_walk *w = &s->walk;
    s->at = s->array == 0 ? g->w + tensor_at(w->t, w->layer) : o->state[state] + w->at[state];
    s->bytes = (s->array == 0 ? tensor_size(w->t) : w->n[state]) * sizeof(float);
    return true;
}

static enum status put_all(struct file_writer *w, const struct gpt *g, const struct optim *o,
                           const struct checkpoint_meta *meta, struct err *err)
{
    uint64_t sum = HASH_SEED;
    struct header h = make_header(g, meta);
    TRY(put(w, &sum, &h, sizeof h, err));
    for (struct stretch s = {0}; next_stretch(&s, g, o);)
        TRY(put(w, &sum, s.at, s.bytes, err));
    uint64_t ignored = 0;
    return put(w, &ignored, &sum, sizeof sum, err);
}

enum status checkpoint_save(const char *path, const struct gpt *g, const struct optim *o,
                            const struct checkpoint_meta *meta, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    enum status st = put_all(&w, g, o, meta, err);
    if (st != OK) {
        file_writer_abandon(&w);
        return st;
    }
    return file_writer_commit(&w, err);
}

/* The header at the beginning of a file's first n bytes. */
static enum status read_header(struct header *h, struct checkpoint_meta *meta, const char *data, size_t n, const char *path,
                               struct err *err)
{
    *h = (struct header){0};
    if (n < sizeof magic || memcmp(data, magic, sizeof magic) != 0)
        return err_set(err, E_DATA, "%s is no plateau checkpoint", path);
    if (n < header_size(1))
        return err_set(err, E_DATA, "%s has %zu bytes: it is cut short", path, n);
    memcpy(h, data, header_size(1));
    if (h->version < 1 || h->version > VERSION)
        return err_set(err, E_DATA, "%s has checkpoint version %u, this tool reads 1 to %d", path, h->version, VERSION);
    if (n < header_size(h->version))
        return err_set(err, E_DATA, "%s has %zu bytes: it is cut short", path, n);
    memcpy(h, data, header_size(h->version));
    if (memchr(h->isa, '\0', sizeof h->isa) == NULL)
        return err_set(err, E_DATA, "%s is damaged: no name of kernels", path);
    *meta = (struct checkpoint_meta){.step = h->step,
                                     .config_hash = h->config_hash,
                                     .log_bytes = h->log_bytes,
                                     .loss = h->loss,
                                     .loss_sum = h->loss_sum,
                                     .loss_steps = h->loss_steps,
                                     .bad_steps = h->bad_steps,
                                     .log_checksum = h->log_checksum};
    memcpy(meta->isa, h->isa, sizeof meta->isa);
    return OK;
}

enum status checkpoint_peek(const char *path, struct checkpoint_meta *meta, struct err *err)
{
    char head[sizeof(struct header)];
    struct header h;
    FILE *f;
    TRY(file_open_regular(&f, path, err));
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    return read_header(&h, meta, head, n, path, err);
}

static enum status check(const char *path, const struct gpt *g, const struct optim *o, const char *data, size_t size,
                         struct checkpoint_meta *meta, size_t *begin, struct err *err)
{
    struct header h, want = make_header(g, &(struct checkpoint_meta){0});
    struct checkpoint_meta read;
    TRY(read_header(&h, &read, data, size, path, err));
    size_t head = *begin = header_size(h.version), expected = head + sizeof(uint64_t);
    for (struct stretch s = {0}; next_stretch(&s, g, o);)
        expected += s.bytes;
    if (h.tensors != want.tensors || memcmp(h.shape, want.shape, sizeof h.shape) != 0)
        return err_set(err, E_DATA, "%s belongs to a model of another shape", path);
    if (size != expected)
        return err_set(err, E_DATA, "%s has %zu bytes, expected %zu: it is %s", path, size,
                       expected, size < expected ? "cut short" : "too long");
    uint64_t sum = hash_bytes(HASH_SEED, data, head), stored;
    size_t at = head;
    for (struct stretch s = {0}; next_stretch(&s, g, o); at += s.bytes)
        sum = hash_bytes(sum, data + at, s.bytes);
    memcpy(&stored, data + at, sizeof stored);
    if (sum != stored)
        return err_set(err, E_DATA, "%s is damaged: its checksum does not match", path);
    *meta = read;
    return OK;
}

enum status checkpoint_load(const char *path, struct gpt *g, struct optim *o, struct checkpoint_meta *meta,
                            struct err *err)
{
    char *data;
    size_t size, at;
    TRY(file_read_regular(&data, &size, path, err));
    enum status st = check(path, g, o, data, size, meta, &at, err);
    if (st == OK) {
        for (struct stretch s = {0}; next_stretch(&s, g, o); at += s.bytes)
            memcpy(s.at, data + at, s.bytes);
        gpt_pack(g);
    }
    free(data);
    return st;
}
