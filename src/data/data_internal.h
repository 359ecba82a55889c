/* What a source of tokens implements: one row of function pointers per kind, one state per open
 * source. Only src/data, its languages and its test include this. */
#ifndef PLATEAU_DATA_DATA_INTERNAL_H
#define PLATEAU_DATA_DATA_INTERNAL_H

#include "base/rng.h"
#include "data/data.h"

struct data_source {
    /* What data_unit is; NULL: any window will do. The numbers may be out of their ranges. */
    size_t (*unit)(const struct data_spec *s);
    /* Every number of the spec lies in its range. Check them against each other and d->ctx, then fill d->state, vocab,
     * floor, train_tokens, eval_windows and fingerprint. On failure `close` is still called, on whatever state there
     * is. */
    enum status (*open)(struct data *d, struct err *err);
    void (*close)(void *state);
    /* One window; x and y hold d->ctx tokens. A language has `draw`, text has the other two. */
    void (*train)(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index);
    void (*eval)(const struct data *d, int32_t *x, int32_t *y, uint64_t index);
    void (*draw)(const struct data *d, int32_t *x, int32_t *y, struct rng *r);
    void (*token_text)(const struct data *d, char *buf, size_t size, int32_t token);
    /* What data_token_bytes and data_encode are; NULL where there is no tokeniser. */
    const unsigned char *(*token_bytes)(const struct data *d, int32_t token, size_t *n);
    enum status (*encode)(int32_t **tokens, size_t *n, const struct data *d, const char *text, size_t size, struct err *err);
    /* What data_fault is; NULL: nothing can be wrong. */
    enum status (*fault)(const struct data *d, struct err *err);
    bool starts; /* a window begins with the last token of the vocabulary */
    /* What data_marks and data_mark are; NULL: no token is right or wrong. The tokens are of the vocabulary, no more. */
    struct data_marks (*marks)(const struct data *d);
    enum data_mark (*mark)(const struct data *d, const int32_t *x, const int32_t *y, size_t i);
    /* ln of the probability of y given x under the true law; NULL where it is unknown. */
    double (*log_prob)(const struct data *d, const int32_t *x, const int32_t *y);
    /* Fill what theory says; the exponents are NaN and the rest empty before. */
    void (*theory)(struct data_theory *t, const struct data *d);
    /* What a learner may come to know fact by fact, NULL where there is no such thing: how many there are, and the loss
     * in nats per token that each takes away, in any order; gain has room for all. */
    size_t (*n_facts)(const struct data *d);
    enum status (*gains)(double *gain, const struct data *d, struct err *err);
    /* Of a fact that comes once a record, in the mean: a gain over this is how often a fact comes. */
    double (*gain_of_one)(const struct data_spec *s);
};

struct data {
    const struct data_source *source;
    struct data_spec spec;
    void *state;
    char name[256];
    size_t ctx, vocab, train_tokens, eval_windows;
    double floor, bytes_per_token; /* NaN before `open` */
    uint64_t fingerprint;
    const struct data_file *files; /* (n_files) in the state; NULL for a language */
    size_t n_files;
    struct data *second; /* owned; NULL: none */
    struct data_mix mix;
};

extern const struct data_source data_source_text, data_source_tokens;
#define X(id, source, name) extern const struct data_source data_source_##source;
DATA_LANGUAGES(X)
#undef X

/* E_CONFIG "data.KEY=V: expected LO to HI". */
enum status data_check_size(const char *key, size_t value, size_t lo, size_t hi,
                            struct err *err) WARN_UNUSED;
/* E_CONFIG naming model.ctx and the nearest multiples unless ctx is a multiple of `unit`. */
enum status data_check_ctx(size_t ctx, size_t unit, const char *what, struct err *err) WARN_UNUSED;

/* d->name from the first of n files or folders: "corpus.txt", or "corpus.txt+2" where there are two more. */
void data_name_after(struct data *d, const char *first, size_t n);

/* One window of the first source, as if there were no second. */
void data_train_window(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index);
/* One window of a mixture. */
void data_mix_window(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t index);

/* Theory for facts whose frequencies follow a Zipf law: both exponents, and the words. */
void data_theory_zipf(struct data_theory *t, double exponent, const char *facts);

/* *out = base^exp; false above limit, with *out untouched. */
bool data_power(size_t *out, size_t base, size_t exp, size_t limit);

/* A permutation of 0 .. n-1 named by a key, without a table: what i goes to. */
uint64_t data_permute(uint64_t i, uint64_t n, uint64_t key);

/* ln of the probability of the targets y of a window given x under the source's true law; NaN for
 * text. The mean of -data_log_prob / ctx over fresh windows is data_floor. */
double data_log_prob(const struct data *d, const int32_t *x, const int32_t *y);

#endif
