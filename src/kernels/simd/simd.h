/* The vector kernels, written once and compiled once per level: each level's folder gives a vec.h
 * with its vector type, and this folder's files are built with KERN_VEC naming that header. */
#ifndef PLATEAU_KERNELS_SIMD_SIMD_H
#define PLATEAU_KERNELS_SIMD_SIMD_H

#include KERN_VEC

#include "kernels/kern.h"

#define kreal float
#define X(ret, name, args) ret VEC_NAME(name) args;
KERN_VECTOR_OPS(X)
#undef X
#undef kreal

kern_gemm_tile_fn VEC_TILE;
/* The same for operands in the first-level cache: nothing is fetched ahead, nothing finished. */
void VEC_NEAR_TILE(const struct kern_product *p);

/* Products of bfloat16 by multiply-adds in fp32. */
void VEC_NAME(init_bf16)(struct kern *k);

/* Levels whose instructions do these in fewer steps have their own. */
#ifndef VEC_OWN_EXP2
/* x = n + *r, n the nearest whole number, returned in the form that v_exp2_join takes. */
static inline vf v_exp2_split(vf x, vf *r)
{
    vf magic = v_set1(VEC_MAGIC), y = v_max(v_set1(VEC_EXP2_MIN), x), n = v_add(y, magic);
    *r = v_sub(y, v_sub(n, magic));
    return n;
}
/* poly 2^n; 0 where x < VEC_EXP2_MIN. */
static inline vf v_exp2_join(vf poly, vf n, vf x)
{
    return v_keep_above(v_scale2(poly, n), x, v_set1(VEC_EXP2_MIN));
}
/* 1/x */
static inline vf v_reciprocal(vf x)
{
    return v_div(v_set1(1.0f), x);
}
#endif

/* 2^x for x <= 127 within 2 ulp; 0 below -126; NaN stays NaN. The polynomial is the minimax one of
 * degree 6 on [-1/2, 1/2] with the value 1 kept at 0. */
static inline vf simd_exp2(vf x)
{
    vf r, n = v_exp2_split(x, &r);
    vf p = v_set1(1.535336188319500e-4f);
    p = v_fma(p, r, v_set1(1.339887440266574e-3f));
    p = v_fma(p, r, v_set1(9.618437357674640e-3f));
    p = v_fma(p, r, v_set1(5.550332471162809e-2f));
    p = v_fma(p, r, v_set1(2.402264791363012e-1f));
    p = v_fma(p, r, v_set1(6.931472028550421e-1f));
    p = v_fma(p, r, v_set1(1.0f));
    return v_exp2_join(p, n, x);
}

/* e^x within 2 ulp; 0 below -87.33 (where the result would be subnormal), at most 2^127.99 above 88.7;
 * NaN stays NaN. Polynomial: Cephes expf (Moshier). */
static inline vf simd_exp(vf x)
{
    vf magic = v_set1(VEC_MAGIC), lo = v_set1(VEC_EXP_MIN);
    vf y = v_min(v_set1(88.3762626f), v_max(lo, x));
    vf t = v_fma(y, v_set1(1.44269504f), magic);
    vf n = v_sub(t, magic);
    /* ln 2 in two parts; the first has nine bits, so that n times it is exact. */
    vf r = v_fnma(n, v_set1(0.693359375f), y);
    r = v_fnma(n, v_set1(-2.12194440e-4f), r);
    vf p = v_set1(1.9875691500e-4f);
    p = v_fma(p, r, v_set1(1.3981999507e-3f));
    p = v_fma(p, r, v_set1(8.3334519073e-3f));
    p = v_fma(p, r, v_set1(4.1665795894e-2f));
    p = v_fma(p, r, v_set1(1.6666665459e-1f));
    p = v_fma(p, r, v_set1(5.0000001201e-1f));
    p = v_fma(p, v_mul(r, r), v_add(r, v_set1(1.0f)));
    return v_keep_above(v_scale2(p, t), x, lo);
}

#define ACT_VECTOR
#include "kernels/act/all.inc"
#undef ACT_VECTOR

/* An activation and its slope, chosen where it is compiled. */
static inline __attribute__((always_inline)) vf simd_act(const enum kern_act act, vf x, vf *slope)
{
    switch (act) {
#define X(NAME, name)                                                                              \
    case KERN_ACT_##NAME:                                                                          \
        return simd_##name(x, slope);
        KERN_ACTS(X)
#undef X
    case KERN_ACT_COUNT:
        break;
    }
    return simd_none(x, slope);
}

/* CALL(act) with the activation that it is: its loop, in which act is a constant. */
#define SIMD_BY_ACT(act, CALL)                                                                     \
    switch (act) {                                                                                 \
        KERN_ACTS(CALL)                                                                            \
    case KERN_ACT_COUNT:                                                                           \
        break;                                                                                     \
    }

/* n floats of a row: full vectors, then one masked. */
static inline vf simd_load_n(const float *p, size_t n)
{
    return n >= VL ? v_load(p) : v_load_mask(p, v_mask(n));
}
static inline void simd_store_n(float *p, vf a, size_t n)
{
    if (n >= VL)
        v_store(p, a);
    else
        v_store_mask(p, v_mask(n), a);
}

#endif
