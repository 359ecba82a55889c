/* A text cut into words as GPT-2 does, within which merges stay. Its pattern (Radford et al. 2019) is
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * with the first alternative that matches: an English ending; letters, numbers or signs with the blank before them; spaces
 * but for the last, which goes with what follows; spaces. */
#ifndef PLATEAU_DATA_TOKENISERS_PRETOKENS_H
#define PLATEAU_DATA_TOKENISERS_PRETOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Bytes of the word that the n >= 1 bytes at s, which go to the text's end, begin with. */
size_t pretokens_next(const unsigned char *s, size_t n);

/* The first place at or after `from` where a text may be cut into two that have its words together: before a blank or line
 * break that follows a visible ASCII character. n where there is none. */
size_t pretokens_cut(const unsigned char *s, size_t n, size_t from);

/* Different words and how often each comes. */
struct pretokens {
    unsigned char *bytes; /* of all, one after the other; owned */
    size_t n_bytes, bytes_cap;
    struct pretoken {
        size_t at;     /* among the bytes */
        size_t length, count;
        uint64_t hash;
    } *items; /* owned */
    size_t n, cap;
    uint32_t *slots; /* (n_slots) 1 + the place of an item, 0: free; owned */
    size_t n_slots;
};

/* *place: of the word among items, where it is added unless it is there. *found: whether it was. Its count stays. */
enum status pretokens_find(size_t *place, bool *found, struct pretokens *w, const unsigned char *word, size_t length,
                       struct err *err) WARN_UNUSED;
/* The place of a word; w->n: it is not there. */
size_t pretokens_place(const struct pretokens *w, const unsigned char *word, size_t length);
/* Count the words of a text, on all threads. */
enum status pretokens_count(struct pretokens *w, const unsigned char *text, size_t n, struct err *err) WARN_UNUSED;
void pretokens_free(struct pretokens *w);

#endif
