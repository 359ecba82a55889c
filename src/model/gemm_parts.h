/* What both files of products cut work by. */
#ifndef PLATEAU_MODEL_GEMM_PARTS_H
#define PLATEAU_MODEL_GEMM_PARTS_H

#include <math.h>

#include "base/size.h"
#include "kernels/kern.h"

static inline size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Share t of n items among `threads`, in units. */
static inline void share(size_t *begin, size_t *end, size_t n, size_t unit, int t, int threads)
{
    size_t units = ceil_div(n, unit), T = (size_t)threads, i = (size_t)t;
    *begin = size_min(n, units * i / T * unit);
    *end = size_min(n, units * (i + 1) / T * unit);
}

/* The same of rows, of which one more is so much more work than the one before: what lies below the diagonal. */
static inline void share_lower(size_t *begin, size_t *end, size_t n, size_t unit, int t, int threads)
{
    for (int side = 0; side < 2; side++) {
        size_t row = (size_t)((double)n * sqrt((double)(t + side) / threads)) / unit * unit;
        *(side ? end : begin) = t + side == threads ? n : row;
    }
}

/* `f` for the elements from row i and column j on. */
static inline struct kern_epilogue epilogue_at(const struct kern_epilogue *f, size_t ldc, size_t i, size_t j)
{
    struct kern_epilogue g = *f;
    size_t at = i * ldc + j;
    g.bias = f->bias ? f->bias + j : NULL;
    g.res = f->res ? f->res + at : NULL;
    g.mul = f->mul ? f->mul + at : NULL;
    g.slope = f->slope ? f->slope + at : NULL;
    return g;
}

#endif
