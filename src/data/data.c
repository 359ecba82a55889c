#include "data/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "data/data_internal.h"

static const struct data_source *const sources[DATA_N_KINDS] = {
    [DATA_TEXT] = &data_source_text,
#define X(id, source, name) [DATA_##id] = &data_source_##source,
    DATA_LANGUAGES(X)
#undef X
    [DATA_TOKENS] = &data_source_tokens,
};

static const char *const kind_names[DATA_N_KINDS] = {
    [DATA_TEXT] = "text",
#define X(id, source, name) [DATA_##id] = name,
    DATA_LANGUAGES(X)
#undef X
    [DATA_TOKENS] = "tokens",
};

struct data_spec data_spec_default(void)
{
#define X(name, type, min, max, number, hashed, help) .name = number,
    return (struct data_spec){.kind = DATA_TEXT, DATA_NUMBERS(X)};
#undef X
}

/* The meaning after the names of the kinds that it is for; NULL where `kind` is not among them. */
static const char *meaning_for(const char *help, const char *kind)
{
    const char *colon = strchr(help, ':'), *found = strstr(help, kind);
    if (!colon)
        return help;
    return found && found < colon ? colon + 2 : NULL;
}

size_t data_numbers(struct data_number *out, const struct data_spec *s)
{
    const char *meaning, *kind = data_kind_name(s->kind);
    size_t n = 0;
#define X(name, type, min, max, number, hashed, help)                                                                  \
    if ((meaning = meaning_for(help, kind)) != NULL)                                                                   \
        out[n++] = (struct data_number){#name, meaning, (double)s->name};
    DATA_NUMBERS(X)
#undef X
    return n;
}

bool data_kind_reads_files(enum data_kind kind)
{
    return kind == DATA_TEXT || kind == DATA_TOKENS;
}

const char *data_kind_name(enum data_kind kind)
{
    return kind_names[kind];
}

bool data_kind_parse(enum data_kind *out, const char *name)
{
    for (int i = 0; i < DATA_N_KINDS; i++)
        if (strcmp(kind_names[i], name) == 0) {
            *out = (enum data_kind)i;
            return true;
        }
    return false;
}

enum status data_check_size(const char *key, size_t value, size_t lo, size_t hi, struct err *err)
{
    if (value < lo || value > hi)
        return err_set(err, E_CONFIG, "data.%s=%zu: expected %zu to %zu", key, value, lo, hi);
    return OK;
}

static enum status check_number(const char *key, double value, double lo, double hi, struct err *err)
{
    if (!(value >= lo && value <= hi))
        return err_set(err, E_CONFIG, "data.%s=%g: expected %g to %g", key, value, lo, hi);
    return OK;
}

/* Every number of a spec in its own range; sources check what two of them must be to each other. */
static enum status check_numbers(const struct data_spec *s, struct err *err)
{
#define SIZE data_check_size
#define DOUBLE check_number
#define X(name, type, min, max, number, hashed, help) TRY(type(#name, s->name, min, max, err));
    DATA_NUMBERS(X)
#undef X
#undef DOUBLE
#undef SIZE
    return OK;
}

enum status data_check_ctx(size_t ctx, size_t unit, const char *what, struct err *err)
{
    size_t below = ctx / unit * unit;
    if (ctx == below)
        return OK;
    if (below == 0)
        return err_set(err, E_CONFIG, "model.ctx=%zu: expected a multiple of %zu, %s; the nearest is %zu",
                       ctx, unit, what, unit);
    return err_set(err, E_CONFIG,
                   "model.ctx=%zu: expected a multiple of %zu, %s; the nearest are %zu and %zu", ctx,
                   unit, what, below, below + unit);
}

bool data_power(size_t *out, size_t base, size_t exp, size_t limit)
{
    size_t p = 1;
    for (size_t i = 0; i < exp; i++)
        if (!size_mul(&p, p, base) || p > limit)
            return false;
    *out = p;
    return true;
}

size_t data_unit(const struct data_spec *s)
{
    const struct data_source *source = sources[s->kind];
    return source->unit ? size_max(1, source->unit(s)) : 1;
}

/* A language's fingerprint covers what draws its tokens; text hashes its bytes afterwards. Numbers that came later are
 * mixed in by the languages that have them, so that the fingerprints of the others stay. */
static uint64_t spec_hash(const struct data_spec *s)
{
    uint64_t eps, exponent;
    memcpy(&eps, &s->eps, sizeof eps);
    memcpy(&exponent, &s->exponent, sizeof exponent);
    const uint64_t words[] = {(uint64_t)s->kind, s->seed,  s->base,      s->digits, s->values,
                              eps,               exponent, s->nodes,     s->degree, s->branching,
                              s->depth,          s->rules, s->symbols};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        h = rng_mix(h ^ words[i]);
    if (s->unique_tokens > 0)
        h = rng_mix(h ^ rng_mix(s->unique_tokens));
    return h;
}

enum status data_open(struct data **out, const struct data_spec *spec, size_t ctx, struct err *err)
{
    *out = NULL;
    if (ctx < 1 || ctx > (size_t)1 << 24)
        return err_set(err, E_CONFIG, "model.ctx=%zu: expected 1 to 16777216", ctx);
    TRY(check_numbers(spec, err));
    struct data *d;
    TRY(size_calloc(&d, 1, sizeof *d, "the data source", err));
    d->source = sources[spec->kind];
    d->spec = *spec;
    d->ctx = ctx;
    d->floor = d->bytes_per_token = (double)NAN;
    d->eval_windows = (spec->eval_tokens + ctx - 1) / ctx;
    d->fingerprint = spec_hash(spec);
    snprintf(d->name, sizeof d->name, "%s", kind_names[spec->kind]);
    if (d->source->draw && spec->unique_tokens > 0)
        d->train_tokens = ((spec->unique_tokens - 1) / ctx + 1) * ctx;
    enum status st = d->source->open(d, err);
    if (st != OK) {
        data_close(d);
        return st;
    }
    /* The strings were borrowed for the opening only. */
    d->spec.files = d->spec.val_files = NULL;
    d->spec.n_files = d->spec.n_val_files = 0;
    d->spec.tokeniser = NULL;
    *out = d;
    return OK;
}

void data_close(struct data *d)
{
    if (!d)
        return;
    if (d->state)
        d->source->close(d->state);
    data_close(d->second);
    free(d);
}

size_t data_ctx(const struct data *d)
{
    return d->ctx;
}

size_t data_vocab(const struct data *d)
{
    return d->vocab;
}

const char *data_name(const struct data *d)
{
    return d->name;
}

double data_bytes_per_token(const struct data *d)
{
    return d->bytes_per_token;
}

void data_name_after(struct data *d, const char *first, size_t n)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s", first);
    for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--) /* of a folder */
        path[end - 1] = '\0';
    if (n > 1)
        snprintf(d->name, sizeof d->name, "%.200s+%zu", file_basename(path), n - 1);
    else
        snprintf(d->name, sizeof d->name, "%.200s", file_basename(path));
}

double data_floor(const struct data *d)
{
    return d->floor;
}

size_t data_train_tokens(const struct data *d)
{
    return d->train_tokens;
}

size_t data_unique_tokens(const struct data *d)
{
    return d->spec.unique_tokens;
}

uint64_t data_fingerprint(const struct data *d)
{
    return d->fingerprint;
}

size_t data_n_files(const struct data *d)
{
    return d->n_files + (d->second ? d->second->n_files : 0);
}

const struct data_file *data_file_at(const struct data *d, size_t i)
{
    CHECK(i < data_n_files(d));
    return i < d->n_files ? &d->files[i] : &d->second->files[i - d->n_files];
}

/* The windows that a language is cut to; 0: none. */
static size_t corpus_windows(const struct data *d)
{
    return d->source->draw ? d->train_tokens / d->ctx : 0;
}

/* A permutation of 0 .. n-1 named by a key, without a table: a Feistel network on the next even
 * number of bits, walked until the value falls below n (Black and Rogaway 2002). At most four times
 * too wide, so it walks four steps on average at worst. */
uint64_t data_permute(uint64_t i, uint64_t n, uint64_t key)
{
    int half = 1;
    while (half < 32 && (uint64_t)1 << (2 * half) < n)
        half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = i >> half, right = i & mask;
        for (uint64_t round = 0; round < 6; round++) {
            uint64_t next = left ^ (rng_mix(rng_mix(key ^ round) ^ right) & mask);
            left = right;
            right = next;
        }
        i = left << half | right;
    } while (i >= n);
    return i;
}

/* One window of a corpus that is drawn from a language: the same corpus whatever the seed of a run, each window once an
 * epoch, in an order of the run and the epoch. */
static void draw_again(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    size_t windows = corpus_windows(d);
    struct rng order = rng_make(seed, RNG_DATA, d->spec.seed, index / windows);
    struct rng r = rng_make(d->spec.seed, RNG_CORPUS, 0, data_permute(index % windows, windows, rng_u64(&order)));
    d->source->draw(d, x, y, &r);
}

void data_train_window(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index)
{
    if (corpus_windows(d)) {
        draw_again(d, x, y, seed, index);
    } else if (d->source->draw) {
        struct rng r = rng_make(seed, RNG_DATA, d->spec.seed, index);
        d->source->draw(d, x, y, &r);
    } else {
        d->source->train(d, x, y, seed, index);
    }
}

void data_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (d->second ? data_mix_window : data_train_window)(d, x + i * d->ctx, y + i * d->ctx, seed, first + i);
}

enum status data_fault(const struct data *d, struct err *err)
{
    if (d->second)
        TRY(data_fault(d->second, err));
    return d->source->fault ? d->source->fault(d, err) : OK;
}

size_t data_eval_windows(const struct data *d)
{
    return d->eval_windows;
}

void data_eval(const struct data *d, int32_t *x, int32_t *y, size_t first, size_t n)
{
    CHECK(first <= d->eval_windows && n <= d->eval_windows - first);
    for (size_t i = 0; i < n; i++) {
        int32_t *xi = x + i * d->ctx, *yi = y + i * d->ctx;
        if (d->source->draw) {
            struct rng r = rng_make(d->spec.seed, RNG_EVAL, 0, first + i);
            d->source->draw(d, xi, yi, &r);
        } else {
            d->source->eval(d, xi, yi, first + i);
        }
    }
}

enum status data_eval_floor(double *out, const struct data *d, const volatile sig_atomic_t *stop, struct err *err)
{
    int32_t *tokens;
    double sum = 0;
    *out = (double)NAN;
    if (!d->source->log_prob)
        return OK;
    TRY(size_calloc(&tokens, 2 * d->ctx, sizeof *tokens, "a window", err));
    size_t i = 0;
    for (; i < d->eval_windows && !(stop && *stop); i++) {
        data_eval(d, tokens, tokens + d->ctx, i, 1);
        sum -= data_log_prob(d, tokens, tokens + d->ctx);
    }
    free(tokens);
    if (i < d->eval_windows)
        return err_set(err, E_INTERRUPTED, "interrupted; nothing was begun");
    *out = sum / (double)d->ctx / (double)d->eval_windows;
    return OK;
}

int32_t data_start(const struct data *d)
{
    return d->source->starts ? (int32_t)d->vocab - 1 : -1;
}

struct data_marks data_marks(const struct data *d)
{
    return d->source->marks ? d->source->marks(d) : (struct data_marks){.what = NULL};
}

enum data_mark data_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i)
{
    if (d->source->starts && y[i] + 1 == (int32_t)d->vocab)
        return DATA_WRONG; /* it stands at the start alone */
    return d->source->mark ? d->source->mark(d, x, y, i) : DATA_FREE;
}

void data_token_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    d->source->token_text(d, buf, size, token);
}

const unsigned char *data_token_bytes(const struct data *d, int32_t token, size_t *n)
{
    *n = 0;
    if (!d->source->token_bytes || token < 0 || (size_t)token >= d->vocab)
        return NULL;
    return d->source->token_bytes(d, token, n);
}

enum status data_encode(int32_t **tokens, size_t *n, const struct data *d, const char *text, size_t size, struct err *err)
{
    *tokens = NULL;
    *n = 0;
    if (!d->source->encode)
        return err_set(err, E_DATA, "%s: nothing says how a text becomes its tokens", d->name);
    return d->source->encode(tokens, n, d, text, size, err);
}

double data_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    return d->source->log_prob ? d->source->log_prob(d, x, y) : (double)NAN;
}
