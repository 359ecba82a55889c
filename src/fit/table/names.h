/* The names that columns go by. */
#ifndef PLATEAU_FIT_TABLE_NAMES_H
#define PLATEAU_FIT_TABLE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* A column's name taken apart: "N (non-emb)", "train.n_tokens", "Val Loss", "tokens_B". */
struct column_name {
    char flat[96]; /* lower case, words joined by _; val_loss */
    char base[96]; /* without the brackets, as written; N */
    char unit[64]; /* in the brackets, or of the end _M, _B; "" */
};
void names_take_apart(struct column_name *out, const char *name);

/* The role of a column of this name, with its rank among those of one role (lower is better), or -1. */
int names_role(int *rank, const struct column_name *name);
/* Ranks: names made up of known words; words that may be a speed (TFLOPs); letters; parts of nested names. */
enum { NAMES_WORDS = 5, NAMES_SPEED = 15, NAMES_LETTER = 20, NAMES_NESTED = 50 };

/* 1 for a column where true means a finished run, -1 where it means a lost one, 0 for others. */
int names_flag(const struct column_name *name);

/* What a loss of this name is measured in; *log where it is a perplexity. */
const char *names_loss_unit(bool *log, const struct column_name *name);

#endif
