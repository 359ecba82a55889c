/* Text: files as bytes, the last tenth of each held out. */
#include "data/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"
#include "data/data_internal.h"
#include "data/text_files.h"

static enum status push(struct text_bytes *b, const char *src, size_t n, struct err *err)
{
    size_t need;
    if (!size_add(&need, b->n, n))
        return err_set(err, E_NOMEM, "the corpus is too large");
    if (need > b->cap) {
        size_t cap = size_max(need, b->cap + b->cap / 2);
        unsigned char *p = realloc(b->data, cap);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory: %zu bytes for the corpus", cap);
        b->data = p;
        b->cap = cap;
    }
    if (n > 0) /* b->data may be NULL still */
        memcpy(b->data + b->n, src, n);
    b->n = need;
    return OK;
}

/* Files first .. end-1: the whole to one part, or nine tenths to train and the rest to held. */
static enum status read_files(struct text *t, const struct text_files *f, size_t first, size_t end,
                              bool to_train, bool to_held, struct err *err)
{
    for (size_t i = first; i < end; i++) {
        char *bytes;
        size_t size;
        TRY(file_read(&bytes, &size, f->items[i].path, err));
        size_t held = !to_held ? 0 : to_train ? size / 10 : size;
        enum status st = push(&t->train, bytes, size - held, err);
        if (st == OK)
            st = push(&t->held, bytes + (size - held), held, err);
        t->files[i] = (struct data_file){.path = f->items[i].path,
                                         .bytes = size,
                                         .fingerprint = hash_bytes(HASH_SEED, bytes, size),
                                         .val = !to_train};
        f->items[i].path = NULL; /* ours now */
        t->n_files = i + 1;
        free(bytes);
        TRY(st);
    }
    return OK;
}

/* The first unique_tokens of the training bytes. */
static enum status cut(struct text *t, const struct data_spec *s, struct err *err)
{
    if (s->unique_tokens > t->train.n)
        return err_set(err, E_CONFIG, "data.unique_tokens=%zu: the training text has only %zu bytes", s->unique_tokens,
                       t->train.n);
    if (s->unique_tokens > 0)
        t->train.n = s->unique_tokens;
    return OK;
}

enum status text_read(struct text *t, const struct data_spec *s, struct err *err)
{
    *t = (struct text){0};
    struct text_files f = {0};
    enum status st = OK;
    if (s->n_files == 0)
        return err_set(err, E_CONFIG, "data.files: no file or folder given");
    for (size_t i = 0; st == OK && i < s->n_files; i++)
        st = text_files_add(&f, s->files[i], err);
    size_t n_train = f.n;
    for (size_t i = 0; st == OK && i < s->n_val_files; i++)
        st = text_files_add(&f, s->val_files[i], err);
    if (st == OK)
        st = size_calloc(&t->files, f.n, sizeof *t->files, "the list of files", err);
    if (st == OK)
        st = read_files(t, &f, 0, n_train, true, s->n_val_files == 0 && !s->whole, err);
    if (st == OK)
        st = read_files(t, &f, n_train, f.n, false, true, err);
    text_files_free(&f);
    if (st == OK)
        st = cut(t, s, err);
    if (st != OK)
        text_free(t);
    return st;
}

void text_free(struct text *t)
{
    free(t->train.data);
    free(t->held.data);
    for (size_t i = 0; i < t->n_files; i++)
        free((char *)t->files[i].path);
    free(t->files);
    *t = (struct text){0};
}

/* "corpus.txt", or "corpus.txt+2" where two more are given; a folder's trailing slashes go. */
static void name_of(char *buf, size_t size, const struct data_spec *s)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s", s->files[0]);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    if (s->n_files > 1)
        snprintf(buf, size, "%.200s+%zu", file_basename(path), s->n_files - 1);
    else
        snprintf(buf, size, "%.200s", file_basename(path));
}

static enum status check_lengths(const struct text *t, const struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    const char *more = s->n_files > 1 ? " and the other files" : "";
    if (t->train.n < d->ctx + 1)
        return err_set(err, E_DATA, "%s%s: too short, %zu training bytes where model.ctx=%zu needs %zu",
                       s->files[0], more, t->train.n, d->ctx, d->ctx + 1);
    if (t->held.n < d->ctx + 1 && !s->whole)
        return err_set(err, E_DATA, "%s%s: too short, %zu held-out bytes where model.ctx=%zu needs %zu",
                       s->n_val_files ? s->val_files[0] : s->files[0], s->n_val_files ? "" : more,
                       t->held.n, d->ctx, d->ctx + 1);
    return OK;
}

static enum status text_open(struct data *d, struct err *err)
{
    struct text *t;
    TRY(size_calloc(&t, 1, sizeof *t, "the corpus", err));
    d->state = t;
    TRY(text_read(t, &d->spec, err));
    TRY(check_lengths(t, d, err));
    name_of(d->name, sizeof d->name, &d->spec);
    d->vocab = 256;
    d->train_tokens = t->train.n;
    d->eval_windows = t->held.n ? size_min(d->eval_windows, (t->held.n - 1) / d->ctx) : 0;
    d->files = t->files;
    d->n_files = t->n_files;
    d->fingerprint = hash_bytes(hash_bytes(HASH_SEED, t->train.data, t->train.n), t->held.data,
                                t->held.n);
    return OK;
}

static void text_close(void *state)
{
    text_free(state);
    free(state);
}

static void copy_window(const struct data *d, int32_t *x, int32_t *y, const unsigned char *at)
{
    for (size_t i = 0; i < d->ctx; i++) {
        x[i] = at[i];
        y[i] = at[i + 1];
    }
}

/* Epoch by epoch, every window once in a new order; a new offset moves the window's borders. */
static void text_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    const struct text *t = d->state;
    size_t n = t->train.n, windows = size_max((n - d->ctx) / d->ctx, 1);
    size_t slack = size_min(d->ctx, n - windows * d->ctx); /* offsets 0 .. slack-1 fit */
    struct rng r = rng_make(seed, RNG_DATA, 0, index / windows);
    size_t offset = (size_t)rng_below(&r, slack);
    uint64_t place = data_permute(index % windows, windows, rng_u64(&r));
    copy_window(d, x, y, t->train.data + offset + place * d->ctx);
}

/* Spread over the held-out bytes: steps of (n-1)/windows >= ctx, so windows never overlap. */
static void text_eval(const struct data *d, int32_t *x, int32_t *y, uint64_t index)
{
    const struct text *t = d->state;
    size_t span = t->held.n - 1, w = d->eval_windows;
    size_t start = span / w * index + span % w * index / w;
    copy_window(d, x, y, t->held.data + start);
}

static void text_token(const struct data *d, char *buf, size_t size, int32_t token)
{
    (void)d;
    if (size == 0)
        return;
    if (size > 1)
        *buf++ = (char)token;
    *buf = '\0';
}

static void text_theory(struct data_theory *t, const struct data *d)
{
    (void)d;
    snprintf(t->says, sizeof t->says, "none: a text's floor and exponents are not known");
}

const struct data_source data_source_text = {
    .open = text_open,
    .close = text_close,
    .train = text_train,
    .eval = text_eval,
    .token_text = text_token,
    .theory = text_theory,
};
