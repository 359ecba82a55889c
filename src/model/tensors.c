#include "model/tensors.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

const struct tensor *tensors_find(const struct tensors *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->list[i].name, name) == 0)
            return &t->list[i];
    return NULL;
}

void tensors_start(struct tensors *t, const char *name, const float *start)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->list[i].name, name) == 0)
            t->list[i].start = start;
}

const struct tensor *tensors_add(struct tensors *t, const char *name, size_t layer, size_t rows, size_t cols,
                                 enum param_role role, bool summed)
{
    const struct tensor *known = tensors_find(t, name);
    bool outside = layer == TENSOR_OUTSIDE;
    if (known) {
        CHECK(!outside && layer >= known->first && known->rows == rows && known->cols == cols && known->role == role);
        return known;
    }
    CHECK(t->n < TENSORS_MAX && (outside || layer < t->L));
    struct tensor *new = &t->list[t->n++];
    *new = (struct tensor){.name = name, .first = outside ? 0 : layer, .n = outside ? 1 : t->L - layer, .outside = outside,
                           .rows = rows, .cols = cols, .role = role, .summed = summed, .stack = 1,
                           .offset = t->n_flat, .stride = (rows * cols + 15) / 16 * 16};
    t->n_flat += new->n * new->stride;
    return new;
}

void tensors_stack(struct tensors *t, const char *name, size_t n)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->list[i].name, name) == 0) {
            CHECK(t->list[i].rows % n == 0);
            t->list[i].stack = n;
        }
}

void tensors_share(struct tensors *t, size_t i, double share)
{
    for (; i < t->n; i++)
        t->list[i].idle = 1 - share;
}

struct tensor tensor_one(const struct tensor *t)
{
    struct tensor one = *t;
    one.rows /= t->stack;
    one.stack = 1;
    return one;
}

void tensors_cut(struct tensors *t, const char *name, size_t column)
{
    const struct tensor *known = tensors_find(t, name);
    CHECK(known && column < known->cols);
    size_t *cut = t->list[known - t->list].cut, n = 0;
    while (n < TENSOR_CUTS && cut[n] && cut[n] < column)
        n++;
    CHECK(n < TENSOR_CUTS && (cut[n] == 0 || cut[n] == column));
    cut[n] = column;
}

bool tensor_piece(const struct tensor *t, size_t i, size_t *at, size_t *cols)
{
    if (i > TENSOR_CUTS || (i > 0 && t->cut[i - 1] == 0))
        return false;
    size_t next = i < TENSOR_CUTS ? t->cut[i] : 0;
    *at = i > 0 ? t->cut[i - 1] : 0;
    *cols = (next ? next : t->cols) - *at;
    return true;
}

size_t tensors_count(const struct tensors *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->list[i].n;
    return n;
}

/* Of all layers that have it. */
static double params_of(const struct tensor *t)
{
    return (double)t->n * (double)t->rows * (double)t->cols;
}

double tensors_params(const struct tensors *t, unsigned roles)
{
    double n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (roles >> t->list[i].role & 1)
            n += params_of(&t->list[i]);
    return n;
}

double tensors_params_active(const struct tensors *t)
{
    double n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += params_of(&t->list[i]) - round(t->list[i].idle * params_of(&t->list[i]));
    return n;
}
