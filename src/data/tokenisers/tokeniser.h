/* A tokeniser: the bytes of each token, and which pairs of tokens merge into which, the lowest rank first (byte-level BPE:
 * Sennrich et al. 2016, Radford et al. 2019). All kinds come to this; they differ in where tokens and merges come from. */
#ifndef PLATEAU_DATA_TOKENISERS_TOKENISER_H
#define PLATEAU_DATA_TOKENISERS_TOKENISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "data/tokenisers/pretokens.h"

struct tokeniser {
    size_t n; /* tokens */
    struct token {
        size_t at, length; /* of its bytes */
        bool mark;         /* stands for no text, such as GPT-2's <|endoftext|>; the bytes are its name */
    } *items;
    unsigned char *bytes;
    size_t cap, n_bytes, bytes_cap;
    struct merge {
        int32_t left, right, into;
        uint32_t rank;
    } *merges; /* (n_merges), in the order of ranks */
    size_t n_merges, merges_cap;
    int32_t of_byte[256]; /* the token that is this byte alone; -1: none */
    uint32_t *slots;      /* (n_slots) of merges by their pair, as those of words */
    size_t n_slots;
    const char *unfit; /* why texts cannot be turned into its tokens; NULL: they can */
};

/* Building one, from zeros: tokens in the order of their numbers, then merges in that of their ranks, then
 * tokeniser_finish, which indexes the merges and settles `unfit` where a byte has no token. tokeniser_free releases, also
 * what a failure has left. E_DATA: more than 2^24 tokens, a merge of tokens that there are not. */
enum status tokeniser_add(struct tokeniser *t, const void *bytes, size_t n, bool mark, struct err *err) WARN_UNUSED;
enum status tokeniser_merge(struct tokeniser *t, int32_t left, int32_t right, int32_t into, uint32_t rank,
                            struct err *err) WARN_UNUSED;
enum status tokeniser_finish(struct tokeniser *t, struct err *err) WARN_UNUSED;
/* In place of merges: any two tokens merge whose bytes together are a token's, with that one's number as their rank, which
 * is what a ranks file means. E_DATA where two tokens have the same bytes. Before tokeniser_finish. */
enum status tokeniser_merge_by_rank(struct tokeniser *t, struct err *err) WARN_UNUSED;
void tokeniser_free(struct tokeniser *t);

/* The merge of that pair; NULL: there is none. */
const struct merge *tokeniser_merge_of(const struct tokeniser *t, int32_t left, int32_t right);

/* Read a file, told apart by what is in it: Hugging Face's tokenizer.json of a byte-level BPE, tiktoken's ranks or llm.c's
 * tokenizer.bin. E_DATA with its name and the reason. */
enum status tokeniser_read(struct tokeniser *t, const char *path, struct err *err) WARN_UNUSED;
/* As tokenizer.json, which Hugging Face's `tokenizers` reads too. */
enum status tokeniser_write(const struct tokeniser *t, const char *path, struct err *err) WARN_UNUSED;

/* The kinds that `plateau data make --tokeniser` makes: file, how it is asked for, and what it is. */
#define TOKENISER_KINDS(X)                                                                                     \
    X(byte, "byte", "a token a byte, 256 of them")                                                             \
    X(bpe, "bpe:N", "N merges learnt on the training text, 256 + N tokens")                                    \
    X(gpt2, "gpt2:FILE", "GPT-2's, from tiktoken's ranks or llm.c's tokenizer.bin")

struct tokeniser_kind {
    /* Check what stands after the colon, before any text is read; NULL: nothing to check. */
    enum status (*check)(const char *with, struct err *err);
    bool learns; /* from the words of the training text, which `make` gets */
    /* From zeros; finished. */
    enum status (*make)(struct tokeniser *t, const char *with, const struct pretokens *w, struct err *err);
};
#define X(name, form, says) extern const struct tokeniser_kind tokeniser_##name;
TOKENISER_KINDS(X)
#undef X

/* The kind that `spec`, such as bpe:4096, names, and what stands after the colon. E_USAGE where there is none. */
enum status tokeniser_kind_of(const struct tokeniser_kind **kind, const char **with, const char *spec,
                              struct err *err) WARN_UNUSED;

#endif
