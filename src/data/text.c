/* Text: files as bytes, a tenth of each held out. */
#include "data/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"
#include "data/data_internal.h"
#include "data/pieces.h"
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

/* How files are parted. */
struct parting {
    bool to_train, to_held; /* the whole to one part, or both: nine tenths and one */
    bool spread;            /* that one is not the tail */
    size_t ctx;
};

bool text_is_spread(const struct data_spec *s)
{
    return s->heldout == DATA_HELDOUT_SPREAD && s->n_val_files == 0 && !s->whole;
}

/* A file into pieces: a tenth in blocks spread over it, and what is left between them. */
static enum status push_spread(struct text *t, const char *bytes, size_t size, size_t ctx, struct err *err)
{
    size_t held = size / 10, n = held ? pieces_count(held, pieces_least(ctx)) : 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        struct piece b = pieces_block(size, held, n, i);
        TRY(push(&t->train, bytes + at, b.at - at, err));
        TRY(pieces_end(&t->train.ends, t->train.n, err));
        TRY(push(&t->held, bytes + b.at, b.n, err));
        TRY(pieces_end(&t->held.ends, t->held.n, err));
        at = b.at + b.n;
    }
    TRY(push(&t->train, bytes + at, size - at, err));
    return pieces_end(&t->train.ends, t->train.n, err);
}

/* `held` bytes at its end, in one piece with those of the files around it. */
static enum status push_tail(struct text *t, const char *bytes, size_t size, size_t held, struct err *err)
{
    TRY(push(&t->train, bytes, size - held, err));
    return push(&t->held, bytes + (size - held), held, err);
}

static double share_of_zeros(const char *bytes, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += bytes[i] == 0;
    return size ? (double)n / (double)size : 0;
}

/* Files first .. end-1. */
static enum status read_files(struct text *t, const struct text_files *f, size_t first, size_t end, const struct parting *p,
                              struct err *err)
{
    for (size_t i = first; i < end; i++) {
        char *bytes;
        size_t size;
        TRY(file_read(&bytes, &size, f->items[i].path, err));
        size_t held = !p->to_held ? 0 : p->to_train ? size / 10 : size;
        enum status st = p->spread ? push_spread(t, bytes, size, p->ctx, err) : push_tail(t, bytes, size, held, err);
        t->files[i] = (struct data_file){.path = f->items[i].path,
                                         .bytes = size,
                                         .fingerprint = hash_bytes(HASH_SEED, bytes, size),
                                         .val = !p->to_train,
                                         .zeros = share_of_zeros(bytes, size)};
        f->items[i].path = NULL; /* ours now */
        t->n_files = i + 1;
        free(bytes);
        TRY(st);
    }
    return OK;
}

/* Blocks of the training bytes that are unique_tokens together, spread over them as what is held out is: a corpus whose
 * beginning alone was read would be judged by what it did not begin with. */
static enum status cut_spread(struct text_bytes *b, size_t unique, size_t ctx, struct err *err)
{
    struct piece_ends whole = b->ends;
    size_t kept = 0, n = pieces_count(unique, pieces_least(ctx)), next = 0;
    enum status st = OK;
    b->ends = (struct piece_ends){0};
    for (size_t i = 0; i < n && st == OK; i++) {
        struct piece k = pieces_block(b->n, unique, n, i);
        for (; next < whole.n && whole.items[next] <= k.at; next++)
            ;
        for (; next < whole.n && whole.items[next] < k.at + k.n && st == OK; next++)
            st = pieces_end(&b->ends, kept + whole.items[next] - k.at, err);
        memmove(b->data + kept, b->data + k.at, k.n);
        kept += k.n;
        if (st == OK)
            st = pieces_end(&b->ends, kept, err);
    }
    free(whole.items);
    b->n = kept;
    return st;
}

/* To unique_tokens of the training bytes: the first ones where the end is held out. */
static enum status cut(struct text *t, const struct data_spec *s, const struct parting *p, struct err *err)
{
    if (s->unique_tokens > t->train.n)
        return err_set(err, E_CONFIG, "data.unique_tokens=%zu: the training text has only %zu bytes", s->unique_tokens,
                       t->train.n);
    if (s->unique_tokens == 0 || s->unique_tokens == t->train.n)
        return OK;
    if (p->spread)
        return cut_spread(&t->train, s->unique_tokens, p->ctx, err);
    t->train.n = s->unique_tokens;
    return OK;
}

enum status text_read(struct text *t, const struct data_spec *s, size_t ctx, struct err *err)
{
    const struct parting all = {
        .to_train = true, .to_held = s->n_val_files == 0 && !s->whole, .spread = text_is_spread(s), .ctx = ctx};
    const struct parting val = {.to_held = true};
    *t = (struct text){0};
    struct text_files f = {0};
    enum status st = OK;
    if (s->n_files + s->n_val_files == 0)
        return err_set(err, E_CONFIG, "data.files: no file or folder given");
    for (size_t i = 0; st == OK && i < s->n_files; i++)
        st = text_files_add(&f, s->files[i], err);
    size_t n_train = f.n;
    for (size_t i = 0; st == OK && i < s->n_val_files; i++)
        st = text_files_add(&f, s->val_files[i], err);
    if (st == OK)
        st = size_calloc(&t->files, f.n, sizeof *t->files, "the list of files", err);
    if (st == OK)
        st = read_files(t, &f, 0, n_train, &all, err);
    if (st == OK)
        st = read_files(t, &f, n_train, f.n, &val, err);
    text_files_free(&f);
    if (st == OK)
        st = cut(t, s, &all, err);
    if (st == OK)
        st = pieces_end(&t->train.ends, t->train.n, err);
    if (st == OK)
        st = pieces_end(&t->held.ends, t->held.n, err);
    if (st != OK)
        text_free(t);
    return st;
}

enum status text_teaches(const struct text *t, struct err *err)
{
    const unsigned char *b = t->train.data;
    for (size_t i = 1; i < t->train.n; i++)
        if (b[i] != b[0])
            return OK;
    return t->train.n == 0 ? OK
                           : err_set(err, E_DATA, "%s: all training bytes are the same, 0x%02x: there is nothing to learn",
                                     t->files[0].path, b[0]);
}

void text_free(struct text *t)
{
    free(t->train.data);
    free(t->held.data);
    free(t->train.ends.items);
    free(t->held.ends.items);
    for (size_t i = 0; i < t->n_files; i++)
        free((char *)t->files[i].path);
    free(t->files);
    *t = (struct text){0};
}

static enum status check_lengths(const struct text *t, const struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    const char *more = s->n_files > 1 ? " and the other files" : "";
    if (t->train.n < d->ctx + 1 && s->n_files > 0)
        return err_set(err, E_DATA, "%s%s: too short, %zu training bytes where model.ctx=%zu needs %zu",
                       s->files[0], more, t->train.n, d->ctx, d->ctx + 1);
    if (t->held.n < d->ctx + 1 && !s->whole)
        return err_set(err, E_DATA, "%s%s: too short, %zu held-out bytes where model.ctx=%zu needs %zu",
                       s->n_val_files ? s->val_files[0] : s->files[0], s->n_val_files ? "" : more,
                       t->held.n, d->ctx, d->ctx + 1);
    return OK;
}

/* What a source of text keeps. */
struct corpus {
    struct text text;
    struct windows train, held;
    unsigned char bytes[256]; /* bytes[i] = i: what a token stands for */
};

static enum status text_open(struct data *d, struct err *err)
{
    struct corpus *c;
    TRY(size_calloc(&c, 1, sizeof *c, "the corpus", err));
    struct text *t = &c->text;
    d->state = c;
    TRY(text_read(t, &d->spec, d->ctx, err));
    TRY(check_lengths(t, d, err));
    if (t->train.n > 0) /* nothing is, where files to judge by stand alone */
        TRY(windows_to_train(&c->train, &t->train.ends, d->ctx, err));
    if (t->held.n > 0) /* nothing is, of a whole text */
        TRY(windows_to_hold(&c->held, &t->held.ends, d->ctx, d->eval_windows, err));
    const bool alone = d->spec.n_files == 0;
    data_name_after(d, alone ? d->spec.val_files[0] : d->spec.files[0], alone ? d->spec.n_val_files : d->spec.n_files);
    d->bytes_per_token = 1;
    d->vocab = 256;
    for (size_t i = 0; i < d->vocab; i++)
        c->bytes[i] = (unsigned char)i;
    d->train_tokens = t->train.n;
    d->eval_windows = c->held.total;
    d->files = t->files;
    d->n_files = t->n_files;
    d->fingerprint = hash_bytes(hash_bytes(HASH_SEED, t->train.data, t->train.n), t->held.data,
                                t->held.n);
    if (text_is_spread(&d->spec)) /* where a window may begin, too */
        d->fingerprint = hash_bytes(d->fingerprint, t->train.ends.items, t->train.ends.n * sizeof *t->train.ends.items);
    return OK;
}

static void text_close(void *state)
{
    struct corpus *c = state;
    text_free(&c->text);
    windows_free(&c->train);
    windows_free(&c->held);
    free(c);
}

static void copy_window(const struct data *d, int32_t *x, int32_t *y, const unsigned char *at)
{
    for (size_t i = 0; i < d->ctx; i++) {
        x[i] = at[i];
        y[i] = at[i + 1];
    }
}

static void text_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    const struct corpus *c = d->state;
    copy_window(d, x, y, c->text.train.data + windows_train_at(&c->train, d->ctx, seed, index));
}

static void text_eval(const struct data *d, int32_t *x, int32_t *y, uint64_t index)
{
    const struct corpus *c = d->state;
    copy_window(d, x, y, c->text.held.data + windows_held_at(&c->held, index));
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

static const unsigned char *text_bytes_of(const struct data *d, int32_t token, size_t *n)
{
    const struct corpus *c = d->state;
    *n = 1;
    return &c->bytes[token];
}

static enum status text_encode(int32_t **tokens, size_t *n, const struct data *d, const char *text, size_t size, struct err *err)
{
    (void)d;
    TRY(size_calloc(tokens, size, sizeof **tokens, "the tokens of a text", err));
    for (size_t i = 0; i < size; i++)
        (*tokens)[i] = (unsigned char)text[i];
    *n = size;
    return OK;
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
    .token_bytes = text_bytes_of,
    .encode = text_encode,
    .theory = text_theory,
};

const struct text *text_behind(const struct data *d)
{
    return d->source == &data_source_text ? &((const struct corpus *)d->state)->text : NULL;
}
