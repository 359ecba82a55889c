/* Text to tokens: word by word, in each the merge of the lowest rank first, the leftmost of equals. */
#ifndef PLATEAU_DATA_TOKENISERS_ENCODE_H
#define PLATEAU_DATA_TOKENISERS_ENCODE_H

#include "data/tokenisers/tokeniser.h"

struct id_list {
    int32_t *items; /* owned */
    size_t n, cap;
};

/* One thread's: what words became is remembered, up to some 100 MB. Begin with zeros but for `t`, which is borrowed. */
struct encoder {
    const struct tokeniser *t;
    struct pretokens seen;
    struct known {
        size_t at, n; /* among ids */
    } *known; /* (known_cap) of the words seen */
    size_t known_cap;
    struct id_list ids;
    struct symbol *symbols; /* of the word at hand */
    size_t symbols_cap;
    struct candidate *heap;
    size_t n_heap, heap_cap;
};

/* Append the tokens of a text, which is the whole of one: no word goes on after it. The tokeniser is not unfit. */
enum status encoder_run(struct id_list *out, struct encoder *e, const unsigned char *text, size_t n,
                        struct err *err) WARN_UNUSED;
void encoder_free(struct encoder *e);

/* Room for n more. */
enum status id_list_reserve(struct id_list *l, size_t n, struct err *err) WARN_UNUSED;

#endif
