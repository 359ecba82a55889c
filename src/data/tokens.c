/* Files of tokens, with a tokeniser beside them or without. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/size.h"
#include "data/data_internal.h"
#include "data/tokenisers/encode.h"
#include "data/tokens_parts.h"
#include "data/tokens_stream.h"

struct tokens {
    struct text_files paths;
    struct data_file *files; /* (n_files), which own the paths after the opening */
    size_t n_files;
    struct stream train, val; /* val is empty where its tokens are of the other's */
    struct part train_part, held_part;
    struct windows train_windows, held_windows;
    struct tokeniser tokeniser; /* of no tokens: none */
    char tokeniser_path[FILE_PATH_MAX];
    _Atomic size_t fault; /* 1 + the place in `train` of a token beyond the vocabulary that was drawn */
};

/* ---- opening ---- */

static enum status open_streams(struct tokens *t, const struct data_spec *s, struct err *err)
{
    if (s->n_files + s->n_val_files == 0)
        return err_set(err, E_CONFIG, "data.files: no file given");
    TRY(stream_files(&t->paths, s->files, s->n_files, err));
    size_t n_train = t->paths.n;
    TRY(stream_files(&t->paths, s->val_files, s->n_val_files, err));
    TRY(stream_open(&t->train, &t->paths, 0, n_train, err));
    return stream_open(&t->val, &t->paths, n_train, t->paths.n, err);
}

/* The tokeniser that is named, or lies beside the first file. */
static enum status open_tokeniser(struct tokens *t, const struct data_spec *s, struct err *err)
{
    const char *first = (t->train.n ? &t->train : &t->val)->items[0].path;
    bool named = s->tokeniser && s->tokeniser[0];
    if (named && strcmp(s->tokeniser, "none") == 0)
        return OK;
    if (named) {
        snprintf(t->tokeniser_path, sizeof t->tokeniser_path, "%s", s->tokeniser);
        return tokeniser_read(&t->tokeniser, s->tokeniser, err) == OK ? OK : err_wrap(err, "data.tokeniser");
    }
    char path[FILE_PATH_MAX], folder[FILE_PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(file_basename(first) - first), first);
    TRY(file_join(path, sizeof path, folder[0] ? folder : ".", "tokenizer.json", err));
    if (!file_exists(path))
        return OK;
    strcpy(t->tokeniser_path, path);
    if (tokeniser_read(&t->tokeniser, path, err) == OK)
        return OK;
    return err_wrap(err, "what lies beside the tokens (data.tokeniser=none does without)");
}

/* The first token at or beyond `vocab`, which there is. */
static enum status beyond(const struct tokens *t, const struct stream *s, size_t at, int32_t token, size_t vocab, bool given,
                          struct err *err)
{
    size_t within;
    const struct shard *k = stream_shard(s, at, &within);
    if (token < 0)
        return err_set(err, E_DATA, "%s: token %zu is below 0 or beyond 2^31", k->path, within);
    if (given)
        return err_set(err, E_DATA, "%s: token %zu is %d, beyond data.vocab=%zu", k->path, within, (int)token, vocab);
    return err_set(err, E_DATA, "%s: token %zu is %d, beyond the %zu tokens of %s", k->path, within, (int)token, vocab,
                   t->tokeniser_path);
}

static enum status find_beyond(const struct tokens *t, const struct stream *s, size_t vocab, bool given, struct err *err)
{
    int32_t tokens[STREAM_BLOCK];
    for (size_t at = 0, m; at < s->total; at += m) {
        m = size_min(STREAM_BLOCK, s->total - at);
        stream_read(s, tokens, at, m);
        for (size_t i = 0; i < m; i++)
            if (tokens[i] < 0 || (size_t)tokens[i] >= vocab)
                return beyond(t, s, at + i, tokens[i], vocab, given, err);
    }
    return OK;
}

/* How many tokens there are, a look at all or some of them, and a hash of what was seen. */
static enum status take_vocab(struct data *d, struct tokens *t, struct err *err)
{
    bool given = d->spec.vocab > 0, count = !given && t->tokeniser.n == 0;
    struct stream *streams[] = {&t->train, &t->val};
    struct stream_look look[2];
    d->vocab = given ? d->spec.vocab : t->tokeniser.n;
    for (size_t i = 0; i < 2; i++) {
        TRY(stream_look(&look[i], streams[i], count, err));
        if (count)
            d->vocab = size_max(d->vocab, (size_t)look[i].largest + 1);
    }
    for (size_t i = 0; i < 2; i++)
        if (look[i].largest >= 0 && (size_t)look[i].largest >= d->vocab)
            TRY(find_beyond(t, streams[i], d->vocab, given, err));
    const uint64_t words[] = {look[0].hash, look[1].hash, t->train.total, t->val.total, d->vocab};
    d->fingerprint = hash_bytes(HASH_SEED, words, sizeof words);
    return OK;
}

static enum status check_lengths(const struct tokens *t, const struct data *d, struct err *err)
{
    const struct data_spec *s = &d->spec;
    const char *more = s->n_files > 1 ? " and the other files" : "";
    if (t->train_part.total < d->ctx + 1 && s->n_files > 0)
        return err_set(err, E_DATA, "%s%s: too short, %zu training tokens where model.ctx=%zu needs %zu", s->files[0], more,
                       t->train_part.total, d->ctx, d->ctx + 1);
    if (t->held_part.total < d->ctx + 1 && !s->whole)
        return err_set(err, E_DATA, "%s%s: too short, %zu held-out tokens where model.ctx=%zu needs %zu",
                       s->n_val_files ? s->val_files[0] : s->files[0], s->n_val_files ? "" : more, t->held_part.total, d->ctx,
                       d->ctx + 1);
    return OK;
}

static enum status part(struct data *d, struct tokens *t, struct err *err)
{
    TRY(parts_make(&t->train_part, &t->held_part, t->train.total, &d->spec, d->ctx, err));
    if (t->val.n > 0)
        TRY(parts_whole(&t->held_part, t->val.total, err));
    TRY(check_lengths(t, d, err));
    if (t->train_part.total > 0) /* nothing is, where files to judge by stand alone */
        TRY(windows_to_train(&t->train_windows, &t->train_part.ends, d->ctx, err));
    if (t->held_part.total > 0)
        TRY(windows_to_hold(&t->held_windows, &t->held_part.ends, d->ctx, d->eval_windows, err));
    d->train_tokens = t->train_part.total;
    d->eval_windows = t->held_windows.total;
    const struct piece_ends *e = &t->train_part.ends;
    d->fingerprint = hash_bytes(d->fingerprint, e->items, e->n * sizeof *e->items);
    return OK;
}

static enum status list_files(struct data *d, struct tokens *t, struct err *err)
{
    TRY(size_calloc(&t->files, t->paths.n, sizeof *t->files, "the list of files", err));
    for (; t->n_files < t->paths.n; t->n_files++) {
        size_t i = t->n_files;
        bool val = i >= t->train.n;
        const struct shard *k = val ? &t->val.items[i - t->train.n] : &t->train.items[i];
        t->files[i] = (struct data_file){.path = k->path, .bytes = k->map.n, .fingerprint = k->fingerprint, .val = val,
                                         .form = k->layout.name};
        t->paths.items[i].path = NULL; /* ours now */
    }
    d->files = t->files;
    d->n_files = t->n_files;
    return OK;
}

/* n tokens from place `at` of a part on. */
static void read_part(const struct part *p, const struct stream *s, int32_t *out, size_t at, size_t n)
{
    while (n > 0) {
        const struct stretch *k = part_find(p, at);
        size_t within = at - k->start, m = size_min(n, k->n - within);
        stream_read(s, out, k->at + within, m);
        out += m;
        at += m;
        n -= m;
    }
}

/* The place in the stream. */
static size_t place_of(const struct part *p, size_t at)
{
    const struct stretch *k = part_find(p, at);
    return k->at + at - k->start;
}

/* All of the held-out set: its tokens must be of the vocabulary, and their bytes are counted. */
static enum status look_at_held(struct data *d, struct tokens *t, struct err *err)
{
    const struct stream *s = t->val.n ? &t->val : &t->train;
    int32_t *y;
    size_t bytes = 0, n;
    bool known = t->tokeniser.n > 0;
    enum status st = OK;
    TRY(size_calloc(&y, d->ctx + 1, sizeof *y, "a window", err));
    for (size_t i = 0; i < d->eval_windows && st == OK; i++) {
        size_t at = windows_held_at(&t->held_windows, i);
        read_part(&t->held_part, s, y, at, d->ctx + 1);
        for (size_t j = 0; j <= d->ctx && st == OK; j++) {
            if (y[j] < 0 || (size_t)y[j] >= d->vocab)
                st = beyond(t, s, place_of(&t->held_part, at + j), y[j], d->vocab, d->spec.vocab > 0, err);
            else if (j > 0 && known) {
                known = data_token_bytes(d, y[j], &n) != NULL;
                bytes += n;
            }
        }
    }
    free(y);
    if (known && bytes > 0)
        d->bytes_per_token = (double)bytes / (double)(d->eval_windows * d->ctx);
    return st;
}

static enum status tokens_open(struct data *d, struct err *err)
{
    struct tokens *t;
    TRY(size_calloc(&t, 1, sizeof *t, "the files of tokens", err));
    d->state = t;
    TRY(open_streams(t, &d->spec, err));
    TRY(open_tokeniser(t, &d->spec, err));
    TRY(take_vocab(d, t, err));
    TRY(part(d, t, err));
    TRY(list_files(d, t, err));
    const struct stream *named = t->train.n ? &t->train : &t->val;
    data_name_after(d, named->items[0].path, named->n);
    return look_at_held(d, t, err);
}

static void tokens_close(void *state)
{
    struct tokens *t = state;
    stream_close(&t->train);
    stream_close(&t->val);
    part_free(&t->train_part);
    part_free(&t->held_part);
    windows_free(&t->train_windows);
    windows_free(&t->held_windows);
    tokeniser_free(&t->tokeniser);
    text_files_free(&t->paths);
    for (size_t i = 0; i < t->n_files; i++)
        free((char *)t->files[i].path);
    free(t->files);
    free(t);
}

/* ---- windows ---- */

static const struct stream *held_stream(const struct tokens *t)
{
    return t->val.n ? &t->val : &t->train;
}

/* A window from that place of a part on. The place in the stream of a token that is not of the vocabulary, and becomes 0;
 * SIZE_MAX: there is none. */
static size_t read_window(const struct data *d, int32_t *x, int32_t *y, const struct part *p, const struct stream *s, size_t at)
{
    size_t wrong = SIZE_MAX;
    read_part(p, s, x, at, 1);
    read_part(p, s, y, at + 1, d->ctx);
    for (size_t i = 0; i <= d->ctx; i++) {
        int32_t *token = i ? &y[i - 1] : x;
        if (*token >= 0 && (size_t)*token < d->vocab)
            continue;
        wrong = place_of(p, at + i);
        *token = 0;
    }
    memcpy(x + 1, y, (d->ctx - 1) * sizeof *x);
    return wrong;
}

static void tokens_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    struct tokens *t = d->state;
    size_t wrong = read_window(d, x, y, &t->train_part, &t->train, windows_train_at(&t->train_windows, d->ctx, seed, index));
    if (wrong != SIZE_MAX)
        atomic_store(&t->fault, wrong + 1);
}

static enum status tokens_fault(const struct data *d, struct err *err)
{
    struct tokens *t = d->state;
    size_t fault = atomic_load(&t->fault);
    int32_t token;
    if (fault == 0)
        return OK;
    stream_read(&t->train, &token, fault - 1, 1);
    return beyond(t, &t->train, fault - 1, token, d->vocab, d->spec.vocab > 0, err);
}

static void tokens_eval(const struct data *d, int32_t *x, int32_t *y, uint64_t index)
{
    const struct tokens *t = d->state;
    (void)read_window(d, x, y, &t->held_part, held_stream(t), windows_held_at(&t->held_windows, index));
}

/* ---- tokens as text ---- */

static const unsigned char *tokens_bytes(const struct data *d, int32_t token, size_t *n)
{
    const struct tokens *t = d->state;
    if ((size_t)token >= t->tokeniser.n)
        return NULL;
    const struct token *k = &t->tokeniser.items[token];
    *n = k->mark ? 0 : k->length;
    return t->tokeniser.bytes + k->at;
}

static enum status tokens_encode(int32_t **tokens, size_t *n, const struct data *d, const char *text, size_t size, struct err *err)
{
    const struct tokens *t = d->state;
    struct encoder e = {.t = &t->tokeniser};
    struct id_list ids = {0};
    if (t->tokeniser.n == 0)
        return err_set(err, E_DATA, "%s: no tokeniser is known for it; data.tokeniser names one", d->name);
    if (t->tokeniser.unfit)
        return err_set(err, E_DATA, "%s: texts cannot become its tokens: %s", t->tokeniser_path, t->tokeniser.unfit);
    enum status st = encoder_run(&ids, &e, (const unsigned char *)text, size, err);
    for (size_t i = 0; i < ids.n && st == OK; i++)
        if ((size_t)ids.items[i] >= d->vocab)
            st = err_set(err, E_DATA, "%s: token %d of the text is beyond data.vocab=%zu", d->name, (int)ids.items[i], d->vocab);
    encoder_free(&e);
    if (st != OK) {
        free(ids.items);
        return st;
    }
    *tokens = ids.items;
    *n = ids.n;
    return ids.items ? OK : size_calloc(tokens, 0, sizeof **tokens, "the tokens of a text", err);
}

/* The text where it is known, else the number and a blank. */
static void tokens_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    size_t n;
    const unsigned char *bytes = data_token_bytes(d, token, &n);
    if (bytes && size > 0) {
        n = size_min(n, size - 1);
        memcpy(buf, bytes, n);
        buf[n] = '\0';
    } else {
        snprintf(buf, size, "%d ", (int)token);
    }
}

static void tokens_theory(struct data_theory *t, const struct data *d)
{
    (void)d;
    snprintf(t->says, sizeof t->says, "none: the floor and exponents of tokens of a text are not known");
}

const struct data_source data_source_tokens = {
    .open = tokens_open,
    .close = tokens_close,
    .train = tokens_train,
    .eval = tokens_eval,
    .fault = tokens_fault,
    .token_text = tokens_text,
    .token_bytes = tokens_bytes,
    .encode = tokens_encode,
    .theory = tokens_theory,
};
