/* Byte-level BPE learnt on a text. */
#ifndef PLATEAU_DATA_TOKENISERS_BPE_H
#define PLATEAU_DATA_TOKENISERS_BPE_H

#include "data/tokenisers/tokeniser.h"

/* The 256 bytes, each with its value as number, and as many tokens more as n_merges says: each step merges the pair that
 * comes most often in the words (overlapping places count each), of equals the one whose tokens are lower, left before
 * right, by when they were learnt, bytes by bytelevel_place: as Hugging Face's trainer does, whose merges these are. Fewer
 * where no pair is left. A merge whose bytes a token has already leads to that one and is none of the n_merges. E_DATA:
 * 2^32 bytes of different words. */
enum status bpe_learn(struct tokeniser *t, const struct pretokens *w, size_t n_merges, struct err *err) WARN_UNUSED;

#endif
