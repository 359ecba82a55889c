/* Products of bfloat16 by VDPBF16PS: the tile of fp32 with that in place of its multiply-add, on floats that each hold a
 * pair of values. */
#include "kernels/simd/simd.h"

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
#include "kernels/simd/gemm.c"

/* The instruction flushes by itself; what is done with its sums wants the mode. */
static void flushing_tile(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *e)
{
    flush_mode before = flush_on();
    VEC_TILE(p, fetch, e);
    flush_set(before);
}

/* The values of lo in the lower halves, those of hi in the upper ones. */
static inline vf interleave(vf lo, vf hi)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                                           20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(hi, lo);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, both));
}

/* Columns [0, w) of one pair of rows. */
INLINE void pair_of_rows(float *out, const float *even, const float *odd, size_t w)
{
    for (size_t i = 0; i < w; i += VL) {
        vf hi = odd ? simd_load_n(odd + i, w - i) : v_zero();
        simd_store_n(out + i, interleave(simd_load_n(even + i, w - i), hi), w - i);
    }
}

static void rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width)
{
    for (size_t j = 0; j < n; j += width) {
        size_t w = n - j < width ? n - j : width;
        for (size_t p = 0; p < depth; p += 2, out += w) {
            const float *even = x + p * ld + j;
            pair_of_rows(out, even, p + 1 < depth ? even + ld : NULL, w);
        }
    }
}

static void along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth)
{
    for (size_t r = 0; r < n; r++, out += ld_out, x += ld)
        for (size_t p = 0; p < depth; p += 2 * VL) {
            size_t left = depth - p;
            vf lo = simd_load_n(x + p, left), hi = left > VL ? simd_load_n(x + p + VL, left - VL) : v_zero();
            vf both = _mm512_castsi512_ps((__m512i)_mm512_cvtne2ps_pbh(hi, lo));
            simd_store_n(out + p / 2, both, (left + 1) / 2);
        }
}

void kern_init_avx512_bf16(struct kern *k)
{
    const struct kern_gemm g = VEC_GEMM;
    k->bf16 = (struct kern_bf16){.gemm = g, .each = 2, .rows = rows, .along = along};
    k->bf16.gemm.tile = flushing_tile;
    k->bf16.gemm.KC = KERN_BF16_KC;
}
