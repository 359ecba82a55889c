/* Operands of bfloat16 by VCVTNE2PS2BF16: pairs of depth side by side in a float, the even one below, filled up with zeros to a
 * multiple of `group` values. For the levels that have it. */
#ifndef PLATEAU_KERNELS_AVX512_PAIRS_H
#define PLATEAU_KERNELS_AVX512_PAIRS_H

#include "kernels/simd/simd.h"

/* The values of lo in the lower halves, those of hi in the upper ones. */
static inline vf pairs_of(vf lo, vf hi)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5,
                                           20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(hi, lo);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, both));
}

/* Columns [0, w) of one pair of rows; a row that is not there, NULL, is zeros. */
static inline __attribute__((always_inline)) void pairs_row(float *out, const float *even, const float *odd, size_t w)
{
    for (size_t i = 0; i < w; i += VL) {
        vf lo = even ? simd_load_n(even + i, w - i) : v_zero();
        vf hi = odd ? simd_load_n(odd + i, w - i) : v_zero();
        simd_store_n(out + i, pairs_of(lo, hi), w - i);
    }
}

/* kern_bf16.rows */
static inline void pairs_rows(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width, size_t group)
{
    for (size_t j = 0; j < n; j += width) {
        size_t w = n - j < width ? n - j : width, p = 0;
        for (; p < depth; p += 2, out += w) {
            const float *even = x + p * ld + j;
            pairs_row(out, even, p + 1 < depth ? even + ld : NULL, w);
        }
        for (; p % group != 0; p += 2, out += w)
            pairs_row(out, NULL, NULL, w);
    }
}

/* kern_bf16.along */
static inline void pairs_along(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth, size_t group)
{
    for (size_t r = 0; r < n; r++, out += ld_out, x += ld)
        for (size_t p = 0; p < depth; p += 2 * VL) {
            size_t left = depth - p, filled = (left + group - 1) / group * group;
            vf lo = simd_load_n(x + p, left), hi = left > VL ? simd_load_n(x + p + VL, left - VL) : v_zero();
            vf both = _mm512_castsi512_ps((__m512i)_mm512_cvtne2ps_pbh(hi, lo));
            simd_store_n(out + p / 2, both, filled / 2);
        }
}

#endif
