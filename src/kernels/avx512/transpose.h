/* Transposing 16x16 blocks of floats with zmm registers; what is smaller goes by blocks of 8x8. */
#ifndef PLATEAU_KERNELS_AVX512_TRANSPOSE_H
#define PLATEAU_KERNELS_AVX512_TRANSPOSE_H

#include <immintrin.h>
#include <stddef.h>

#include "kernels/avx2/transpose.h"

/* Four floats of each of the rows i, i+4, i+8 and i+12, one row a quarter. */
static inline __attribute__((always_inline)) __m512 quarters(const float *src, size_t ld)
{
    __m512 r = _mm512_castps128_ps512(_mm_loadu_ps(src));
    r = _mm512_mask_broadcast_f32x4(r, 0x00F0, _mm_loadu_ps(src + 4 * ld));
    r = _mm512_mask_broadcast_f32x4(r, 0x0F00, _mm_loadu_ps(src + 8 * ld));
    return _mm512_mask_broadcast_f32x4(r, 0xF000, _mm_loadu_ps(src + 12 * ld));
}

/* dst[j * ld_dst + i] = src[i * ld_src + j] for i, j < 16: in each quarter four rows become columns. */
static inline void transpose_16x16(float *dst, size_t ld_dst, const float *src, size_t ld_src)
{
    for (size_t j = 0; j < 16; j += 4) {
        __m512 r[4], lo[2], hi[2];
        for (size_t i = 0; i < 4; i++)
            r[i] = quarters(src + i * ld_src + j, ld_src);
        for (size_t i = 0; i < 2; i++) {
            lo[i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            hi[i] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        float *out = dst + j * ld_dst;
        _mm512_storeu_ps(out, _mm512_shuffle_ps(lo[0], lo[1], 0x44));
        _mm512_storeu_ps(out + ld_dst, _mm512_shuffle_ps(lo[0], lo[1], 0xEE));
        _mm512_storeu_ps(out + 2 * ld_dst, _mm512_shuffle_ps(hi[0], hi[1], 0x44));
        _mm512_storeu_ps(out + 3 * ld_dst, _mm512_shuffle_ps(hi[0], hi[1], 0xEE));
    }
}

/* The same for i < rows <= 16, j < cols <= 16. */
static inline void v_transpose(float *dst, size_t ld_dst, const float *src, size_t ld_src,
                               size_t rows, size_t cols)
{
    if (rows == 16 && cols == 16) {
        transpose_16x16(dst, ld_dst, src, ld_src);
        return;
    }
    for (size_t i = 0; i < rows; i += 8)
        for (size_t j = 0; j < cols; j += 8)
            transpose_block(dst + j * ld_dst + i, ld_dst, src + i * ld_src + j, ld_src,
                            rows - i < 8 ? rows - i : 8, cols - j < 8 ? cols - j : 8, 1.0f, 0);
}

#endif
