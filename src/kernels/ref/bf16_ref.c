/* The definition of bfloat16 products, in double, where each of its steps is exact or rounded once.
 *
 * A product of two bfloat16 has 16 bits, so it is exact. Its sum with a float t of 24 bits is rounded twice, to double and to
 * float, which is the same as once: bits are lost by the first only where the terms' sizes are 2^28 apart or more, and then
 * the float nearest to the sum is the larger term, for it is a float and half a unit of it is farther away than the smaller
 * term reaches. */
#include "kernels/ref/kern_ref.h"

#include <float.h>
#include <math.h>

#include "kernels/bf16.h"

/* What would be subnormal once it were rounded to 24 bits is 0, as processors of x86 tell it: from 2^-126 - 2^-151 on a sum
 * rounds to 2^-126, which is normal. */
static float flush(double s)
{
    const double least = (double)FLT_MIN * (1 - 0x1p-25);
    return fabs(s) < least ? copysignf(0.0f, (float)s) : (float)s;
}

static float zero_if_subnormal(float t)
{
    return fabsf(t) < FLT_MIN ? copysignf(0.0f, t) : t;
}

float kern_bf16_step_ref(float t, float x, float y)
{
    return flush((double)zero_if_subnormal(t) + (double)x * (double)y);
}

static void tile(const struct kern_product *x, const struct kern_fetch *fetch, const struct kern_epilogue *f)
{
    (void)fetch;
    for (size_t i = 0; i < x->m; i++)
        for (size_t j = 0; j < x->n; j++) {
            float t = 0, *to = x->c + i * x->ldc + j;
            for (size_t p = 0; p < x->k; p++)
                t = kern_bf16_step_ref(t, x->a[i * x->a_rs + p * x->a_cs], x->b[p * x->ldb + j]);
            *to = x->accumulate ? flush((double)zero_if_subnormal(*to) + (double)t) : t;
        }
    if (f)
        kern_epilogue_ref(x->c, f, x->ldc, x->m, x->n);
}

/* Values of depth of a group. */
enum { GROUP = 32 };

/* t plus the sums of the groups, the last filled up with zeros, which make 0 of -0. */
static float by_groups(float t, const struct kern_product *x, size_t i, size_t j)
{
    const float *a = x->a + i * x->a_rs, *b = x->b + j;
    for (size_t d = 0; d < x->k; d += GROUP) {
        float odd = 0, even = 0;
        for (size_t p = d; p < d + GROUP; p += 2) {
            const bool there = p < x->k;
            odd = kern_bf16_step_ref(odd, there ? a[p * x->a_cs] : 0, there ? b[p * x->ldb] : 0);
            even = kern_bf16_step_ref(even, there ? a[(p + 1) * x->a_cs] : 0, there ? b[(p + 1) * x->ldb] : 0);
        }
        t = flush((double)zero_if_subnormal(t) + (double)flush((double)even + (double)odd));
    }
    return t;
}

static void tile_of_groups(const struct kern_product *x, const struct kern_fetch *fetch, const struct kern_epilogue *f)
{
    (void)fetch;
    for (size_t i = 0; i < x->m; i++)
        for (size_t j = 0; j < x->n; j++) {
            float *to = x->c + i * x->ldc + j;
            *to = by_groups(x->accumulate ? *to : 0, x, i, j);
        }
    if (f)
        kern_epilogue_ref(x->c, f, x->ldc, x->m, x->n);
}

static void rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    bf16_rows_single(out, x, ld, depth, n, width);
}

static void along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    bf16_along_single(out, ld_out, x, ld, n, depth);
}

const struct kern_bf16 kern_bf16_ref = {
    .gemm = {.tile = tile, .MR = 4, .NR = 8, .MC = 64, .NC = 512, .KC = KERN_BF16_KC},
    .each = 1,
    .group = 2,
    .rows = rows,
    .along = along,
};

const struct kern_bf16 kern_bf16_groups_ref = {
    .gemm = {.tile = tile_of_groups, .MR = 4, .NR = 8, .MC = 64, .NC = 512, .KC = KERN_BF16_KC},
    .each = 1,
    .group = 2,
    .rows = rows,
    .along = along,
};
