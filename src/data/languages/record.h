/* What languages made of records share: a window begins after a start token, the last of the vocabulary, and a rank is
 * written as data.digits digits of base data.base, most significant first. */
#ifndef PLATEAU_DATA_LANGUAGES_RECORD_H
#define PLATEAU_DATA_LANGUAGES_RECORD_H

#include "data/data_internal.h"

/* *ranks = base^digits; E_CONFIG naming data.digits where that is more than ranks may be. */
enum status record_ranks(size_t *ranks, const struct data_spec *s, struct err *err) WARN_UNUSED;

/* A rank, 1 .. ranks, into y (digits), and back. */
void record_put_rank(int32_t *y, const struct data_spec *s, size_t rank);
size_t record_rank(const int32_t *y, const struct data_spec *s);

/* Whether all of n tokens are digits, and no start token among them. */
static inline bool record_has_digits(const int32_t *y, size_t n, const struct data_spec *s)
{
    bool all = true;
    for (size_t j = 0; j < n; j++)
        all = all && (size_t)y[j] < s->base;
    return all;
}

/* x (ctx): the start token, then y but for its last. */
void record_inputs(const struct data *d, int32_t *x, const int32_t *y);

/* Symbols as numbers with a blank after, the start token as "| ". */
void record_text(const struct data *d, char *buf, size_t size, int32_t token);

#endif
