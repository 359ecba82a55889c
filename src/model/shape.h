/* What a model is: its sizes. */
#ifndef PLATEAU_MODEL_SHAPE_H
#define PLATEAU_MODEL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct gpt_shape {
    size_t V, T, C, L, NH; /* vocabulary, ctx, d_model, n_layer, n_head */
};

static inline bool gpt_shape_same(const struct gpt_shape *a, const struct gpt_shape *b)
{
    return a->V == b->V && a->T == b->T && a->C == b->C && a->L == b->L && a->NH == b->NH;
}

/* E_CONFIG, naming the keys, where d_model is no multiple of n_head or a size is 0 or overflows. */
enum status gpt_shape_check(const struct gpt_shape *s, struct err *err) WARN_UNUSED;

#endif
