/* The trained tensors of a model: one flat array, in which its parts ask for room.
 *
 * A tensor stands once a layer, or once outside the layers. All layers of one tensor lie one after the other, in the
 * order in which the parts named them: that order is part of every checkpoint and of the gradient's norm. */
#ifndef PLATEAU_MODEL_TENSORS_H
#define PLATEAU_MODEL_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/param.h"

enum { TENSORS_MAX = 64, TENSOR_CUTS = 3 };
/* The layer of a tensor outside the layers. */
#define TENSOR_OUTSIDE SIZE_MAX

struct tensor {
    const char *name;   /* borrowed; of a checkpoint and of its initial draws */
    size_t first, n;    /* layers first .. first + n - 1 have one; 0 and 1 outside */
    bool outside;
    size_t rows, cols;  /* matrices are (in, out), the head (out, in) */
    enum param_role role;
    bool summed;        /* its gradient is added to only: zero before a step */
    const float *start; /* (rows cols) where it begins; NULL: as the role has it. Borrowed */
    size_t stack;       /* so many matrices of rows / stack each, one after the other; at least 1 */
    double idle;        /* share of its numbers that a token does not meet */
    size_t cut[TENSOR_CUTS]; /* columns at which another matrix begins, ascending; 0: none further */
    size_t offset, stride; /* in floats: of the first, and from one to the next; multiples of 16, the gap stays zero */
};

struct tensors {
    size_t L;      /* layers of the model, and what lies beside the last of them */
    size_t n;      /* tensors, a layer's and the next one's counted once */
    size_t n_flat; /* floats of the array, gaps included */
    struct tensor list[TENSORS_MAX];
};

/* The tensor of that name, for this layer. The first layer that asks for it makes room for itself and all that follow;
 * layers come in their order. It may be asked for again. Borrowed. */
const struct tensor *tensors_add(struct tensors *t, const char *name, size_t layer, size_t rows, size_t cols,
                                 enum param_role role, bool summed);

/* Where the tensor of that name begins, instead of as its role has it; borrowed. */
void tensors_start(struct tensors *t, const char *name, const float *start);

/* The tensor of that name holds n matrices one after the other: an optimiser takes each as a tensor of its own. */
void tensors_stack(struct tensors *t, const char *name, size_t n);

/* Of the tensors from the i-th on a token meets this share. */
void tensors_share(struct tensors *t, size_t i, double share);

/* One of those matrices as a tensor. */
struct tensor tensor_one(const struct tensor *t);

/* The tensor of that name holds several matrices side by side: another one begins at this column. Optimisers that look at
 * a matrix as a whole take each by itself. Saying it again changes nothing. */
void tensors_cut(struct tensors *t, const char *name, size_t column);

/* The i-th of those matrices: columns *at .. *at + *cols - 1. False after the last. */
bool tensor_piece(const struct tensor *t, size_t i, size_t *at, size_t *cols);

/* NULL where there is none. */
const struct tensor *tensors_find(const struct tensors *t, const char *name);

/* Where the i-th of a tensor's layers begins; 0 outside. */
static inline size_t tensor_at(const struct tensor *t, size_t i)
{
    return t->offset + i * t->stride;
}

/* Numbers of one layer's. */
static inline size_t tensor_size(const struct tensor *t)
{
    return t->rows * t->cols;
}

/* A tensor of a layer counts as one each here. */
size_t tensors_count(const struct tensors *t);

/* Trained numbers of the roles that `roles` has a bit for. */
double tensors_params(const struct tensors *t, unsigned roles);
/* Of all, those that one token meets. */
double tensors_params_active(const struct tensors *t);

#endif
