/* Products of bfloat16 without an instruction for them: a bfloat16 is a float, a product of two is exact within the fused
 * multiply-add, and with its operands in the order of the sum the tile of fp32 computes what kern_bf16 says. */
#include "kernels/simd/simd.h"

#include "kernels/bf16.h"
#include "kernels/simd/flush.h"

static void tile(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *epilogue)
{
    flush_mode before = flush_on();
    VEC_TILE(p, fetch, epilogue);
    flush_set(before);
}

static void rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    bf16_rows_single(out, x, ld, depth, n, width);
}

static void along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    bf16_along_single(out, ld_out, x, ld, n, depth);
}

void VEC_NAME(init_bf16)(struct kern *k)
{
    const struct kern_gemm g = VEC_GEMM;
    k->bf16 = (struct kern_bf16){.gemm = g, .each = 1, .group = 2, .rows = rows, .along = along};
    k->bf16.gemm.tile = tile;
    k->bf16.gemm.KC = KERN_BF16_KC;
}
