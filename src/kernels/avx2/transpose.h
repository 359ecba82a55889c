/* Transposing 8x8 blocks of floats with ymm registers; also used by the AVX-512 kernels, whose flags
 * include AVX2. */
#ifndef PLATEAU_KERNELS_AVX2_TRANSPOSE_H
#define PLATEAU_KERNELS_AVX2_TRANSPOSE_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

static inline void transpose_8x8(__m256 r[8])
{
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        a[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
        b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xEE);
        b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
        b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

static inline __m256i transpose_mask(size_t n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(lanes + 8 - n));
}

/* dst[j * ld_dst + i] = scale src[i * ld_src + j] for i < rows <= 8, j < cols <= 8. Columns rows .. 7 of
 * dst are set to zero where `pad`, else left alone. */
static inline void transpose_block(float *dst, size_t ld_dst, const float *src, size_t ld_src,
                                   size_t rows, size_t cols, float scale, int pad)
{
    __m256 r[8], factor = _mm256_set1_ps(scale);
    if (rows == 8 && cols == 8) {
        for (size_t i = 0; i < 8; i++)
            r[i] = _mm256_mul_ps(factor, _mm256_loadu_ps(src + i * ld_src));
        transpose_8x8(r);
        for (size_t j = 0; j < 8; j++)
            _mm256_storeu_ps(dst + j * ld_dst, r[j]);
        return;
    }
    __m256i in = transpose_mask(cols), out = transpose_mask(pad ? 8 : rows);
    for (size_t i = 0; i < 8; i++)
        r[i] = i < rows ? _mm256_mul_ps(factor, _mm256_maskload_ps(src + i * ld_src, in))
                        : _mm256_setzero_ps();
    transpose_8x8(r);
    for (size_t j = 0; j < 8; j++)
        if (j < cols)
            _mm256_maskstore_ps(dst + j * ld_dst, out, r[j]);
}

#endif
