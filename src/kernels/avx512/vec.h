/* The vector of kernels/simd/ at the AVX-512 level (F, DQ, VL, BW): 16 floats. */
#ifndef PLATEAU_KERNELS_AVX512_VEC_H
#define PLATEAU_KERNELS_AVX512_VEC_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/avx512/transpose.h"
#include "kernels/simd/deep.h"

#define VL 16
#define VEC_NAME(op) kern_##op##_avx512
#define VEC_INIT kern_init_avx512
#define VEC_ISA KERN_AVX512
/* 28 accumulators, two vectors of B and one of A: 31 of 32 registers. */
#define VEC_MR 14
#define VEC_ROWS(a_cs) VEC_MR
#define VEC_TILE kern_gemm_14x32_avx512
#define VEC_NEAR_TILE kern_gemm_14x32_near_avx512
/* As for AVX2; the panel of B is 64 KB. */
#define VEC_GEMM {.tile = VEC_TILE, .MR = 14, .NR = 32, .MC = 182, .NC = 512, .KC = 512}

#define VEC_FETCH_L1(at) _mm_prefetch((const char *)(at), _MM_HINT_T0)
#define VEC_FETCH_L2(at) _mm_prefetch((const char *)(at), _MM_HINT_T1)

typedef __m512 vf;
typedef __mmask16 vmask;

/* The first n lanes, 0 <= n <= VL. */
static inline vmask v_mask(size_t n)
{
    return (vmask)((1u << n) - 1u);
}
/* Lanes from n on. */
static inline vmask v_mask_from(size_t n)
{
    return (vmask)(0xFFFFu << n);
}
static inline vf v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline vf v_load_mask(const float *p, vmask m)
{
    return _mm512_maskz_loadu_ps(m, p);
}
static inline void v_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}
static inline void v_store_mask(float *p, vmask m, vf a)
{
    _mm512_mask_storeu_ps(p, m, a);
}
static inline vf v_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vf v_set1(float a)
{
    return _mm512_set1_ps(a);
}
static inline vf v_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf v_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf v_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf v_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
static inline vf v_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
/* The second operand where either is NaN. */
static inline vf v_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
static inline vf v_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}
/* 1 where a > 0, else 0 */
static inline vf v_positive(vf a)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_GT_OQ), _mm512_set1_ps(1.0f));
}
/* a b + c */
static inline vf v_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
/* c - a b */
static inline vf v_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
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
    return _mm512_mask_blend_ps(m, b, a);
}
static inline float v_hsum(vf a)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* Lane i: v_hsum(x[i]), by the same additions. */
static inline vf v_hsums(const vf x[VL])
{
    vf h[8], q[4], t[2];
    for (int i = 0; i < 8; i++) { /* rows 0 .. 3 and 8 .. 11, each with the fourth after it */
        vf a = x[i + i / 4 * 4], b = x[i + i / 4 * 4 + 4];
        h[i] = v_add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
    }
    for (int i = 0; i < 4; i++)
        q[i] = v_add(_mm512_shuffle_f32x4(h[i], h[i + 4], 0x88), _mm512_shuffle_f32x4(h[i], h[i + 4], 0xDD));
    for (int i = 0; i < 2; i++)
        t[i] = v_add(_mm512_shuffle_ps(q[2 * i], q[2 * i + 1], 0x44), _mm512_shuffle_ps(q[2 * i], q[2 * i + 1], 0xEE));
    return v_add(_mm512_shuffle_ps(t[0], t[1], 0x88), _mm512_shuffle_ps(t[0], t[1], 0xDD));
}
static inline float v_hmax(vf a)
{
    __m256 h = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
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
    __m512i n = _mm512_slli_epi32(_mm512_castps_si512(magic_n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(poly), n));
}
/* a where x >= lo or x is NaN, 0 elsewhere */
static inline vf v_keep_above(vf a, vf x, vf lo)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, lo, _CMP_NLT_UQ), a);
}
#define VEC_OWN_EXP2
/* x = n + *r, n the nearest whole number, returned in the form that v_exp2_join takes. */
static inline vf v_exp2_split(vf x, vf *r)
{
    vf n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT);
    *r = v_sub(x, n);
    return n;
}
/* poly 2^n; 0 where x < VEC_EXP2_MIN. */
static inline vf v_exp2_join(vf poly, vf n, vf x)
{
    __mmask16 above = _mm512_cmp_ps_mask(x, v_set1(VEC_EXP2_MIN), _CMP_NLT_UQ);
    return _mm512_maskz_scalef_ps(above, poly, n);
}
/* 1/x for |x| in [2^-126, 2^126] within 1 ulp: an estimate of 14 bits and a step of Newton's. */
static inline vf v_reciprocal(vf x)
{
    vf r = _mm512_rcp14_ps(x);
    return v_fma(r, v_fnma(x, r, v_set1(1.0f)), r);
}

/* x = m 2^e with m in [sqrt 1/2, sqrt 2), for positive normal x. */
static inline vf v_split_exponent(vf x, vf *m)
{
    __m512i bits = _mm512_castps_si512(x);
    __m512i e = _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(0x3F3504F3)), 23);
    *m = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(e, 23)));
    return _mm512_cvtepi32_ps(e);
}

/* Sums of squares and column sums are kept in double: a pair of vectors holds one vf. */
typedef struct {
    __m512d lo, hi;
} vd;
static inline vd vd_zero(void)
{
    return (vd){_mm512_setzero_pd(), _mm512_setzero_pd()};
}
static inline vd vd_widen(vf a)
{
    return (vd){_mm512_cvtps_pd(_mm512_castps512_ps256(a)),
                _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1))};
}
static inline vd vd_add(vd a, vd b)
{
    return (vd){_mm512_add_pd(a.lo, b.lo), _mm512_add_pd(a.hi, b.hi)};
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return (vd){_mm512_fmadd_pd(a.lo, b.lo, c.lo), _mm512_fmadd_pd(a.hi, b.hi, c.hi)};
}
static inline vf vd_narrow(vd a)
{
    __m512 lo = _mm512_castps256_ps512(_mm512_cvtpd_ps(a.lo));
    return _mm512_insertf32x8(lo, _mm512_cvtpd_ps(a.hi), 1);
}
static inline double vd_hsum(vd a)
{
    __m512d s = _mm512_add_pd(a.lo, a.hi);
    __m256d h = _mm256_add_pd(_mm512_castpd512_pd256(s), _mm512_extractf64x4_pd(s, 1));
    __m128d t = _mm_add_pd(_mm256_castpd256_pd128(h), _mm256_extractf128_pd(h, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

#endif
