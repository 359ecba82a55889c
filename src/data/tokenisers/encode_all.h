/* Long texts to tokens on all threads. */
#ifndef PLATEAU_DATA_TOKENISERS_ENCODE_ALL_H
#define PLATEAU_DATA_TOKENISERS_ENCODE_ALL_H

#include "data/tokenisers/encode.h"

/* One encoder a thread, which remember words from call to call. */
struct encoders {
    struct encoder *items; /* (n), owned */
    size_t n;
};
enum status encoders_init(struct encoders *e, const struct tokeniser *t, struct err *err) WARN_UNUSED;
void encoders_free(struct encoders *e);

/* Takes the tokens of a piece of the text, in order. */
typedef enum status encoders_take(void *ctx, const int32_t *tokens, size_t n, struct err *err);

/* The tokens of n bytes, which are the same whatever the number of threads. */
enum status encoders_run(struct encoders *e, const unsigned char *text, size_t n, encoders_take *take, void *ctx,
                         struct err *err) WARN_UNUSED;

#endif
