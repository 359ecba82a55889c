/* What one row of a model takes, a token that follows others: products of a vector with a matrix, and attention of one
 * query. Each weight is met once, so that they run at the speed at which weights come from where they lie. */
#include "kernels/simd/simd.h"

/* Rows of W that are read side by side: so many multiply-adds for one load and one store of y. */
enum { ROWS = 8 };

/* y (N) += x (n) W, or = where `first`. */
static inline __attribute__((always_inline)) void add_rows(float *y, const float *x, const float *w, size_t ldw, const size_t n,
                                                            size_t N, bool first)
{
    size_t j = 0;
    for (; j + VL <= N; j += VL) {
        vf sum = first ? v_zero() : v_load(y + j);
        for (size_t i = 0; i < n; i++)
            sum = v_fma(v_set1(x[i]), v_load(w + i * ldw + j), sum);
        v_store(y + j, sum);
    }
    if (j == N)
        return;
    vmask m = v_mask(N - j);
    vf sum = first ? v_zero() : v_load_mask(y + j, m);
    for (size_t i = 0; i < n; i++)
        sum = v_fma(v_set1(x[i]), v_load_mask(w + i * ldw + j, m), sum);
    v_store_mask(y + j, m, sum);
}

void VEC_NAME(gemv)(float *y, const float *x, const float *w, size_t ldw, size_t K, size_t N)
{
    size_t k = 0;
    for (; k + ROWS <= K; k += ROWS)
        add_rows(y, x + k, w + k * ldw, ldw, ROWS, N, k == 0);
    for (; k < K; k++)
        add_rows(y, x + k, w + k * ldw, ldw, 1, N, k == 0);
    if (K == 0)
        add_rows(y, x, w, ldw, 0, N, true);
}

/* Sums of x (K) with each of four rows of w: as many independent chains. */
static void dot_4(float out[4], const float *x, const float *w, size_t ldw, size_t K)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t k = 0;
    for (; k + VL <= K; k += VL)
        for (size_t i = 0; i < 4; i++)
            sum[i] = v_fma(v_load(x + k), v_load(w + i * ldw + k), sum[i]);
    if (k < K) {
        vmask m = v_mask(K - k);
        for (size_t i = 0; i < 4; i++)
            sum[i] = v_fma(v_load_mask(x + k, m), v_load_mask(w + i * ldw + k, m), sum[i]);
    }
    for (size_t i = 0; i < 4; i++)
        out[i] = v_hsum(sum[i]);
}

static float dot_1(const float *x, const float *w, size_t K)
{
    vf sum = v_zero();
    for (size_t k = 0; k < K; k += VL)
        sum = v_fma(simd_load_n(x + k, K - k), simd_load_n(w + k, K - k), sum);
    return v_hsum(sum);
}

void VEC_NAME(gemv_t)(float *y, const float *x, const float *w, size_t ldw, size_t K, size_t N)
{
    size_t j = 0;
    for (; j + 4 <= N; j += 4)
        dot_4(y + j, x, w + j * ldw, ldw, K);
    for (; j < N; j++)
        y[j] = dot_1(x, w + j * ldw, K);
}

/* Values of VL columns, weighed: two chains. */
static vf weigh(const float *p, const float *v, size_t ld, size_t n, size_t left)
{
    vf even = v_zero(), odd = v_zero();
    size_t j = 0;
    for (; j + 2 <= n; j += 2) {
        even = v_fma(v_set1(p[j]), simd_load_n(v + j * ld, left), even);
        odd = v_fma(v_set1(p[j + 1]), simd_load_n(v + (j + 1) * ld, left), odd);
    }
    if (j < n)
        even = v_fma(v_set1(p[j]), simd_load_n(v + j * ld, left), even);
    return v_add(even, odd);
}

void VEC_NAME(attn_row)(float *out, const float *q, const float *k, const float *v, size_t ld, size_t T, size_t HS,
                        const struct kern_attn *how, float *scratch)
{
    size_t first = how->window && T > how->window ? T - how->window : 0, n = T - first;
    float *s = scratch, top = 0, sum = 0;
    k += first * ld, v += first * ld;
    VEC_NAME(gemv_t)(s, q, k, ld, HS, n);
    for (size_t j = 0; j < n; j++) {
        s[j] = how->scale * s[j] + how->slope * ((float)j - (float)(n - 1));
        top = j == 0 || s[j] > top ? s[j] : top;
    }
    for (size_t j = 0; j < n; j++)
        s[j] -= top;
    VEC_NAME(vexp)(s, s, n);
    for (size_t j = 0; j < n; j++)
        sum += s[j];
    for (size_t d = 0; d < HS; d += VL)
        simd_store_n(out + d, v_mul(v_set1(1 / sum), weigh(s, v + d, ld, n, HS - d)), HS - d);
}
