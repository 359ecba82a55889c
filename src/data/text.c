/* Files and folders as bytes. The last tenth of each file is held out; training windows visit the rest in
 * a new order and at a new offset each epoch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/size.h"
#include "data/data_internal.h"

struct bytes {
    unsigned char *p;
    size_t n;
};

struct text {
    struct bytes train, held;
    size_t windows; /* of an epoch */
    int half_bits;  /* of the permutation's domain */
};

static enum status append(struct bytes *b, const char *data, size_t n, struct err *err)
{
    unsigned char *p = realloc(b->p, b->n + n + 1);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory: %zu bytes of text", b->n + n);
    memcpy(p + b->n, data, n);
    b->p = p;
    b->n += n;
    return OK;
}

static enum status add_file(struct bytes *train, struct bytes *held, const char *path,
                            struct err *err)
{
    char *data;
    size_t size;
    TRY(file_read(&data, &size, path, err));
    size_t keep = !held ? size : !train ? 0 : size - size / 10;
    enum status st = size > 0 ? OK : err_set(err, E_DATA, "%s is empty", path);
    if (st == OK && train)
        st = append(train, data, keep, err);
    if (st == OK && held)
        st = append(held, data + keep, size - keep, err);
    free(data);
    return st;
}

/* Regular files below path, in the order of their names; hidden ones are passed over. */
static enum status add_path(struct bytes *train, struct bytes *held, const char *path,
                            struct err *err)
{
    if (!file_is_dir(path))
        return add_file(train, held, path, err);
    struct file_list list;
    TRY(file_list_dir(&list, path, err));
    enum status st = OK;
    for (size_t i = 0; st == OK && i < list.n; i++) {
        char child[FILE_PATH_MAX];
        if (list.names[i][0] == '.')
            continue;
        st = file_join(child, sizeof child, path, list.names[i], err);
        if (st == OK)
            st = add_path(train, held, child, err);
    }
    file_list_free(&list);
    return st;
}

static enum status read_all(struct text *t, const struct data_spec *s, struct err *err)
{
    for (size_t i = 0; i < s->n_files; i++) {
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->files[i], s->files[j]) == 0)
                return err_set(err, E_DATA, "%s is given twice", s->files[i]);
        TRY(add_path(&t->train, s->n_val_files ? NULL : &t->held, s->files[i], err));
    }
    for (size_t i = 0; i < s->n_val_files; i++)
        TRY(add_path(NULL, &t->held, s->val_files[i], err));
    return OK;
}

/* A bijection on 0 .. n-1: a four-round Feistel network on the next even number of bits, walked until it
 * falls inside. Stateless, so that window i can be drawn without those before it. */
static uint64_t permute(const struct text *t, uint64_t key, uint64_t i)
{
    uint64_t mask = ((uint64_t)1 << t->half_bits) - 1;
    do {
        uint64_t left = i >> t->half_bits, right = i & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t next = left ^ (rng_mix(key ^ rng_mix(right ^ (round << 60))) & mask);
            left = right;
            right = next;
        }
        i = left << t->half_bits | right;
    } while (i >= t->windows);
    return i;
}

static void copy_window(const struct bytes *b, size_t at, size_t ctx, int32_t *x, int32_t *y)
{
    for (size_t i = 0; i < ctx; i++) {
        x[i] = b->p[at + i];
        y[i] = b->p[at + i + 1];
    }
}

static void train_window(const struct data *d, int32_t *x, int32_t *y, uint64_t stream, uint64_t i)
{
    const struct text *t = d->state;
    uint64_t epoch = i / t->windows;
    struct rng r = rng_make(stream, RNG_DATA, d->seed, epoch);
    /* Windows do not fill the text exactly; the offset moves over what is left. */
    size_t slack = t->train.n - 1 - t->windows * d->ctx;
    size_t offset = (size_t)rng_below(&r, slack + 1);
    uint64_t key = rng_u64(&r);
    copy_window(&t->train, offset + (size_t)permute(t, key, i % t->windows) * d->ctx, d->ctx, x, y);
}

static void eval_window(const struct data *d, int32_t *x, int32_t *y, size_t i)
{
    const struct text *t = d->state;
    /* Spread evenly; with all windows wanted this is one behind the other. */
    size_t fit = (t->held.n - 1) / d->ctx;
    copy_window(&t->held, i * fit / d->eval_windows * d->ctx, d->ctx, x, y);
}

static void token_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    (void)d;
    snprintf(buf, size, "%c", (char)token);
}

static void close_text(struct data *d)
{
    struct text *t = d->state;
    free(t->train.p);
    free(t->held.p);
    free(t);
}

static void name_corpus(struct data *d, const struct data_spec *s)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s", s->files[0]);
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    if (s->n_files == 1)
        snprintf(d->name, sizeof d->name, "%.100s", file_basename(path));
    else
        snprintf(d->name, sizeof d->name, "%.100s +%zu", file_basename(path), s->n_files - 1);
}

static enum status set_up(struct data *d, struct text *t, const struct data_spec *s,
                          struct err *err)
{
    if (t->train.n < d->ctx + 1 || t->held.n < d->ctx + 1)
        return err_set(err, E_DATA,
                       "%s: %zu bytes to train on and %zu held out, but model.ctx=%zu needs %zu of each",
                       s->files[0], t->train.n, t->held.n, d->ctx, d->ctx + 1);
    t->windows = (t->train.n - 1) / d->ctx;
    /* With two windows or more, one is given up so that the offset can move. */
    if (t->windows > 1)
        t->windows--;
    while ((uint64_t)1 << (2 * t->half_bits) < t->windows)
        t->half_bits++;
    d->eval_windows = size_min((s->eval_tokens + d->ctx - 1) / d->ctx, (t->held.n - 1) / d->ctx);
    d->train_tokens = t->train.n;
    d->fingerprint = hash_bytes(hash_bytes(HASH_SEED, t->train.p, t->train.n), t->held.p, t->held.n);
    return OK;
}

enum status text_open(struct data *d, const struct data_spec *s, struct err *err)
{
    struct text *t;
    TRY(size_calloc(&t, 1, sizeof *t, "text", err));
    d->state = t;
    enum status st = read_all(t, s, err);
    if (st == OK)
        st = set_up(d, t, s, err);
    if (st != OK) {
        close_text(d);
        return st;
    }
    name_corpus(d, s);
    d->vocab = 256;
    d->is_bytes = true;
    d->train_window = train_window;
    d->eval_window = eval_window;
    d->token_text = token_text;
    d->close = close_text;
    return OK;
}
