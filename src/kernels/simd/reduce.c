/* Kernels with a sum in them: cross-entropy, soft targets, column sums, the global norm. */
#include "kernels/simd/simd.h"

#include <math.h>

static inline float row_max(const float *z, float scale, size_t V)
{
    vf top = v_set1(-INFINITY), factor = v_set1(scale);
    size_t i = 0;
    for (; i + VL <= V; i += VL)
        top = v_max(top, v_mul(factor, v_load(z + i)));
    if (i < V) {
        vmask m = v_mask(V - i);
        top = v_max(top, v_select(m, v_mul(factor, v_load_mask(z + i, m)), v_set1(-INFINITY)));
    }
    return v_hmax(top);
}

/* tanh x = 2 s(2x) - 1 with the logistic s: to the rounding of 1 where x is small, which is that of a logit under a cap. */
static inline vf simd_tanh(vf x)
{
    vf s = v_reciprocal(v_add(v_set1(1.0f), simd_exp(v_mul(v_set1(-2.0f), x))));
    return v_fma(v_set1(2.0f), s, v_set1(-1.0f));
}

/* x = cap tanh(scale x / cap) / scale */
static void soft_cap(float *x, size_t n, float scale, float cap)
{
    const vf in = v_set1(scale / cap), out = v_set1(cap / scale);
    for (size_t i = 0; i < n; i += VL)
        simd_store_n(x + i, v_mul(out, simd_tanh(v_mul(in, simd_load_n(x + i, n - i)))), n - i);
}

/* The gradient of a row with soft cap, z-loss or soft targets, of which y are the logits below the cap; lse includes their
 * scale. */
static void capped_gradient(float *y, size_t n, size_t target, float lse, const struct kern_xent *how)
{
    const float g = how->grad_scale * how->logit_scale;
    const vf scale = v_set1(how->logit_scale), part = v_set1(how->cap > 0 ? how->logit_scale / how->cap : 0);
    const float hard = 1 - how->soft;
    const vf share = v_set1(g * (hard + 2 * how->z_loss * lse)), minus_lse = v_set1(-lse), one = v_set1(1.0f);
    const float t = how->cap > 0 ? y[target] * how->logit_scale / how->cap : 0, at_target = g * hard * (1 - t * t);
    for (size_t i = 0; i < n; i += VL) {
        vf z = simd_load_n(y + i, n - i), q = v_mul(z, part);
        vf p = v_mul(share, simd_exp(v_fma(scale, z, minus_lse)));
        simd_store_n(y + i, v_mul(p, v_fnma(q, q, one)), n - i);
    }
    y[target] -= at_target;
}

void VEC_NAME(xent)(float *loss, float *logits, const int32_t *target, const struct kern_xent *how, size_t rows, size_t V)
{
    const float logit_scale = how->logit_scale;
    const vf scale = v_set1(logit_scale);
    const bool grad = how->grad_scale != 0, plain = how->cap == 0 && how->z_loss == 0 && how->soft == 0;
    const bool keep = grad && plain; /* the exponentials replace the logits */
    for (size_t r = 0; r < rows; r++) {
        float *z = logits + r * V;
        if (how->cap > 0)
            soft_cap(z, V, logit_scale, how->cap);
        const float top = row_max(z, logit_scale, V), at_target = logit_scale * z[target[r]];
        const vf minus_top = v_set1(-top);
        vf sum = v_zero();
        size_t i = 0;
        for (; i + VL <= V; i += VL) {
            vf e = simd_exp(v_fma(scale, v_load(z + i), minus_top));
            sum = v_add(sum, e);
            if (keep)
                v_store(z + i, e);
        }
        if (i < V) {
            vmask m = v_mask(V - i);
            vf e = simd_exp(v_fma(scale, v_load_mask(z + i, m), minus_top));
            sum = v_add(sum, v_select(m, e, v_zero()));
            if (keep)
                v_store_mask(z + i, m, e);
        }
        const float total = v_hsum(sum);
        loss[r] = top + logf(total) - at_target;
        if (grad && !plain)
            capped_gradient(z, V, (size_t)target[r], top + logf(total), how);
        if (!keep)
            continue;
        const float g = how->grad_scale * logit_scale;
        const vf share = v_set1(g / total);
        for (i = 0; i < V; i += VL)
            simd_store_n(z + i, v_mul(share, simd_load_n(z + i, V - i)), V - i);
        z[target[r]] -= g;
    }
}

/* What logits stand for, over the temperature; *slope, where it is not NULL, by what a gradient of it counts for them beside
 * their scale. */
static inline vf heated(vf x, float scale, float cap, float heat, vf *slope)
{
    if (slope)
        *slope = v_set1(1.0f);
    if (!(cap > 0))
        return v_mul(v_set1(scale * heat), x);
    vf h = simd_tanh(v_mul(v_set1(scale / cap), x));
    if (slope)
        *slope = v_fnma(h, h, v_set1(1.0f));
    return v_mul(v_set1(cap * heat), h);
}

/* Sum of e^(z heat - top) of a row, whose terms go to e unless that is NULL; it may be the row. */
static float sum_exp(float *e, const float *x, float scale, float cap, float heat, float top, size_t V)
{
    vf sum = v_zero();
    for (size_t i = 0; i < V; i += VL) {
        vf term = simd_exp(v_sub(heated(simd_load_n(x + i, V - i), scale, cap, heat, NULL), v_set1(top)));
        sum = v_add(sum, V - i < VL ? v_select(v_mask(V - i), term, v_zero()) : term);
        if (e)
            simd_store_n(e + i, term, V - i);
    }
    return v_hsum(sum);
}

/* The largest of a row's z heat, to the rounding of a tanh. */
static float heated_max(const float *x, float scale, float cap, float heat, size_t V)
{
    float top = row_max(x, scale, V);
    return heat * (cap > 0 ? cap * tanhf(top / cap) : top);
}

void VEC_NAME(distill)(float *soft, const float *logits, const struct kern_soft *how, size_t rows, size_t V)
{
    const float scale = how->logit_scale, cap = how->cap, heat = 1 / how->temperature;
    const float teacher_scale = how->teacher_scale, teacher_cap = how->teacher_cap, g = how->grad_scale * how->temperature * scale;
    for (size_t r = 0; r < rows; r++) {
        float *q = soft + r * V;
        const float *x = logits + r * V;
        const float teacher_top = heated_max(q, teacher_scale, teacher_cap, heat, V), top = heated_max(x, scale, cap, heat, V);
        const vf teacher_share = v_set1(g / sum_exp(q, q, teacher_scale, teacher_cap, heat, teacher_top, V));
        const vf share = v_set1(g / sum_exp(NULL, x, scale, cap, heat, top, V));
        for (size_t i = 0; i < V; i += VL) {
            vf slope, z = heated(simd_load_n(x + i, V - i), scale, cap, heat, &slope);
            vf p = v_mul(share, simd_exp(v_sub(z, v_set1(top))));
            simd_store_n(q + i, v_mul(slope, v_fnma(teacher_share, simd_load_n(q + i, V - i), p)), V - i);
        }
    }
}

/* Float partial sums of this many rows are added up in double. */
#define COLSUM_ROWS 64
/* Strips of a vector side by side: enough sums at once to hide the latency of an addition, and
 * whole stretches of a row at a time. */
#define STRIPS 4

/* The sums of `strips` vectors of columns, of which the last has n values. */
static inline __attribute__((always_inline)) void sum_strips(float *db, const float *x, size_t ld,
                                                             size_t rows, size_t strips, size_t n)
{
    vd total[STRIPS];
    for (size_t s = 0; s < strips; s++)
        total[s] = vd_zero();
    for (size_t r = 0; r < rows;) {
        size_t end = r + COLSUM_ROWS < rows ? r + COLSUM_ROWS : rows;
        vf part[STRIPS];
        for (size_t s = 0; s < strips; s++)
            part[s] = v_zero();
        for (; r < end; r++)
            for (size_t s = 0; s < strips; s++)
                part[s] = v_add(part[s], simd_load_n(x + r * ld + s * VL, s + 1 < strips ? VL : n));
        for (size_t s = 0; s < strips; s++)
            total[s] = vd_add(total[s], vd_widen(part[s]));
    }
    for (size_t s = 0; s < strips; s++) {
        size_t left = s + 1 < strips ? VL : n;
        vf sum = v_add(simd_load_n(db + s * VL, left), vd_narrow(total[s]));
        simd_store_n(db + s * VL, sum, left);
    }
}

void VEC_NAME(colsum)(float *db, const float *dout, size_t ld, size_t rows, size_t n)
{
    size_t j = 0;
    for (; j + STRIPS * VL <= n; j += STRIPS * VL)
        sum_strips(db + j, dout + j, ld, rows, STRIPS, VL);
    for (; j < n; j += VL)
        sum_strips(db + j, dout + j, ld, rows, 1, n - j);
}

double VEC_NAME(sumsq)(const float *x, size_t n)
{
    vd s0 = vd_zero(), s1 = vd_zero();
    size_t i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL) {
        vd a = vd_widen(v_load(x + i)), b = vd_widen(v_load(x + i + VL));
        s0 = vd_fma(a, a, s0);
        s1 = vd_fma(b, b, s1);
    }
    for (; i < n; i += VL) {
        vd a = vd_widen(simd_load_n(x + i, n - i));
        s0 = vd_fma(a, a, s0);
    }
    return vd_hsum(vd_add(s0, s1));
}
