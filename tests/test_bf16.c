/* Products of bfloat16: how values are rounded, what one step of a sum is, that the instructions, where there are any, and the
 * kernels of every level give the reference's bytes, and what the rounding costs against sums in double. */
#include "operands.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/bf16.h"
#include "kernels/ref/kern_ref.h"
#include "model/gemm.h"
#include "model/gpt.h"

/* Switches are given after the defaults, which they override. */
#pragma GCC diagnostic ignored "-Woverride-init"

static float of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Equal bytes, or both NaN: which NaN it is hangs on the order of operands. */
static bool same(float a, float b)
{
    return (isnan(a) && isnan(b)) || bf16_bits(a) == bf16_bits(b);
}

/* n floats, 0, against a guard page, until release(). */
static float *take(size_t n)
{
    float *p = operand_bytes(n * sizeof *p);
    memset(p, 0, n * sizeof *p);
    return p;
}

/* --- rounding ------------------------------------------------------------------------------------------ */

/* By its definition: the nearer of the two bfloat16 around x, that with an even last bit between them. */
static float nearest(float x)
{
    float below = of_bits(bf16_bits(x) & 0xFFFF0000u), above = of_bits((bf16_bits(x) & 0xFFFF0000u) + 0x10000u);
    double half = ((double)below + (double)above) / 2;
    if (isinf(above)) /* beyond the largest a step as large as the last */
        half = (double)below + ((double)below - (double)of_bits(bf16_bits(below) - 0x10000u)) / 2;
    if (fabs((double)x) == fabs(half))
        return bf16_bits(below) & 0x10000u ? above : below;
    return fabs((double)x) < fabs(half) ? below : above;
}

static void test_rounding(void)
{
    for (uint32_t i = 0; i < 1u << 19 && !test_failed(); i++) {
        /* every exponent and sign; lower halves around ties, and any */
        static const uint32_t halves[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
        uint32_t low = i % 8 < 6 ? halves[i % 8] : (uint32_t)rng_below(test_rng(), 1 << 16);
        float x = of_bits(((i >> 3) & 0xFFFFu) << 16 | low), got = bf16_round(x);
        if (isnan(x))
            EXPECT(isnan(got) && (bf16_bits(got) & 0x00400000u));
        else if (isinf(x) || x == 0)
            EXPECT(same(got, x));
        else if (fabsf(x) < FLT_MIN)
            EXPECT(same(got, copysignf(0, x)));
        else
            EXPECT_MSG(same(got, nearest(x)), "%a became %a, expected %a", (double)x, (double)got, (double)nearest(x));
    }
}

/* --- one step of a sum --------------------------------------------------------------------------------- */

/* Terms by which roundings differ: ties, cancellation, what is lost, overflow, the smallest normal numbers, none at all. */
static float hostile(int kind)
{
    uint32_t u = (uint32_t)rng_below(test_rng(), (uint64_t)1 << 32);
    switch (kind % 8) {
    case 0:
        return of_bits(u); /* anything, NaN and infinities among it */
    case 1:
        return of_bits((u & 0x80000000u) | 0x3F800000u | ((u & 7u) << 16)); /* 1 to 2, few bits */
    case 2:
        return of_bits((u & 0x807FFFFFu) | (uint32_t)(1 + u % 30) << 23); /* tiny */
    case 3:
        return of_bits((u & 0x807FFFFFu) | (uint32_t)(225 + u % 30) << 23); /* huge */
    case 4:
        return of_bits(u & 0x807FFFFFu); /* subnormal, or 0 */
    case 5:
        return of_bits((u & 0x80000000u) | 0x1F800000u | (u & 0xFFFFu) << 7); /* near 2^-64: products near the smallest */
    case 6:
        return of_bits((u & 0x80000000u) | ((u & 1u) ? 0x7F800000u : 0));
    default:
        return of_bits((u & 0x807FFFFFu) | (uint32_t)(110 + u % 34) << 23);
    }
}

/* The fused multiply-add of C, where it does not come near subnormal numbers. */
static void test_step(void)
{
    for (int i = 0; i < 400000; i++) {
        float x = bf16_round(hostile(i)), y = bf16_round(hostile(i / 8)), t = hostile(i / 64);
        float want = fmaf(x, y, fabsf(t) < FLT_MIN ? copysignf(0, t) : t), got = kern_bf16_step_ref(t, x, y);
        if (fabsf(want) < FLT_MIN)
            EXPECT_MSG(got == 0 && signbit(got) == signbit(want), "%a + %a %a = %a", (double)t, (double)x, (double)y, (double)got);
        else if (fabsf(want) > FLT_MIN)
            EXPECT_MSG(same(got, want), "%a + %a %a = %a, expected %a", (double)t, (double)x, (double)y, (double)got, (double)want);
    }
    /* A sum that 24 bits without a least exponent would round to less than the smallest normal number is 0; one that they
     * round to it is it. 2^-126 - p with p below, at and above a quarter of its unit of 2^-149. */
    const float least = FLT_MIN, unit = 0x1p-75f;
    EXPECT(kern_bf16_step_ref(least, -unit, 0x1p-76f) == least);
    EXPECT(kern_bf16_step_ref(-least, unit, 0x1p-76f) == -least);
    EXPECT(kern_bf16_step_ref(least, -unit, 0x1.02p-76f) == 0);
    EXPECT(kern_bf16_step_ref(least, -unit, 0x1p-75f) == 0);
    EXPECT(signbit(kern_bf16_step_ref(-least, unit, 0x1p-75f)));
}

/* --- the kernels of a level ---------------------------------------------------------------------------- */

struct product {
    size_t m, n, k;
    bool accumulate, by_columns; /* by_columns: A is stored (k,m) */
    const float *a, *b, *c;
};

/* By the packing and the tile of `with`, into c (m,n). */
static void multiply(const struct kern_bf16 *with, float *c, const struct product *p)
{
    size_t deep = kern_bf16_deep(with, p->k), NR = with->gemm.NR;
    float *a = take(deep * p->m), *panels = take(deep * p->n);
    bool by_columns = p->by_columns && !with->a_by_rows;
    if (by_columns)
        with->rows(a, p->a, p->m, p->k, p->m, p->m ? p->m : 1);
    else if (p->by_columns) {
        float *rows = take(p->m * p->k);
        for (size_t i = 0; i < p->m * p->k; i++)
            rows[i] = p->a[i % p->k * p->m + i / p->k];
        with->along(a, deep, rows, p->k, p->m, p->k);
    } else
        with->along(a, deep, p->a, p->k, p->m, p->k);
    with->rows(panels, p->b, p->n, p->k, p->n, NR);
    memcpy(c, p->c, p->m * p->n * sizeof *c);
    for (size_t j = 0; j < p->n; j += NR) {
        size_t n = p->n - j < NR ? p->n - j : NR;
        with->gemm.tile(&(struct kern_product){c + j, p->n, a, by_columns ? 1 : deep, by_columns ? p->m : 1,
                                               panels + j * deep, n, p->m, n, deep, p->accumulate},
                        NULL, NULL);
    }
}

/* kind: of hostile, or less than 0 for numbers of one size. */
static float *numbers(size_t n, int kind)
{
    float *x = take(n);
    for (size_t i = 0; i < n; i++)
        x[i] = kind < 0 ? (float)(2 * rng_double(test_rng()) - 1) : hostile(kind < 8 ? kind : (int)rng_below(test_rng(), 8));
    return x;
}

static const char *how(const struct kern *k)
{
    return kern_bf16_instruction(k) ? kern_bf16_instruction(k) : "emulation";
}

static void compare_one(const struct kern *k, size_t m, size_t n, size_t depth, int kind)
{
    float *a = numbers(m * depth, kind), *b = numbers(depth * n, kind), *c = numbers(m * n, kind);
    float *got = take(m * n), *want = take(m * n);
    struct product p = {m, n, depth, (m + n + depth) % 2, (m + depth) % 3 == 0, a, b, c};
    multiply(k->bf16.group > 2 ? &kern_bf16_groups_ref : &kern_bf16_ref, want, &p);
    multiply(&k->bf16, got, &p);
    for (size_t i = 0; i < m * n && !test_failed(); i++)
        EXPECT_MSG(same(got[i], want[i]), "%s by %s %zux%zux%zu kind %d: [%zu] = %a, reference %a", kern_isa_name(k->isa),
                   how(k), m, n, depth, kind, i, (double)got[i], (double)want[i]);
    release(how(k));
}

/* Every kind of numbers at every depth. */
static void compare(const struct kern *k)
{
    static const size_t depths[] = {0, 1, 2, 3, 6, 8, 33, 64, 70, 96, 127};
    const size_t MR = k->bf16.gemm.MR, NR = k->bf16.gemm.NR;
    const size_t rows[] = {1, 2, MR - 1, MR, MR + 1, 2 * MR + 1}, columns[] = {1, NR / 2 - 1, NR / 2 + 1, NR, NR + 3, 2 * NR};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
                for (int kind = -1; kind < 9 && !test_failed(); kind++) {
                    side = (r + c + d) % 2 ? AT_END : AT_START;
                    compare_one(k, rows[r], columns[c], depths[d], kind);
                }
}

static void test_levels(void)
{
    struct kern k;
    kern_init(&k, KERN_REF);
    EXPECT(!kern_bf16_instruction(&k) && k.precision == KERN_FP32);
    kern_set_precision(&k, KERN_BF16);
    do {
        compare(&k);
        EXPECT(k.bf16.gemm.KC == kern_bf16_ref.gemm.KC);
    } while (kern_next(&k) && !test_failed());
}

/* The instruction of pairs itself, and the emulation of its level, on a processor that has it. */
static void test_pairs(void)
{
    struct kern k;
    if (!kern_bf16_has_pairs()) {
        test_skip("this processor or build has no AVX512_BF16: VDPBF16PS was not compared with its emulation");
        return;
    }
    kern_init_for(&k, KERN_AVX512, KERN_BF16);
    EXPECT_MSG(strcmp(how(&k), "VDPBF16PS") == 0, "the instruction's sums are not the reference's, so it is not used");
    kern_bf16_take_pairs(&k);
    compare(&k);
    kern_init(&k, KERN_AVX512); /* of a run of fp32 nobody asks for the instruction */
    EXPECT(!kern_bf16_instruction(&k));
    compare(&k);
}

/* The instruction of tiles, whose sums go by groups of 32; and that a run of fp32 is not one of its level. */
static void test_tiles(void)
{
    struct kern k;
    kern_init(&k, KERN_AMX);
    EXPECT(k.isa != KERN_AMX && k.cap == KERN_AMX);
    kern_set_precision(&k, KERN_BF16);
    if (!kern_bf16_has_tiles()) {
        test_skip("this processor, system or build has no AMX: TDPBF16PS was not compared with its emulation");
        return;
    }
    EXPECT_MSG(kern_isa_best() == KERN_AMX && k.isa == KERN_AMX && strcmp(how(&k), "TDPBF16PS") == 0,
               "the instruction's sums are not the reference's, so it is not used");
    compare(&k);
}

/* --- the three products of a layer --------------------------------------------------------------------- */

/* One element of the level amx: group after group. */
static float element_by_groups(const float *x, size_t x_step, const float *y, size_t y_step, size_t K, float c)
{
    enum { GROUP = 32 };
    for (size_t d = 0; d < K; d += GROUP) {
        float chain[2] = {0, 0};
        for (size_t p = d; p < d + GROUP; p++)
            chain[p % 2] = kern_bf16_step_ref(chain[p % 2], p < K ? bf16_round(x[p * x_step]) : 0,
                                              p < K ? bf16_round(y[p * y_step]) : 0);
        c = kern_bf16_step_ref(kern_bf16_step_ref(chain[1], chain[0], 1), c, 1);
    }
    return c;
}

/* One element as gemm_bf16.c says: blocks of KC of depth, each a chain, odd values first. */
static float element(const float *x, size_t x_step, const float *y, size_t y_step, size_t K, bool accumulate, float before)
{
    float c = before;
    for (size_t d = 0; d < K || (d == 0 && K == 0); d += KERN_BF16_KC) {
        float t = 0;
        size_t end = K - d < KERN_BF16_KC ? K : d + KERN_BF16_KC;
        for (size_t p = d; p < end; p += 2) {
            t = p + 1 < end ? kern_bf16_step_ref(t, bf16_round(x[(p + 1) * x_step]), bf16_round(y[(p + 1) * y_step])) : t + 0.0f;
            t = kern_bf16_step_ref(t, bf16_round(x[p * x_step]), bf16_round(y[p * y_step]));
        }
        c = accumulate || d > 0 ? kern_bf16_step_ref(t, c, 1) : t;
    }
    return c;
}

/* Against that, bit for bit, and against the sum in double: each factor is off by 2^-8 of itself at most, so a term by
 * 2^-7 and a little, and every step of a sum by 2^-24 of what it has come to. */
static void check_element(const struct kern *k, const char *what, float got, float before, const float *x, size_t x_step,
                          const float *y, size_t y_step, size_t K, bool accumulate)
{
    double sum = accumulate ? (double)before : 0, size = fabs(sum);
    for (size_t p = 0; p < K; p++) {
        double term = (double)x[p * x_step] * (double)y[p * y_step];
        sum += term, size += fabs(term);
    }
    float want = k->bf16.group > 2 ? element_by_groups(x, x_step, y, y_step, K, accumulate ? before : 0)
                                   : element(x, x_step, y, y_step, K, accumulate, before);
    double bound = size * (0x1.01p-7 + ((double)K + 2) * 0x1p-24) + (double)FLT_MIN;
    EXPECT_MSG(same(got, want), "%s %s K=%zu: %a, by the definition %a", kern_isa_name(k->isa), what, K, (double)got, (double)want);
    EXPECT_MSG(fabs((double)got - sum) <= bound, "%s %s K=%zu: %g, expected %g within %g", kern_isa_name(k->isa), what, K,
               (double)got, sum, bound);
}

/* Rows of A (M,K) and of W, a little apart. */
static void products(const struct kern *k, size_t M, size_t N, size_t K, bool transposed, int threads)
{
    size_t lda = K + 3, ldw = (transposed ? K : N) + 1, ldc = N + 2, ldb = N + 1;
    float *a = numbers(M * lda, -1), *w = numbers((transposed ? N : K) * ldw, -1), *c = numbers(M * ldc, -1);
    float *packed = take(gemm_packed_floats(k, K, N)), *scratch = take(gemm_nn_scratch(k, threads, N, K));
    gemm_pack(k, threads, packed, w, ldw, K, N, transposed);
    gemm_nn(k, threads, &(struct gemm_nn){.c = c, .ldc = ldc, .a = a, .lda = lda, .packed = packed, .M = M, .N = N, .K = K,
                                          .scratch = scratch});
    for (size_t i = 0; i < M * N && !test_failed(); i += 1 + i % 7)
        check_element(k, transposed ? "x W'" : "x W", c[i / N * ldc + i % N], 0, a + i / N * lda, 1,
                      transposed ? w + i % N * ldw : w + i % N, transposed ? 1 : ldw, K, false);
    float *b = numbers(M * ldb, -1), *dw = numbers(K * N, -1), *was = take(K * N);
    memcpy(was, dw, K * N * sizeof *was);
    gemm_tn(k, threads, &(struct gemm_tn){.c = dw, .ldc = N, .a = a, .lda = lda, .b = b, .ldb = ldb, .M = M, .K = K, .N = N,
                                          .accumulate = transposed, .scratch = scratch});
    for (size_t i = 0; i < K * N && !test_failed(); i += 1 + i % 7)
        check_element(k, "x' dy", dw[i], was[i], a + i / N, lda, b + i % N, ldb, M, transposed);
    release(kern_isa_name(k->isa));
}

/* A product of operands as they are stored, each by rows or by columns, of 1 thread and of 2; symmetric: B is A turned. */
static void stored(const struct kern *k, size_t M, size_t N, size_t K, int layout, bool symmetric)
{
    const bool a_by_columns = layout & 1, b_by_columns = symmetric ? !a_by_columns : layout & 2;
    size_t lda = (a_by_columns ? M : K) + 3, ldb = symmetric ? lda : (b_by_columns ? K : N) + 1, ldc = N + 2;
    float *a = numbers((a_by_columns ? K : M) * lda, -1), *b = symmetric ? a : numbers((b_by_columns ? N : K) * ldb, -1);
    float *c = numbers(M * ldc, -1), *two = numbers(M * ldc, -1), *scratch = take(gemm_stored_scratch(k, 2, KERN_BF16, N, K));
    struct gemm_stored p = {.precision = KERN_BF16, .c = c, .ldc = ldc, .a = a, .a_rs = a_by_columns ? 1 : lda,
                            .a_cs = a_by_columns ? lda : 1, .b = b, .ldb = ldb, .M = M, .N = N, .K = K,
                            .transposed = b_by_columns, .symmetric = symmetric, .scratch = scratch};
    gemm_stored(k, 1, &p);
    p.c = two;
    gemm_stored(k, 2, &p);
    for (size_t i = 0; i < M * N && !test_failed(); i++) {
        size_t row = i / N, column = i % N;
        EXPECT_MSG(same(c[row * ldc + column], two[row * ldc + column]), "stored %zux%zux%zu: threads differ", M, N, K);
        if (i % 5 == 0)
            check_element(k, symmetric ? "x x' as stored" : "x y as stored", c[row * ldc + column], 0, a + row * p.a_rs, p.a_cs,
                          b_by_columns ? b + column * ldb : b + column, b_by_columns ? 1 : ldb, K, false);
    }
    const struct kern_epilogue f = {.res = c, .scale = 0.5f}; /* two = 1.5 c */
    p.epilogue = &f;
    gemm_stored(k, 2, &p);
    for (size_t i = 0; i < M * N && !test_failed(); i++)
        EXPECT_NEAR((double)two[i / N * ldc + i % N], 1.5 * (double)c[i / N * ldc + i % N],
                    0x1p-23 * fabs((double)c[i / N * ldc + i % N])); /* half of it rounded once or not, and the sum once */
    release(kern_isa_name(k->isa));
}

static void test_stored(void)
{
    static const size_t shapes[][3] = {{1, 1, 1},     {7, 9, 5},    {37, 65, 33}, {5, 530, 40},
                                       {3, 19, 1030}, {520, 17, 12}, {401, 33, 64}};
    static const size_t sides[][2] = {{1, 3}, {31, 9}, {33, 64}, {97, 40}, {70, 530}, {450, 33}, {530, 12}};
    struct kern k;
    kern_init_for(&k, KERN_REF, KERN_BF16);
    do {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int layout = 0; layout < 4 && !test_failed(); layout++, side = layout % 2 ? AT_END : AT_START)
                stored(&k, shapes[i][0], shapes[i][1], shapes[i][2], layout, false);
        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
            for (int layout = 0; layout < 2 && !test_failed(); layout++)
                stored(&k, sides[i][0], sides[i][0], sides[i][1], layout, true);
    } while (kern_next(&k) && !test_failed());
}

static void test_products(void)
{
    static const size_t shapes[][3] = {{1, 1, 1},     {7, 9, 5},    {37, 65, 33}, {5, 530, 40},
                                      {3, 19, 1030}, {520, 17, 12}, {401, 33, 64}};
    struct kern k;
    kern_init_for(&k, KERN_REF, KERN_BF16);
    do {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int t = 0; t < 2 && !test_failed(); t++, side = t % 2 ? AT_END : AT_START)
                products(&k, shapes[i][0], shapes[i][1], shapes[i][2], t, 1 + (int)(i + (size_t)t) % 2);
    } while (kern_next(&k) && !test_failed());
}

/* What follows a product, against the same done on the product's own output. */
static void check_end(const struct kern *level, enum kern_act act)
{
    enum { M = 51, N = 41, K = KERN_BF16_KC + 30 }; /* two blocks of depth */
    struct kern k = *level;
    float *a = numbers(M * K, -1), *w = numbers(K * N, -1), *bias = numbers(N, -1), *res = numbers(M * N, -1);
    float *mul = numbers(M * N, -1);
    float *packed = take(gemm_packed_floats(&k, K, N)), *scratch = take(gemm_nn_scratch(&k, 2, N, K));
    float *plain = take(M * N), *c = take(M * N), *slope = take(M * N);
    float *want = take(M * N), *want_slope = take(M * N);
    struct gemm_nn p = {.c = plain, .ldc = N, .a = a, .lda = K, .packed = packed, .M = M, .N = N, .K = K, .scratch = scratch};
    gemm_pack(&k, 1, packed, w, N, K, N, false);
    gemm_nn(&k, 1, &p);
    const bool plainly = act == KERN_ACT_NONE;
    const struct kern_epilogue f = {.bias = bias, .res = plainly ? res : NULL, .scale = 0.5f, .mul = plainly ? mul : NULL,
                                    .act = act, .slope = plainly ? NULL : slope};
    p.c = c, p.epilogue = &f;
    gemm_nn(&k, 2, &p);
    for (size_t i = 0; i < M * N; i++)
        want[i] = plainly ? mul[i] * (res[i] + 0.5f * (plain[i] + bias[i % N])) : plain[i] + bias[i % N];
    k.act(want, want_slope, want, M * N, act);
    for (size_t i = 0; i < M * N && !test_failed(); i++) {
        EXPECT_NEAR((double)c[i], (double)want[i], 1e-5);
        EXPECT_NEAR((double)slope[i], plainly ? 0 : (double)want_slope[i], 1e-5);
    }
    release(kern_isa_name(k.isa));
}

static void test_end(void)
{
    struct kern k;
    kern_init_for(&k, KERN_REF, KERN_BF16);
    do
        for (int act = KERN_ACT_NONE; act < KERN_ACT_COUNT && !test_failed(); act++)
            check_end(&k, (enum kern_act)act);
    while (kern_next(&k) && !test_failed());
}

/* --- a model's gradient -------------------------------------------------------------------------------- */

#define SMALL .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3
static const struct {
    const char *name;
    struct gpt_shape shape;
    bool chooses; /* experts by the largest number: a choice that rounding moves is no small change */
} models[] = {
    {"gpt2", {GPT_2 SMALL}, false},
    {"odd sizes", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .mlp = 3}, false},
    {"llama", {GPT_2 SMALL, .norm = 1, .position = 1, .mlp = 3, .bias = 0, .tied = 0, .n_kv_head = 1}, false},
    {"parallel, gated, further tokens", {GPT_2 SMALL, .parallel = 1, .gated_attention = 1, .qk_norm = 1, .mtp = 1}, false},
    {"experts", {GPT_2 SMALL, .n_expert = 3, .top_k = 2}, true},
};
enum { BATCH = 4 };

/* The gradient of the same weights and tokens, however they are multiplied; free it. */
static float *gradient(const struct kern *k, enum kern_precision precision, const struct gpt_shape *s, int threads, double *loss,
                       size_t *n)
{
    struct gpt g;
    struct err err;
    struct kern own = *k;
    struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s->C, s->L, 8, 2);
    struct rng rng = rng_make(3, RNG_DATA, 0, 0);
    int32_t x[BATCH * 12], y[BATCH * 12];
    own.precision = precision; /* not kern_set_precision, which would undo what a test took */
    EXPECT_OK(gpt_init(&g, s, &rules, &own, BATCH, threads, &err));
    gpt_init_weights(&g, 7);
    for (size_t i = 0; i < g.tensors.n_flat; i++)
        g.w[i] += (float)(0.1 * rng_normal(&rng));
    gpt_pack(&g);
    for (size_t i = 0; i < BATCH * s->T; i++)
        x[i] = (int32_t)rng_below(&rng, s->V), y[i] = (int32_t)rng_below(&rng, s->V);
    *loss = gpt_forward_backward(&g, x, y);
    *n = g.tensors.n_flat;
    float *grad = calloc(*n, sizeof *grad);
    CHECK(grad);
    memcpy(grad, g.grad, *n * sizeof *grad);
    gpt_free(&g);
    return grad;
}

/* How far apart, as a share of the length of b. */
static double apart(const float *a, const float *b, size_t n)
{
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(off / size);
}

/* No difference of losses sees a gradient of bfloat16: beside the one of fp32, which the tests of models hold against sums in
 * double. A number goes through 4 products a layer, and the head's, there and back, whose factors are each off by 2^-8 at most
 * and by 2^-8/sqrt(12) to 2^-9/sqrt(12) on average, independently: a product's sum is off by 2^-9 of its length about, and the
 * gradient by the root of 2 (4 L + 1) such steps. Four times that is the bound; a fourth is what there must be at least. */
static void test_gradient(void)
{
    struct kern k;
    kern_init_for(&k, KERN_REF, KERN_BF16);
    do {
        for (size_t i = 0; i < sizeof models / sizeof *models && !test_failed(); i++) {
            const struct gpt_shape *s = &models[i].shape;
            double loss[3], step = 0x1p-9 * sqrt(2.0 * (4 * (double)s->L + 1));
            size_t n;
            float *full = gradient(&k, KERN_FP32, s, 1, &loss[0], &n), *one = gradient(&k, KERN_BF16, s, 1, &loss[1], &n);
            float *two = gradient(&k, KERN_BF16, s, i % 3 == 0 ? 2 : 1, &loss[2], &n); /* threads wait long for each other */
            double off = apart(one, full, n);
            EXPECT_MSG(memcmp(one, two, n * sizeof *one) == 0 && loss[1] == loss[2], "%s, %s: other bytes with two threads",
                       models[i].name, kern_isa_name(k.isa));
            EXPECT_MSG(models[i].chooses || (off <= 4 * step && off >= step / 4), "%s, %s: off by %.3g, expected %.3g",
                       models[i].name, kern_isa_name(k.isa), off, step);
            EXPECT_MSG(fabs(loss[1] - loss[0]) <= 4 * step * loss[0] && loss[1] != loss[0], "%s, %s: loss %.9g, of fp32 %.9g",
                       models[i].name, kern_isa_name(k.isa), loss[1], loss[0]);
            free(full), free(one), free(two);
        }
    } while (kern_next(&k) && !test_failed());
}

/* The gradient by VDPBF16PS and the emulated one, where there is such an instruction. */
static void test_gradient_of_pairs(void)
{
    struct kern with, without;
    kern_init_for(&with, KERN_AVX512, KERN_BF16);
    kern_init(&without, KERN_AVX512);
    if (!kern_bf16_instruction(&with)) {
        test_skip("this processor or build has no AVX512_BF16: its gradients were not compared with emulated ones");
        return;
    }
    for (size_t i = 0; i < sizeof models / sizeof *models && !test_failed(); i++) {
        double loss[2];
        size_t n;
        float *a = gradient(&with, KERN_BF16, &models[i].shape, 1, &loss[0], &n);
        float *b = gradient(&without, KERN_BF16, &models[i].shape, 1, &loss[1], &n);
        EXPECT_MSG(memcmp(a, b, n * sizeof *a) == 0 && loss[0] == loss[1], "%s: emulated other bytes", models[i].name);
        free(a), free(b);
    }
}

static const struct test tests[] = {
    {"rounding", test_rounding},       {"step", test_step},         {"levels", test_levels},
    {"pairs", test_pairs},             {"tiles", test_tiles},       {"products", test_products},
    {"stored", test_stored},           {"end", test_end},
    {"gradient", test_gradient},       {"gradient of pairs", test_gradient_of_pairs},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
