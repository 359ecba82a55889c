/* Updates other than AdamW's: a direction from a momentum, and a step along it. */
#include "kernels/simd/simd.h"

#include <float.h>

void VEC_NAME(momentum)(float *u, float *m, const float *grad, const struct kern_momentum *o, size_t n)
{
    const vf keep = v_set1(o->keep), add = v_set1(o->add), clip = v_set1(o->grad_scale);
    const vf ahead = v_set1(o->ahead), direct = v_set1(o->direct);
    for (size_t i = 0; i < n; i += VL) {
        vf g = v_mul(simd_load_n(grad + i, n - i), clip);
        vf mi = v_fma(keep, simd_load_n(m + i, n - i), v_mul(add, g));
        simd_store_n(m + i, mi, n - i);
        simd_store_n(u + i, v_fma(ahead, mi, v_mul(direct, g)), n - i);
    }
}

/* 1 above 0, -1 below it. */
static inline vf sign(vf x)
{
    const vf least = v_set1(FLT_TRUE_MIN), one = v_set1(1.0f);
    return v_sub(v_keep_above(one, x, least), v_keep_above(one, v_sub(v_zero(), x), least));
}

void VEC_NAME(lion)(float *u, float *m, const float *grad, const struct kern_lion *o, size_t n)
{
    const vf b1 = v_set1(o->beta1), b2 = v_set1(o->beta2), clip = v_set1(o->grad_scale);
    const vf n1 = v_set1(1 - o->beta1), n2 = v_set1(1 - o->beta2);
    for (size_t i = 0; i < n; i += VL) {
        vf g = v_mul(simd_load_n(grad + i, n - i), clip), mi = simd_load_n(m + i, n - i);
        simd_store_n(u + i, sign(v_fma(b1, mi, v_mul(n1, g))), n - i);
        simd_store_n(m + i, v_fma(b2, mi, v_mul(n2, g)), n - i);
    }
}

void VEC_NAME(descend)(float *w, const float *u, const struct kern_descent *o, size_t n)
{
    const vf rate = v_set1(o->rate), decay = v_set1(o->decay);
    for (size_t i = 0; i < n; i += VL) {
        vf wi = simd_load_n(w + i, n - i), ui = simd_load_n(u + i, n - i);
        vf d = o->cautious ? v_keep_above(decay, v_mul(ui, wi), v_zero()) : decay;
        simd_store_n(w + i, v_sub(wi, v_fma(d, wi, v_mul(rate, ui))), n - i);
    }
}
