/* Products and attention, of every level, against the double reference. */
#include "operands.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kernels/kern.h"
#include "kernels/ref/kern_ref.h"

/* --- attention -------------------------------------------------------------------------------- */

/* Sums of absolute values behind each output, and how many roundings a probability carries. */
static void attn_terms(double *o, double *dq, double *dk, double *dv, const double *g,
                       const double *q, const double *k, const double *v, const double *lse,
                       size_t ld, size_t ld_out, size_t T, size_t HS, const struct kern_attn *how)
{
    const double scale = (double)how->scale;
    for (size_t i = 0; i < T; i++)
        for (size_t j = how->window && i + 1 > how->window ? i + 1 - how->window : 0; j <= i; j++) {
            double far = (double)how->slope * (double)(i - j), s = -far, s_abs = far, dp = 0;
            for (size_t d = 0; d < HS; d++) {
                s += scale * q[i * ld + d] * k[j * ld + d];
                s_abs += scale * fabs(q[i * ld + d] * k[j * ld + d]);
                dp += fabs(g[i * ld_out + d]); /* |v| and |out| are at most 1 */
            }
            double p = exp(s - lse[i]);
            double roundings = 4 * ((double)HS * (1 + s_abs) + (double)T + fabs(lse[i]) + 8);
            for (size_t d = 0; d < HS; d++) {
                o[i * ld_out + d] += roundings * p * fabs(v[j * ld + d]);
                dv[j * ld + d] += roundings * p * fabs(g[i * ld_out + d]);
                dq[i * ld + d] += 2 * roundings * scale * p * dp * fabs(k[j * ld + d]);
                dk[j * ld + d] += 2 * roundings * scale * p * dp * fabs(q[i * ld + d]);
            }
        }
}

static void attn_one(size_t T, size_t HS, struct kern_attn how)
{
    size_t ld = 3 * HS + T % 2, ld_out = HS + T % 3, len = T * ld;
    how.scale = 1 / sqrtf((float)HS);
    CASE("attn T=%zu HS=%zu slope=%g window=%zu add=%d", T, HS, (double)how.slope, how.window, how.add);
    float *q = operand(len, 3), *k = operand(len, 3), *v = operand(len, 1);
    float *out = operand(T * ld_out, 1), *lse = operand(T, 1), *g = operand(T * ld_out, 1);
    float *dq = operand(len, 1), *dk = operand(len, 1), *dv = operand(len, 1);
    float *scratch = operand(kern_attn_scratch(T, HS), 1);
    double *eo = doubles(T * ld_out), *elest = doubles(T), *edq = doubles(len);
    double *edk = doubles(len), *edv = doubles(len), *spare = doubles(T), *to = doubles(T * ld_out);
    double *tq = doubles(len), *tk = doubles(len), *tv = doubles(len);
    memcpy(eo, wide(out), T * ld_out * sizeof *eo);
    memcpy(edq, wide(dq), len * sizeof *edq);
    memcpy(edk, wide(dk), len * sizeof *edk);
    memcpy(edv, wide(dv), len * sizeof *edv);
    kern_attn_fwd_ref64(&(struct kern_attn_fwd64){eo, ld_out, elest, wide(q), wide(k), wide(v), ld, T, HS}, &how, spare);
    kern_attn_bwd_ref64(&(struct kern_attn_bwd64){edq, edk, edv, wide(g), eo, ld_out, elest, wide(q), wide(k), wide(v), ld, T, HS},
                        &how, spare);
    attn_terms(to, tq, tk, tv, wide(g), wide(q), wide(k), wide(v), elest, ld, ld_out, T, HS, &how);
    for (size_t i = 0; how.add && i < len; i++) /* a last addition, to values below 1 */
        tk[i] += i % ld < HS ? 2 : 0, tv[i] += i % ld < HS ? 2 : 0;
    kern.attn_fwd(&(struct kern_attn_fwd){out, ld_out, lse, q, k, v, ld, T, HS}, &how, scratch);
    kern.attn_bwd(&(struct kern_attn_bwd){dq, dk, dv, g, out, ld_out, lse, q, k, v, ld, T, HS}, &how, scratch);
    for (size_t i = 0; i < T; i++)
        near("lse", i, (double)lse[i], elest[i], (double)(HS + T) + 8, 1 + 9 * sqrt((double)HS) + (double)how.slope * (double)T);
    for (size_t i = 0; i < T * ld_out; i++) /* what lies between the rows has no terms */
        near("out", i, (double)out[i], eo[i], 1, to[i]);
    for (size_t i = 0; i < len; i++) {
        near("dq", i, (double)dq[i], edq[i], 1, tq[i]);
        near("dk", i, (double)dk[i], edk[i], 1, tk[i]);
        near("dv", i, (double)dv[i], edv[i], 1, tv[i]);
    }
    release(where);
}

static void attn_case(void)
{
    static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 81, 100, 128, 131};
    static const size_t heads[] = {1, 4, 5, 8, 13, 16, 17, 20, 32, 33, 64};
    EACH(t, lengths)
    EACH(h, heads)
    for (size_t mode = 0; mode < 4; mode++) {
        static const size_t windows[] = {1, 5, 16, 33};
        struct kern_attn how = {
            .slope = mode & 1 ? 0.3f : 0, .window = mode & 2 ? windows[(t + h) % 4] : 0, .add = (t + h) % 3 == 1};
        if (!test_failed() && (mode == 0 || (t + h + mode) % 3 == 0))
            attn_one(lengths[t], heads[h], how);
    }
    if (side == AT_END)
        attn_one(300, 8, (struct kern_attn){.window = 0});
    if (side == AT_END)
        attn_one(300, 8, (struct kern_attn){.window = 70, .add = true});
    if (side == AT_END)
        attn_one(40, 128, (struct kern_attn){.slope = 0.1f});
}

/* --- the GEMM tile ---------------------------------------------------------------------------- */

static void tile_one(size_t m, size_t n, size_t k, bool by_columns, bool accumulate)
{
    size_t gap = (m + n + k) % 3, ldc = n + gap, ldb = n + gap, lda = (by_columns ? m : k) + gap;
    size_t a_rs = by_columns ? 1 : lda, a_cs = by_columns ? lda : 1;
    CASE("tile m=%zu n=%zu k=%zu columns=%d accumulate=%d", m, n, k, by_columns, accumulate);
    /* The last row ends with its last element, not with the gap after it. */
    size_t rows = by_columns ? k : m, cols = by_columns ? m : k;
    float *a = operand(rows && cols ? (rows - 1) * lda + cols : 0, 1);
    float *b = operand(k && n ? (k - 1) * ldb + n : 0, 1);
    size_t len = m && n ? (m - 1) * ldc + n : 0;
    float *c = operand(len, 1);
    if (!accumulate)
        for (size_t i = 0; i < len; i++)
            if (i % ldc < n)
                c[i] = NAN; /* must not be read */
    double *want = doubles(len);
    memcpy(want, wide(c), len * sizeof *want);
    kern_gemm_4x8_ref64(&(struct kern_product64){want, ldc, wide(a), a_rs, a_cs, wide(b), ldb, m, n, k, accumulate});
    struct kern_fetch fetch = {.cold = k % 2 == 1, .next = b, .ld = ldb, .rows = k, .cols = n};
    kern.gemm.tile(&(struct kern_product){c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate}, &fetch, NULL);
    for (size_t i = 0; i < len; i++)
        near("c", i, (double)c[i], want[i], i % ldc < n ? (double)k + 2 : 0, 1 + (double)k);
    release(where);
}

/* The end of a product: what is done in registers against the sums done first and the rest after. */
static void epilogue_one(size_t m, size_t n, size_t k, int mode)
{
    enum { BIAS = 1, RES = 2, MUL = 4, ACT = 8, SLOPE = 16, ACCUMULATE = 32 };
    const enum kern_act act = mode & ACT ? (enum kern_act)((m + n + k) % KERN_ACT_COUNT) : KERN_ACT_NONE;
    size_t ldc = n + (m + n) % 3, len = (m - 1) * ldc + n;
    CASE("epilogue m=%zu n=%zu k=%zu mode=%d", m, n, k, mode);
    float *a = operand(m * k, 1), *b = operand(k * n, 1), *c = operand(len, 1);
    float *bias = operand(n, 1), *res = operand(len, 1), *mul = operand(len, 1);
    float *slope = operand(len, 1);
    double *want = doubles(len), *t = doubles(len), *want_slope = doubles(len);
    memcpy(t, wide(c), len * sizeof *t);
    memcpy(want_slope, wide(slope), len * sizeof *t);
    kern_gemm_4x8_ref64(&(struct kern_product64){t, ldc, wide(a), k, 1, wide(b), n, m, n, k, mode & ACCUMULATE});
    const struct kern_epilogue64 sums = {.bias = mode & BIAS ? wide(bias) : NULL, .res = mode & RES ? wide(res) : NULL,
                                         .mul = mode & MUL ? wide(mul) : NULL, .scale = 0.5};
    kern_epilogue_ref64(t, &sums, ldc, m, n);
    memcpy(want, t, len * sizeof *t);
    kern_epilogue_ref64(want, &(struct kern_epilogue64){.act = act, .slope = mode & SLOPE ? want_slope : NULL}, ldc, m, n);
    struct kern_epilogue f = {.bias = mode & BIAS ? bias : NULL,
                            .res = mode & RES ? res : NULL,
                            .mul = mode & MUL ? mul : NULL,
                            .scale = 0.5f,
                            .act = act,
                            .slope = mode & SLOPE ? slope : NULL};
    kern.gemm.tile(&(struct kern_product){c, ldc, a, k, 1, b, n, m, n, k, mode & ACCUMULATE}, NULL, &f);
    for (size_t i = 0; i < len; i++) {
        /* The sum's terms are at most 1; GELU's slope is at most 1.13, the slope's own below 1. relu2's slope is twice
         * the value, and its own 2. */
        bool mine = i % ldc < n;
        double size = fabs(t[i]), steep = act == KERN_ACT_RELU2 ? 2 * size + 2 : 1.13;
        double sum = steep * ((double)k + 6) * ((double)k + 3);
        near("c", i, (double)c[i], want[i], mine ? 1 : 0, sum + 8 * fmax(size, fabs(want[i])));
        bool sloped = mine && (mode & ACT) && (mode & SLOPE);
        if (sloped && act == KERN_ACT_RELU && size < ((double)k + 6) * ((double)k + 3) * (double)FLT_EPSILON)
            continue; /* a sum so near 0 that rounding picks the side */
        near("slope", i, (double)slope[i], want_slope[i], sloped ? 1 : 0,
             sum + 8 * (1 + 0.8 * size * (1 + 0.135 * size * size)));
    }
    release(where);
}

static void epilogue_case(void)
{
    const size_t MR = kern.gemm.MR, NR = kern.gemm.NR;
    const size_t rows[] = {1, 2, MR - 1, MR, MR + 1, 2 * MR + 3};
    const size_t cols[] = {1, 7, 8, 9, NR / 2 - 1, NR / 2, NR / 2 + 1, NR - 1, NR};
    EACH(r, rows)
    EACH(c, cols)
    for (int mode = 0; mode < 64 && !test_failed(); mode++)
        epilogue_one(rows[r], cols[c], (size_t)mode % 5 * 9, mode);
}

static void tile_case(void)
{
    static const size_t depths[] = {0, 1, 2, 7, 16, 65};
    for (size_t m = 0; m <= 2 * kern.gemm.MR + 1; m++)
        for (size_t n = 0; n <= kern.gemm.NR; n += n < 4 || n % 8 == 7 || n % 8 == 0 ? 1 : 2)
            EACH(d, depths)
    if (!test_failed())
        tile_one(m, n, depths[d], (m + n + d) % 2, (m / 2 + n + d) % 2);
}

/* --- a single row ------------------------------------------------------------------------------ */

static void gemv_case(void)
{
    EACH(a, sizes)
    EACH(b, sizes)
    for (int t = 0; t < 2; t++) {
        size_t K = sizes[a], N = sizes[b], rows = t ? N : K, cols = t ? K : N, ldw = cols + (a + b) % 3;
        CASE("gemv%s K=%zu N=%zu", t ? "_t" : "", K, N);
        float *x = operand(K, 1), *w = operand(rows && cols ? (rows - 1) * ldw + cols : 0, 1), *y = operand(N, 1);
        double *want = doubles(N);
        (t ? kern_gemv_t_ref64 : kern_gemv_ref64)(want, wide(x), wide(w), ldw, K, N);
        (t ? kern.gemv_t : kern.gemv)(y, x, w, ldw, K, N);
        for (size_t j = 0; j < N; j++)
            near("y", j, (double)y[j], want[j], (double)K + 1, (double)K);
        release(where);
    }
}

static void attn_row_one(size_t T, size_t HS, const struct kern_attn *how)
{
    size_t ld = HS + T % 3, n = (T - 1) * ld + HS;
    CASE("attn_row T=%zu HS=%zu slope=%g window=%zu", T, HS, (double)how->slope, how->window);
    float *q = operand(HS, 1), *k = operand(n, 1), *v = operand(n, 1), *out = operand(HS, 1), *scratch = operand(T, 1);
    double *want = doubles(HS);
    kern_attn_row_ref64(want, wide(q), wide(k), wide(v), ld, T, HS, how, doubles(T));
    kern.attn_row(out, q, k, v, ld, T, HS, how, scratch);
    /* A score is off by so many roundings, and with it the logarithm of a weight; the weights' sum is 1. */
    double score = (double)HS * (double)how->scale + (double)how->slope * (double)T;
    for (size_t d = 0; d < HS; d++)
        near("out", d, (double)out[d], want[d], (double)T + 8 + 2 * ((double)HS + 4) * (1 + score), 1);
    release(where);
}

static void attn_row_case(void)
{
    static const size_t heads[] = {1, 4, 13, 16, 17, 32, 33, 64};
    EACH(t, sizes)
    EACH(h, heads)
    for (size_t mode = 0; sizes[t] > 0 && mode < 4; mode++)
        attn_row_one(sizes[t], heads[h], &(struct kern_attn){.scale = 1 / sqrtf((float)heads[h]), .slope = mode & 1 ? 0.3f : 0,
                                                             .window = mode & 2 ? 1 + 16 * (t % 3) : 0});
}

TEST(attn)
TEST(gemv)
TEST(attn_row)
TEST(tile)
TEST(epilogue)

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"products of a vector", gemv_levels},
        {"attention of one query", attn_row_levels},
        {"attention", attn_levels},
        {"gemm tile", tile_levels},
        {"end of a product", epilogue_levels},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
