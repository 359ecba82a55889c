#include "model/checkpoint.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"
#include "model/first.h"

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

enum { VERSION_FIRST = 1, VERSION_PLAIN = 2, VERSION_NAMED = 3, VERSION_MEMBERS = 4 };

/* What is in a file. From version 3 on it stands after the header: of version 4 the number of members, then the head, and a
 * record for each tensor. */
enum { STATES_MAX = 8, NAME_MAX_BYTES = 32 };

struct contents_head {
    char optimizer[16];
    uint32_t n_states, n;
};

struct record {
    char name[NAME_MAX_BYTES];
    uint64_t first, n;          /* layers */
    uint64_t rows, cols;
    uint64_t state[STATES_MAX]; /* floats of one layer's in each of the optimiser's arrays */
};

struct contents {
    uint64_t members;
    struct contents_head head;
    struct record list[TENSORS_MAX];
};

/* A fuzzer's build takes any checksum, as no fuzzer finds one that matches: what lies behind it is tried too. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
static const bool any_checksum = true;
#else
static const bool any_checksum = false;
#endif

static size_t header_size(uint32_t version)
{
    return version == VERSION_FIRST ? offsetof(struct header, isa) : sizeof(struct header);
}

static size_t contents_size(const struct contents *c)
{
    return sizeof c->head + c->head.n * sizeof *c->list;
}

/* Bytes before it. */
static size_t members_size(uint32_t version)
{
    return version >= VERSION_MEMBERS ? sizeof(uint64_t) : 0;
}

/* o NULL: without its arrays. */
static void describe(struct contents *c, const struct tensors *t, const struct optim *o, size_t members)
{
    size_t n_states = o ? optim_n_states(o) : 0;
    CHECK(n_states <= STATES_MAX);
    memset(c, 0, sizeof *c);
    c->members = members;
    c->head.n = (uint32_t)t->n;
    c->head.n_states = (uint32_t)n_states;
    if (o)
        snprintf(c->head.optimizer, sizeof c->head.optimizer, "%s", o->kind->name);
    for (size_t i = 0; i < t->n; i++) {
        const struct tensor *x = &t->list[i];
        struct record *r = &c->list[i];
        CHECK(strlen(x->name) < sizeof r->name);
        strcpy(r->name, x->name);
        r->first = x->first, r->n = x->n, r->rows = x->rows, r->cols = x->cols;
        for (size_t s = 0; s < n_states; s++)
            r->state[s] = optim_state_floats(o, x, s);
    }
}

/* What a file of version 1 or 2 holds. */
static void describe_first(struct contents *c, const struct gpt_shape *s)
{
    struct tensors t;
    const struct optim adamw = {.kind = &optim_adamw};
    first_tensors(&t, s);
    describe(c, &t, &adamw, 1);
}

/* Version 2 where it can hold the state: what was written before there was another stays the same bytes. */
static uint32_t version_for(const struct contents *c, const struct gpt_shape *s)
{
    struct contents first;
    describe_first(&first, s);
    return c->members > 1 ? VERSION_MEMBERS : memcmp(c, &first, sizeof first) == 0 ? VERSION_PLAIN : VERSION_NAMED;
}

static struct header make_header(const struct gpt *g, uint32_t version, const struct checkpoint_meta *meta)
{
    struct header h = {.version = version, .tensors = (uint32_t)tensors_count(&g->tensors)};
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
        if (++s->array > (o ? optim_n_states(o) : 0))
            return false;
    }
    size_t state = s->array - 1;
    const struct optim_walk *w = &s->walk;
    s->at = s->array == 0 ? g->w + tensor_at(w->t, w->layer) : o->state[state] + w->at[state];
    s->bytes = (s->array == 0 ? tensor_size(w->t) : w->n[state]) * sizeof(float);
    return true;
}

static enum status put_all(struct file_writer *w, const struct members *e, const struct checkpoint_meta *meta,
                           struct err *err)
{
    uint64_t sum = HASH_SEED;
    struct contents c;
    describe(&c, &e->g->tensors, e->optim, e->n);
    struct header h = make_header(e->g, version_for(&c, &e->g->shape), meta);
    TRY(put(w, &sum, &h, sizeof h, err));
    if (h.version >= VERSION_MEMBERS)
        TRY(put(w, &sum, &c.members, sizeof c.members, err));
    if (h.version >= VERSION_NAMED)
        TRY(put(w, &sum, &c.head, contents_size(&c), err));
    for (size_t i = 0; i < e->n; i++)
        for (struct stretch s = {0}; next_stretch(&s, &e->g[i], e->optim ? &e->optim[i] : NULL);)
            TRY(put(w, &sum, s.at, s.bytes, err));
    uint64_t ignored = 0;
    return put(w, &ignored, &sum, sizeof sum, err);
}

enum status checkpoint_save_all(const char *path, const struct members *e, const struct checkpoint_meta *meta,
                                struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    enum status st = put_all(&w, e, meta, err);
    if (st != OK) {
        file_writer_abandon(&w);
        return st;
    }
    return file_writer_commit(&w, err);
}

/* A model and its optimiser, which may be NULL, as what they are: an ensemble of one. */
static struct members alone(const struct gpt *g, const struct optim *o)
{
    return (struct members){1, (struct gpt *)g, (struct optim *)o};
}

enum status checkpoint_save(const char *path, const struct gpt *g, const struct optim *o,
                            const struct checkpoint_meta *meta, struct err *err)
{
    const struct members one = alone(g, o);
    return checkpoint_save_all(path, &one, meta, err);
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
    if (h->version < VERSION_FIRST || h->version > VERSION_MEMBERS)
        return err_set(err, E_DATA, "%s has checkpoint version %u, this tool reads 1 to %d", path, h->version, VERSION_MEMBERS);
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

static enum status peek(const char *path, struct header *h, struct checkpoint_meta *meta, struct err *err)
{
    char head[sizeof(struct header)];
    FILE *f;
    TRY(file_open_regular(&f, path, err));
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    return read_header(h, meta, head, n, path, err);
}

enum status checkpoint_peek(const char *path, struct checkpoint_meta *meta, struct err *err)
{
    struct header h;
    return peek(path, &h, meta, err);
}

enum status checkpoint_peek_vocab(const char *path, size_t *vocab, struct err *err)
{
    struct header h;
    struct checkpoint_meta meta;
    TRY(peek(path, &h, &meta, err));
    *vocab = (size_t)h.shape[0];
    return OK;
}

/* A file in memory. */
struct file {
    const char *path, *data;
    size_t size;
    uint32_t version;
    struct contents contents;
    size_t begin; /* of the floats */
    size_t bytes; /* of one member's */
};

static enum status cut_short(const struct file *f, size_t expected, struct err *err)
{
    return err_set(err, E_DATA, "%s has %zu bytes, expected %zu: it is %s", f->path, f->size, expected,
                   f->size < expected ? "cut short" : "too long");
}

/* What the file says that it holds, and where that begins. The shape is known to be the model's. */
static enum status read_contents(struct file *f, const struct header *h, const struct gpt_shape *s, struct err *err)
{
    struct contents *c = &f->contents;
    f->version = h->version;
    f->begin = header_size(h->version);
    if (h->version < VERSION_NAMED) {
        describe_first(c, s);
        return OK;
    }
    size_t members = members_size(h->version);
    if (f->size < f->begin + members + sizeof c->head)
        return cut_short(f, f->begin + members + sizeof c->head, err);
    memset(c, 0, sizeof *c);
    c->members = 1;
    memcpy(&c->members, f->data + f->begin, members);
    f->begin += members;
    memcpy(&c->head, f->data + f->begin, sizeof c->head);
    bool sane = c->head.n <= TENSORS_MAX && c->head.n_states <= STATES_MAX &&
                memchr(c->head.optimizer, '\0', sizeof c->head.optimizer);
    if (!sane)
        return err_set(err, E_DATA, "%s is damaged: it has no list of tensors", f->path);
    size_t n = contents_size(c);
    if (f->size < f->begin + n)
        return cut_short(f, f->begin + n, err);
    memcpy(c->list, f->data + f->begin + sizeof c->head, n - sizeof c->head);
    for (size_t i = 0; i < c->head.n; i++) {
        if (!memchr(c->list[i].name, '\0', sizeof c->list[i].name))
            return err_set(err, E_DATA, "%s is damaged: a tensor has no name", f->path);
        if (c->list[i].rows == 0 || c->list[i].cols == 0) /* of which a file of any size could hold any number */
            return err_set(err, E_DATA, "%s is damaged: tensor %s has no values", f->path, c->list[i].name);
    }
    f->begin += n;
    return OK;
}

/* Floats of one layer's tensor in an array: 0 the weights, from 1 on the optimiser's. False where they are too many. */
static bool record_floats(size_t *n, const struct record *r, size_t array)
{
    if (array > 0) {
        *n = (size_t)r->state[array - 1];
        return r->state[array - 1] <= SIZE_MAX;
    }
    return r->rows <= SIZE_MAX && r->cols <= SIZE_MAX && size_mul(n, (size_t)r->rows, (size_t)r->cols);
}

/* Bytes that all floats of a member take; false where they are too many for any file. */
static bool floats_bytes(size_t *bytes, const struct contents *c)
{
    size_t sum = 0, n;
    for (size_t array = 0; array <= c->head.n_states; array++)
        for (size_t i = 0; i < c->head.n; i++)
            if (!record_floats(&n, &c->list[i], array) || c->list[i].n > SIZE_MAX || !size_mul(&n, n, (size_t)c->list[i].n) ||
                !size_add(&sum, sum, n))
                return false;
    return size_mul(bytes, sum, sizeof(float));
}

/* Of all that stands before it, piece by piece as it was written. The sizes are known to fit. */
static uint64_t checksum(const struct file *f)
{
    const struct contents *c = &f->contents;
    size_t head = header_size(f->version), at = f->begin, n;
    uint64_t sum = hash_bytes(HASH_SEED, f->data, head);
    if (f->version >= VERSION_MEMBERS)
        sum = hash_bytes(sum, f->data + head, sizeof c->members);
    if (f->version >= VERSION_NAMED)
        sum = hash_bytes(sum, f->data + f->begin - contents_size(c), contents_size(c));
    for (uint64_t m = 0; m < c->members; m++)
        for (size_t array = 0; array <= c->head.n_states; array++)
            for (size_t i = 0; i < c->head.n; i++) {
                record_floats(&n, &c->list[i], array);
                for (size_t l = 0; l < c->list[i].n; l++, at += n * sizeof(float))
                    sum = hash_bytes(sum, f->data + at, n * sizeof(float));
            }
    return sum;
}

static const struct record *find(const struct contents *c, const char *name)
{
    for (size_t i = 0; i < c->head.n; i++)
        if (strcmp(c->list[i].name, name) == 0)
            return &c->list[i];
    return NULL;
}

/* One tensor of the file beside the model's of that name. */
static enum status compare_tensor(const char *path, const struct record *has, const struct record *want, size_t n_states,
                                  struct err *err)
{
    if (!want)
        return err_set(err, E_DATA, "%s has a tensor %s that this model has not", path, has->name);
    if (has->rows != want->rows || has->cols != want->cols || has->first != want->first || has->n != want->n)
        return err_set(err, E_DATA, "%s: its tensor %s is %zu x %zu in %zu layers, this model's is %zu x %zu in %zu", path,
                       has->name, (size_t)has->rows, (size_t)has->cols, (size_t)has->n, (size_t)want->rows, (size_t)want->cols,
                       (size_t)want->n);
    for (size_t s = 0; s < n_states; s++)
        if (has->state[s] != want->state[s])
            return err_set(err, E_DATA, "%s: its optimiser keeps %zu numbers for %s where this run's keeps %zu", path,
                           (size_t)has->state[s], has->name, (size_t)want->state[s]);
    return OK;
}

/* E_DATA that names the first difference between what the file holds and what this run wants of it; o NULL: any
 * optimiser's. */
static enum status compare(const struct file *f, const struct gpt *g, const struct optim *o, struct err *err)
{
    const struct contents *has = &f->contents;
    struct contents want;
    describe(&want, &g->tensors, o, 1);
    for (size_t i = 0; i < has->head.n; i++)
        TRY(compare_tensor(f->path, &has->list[i], find(&want, has->list[i].name), 0, err));
    for (size_t i = 0; i < want.head.n; i++)
        if (!find(has, want.list[i].name))
            return err_set(err, E_DATA, "%s has no tensor %s, which this model has", f->path, want.list[i].name);
    if (!o)
        return OK;
    if (strcmp(has->head.optimizer, want.head.optimizer) != 0 || has->head.n_states != want.head.n_states)
        return err_set(err, E_DATA, "%s was trained with %s, this run's train.optimizer is %s", f->path, has->head.optimizer,
                       want.head.optimizer);
    for (size_t i = 0; i < has->head.n; i++)
        TRY(compare_tensor(f->path, &has->list[i], find(&want, has->list[i].name), want.head.n_states, err));
    return OK;
}

static enum status check(struct file *f, const struct members *e, struct checkpoint_meta *meta, struct err *err)
{
    const struct gpt *g = e->g;
    struct header h, want = make_header(g, 0, &(struct checkpoint_meta){0});
    struct checkpoint_meta read;
    struct tensors first;
    size_t expected;
    TRY(read_header(&h, &read, f->data, f->size, f->path, err));
    first_tensors(&first, &g->shape);
    if (memcmp(h.shape, want.shape, sizeof h.shape) != 0 ||
        (h.version < VERSION_NAMED && h.tensors != tensors_count(&first)))
        return err_set(err, E_DATA, "%s belongs to a model of another shape", f->path);
    TRY(read_contents(f, &h, &g->shape, err));
    if (f->contents.members != e->n)
        return err_set(err, E_DATA, "%s holds %zu model%s, not %zu: model.ensemble is another", f->path,
                       (size_t)f->contents.members, f->contents.members == 1 ? "" : "s", e->n);
    if (!floats_bytes(&f->bytes, &f->contents) || !size_mul(&expected, f->bytes, e->n) ||
        !size_add(&expected, expected, f->begin + sizeof(uint64_t)))
        return err_set(err, E_DATA, "%s is damaged: its tensors are larger than any file", f->path);
    if (f->size != expected)
        return cut_short(f, expected, err);
    uint64_t stored;
    memcpy(&stored, f->data + f->size - sizeof stored, sizeof stored);
    if (checksum(f) != stored && !any_checksum)
        return err_set(err, E_DATA, "%s is damaged: its checksum does not match", f->path);
    TRY(compare(f, g, e->optim, err));
    *meta = read;
    return OK;
}

/* Where the floats of the walk's tensor in that array lie in the file, of that member. */
static const char *stored_at(const struct file *f, const struct stretch *s, size_t member)
{
    const struct contents *c = &f->contents;
    size_t at = 0, n;
    for (size_t array = 0; array <= s->array; array++)
        for (size_t i = 0; i < c->head.n; i++) {
            record_floats(&n, &c->list[i], array);
            if (array == s->array && strcmp(c->list[i].name, s->walk.t->name) == 0)
                return f->data + f->begin + member * f->bytes + (at + s->walk.layer * n) * sizeof(float);
            at += (size_t)c->list[i].n * n;
        }
    CHECK(false); /* the tensors were compared */
}

enum status checkpoint_load_all(const char *path, struct members *e, struct checkpoint_meta *meta, struct err *err)
{
    char *data;
    struct file f = {.path = path};
    TRY(file_read_regular(&data, &f.size, path, err));
    f.data = data;
    enum status st = check(&f, e, meta, err);
    for (size_t i = 0; st == OK && i < e->n; i++) {
        for (struct stretch s = {0}; next_stretch(&s, &e->g[i], e->optim ? &e->optim[i] : NULL);)
            memcpy(s.at, stored_at(&f, &s, i), s.bytes);
        gpt_pack(&e->g[i]);
    }
    free(data);
    return st;
}

enum status checkpoint_load(const char *path, struct gpt *g, struct optim *o, struct checkpoint_meta *meta, struct err *err)
{
    struct members one = alone(g, o);
    return checkpoint_load_all(path, &one, meta, err);
}
