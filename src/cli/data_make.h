/* `plateau data make`: texts to shards of tokens, with the tokeniser beside them. */
#ifndef PLATEAU_CLI_DATA_MAKE_H
#define PLATEAU_CLI_DATA_MAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct data_make_options {
    const char *const *files; /* texts and folders of them */
    size_t n_files;
    const char *const *val_files; /* held-out texts; none: a tenth of each file */
    size_t n_val_files;
    const char *heldout;   /* spread or tail: which tenth */
    const char *tokeniser; /* as tokeniser_kind_of reads it */
    const char *out;       /* the folder */
    size_t shard_tokens;
};

/* Write the shards and DIR/tokenizer.json, and print what was made and how to train on it. Nothing is written where something
 * is wrong with what was given; what a failure leaves is removed. */
enum status data_make(const struct data_make_options *o, struct err *err) WARN_UNUSED;

#endif
