/* What a bigram byte model reaches on a corpus: the yardstick that a trained model has to beat. */
#ifndef PLATEAU_DATA_BASELINE_H
#define PLATEAU_DATA_BASELINE_H

#include <stddef.h>

#include "base/status.h"

/* Mean nats per byte of held[1..] given the byte before, under the add-one bigram model of the
 * training bytes: p(b | a) = (count(a,b) + 1) / (count(a) + 256). n_held >= 2. */
enum status baseline_bigram(double *nats, const unsigned char *train, size_t n_train,
                            const unsigned char *held, size_t n_held, struct err *err) WARN_UNUSED;

struct data;

/* That of an open text, its held-out bytes whole; NaN where d is no text, or holds out less than two bytes. */
enum status baseline_of_text(double *nats, const struct data *d, struct err *err) WARN_UNUSED;

/* The same of tokens, by windows: n_train of those that a run of seed 1 begins with, at most one epoch of them and `most` tokens
 * together, and the whole held-out set, with the vocabulary in place of the 256 bytes; and of a model that knows how often
 * each token comes and no more. */
struct baseline {
    double unigram, bigram; /* nats per token */
    double train_tokens;    /* that were counted */
};
enum status baseline_windows(struct baseline *b, const struct data *d, size_t most, struct err *err) WARN_UNUSED;

#endif
