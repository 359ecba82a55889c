/* The vector of kernels/simd/ on 64-bit arm: 8 floats in two registers of four. So many lanes, and sums across them in the
 * order of the AVX2 level, give the bytes that AVX2 gives. */
#ifndef PLATEAU_KERNELS_NEON_VEC_H
#define PLATEAU_KERNELS_NEON_VEC_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/neon/lanes.h"

#define VL 8
#define VEC_NAME(op) kern_##op##_neon
#define VEC_INIT kern_init_neon
#define VEC_ISA KERN_NEON
/* 24 accumulators, four registers of B and two of A: 30 of 32; five rows where A's are six (lanes.h). */
#define VEC_MR 6
#define VEC_ROWS(a_cs) ((a_cs) == 1 ? LANES_ROWS : VEC_MR)
#define VEC_TILE kern_gemm_6x16_neon
#define VEC_NEAR_TILE kern_gemm_6x16_near_neon
#define VEC_GEMM {.tile = VEC_TILE, .MR = 6, .NR = 16, .MC = 180, .NC = 512, .KC = 512}

/* As functions, some compilers take them for such without effect and drop the calls. */
#define VEC_FETCH_L1(at) __builtin_prefetch((const void *)(at), 0, 3)
#define VEC_FETCH_L2(at) __builtin_prefetch((const void *)(at), 0, 2)

typedef struct {
    float32x4_t lo, hi;
} vf;
typedef struct {
    uint32x4_t lo, hi;
    size_t n; /* the first n lanes: there are no masked loads and stores, parts are moved instead */
} vmask;

/* Lanes l of two vectors with l >= from, and l < to. */
static inline vmask vec_lanes(size_t from, size_t to)
{
    static const uint32_t number[VL] = {0, 1, 2, 3, 4, 5, 6, 7};
    uint32x4_t lo = vld1q_u32(number), hi = vld1q_u32(number + 4), a = vdupq_n_u32((uint32_t)from), b = vdupq_n_u32((uint32_t)to);
    return (vmask){vandq_u32(vcgeq_u32(lo, a), vcltq_u32(lo, b)), vandq_u32(vcgeq_u32(hi, a), vcltq_u32(hi, b)), to};
}
/* The first n lanes, 0 <= n <= VL. */
static inline vmask v_mask(size_t n)
{
    return vec_lanes(0, n);
}
/* Lanes from n on; to select by, not to load or store by. */
static inline vmask v_mask_from(size_t n)
{
    return vec_lanes(n, VL);
}
static inline vf v_load(const float *p)
{
    return (vf){vld1q_f32(p), vld1q_f32(p + 4)};
}
static inline float32x4_t vec_load_part(const float *p, size_t n)
{
    float32x2_t lo = vdup_n_f32(0), hi = lo;
    if (n & 2)
        lo = vld1_f32(p);
    if (n == 3)
        hi = vld1_lane_f32(p + 2, hi, 0);
    else if (n == 1)
        lo = vld1_lane_f32(p, lo, 0);
    return n >= 4 ? vld1q_f32(p) : vcombine_f32(lo, hi);
}
static inline vf v_load_mask(const float *p, vmask m)
{
    return (vf){vec_load_part(p, m.n), m.n > 4 ? vec_load_part(p + 4, m.n - 4) : vdupq_n_f32(0)};
}
static inline void v_store(float *p, vf a)
{
    vst1q_f32(p, a.lo);
    vst1q_f32(p + 4, a.hi);
}
static inline void vec_store_part(float *p, float32x4_t a, size_t n)
{
    if (n >= 4) {
        vst1q_f32(p, a);
        return;
    }
    if (n & 2)
        vst1_f32(p, vget_low_f32(a));
    if (n == 3)
        vst1q_lane_f32(p + 2, a, 2);
    else if (n == 1)
        vst1q_lane_f32(p, a, 0);
}
static inline void v_store_mask(float *p, vmask m, vf a)
{
    vec_store_part(p, a.lo, m.n);
    if (m.n > 4)
        vec_store_part(p + 4, a.hi, m.n - 4);
}
static inline vf v_set1(float a)
{
    return (vf){vdupq_n_f32(a), vdupq_n_f32(a)};
}
static inline vf v_zero(void)
{
    return v_set1(0);
}
static inline vf v_add(vf a, vf b)
{
    return (vf){vaddq_f32(a.lo, b.lo), vaddq_f32(a.hi, b.hi)};
}
static inline vf v_sub(vf a, vf b)
{
    return (vf){vsubq_f32(a.lo, b.lo), vsubq_f32(a.hi, b.hi)};
}
static inline vf v_mul(vf a, vf b)
{
    return (vf){vmulq_f32(a.lo, b.lo), vmulq_f32(a.hi, b.hi)};
}
static inline vf v_div(vf a, vf b)
{
    return (vf){vdivq_f32(a.lo, b.lo), vdivq_f32(a.hi, b.hi)};
}
static inline vf v_sqrt(vf a)
{
    return (vf){vsqrtq_f32(a.lo), vsqrtq_f32(a.hi)};
}
static inline float32x4_t vec_max(float32x4_t a, float32x4_t b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
/* The second operand where either is NaN: the instructions of that name would give NaN. */
static inline vf v_max(vf a, vf b)
{
    return (vf){vec_max(a.lo, b.lo), vec_max(a.hi, b.hi)};
}
static inline vf v_min(vf a, vf b)
{
    return (vf){vbslq_f32(vcltq_f32(a.lo, b.lo), a.lo, b.lo), vbslq_f32(vcltq_f32(a.hi, b.hi), a.hi, b.hi)};
}
static inline float32x4_t vec_keep(uint32x4_t where, float32x4_t a)
{
    return vreinterpretq_f32_u32(vandq_u32(where, vreinterpretq_u32_f32(a)));
}
/* 1 where a > 0, else 0 */
static inline vf v_positive(vf a)
{
    return (vf){vec_keep(vcgtzq_f32(a.lo), vdupq_n_f32(1)), vec_keep(vcgtzq_f32(a.hi), vdupq_n_f32(1))};
}
/* a b + c */
static inline vf v_fma(vf a, vf b, vf c)
{
    return (vf){vfmaq_f32(c.lo, a.lo, b.lo), vfmaq_f32(c.hi, a.hi, b.hi)};
}
/* c - a b */
static inline vf v_fnma(vf a, vf b, vf c)
{
    return (vf){vfmsq_f32(c.lo, a.lo, b.lo), vfmsq_f32(c.hi, a.hi, b.hi)};
}
/* a in the lanes of m, b elsewhere */
static inline vf v_select(vmask m, vf a, vf b)
{
    return (vf){vbslq_f32(m.lo, a.lo, b.lo), vbslq_f32(m.hi, a.hi, b.hi)};
}
/* A number that a vector is multiplied by: from its own register, which costs no copy to all lanes. */
typedef float vs;
static inline vs vs_load(const float *p)
{
    return *p;
}
static inline vf vs_fma(vs a, vf b, vf c)
{
    return (vf){vfmaq_n_f32(c.lo, b.lo, a), vfmaq_n_f32(c.hi, b.hi, a)};
}
static inline float v_hsum(vf a)
{
    float32x4_t s = vaddq_f32(a.lo, a.hi);
    float32x2_t t = vadd_f32(vget_low_f32(s), vget_high_f32(s));
    return vget_lane_f32(t, 0) + vget_lane_f32(t, 1);
}
/* Lane i: v_hsum(x[i]), by the same additions. */
static inline vf v_hsums(const vf x[VL])
{
    float32x4_t t[4];
    for (int i = 0; i < 4; i++) {
        float32x4_t a = vaddq_f32(x[2 * i].lo, x[2 * i].hi), b = vaddq_f32(x[2 * i + 1].lo, x[2 * i + 1].hi);
        t[i] = vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)), vcombine_f32(vget_high_f32(a), vget_high_f32(b)));
    }
    return (vf){vpaddq_f32(t[0], t[1]), vpaddq_f32(t[2], t[3])};
}
static inline float v_hmax(vf a)
{
    float32x4_t s = vec_max(a.lo, a.hi);
    s = vec_max(s, vcombine_f32(vget_high_f32(s), vget_high_f32(s)));
    float x = vgetq_lane_f32(s, 0), y = vgetq_lane_f32(s, 1);
    return x > y ? x : y;
}

/* Adding 1.5 2^23 rounds to the nearest whole number and leaves it in the low bits. */
#define VEC_MAGIC 12582912.0f
/* poly 2^n for whole n, given as magic + n with magic = 1.5 2^23, whose low bits hold n. poly lies in
 * [0.7, 1.42] and n in [-126, 127], so adding n to the exponent field is exact. */
#define VEC_EXP_MIN -87.33654f /* ln of the smallest normal number, and that in base 2: */
#define VEC_EXP2_MIN -125.99999f
static inline float32x4_t vec_scale2(float32x4_t poly, float32x4_t magic_n)
{
    uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(magic_n), 23);
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(poly), n));
}
static inline vf v_scale2(vf poly, vf magic_n)
{
    return (vf){vec_scale2(poly.lo, magic_n.lo), vec_scale2(poly.hi, magic_n.hi)};
}
/* a where x >= lo or x is NaN, 0 elsewhere */
static inline vf v_keep_above(vf a, vf x, vf lo)
{
    return (vf){vec_keep(vmvnq_u32(vcltq_f32(x.lo, lo.lo)), a.lo), vec_keep(vmvnq_u32(vcltq_f32(x.hi, lo.hi)), a.hi)};
}

/* x = m 2^e with m in [sqrt 1/2, sqrt 2), for positive normal x. */
static inline float32x4_t vec_split_exponent(float32x4_t x, float32x4_t *m)
{
    int32x4_t bits = vreinterpretq_s32_f32(x), e = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3F3504F3)), 23);
    *m = vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(e, 23)));
    return vcvtq_f32_s32(e);
}
static inline vf v_split_exponent(vf x, vf *m)
{
    return (vf){vec_split_exponent(x.lo, &m->lo), vec_split_exponent(x.hi, &m->hi)};
}

/* Sums of squares and column sums are kept in double: four registers hold one vf. */
typedef struct {
    float64x2_t q[4];
} vd;
static inline vd vd_zero(void)
{
    float64x2_t z = vdupq_n_f64(0);
    return (vd){{z, z, z, z}};
}
static inline vd vd_widen(vf a)
{
    return (vd){{vcvt_f64_f32(vget_low_f32(a.lo)), vcvt_high_f64_f32(a.lo), vcvt_f64_f32(vget_low_f32(a.hi)),
                 vcvt_high_f64_f32(a.hi)}};
}
static inline vd vd_add(vd a, vd b)
{
    return (vd){{vaddq_f64(a.q[0], b.q[0]), vaddq_f64(a.q[1], b.q[1]), vaddq_f64(a.q[2], b.q[2]), vaddq_f64(a.q[3], b.q[3])}};
}
static inline vd vd_fma(vd a, vd b, vd c)
{
    return (vd){{vfmaq_f64(c.q[0], a.q[0], b.q[0]), vfmaq_f64(c.q[1], a.q[1], b.q[1]), vfmaq_f64(c.q[2], a.q[2], b.q[2]),
                 vfmaq_f64(c.q[3], a.q[3], b.q[3])}};
}
static inline vf vd_narrow(vd a)
{
    return (vf){vcvt_high_f32_f64(vcvt_f32_f64(a.q[0]), a.q[1]), vcvt_high_f32_f64(vcvt_f32_f64(a.q[2]), a.q[3])};
}
static inline double vd_hsum(vd a)
{
    float64x2_t t = vaddq_f64(vaddq_f64(a.q[0], a.q[2]), vaddq_f64(a.q[1], a.q[3]));
    return vgetq_lane_f64(t, 0) + vgetq_lane_f64(t, 1);
}

/* r[i] lane j <-> r[j] lane i */
static inline void transpose_4x4(float32x4_t r[4])
{
    float32x4_t a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]), c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
    float64x2_t a2 = vreinterpretq_f64_f32(a), b2 = vreinterpretq_f64_f32(b);
    float64x2_t c2 = vreinterpretq_f64_f32(c), d2 = vreinterpretq_f64_f32(d);
    r[0] = vreinterpretq_f32_f64(vtrn1q_f64(a2, c2));
    r[1] = vreinterpretq_f32_f64(vtrn1q_f64(b2, d2));
    r[2] = vreinterpretq_f32_f64(vtrn2q_f64(a2, c2));
    r[3] = vreinterpretq_f32_f64(vtrn2q_f64(b2, d2));
}
/* dst[j * ld_dst + i] = scale src[i * ld_src + j] for i < rows <= 8, j < cols <= 8. Columns rows .. 7 of
 * dst are set to zero where `pad`, else left alone. */
static inline void transpose_block(float *dst, size_t ld_dst, const float *src, size_t ld_src, size_t rows, size_t cols,
                                   float scale, int pad)
{
    float32x4_t lo[8], hi[8]; /* of rows: their first four columns, and the last */
    vmask in = v_mask(cols), out = v_mask(pad ? 8 : rows);
    for (size_t i = 0; i < 8; i++) {
        vf x = v_zero();
        if (i < rows)
            x = cols == 8 ? v_load(src + i * ld_src) : v_load_mask(src + i * ld_src, in);
        lo[i] = vmulq_n_f32(x.lo, scale), hi[i] = vmulq_n_f32(x.hi, scale);
    }
    transpose_4x4(lo), transpose_4x4(lo + 4), transpose_4x4(hi), transpose_4x4(hi + 4);
    for (size_t j = 0; j < cols; j++) {
        vf x = j < 4 ? (vf){lo[j], lo[j + 4]} : (vf){hi[j - 4], hi[j]};
        if (out.n == 8)
            v_store(dst + j * ld_dst, x);
        else
            v_store_mask(dst + j * ld_dst, out, x);
    }
}
static inline void v_transpose(float *dst, size_t ld_dst, const float *src, size_t ld_src, size_t rows, size_t cols)
{
    transpose_block(dst, ld_dst, src, ld_src, rows, cols, 1.0f, 0);
}

#endif
