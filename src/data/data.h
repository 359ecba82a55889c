/* Where tokens come from: text files as bytes, files of tokens, or a language whose entropy rate is known.
 *
 * Everything is a pure function of (spec, seed, window index): the batch of step 1000 is the same
 * whether or not steps 0 to 999 were run, which is what makes a resumed run equal an undisturbed one.
 * A window is ctx inputs x and ctx targets y. Tokens of a language are drawn fresh for every window, unless
 * unique_tokens makes a corpus of it; a corpus repeats once the budget exceeds it, in a new order each epoch. */
#ifndef PLATEAU_DATA_DATA_H
#define PLATEAU_DATA_DATA_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The languages: constant, file and name of each. A new one goes to the end: numbers name streams of random draws. */
#define DATA_LANGUAGES(X)                                                                                      \
    X(ZIPF_FACTS, zipf_facts, "zipf-facts")                                                                    \
    X(GRAPH_WALK, graph_walk, "graph-walk")                                                                    \
    X(HIERARCHY, hierarchy, "hierarchy")                                                                       \
    X(UNIGRAM, unigram, "unigram")                                                                             \
    X(MARKOV_MIX, markov_mix, "markov-mix")

enum data_kind {
    DATA_TEXT,
#define X(id, source, name) DATA_##id,
    DATA_LANGUAGES(X)
#undef X
    DATA_TOKENS,
    DATA_N_KINDS
};

/* Which tenth is held out: blocks spread over each text, or over all tokens, or the end. */
enum data_heldout { DATA_HELDOUT_SPREAD, DATA_HELDOUT_TAIL };

/* What the config's section "data" says. Strings are borrowed. */
struct data_spec {
    enum data_kind kind;
    /* text: files and folders (folders recursively, sorted by path); tokens: files and patterns of glob(7), whose files are
     * one stream in the order in which they are given, those of a pattern by name */
    const char *const *files;
    size_t n_files;
    const char *const *val_files; /* held-out ones; none: 10 % of each text, or of the stream. They may
                                    * stand alone, without files: then there is nothing to train on */
    size_t n_val_files;
    enum data_heldout heldout; /* where there are no held-out files */
    const char *tokeniser; /* tokens: the file that tells their bytes; NULL or "": tokenizer.json beside the first file, if it is
                            * there; "none": none */
    size_t vocab; /* tokens: how many there are; 0: the tokeniser's, or one more than the largest in the files */
    size_t eval_tokens; /* size of the evaluation set, rounded up to whole windows */
    uint64_t seed;      /* names the language's tables and its evaluation set */
    /* zipf-facts: base b, digits m, values v, noise eps, exponent a (DESIGN section 6) */
    size_t base, digits, values;
    double eps, exponent;
    /* graph-walk: nodes and mean degree; hierarchy: branching s, depth L, rules m, symbols v;
     * unigram: symbols and exponent; markov-mix: base, digits, exponent, walk and branches */
    size_t nodes, degree;
    size_t branching, depth, rules, symbols;
    size_t walk, branches;
    size_t unique_tokens; /* training tokens before they come again; 0: all that there are */
    bool whole; /* files: nothing is held out where there are no val_files */
};

enum { DATA_BRANCHES_MAX = 64 };

/* Name, type (SIZE or DOUBLE), smallest, largest, default, how it enters a run's hash (FIRST or LATER, see
 * harness/config.h) and meaning of the numbers of a spec: the one list that the config's section "data", the defaults
 * below and the checks of data_open come from. What two of them must be to each other, as the meanings say, data_open
 * checks beside. */
/* clang-format off */
#define DATA_NUMBERS(X)                                                                                        \
    X(eval_tokens, SIZE,   1, 1e9,   65536, FIRST, "tokens of the fixed held-out set")                         \
    DATA_SOURCE_NUMBERS(X)
/* Those of any source; a second one has its own of each. */
#define DATA_SOURCE_NUMBERS(X)                                                                                 \
    X(seed,        SIZE,   0, 9e15,  1,     FIRST, "names the language's tables and its held-out set")         \
    X(base,        SIZE,   2, 65536, 64,    FIRST, "zipf-facts, markov-mix: base b of the digits, and number of symbols") \
    X(digits,      SIZE,   1, 24,    3,     FIRST, "zipf-facts, markov-mix: digits m of a rank; b^m ranks, at most 2^24") \
    X(values,      SIZE,   0, 64,    4,     FIRST, "zipf-facts: value tokens v of a fact")                     \
    X(eps,         DOUBLE, 0, 1,     0.05,  FIRST, "zipf-facts: chance that a value token is replaced by noise") \
    X(exponent,    DOUBLE, 0, 10,    1.5,   FIRST, "zipf-facts, unigram, markov-mix: exponent a of the Zipf law") \
    X(nodes,       SIZE,   3, 4096,  64,    FIRST, "graph-walk: nodes of the graph")                           \
    X(degree,      SIZE,   2, 2048,  8,     FIRST, "graph-walk: mean degree, at most nodes / 2")               \
    X(branching,   SIZE,   2, 16,    2,     FIRST, "hierarchy: children s of a node")                          \
    X(depth,       SIZE,   1, 16,    4,     FIRST, "hierarchy: levels L; s^L at most 2^16")                    \
    X(rules,       SIZE,   1, 1e4,   4,     FIRST, "hierarchy: rules m a symbol, at most v^(s-1)")             \
    X(symbols,     SIZE,   2, 65536, 8,     FIRST, "hierarchy (v^s at most 2^20), unigram: symbols v")         \
    X(walk,        SIZE,   1, 1024,  13,    LATER, "markov-mix: symbols of a walk")                            \
    X(branches,    SIZE,   1, DATA_BRANCHES_MAX, 2, LATER, "markov-mix: successors of a symbol, at most data.base") \
    X(vocab,       SIZE,   0, 1e7,   0,     LATER, "tokens: how many different ones there are (0: as the tokeniser says, or counted)") \
    X(unique_tokens, SIZE, 0, 9e15, 0,     LATER, "training tokens after which they come again in a new order (Muennighoff et al. 2023, arXiv 2305.16264; 0: a language without end, or all of a text)")
/* clang-format on */

/* The defaults. The kind is text, without files. */
struct data_spec data_spec_default(void);

/* Name, value and meaning of the numbers of a spec that its kind reads, in the order above: those whose meaning has the
 * kind's name before a colon, and those without a colon. Returns how many of out (DATA_N_NUMBERS) it filled. */
#define X(name, type, min, max, number, hashed, help) +1
enum { DATA_N_NUMBERS = 0 DATA_NUMBERS(X) };
#undef X
struct data_number {
    const char *name, *meaning;
    double value;
};
size_t data_numbers(struct data_number *out, const struct data_spec *s);

/* Whether it reads files, and is then no language. */
bool data_kind_reads_files(enum data_kind kind);

/* The name of a kind, "text", "tokens" or a language's, and back; false where there is no such kind. */
const char *data_kind_name(enum data_kind kind);
bool data_kind_parse(enum data_kind *out, const char *name);

/* A window of this language must hold a multiple of so many tokens: the length of a record or text; 1 where
 * any window will do. */
size_t data_unit(const struct data_spec *spec);

struct data; /* read-only after data_open: any number of threads may draw from it */

/* Read the files or build the language's tables. E_DATA or E_CONFIG with the file or key named:
 * missing or empty file, a corpus shorter than one window, ctx no multiple of the record length. */
enum status data_open(struct data **out, const struct data_spec *spec, size_t ctx,
                      struct err *err) WARN_UNUSED;
void data_close(struct data *d);

/* A mixture: among the windows that d trains on come those of a second source. The held-out set, and with it the floor,
 * the vocabulary's meaning and what theory says, stay the first's.
 *
 * Of each stretch of windows the second source has the share that the weight says there, to less than one window, spread
 * evenly; where that begins hangs on the seed. The weight is a function of the tokens trained so far, never of a run's
 * budget: budgets of one size share a trunk all the same (a curriculum, Bengio et al. 2009). */
struct data_mix {
    double weight;     /* share of the second source at the start, 0 to 1 */
    double end_weight; /* after `tokens`, to which it goes in a straight line */
    double tokens;     /* 0: the weight stays */
};

/* Tokens of the second source among the first so many of a run, to less than a window. */
double data_mix_tokens(const struct data_mix *m, double tokens);

/* The second source takes no part in the held-out set: of a text without val_files the whole is trained on. E_CONFIG and
 * E_DATA as data_open says, where the vocabularies differ, and where a file's held-out part would be trained on. On failure
 * d is as before; at most once for a d. */
enum status data_mix_in(struct data *d, const struct data_spec *spec, const struct data_mix *m, struct err *err) WARN_UNUSED;

/* How often a run of so many tokens goes over the corpus of the first source; NaN: corpus 0, it has no end. */
double data_mix_passes(const struct data_mix *m, double corpus, double tokens);

const struct data *data_second(const struct data *d); /* NULL: none */
/* How often a run of so many tokens goes over the corpus, and over that of the second source; NaN: it has no end. */
double data_passes(const struct data *d, double tokens);
double data_second_passes(const struct data *d, double tokens);

size_t data_ctx(const struct data *d);
size_t data_vocab(const struct data *d);     /* includes the start-of-window token, if any */
const char *data_name(const struct data *d); /* "zipf-facts", or the file's or folder's name */
/* Bytes of text for a token to be predicted on the held-out set, in the mean: loss / (ln 2 x this) is the loss in bits per
 * byte, whatever the tokeniser. 1 of a text; NaN where the bytes of some token there are not known. */
double data_bytes_per_token(const struct data *d);
double data_floor(const struct data *d);     /* entropy rate in nats per token; NaN: unknown */
size_t data_train_tokens(const struct data *d); /* distinct training tokens, of a language in whole windows; 0: unlimited. Of the first source */
size_t data_unique_tokens(const struct data *d); /* as the spec has it */
uint64_t data_fingerprint(const struct data *d); /* hash of the content: guards a resumed sweep */

/* The files behind it, folders resolved, in the order in which they were read, then the second source's; none for a
 * language. Borrowed from d. */
struct data_file {
    const char *path;
    size_t bytes;
    uint64_t fingerprint; /* hash of the content */
    bool val;             /* a held-out file */
    const char *form;     /* of a file of tokens: what people call it; NULL of a text */
    double zeros;         /* of a text: the share of zero bytes, of which UTF-8 has none */
};
size_t data_n_files(const struct data *d);
const struct data_file *data_file_at(const struct data *d, size_t i);

/* Windows first .. first+n-1 of the training stream `seed`. x, y: (n, ctx), row by row. */
void data_train(const struct data *d, int32_t *x, int32_t *y, uint64_t seed, uint64_t first,
                size_t n);

/* E_DATA once a window was drawn with a token beyond the vocabulary, which then stands there as 0: files too large to be
 * looked through at the start are checked so. Asked for before such a window is trained on. */
enum status data_fault(const struct data *d, struct err *err) WARN_UNUSED;

/* The fixed held-out set: data_eval_windows windows, the same for every run of a sweep. */
size_t data_eval_windows(const struct data *d);
void data_eval(const struct data *d, int32_t *x, int32_t *y, size_t first, size_t n);

/* The loss of a perfect predictor on that very set, nats per token: the floor that runs can reach, which
 * differs from data_floor by the sampling error of the set. NaN for text. E_INTERRUPTED soon
 * after *stop is set (NULL: never). */
enum status data_eval_floor(double *out, const struct data *d, const volatile sig_atomic_t *stop,
                            struct err *err) WARN_UNUSED;

/* What theory says of a language, for learners that keep the most frequent facts (of markov-mix, a fact is what follows
 * a symbol in a source): the excess loss over the floor falls as tokens^-data_exponent and params^-size_exponent where
 * facts are endless, 1 - 1/a and a - 1. NaN: no such law is known. */
struct data_theory {
    char says[200];     /* the same in words, also where there is none */
    const char *source; /* the papers; NULL: none */
    double data_exponent, size_exponent;
};
void data_theory(struct data_theory *t, const struct data *d);

/* excess (n): the excess loss over data_floor, nats per token, of a learner who knows exactly the learnt[i] most
 * frequent facts, whole or in parts, and of others nothing but that all symbols are as likely. The sum over the facts
 * that there are, so that it bends away from the power law where few are left, and is 0 where none is. All NaN for
 * text, for languages without such facts and where they are more than 2^24. Takes seconds where they are millions. */
enum status data_excess(double *excess, const struct data *d, const double *learnt, size_t n,
                        struct err *err) WARN_UNUSED;

/* *excess: what is left to learn for whoever knows all facts that a corpus of data.unique_tokens holds and no others, nats
 * per token over data_floor, as data_excess counts it, in the mean over such corpora: more tokens than there are unique
 * ones do not go below it. NaN where tokens never come again, and where data_excess says nothing. */
enum status data_unseen(double *excess, const struct data *d, struct err *err) WARN_UNUSED;

/* The token that every window begins with, -1 where none does. A language with one writes a new window after a full one. */
int32_t data_start(const struct data *d);

/* Whether the i-th target of a window is right: a language's own law, by what stands before it. DATA_FREE: any will do there. */
enum data_mark { DATA_FREE, DATA_WRONG, DATA_RIGHT };
struct data_marks {
    const char *what; /* are right or wrong: "values of facts"; NULL: nothing is in this language, or it is none */
    double best;      /* the share of them that is right for whoever knows all, in the language's own text */
};
struct data_marks data_marks(const struct data *d);
enum data_mark data_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i);

/* Tokens as text for people: a byte as itself, a language's symbol as a number or letter. Writes at
 * most size bytes including '\0'. */
void data_token_text(const struct data *d, char *buf, size_t size, int32_t token);

/* The bytes that a token stands for, *n of them, borrowed from d; n 0: a token that marks something and is no text. NULL
 * where they are not known: of a language's symbols, and of tokens that no tokeniser is given for. */
const unsigned char *data_token_bytes(const struct data *d, int32_t token, size_t *n);

/* The tokens (*n) that `size` bytes of text become; the caller frees them. E_DATA where d has no tokeniser. */
enum status data_encode(int32_t **tokens, size_t *n, const struct data *d, const char *text, size_t size,
                        struct err *err) WARN_UNUSED;

#endif
