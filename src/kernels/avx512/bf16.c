/* Products of bfloat16 by VDPBF16PS: the tile of fp32 with that in place of its multiply-add, on floats that each hold a
 * pair of values. */
#include "kernels/simd/simd.h"

#include "kernels/avx512/pairs.h"
#include "kernels/bf16.h"
#include "kernels/levels.h"
#include "kernels/simd/flush.h"

static inline vf pair_fma(vs a, vf b, vf c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

#define TILE_FMA pair_fma
#undef VEC_TILE
#define VEC_TILE kern_gemm_bf16_14x32_avx512
kern_gemm_tile_fn VEC_TILE;
#include "kernels/simd/gemm.c" // NOLINT(bugprone-suspicious-include): a template

/* The instruction flushes by itself; what is done with its sums wants the mode. */
static void flushing_tile(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *e)
{
    flush_mode before = flush_on();
    VEC_TILE(p, fetch, e);
    flush_set(before);
}

static void rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    pairs_rows(out, x, ld, depth, n, width, 2);
}

static void along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    pairs_along(out, ld_out, x, ld, n, depth, 2);
}

void kern_init_avx512_bf16(struct kern *k)
{
    const struct kern_gemm g = VEC_GEMM;
    k->bf16 = (struct kern_bf16){.gemm = g, .each = 2, .group = 2, .rows = rows, .along = along};
    k->bf16.gemm.tile = flushing_tile;
    k->bf16.gemm.KC = KERN_BF16_KC;
}
