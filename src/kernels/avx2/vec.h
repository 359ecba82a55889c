/* The vector of kernels/simd/ at the AVX2+FMA level: 8 floats. */
#ifndef PLATEAU_KERNELS_AVX2_VEC_H
#define PLATEAU_KERNELS_AVX2_VEC_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/avx2/transpose.h"
#include "kernels/simd/deep.h"

#define VL 8
#define VEC_NAME(op) kern_##op##_avx2
#define VEC_INIT kern_init_avx2
#define VEC_ISA KERN_AVX2
/* 12 accumulators, two vectors of B and one of A: 15 of 16 registers. */
#define VEC_MR 6
#define VEC_ROWS(a_cs) VEC_MR
#define VEC_TILE kern_gemm_6x16_avx2
#define VEC_NEAR_TILE kern_gemm_6x16_near_avx2
/* A panel of B (KC x NR floats, 32 KB) streams from L2; MC x KC floats of A take 360 KB of a 1 MB L2 and leave
 * room for what is fetched of the next panel (kernels/SPEED-LOG.md). */
#define VEC_GEMM {.tile = VEC_TILE, .MR = 6, .NR = 16, .MC = 180, .NC = 512, .KC = 512}

#define VEC_FETCH_L1(at) _mm_prefetch((const char *)(at), _MM_HINT_T0)
#define VEC_FETCH_L2(at) _mm_prefetch((const char *)(at), _MM_HINT_T1)

typedef __m256 vf;
typedef __m256i vmask;

/* dst[j * ld_dst + i] = src[i * ld_src + j] for i < rows <= VL, j < cols <= VL. */
static inline void v_transpose(float *dst, size_t ld_dst, const float *src, size_t ld_src,
                               size_t rows, size_t cols)
{
    transpose_block(dst, ld_dst, src, ld_src, rows, cols, 1.0f, 0);
}
/* The first n lanes, 0 <= n <= VL. */
static inline vmask v_mask(size_t n)
{
    static const int32_t lanes[2 * VL] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(lanes + VL - n));
}
/* Lanes from n on. */
static inline vmask v_mask_from(size_t n)
{
    static const int32_t lanes[2 * VL] = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(lanes + VL - n));
}
static inline vf v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline vf v_load_mask(const float *p, vmask m)
{
    return _mm256_maskload_ps(p, m);
}
static inline void v_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a);
}
static inline void v_store_mask(float *p, vmask m, vf a)
{
    _mm256_maskstore_ps(p, m, a);
}
static inline vf v_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vf v_set1(float a)
{
    return _mm256_set1_ps(a);
}
static inline vf v_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf v_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf v_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf v_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
static inline vf v_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
/* The second operand where either is NaN. */
static inline vf v_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
static inline vf v_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}
/* 1 where a > 0, else 0 */
static inline vf v_positive(vf a)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_GT_OQ), _mm256_set1_ps(1.0f));
}
/* a b + c */
static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
/* c - a b */
static inline vf v_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
/* A number that a vector is multiplied by. */
typedef vf vs;
static inline vs vs_load(const float *p)
{
    return v_set1(*p);
}
static inline vf vs_fma(vs a, vf b, vf c)
{
    return v_fma(a, b, c);
}
/* a in the lanes of m, b elsewhere */
static inline vf v_select(vmask m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m));
}
static inline float v_hsum(vf a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* Lane i: v_hsum(x[i]), by the same additions. */
static inline vf v_hsums(const vf x[VL])
{
    vf q[4], t[2];
    for (int i = 0; i < 4; i++)
        q[i] = v_add(_mm256_permute2f128_ps(x[i], x[i + 4], 0x20), _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
    for (int i = 0; i < 2; i++)
        t[i] = v_add(_mm256_shuffle_ps(q[2 * i], q[2 * i + 1], 0x44), _mm256_shuffle_ps(q[2 * i], q[2 * i + 1], 0xEE));
    return v_add(_mm256_shuffle_ps(t[0], t[1], 0x88), _mm256_shuffle_ps(t[0], t[1], 0xDD));
}
static inline float v_hmax(vf a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

/* Adding 1.5 2^23 rounds to the nearest whole number and leaves it in the low bits. */
#define VEC_MAGIC 12582912.0f
/* poly 2^n for whole n, given as magic + n with magic = 1.5 2^23, whose low bits hold n. poly lies in
 * [0.7, 1.42] and n in [-126, 127], so adding n to the exponent field is exact. */
#define VEC_EXP_MIN -87.33654f /* ln of the smallest normal number, and that in base 2: */
#define VEC_EXP2_MIN -125.99999f
static inline vf v_scale2(vf poly, vf magic_n)
{
    __m256i n = _mm256_slli_epi32(_mm256_castps_si256(magic_n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(poly), n));
}
/* a where x >= lo or x is NaN, 0 elsewhere */
static inline vf v_keep_above(vf a, vf x, vf lo)
{
    return _mm256_and_ps(a, _mm256_cmp_ps(x, lo, _CMP_NLT_UQ));
}

/* x = m 2^e with m in [sqrt 1/2, sqrt 2), for positive normal x. */
static inline vf v_split_exponent(vf x, vf *m)
{
    __m256i bits = _mm256_castps_si256(x);
    __m256i e = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(0x3F3504F3)), 23);
    *m = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(e, 23)));
    return _mm256_cvtepi32_ps(e);
}

/* Sums of squares and column sums are kept in double: a pair of vectors holds one vf. */
typedef struct {
    __m256d lo, hi;
} vd;
static inline vd vd_zero(void)
{
    return (vd){_mm256_setzero_pd(), _mm256_setzero_pd()};
}
static inline vd vd_widen(vf a)
{
    return (vd){_mm256_cvtps_pd(_mm256_castps256_ps128(a)),
                _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
}
static inline vd vd_add(vd a, vd b)
{
    return (vd){_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)};
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return (vd){_mm256_fmadd_pd(a.lo, b.lo, c.lo), _mm256_fmadd_pd(a.hi, b.hi, c.hi)};
}
static inline vf vd_narrow(vd a)
{
    return _mm256_set_m128(_mm256_cvtpd_ps(a.hi), _mm256_cvtpd_ps(a.lo));
}
static inline double vd_hsum(vd a)
{
    __m256d s = _mm256_add_pd(a.lo, a.hi);
    __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

#endif
