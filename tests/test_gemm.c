/* The three products of a linear layer against sums in double, at every level, at sizes around the
 * register tile and the cache blocks; and equal bytes for 1, 2 and 3 threads.
 *
 * Every array has exactly the size that its contract asks for, so AddressSanitizer and valgrind see a
 * touch beside it. An element's tolerance is its number of roundings times the sum of the absolute
 * values that it adds up. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/gemm.h"

static struct kern kern;
static char where[160];

static float *floats(size_t n)
{
    float *p = malloc(n * sizeof *p + 1);
    CHECK(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(2 * rng_double(test_rng()) - 1);
    return p;
}

/* Elements of a matrix of `rows` rows, ld apart: the last row ends with its last element. */
static size_t extent(size_t rows, size_t cols, size_t ld)
{
    return rows && cols ? (rows - 1) * ld + cols : 0;
}

static void near(size_t i, size_t j, double got, double want, double roundings, double terms)
{
    double tol = roundings * (double)FLT_EPSILON * terms + (double)FLT_MIN;
    EXPECT_MSG(fabs(got - want) <= tol, "%s %s: [%zu][%zu] = %.9g, expected %.9g within %.3g",
               kern_isa_name(kern.isa), where, i, j, got, want, tol);
}

struct sizes {
    size_t M, N, K;
};

/* Run fill(out, threads, ctx) with 1, 2 and sometimes 3 threads on copies of c; all must be equal bytes. Leaves the
 * one-thread result in c. */
static void each_thread_count(float *c, size_t n, void (*fill)(float *, int, const void *),
                              const void *ctx)
{
    float *start = floats(n), *other = floats(n);
    memcpy(start, c, n * sizeof *c);
    fill(c, 1, ctx);
    static unsigned turn; /* more threads than cores wait long for each other: now and then is enough */
    for (int threads = 2; threads <= (turn++ % 16 ? 2 : 3); threads++) {
        memcpy(other, start, n * sizeof *c);
        fill(other, threads, ctx);
        EXPECT_MSG(n == 0 || memcmp(other, c, n * sizeof *c) == 0,
                   "%s %s: %d threads give other bytes than one", kern_isa_name(kern.isa), where,
                   threads);
    }
    free(other);
    free(start);
}

/* --- C = A B, forward and grad-input ---------------------------------------------------------- */

struct nn_case {
    struct sizes s;
    size_t lda, ldc, ldw;
    const float *a, *w;
    bool transposed, unpacked;
    const struct kern_epilogue *epilogue;
};

static void fill_nn(float *c, int threads, const void *ctx)
{
    const struct nn_case *p = ctx;
    struct gemm_nn n = {.c = c, .ldc = p->ldc, .a = p->a, .lda = p->lda, .M = p->s.M, .N = p->s.N, .K = p->s.K,
                        .epilogue = p->epilogue};
    if (p->unpacked) {
        float *scratch = floats(gemm_nn_scratch(&kern, threads, p->s.N, p->s.K));
        n.w = p->w, n.ldw = p->ldw, n.transposed = p->transposed, n.scratch = scratch;
        gemm_nn(&kern, threads, &n);
        free(scratch);
        return;
    }
    float *packed = floats(gemm_packed_floats(&kern, p->s.K, p->s.N));
    gemm_pack(&kern, threads, packed, p->w, p->ldw, p->s.K, p->s.N, p->transposed);
    n.packed = packed;
    gemm_nn(&kern, threads, &n);
    free(packed);
}

static double gelu(double x)
{
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

/* What the header says of one element, and how many roundings and terms it has. */
static double nn_element(const struct nn_case *p, size_t i, size_t j, double *terms)
{
    double sum = 0;
    *terms = 0;
    for (size_t k = 0; k < p->s.K; k++) {
        size_t at = p->transposed ? j * p->ldw + k : k * p->ldw + j;
        double t = (double)p->a[i * p->lda + k] * (double)p->w[at];
        sum += t;
        *terms += fabs(t);
    }
    const struct kern_epilogue *f = p->epilogue;
    size_t at = i * p->ldc + j;
    if (!f)
        return sum;
    if (f->bias) {
        sum += (double)f->bias[j];
        *terms += fabs((double)f->bias[j]);
    }
    if (f->res) {
        sum = (double)f->res[at] + (double)f->scale * sum;
        *terms += fabs((double)f->res[at]);
    }
    if (f->mul)
        sum *= (double)f->mul[at];
    return f->act == KERN_ACT_GELU ? gelu(sum) : sum;
}

static void nn_check(const struct nn_case *p, const float *before, const float *c)
{
    const double edge = p->epilogue ? 24 : 2; /* roundings of what follows; GELU's slope is at most 1.13 */
    for (size_t i = 0; i < p->s.M; i++)
        for (size_t j = 0; j < p->s.N; j++) {
            double terms, want = nn_element(p, i, j, &terms);
            near(i, j, (double)c[i * p->ldc + j], want, 1.2 * (double)p->s.K + edge, terms);
        }
    for (size_t i = 0; i + 1 < p->s.M; i++)
        for (size_t j = p->s.N; j < p->ldc && p->s.N; j++)
            EXPECT_MSG(c[i * p->ldc + j] == before[i * p->ldc + j],
                       "%s %s: wrote between rows at [%zu][%zu]", kern_isa_name(kern.isa), where, i,
                       j);
}

static void nn_one(struct sizes s, bool transposed, int mode)
{
    size_t gap = (s.M + s.N + s.K) % 3, wrows = transposed ? s.N : s.K;
    struct nn_case p = {.s = s, .lda = s.K + gap, .ldc = s.N + gap, .transposed = transposed};
    p.ldw = (transposed ? s.K : s.N) + gap;
    snprintf(where, sizeof where, "nn M=%zu N=%zu K=%zu transposed=%d mode=%d", s.M, s.N, s.K,
             transposed, mode);
    size_t len = extent(s.M, s.N, p.ldc);
    float *a = floats(extent(s.M, s.K, p.lda)), *c = floats(len);
    float *before = floats(len), *other = floats(len);
    float *w = floats(extent(wrows, transposed ? s.K : s.N, p.ldw));
    float *bias = floats(s.N), *res = floats(len), *mul = floats(len), *slope = floats(len);
    struct kern_epilogue epilogue = {.bias = mode & 1 ? bias : NULL,
                                 .act = mode & 2 ? KERN_ACT_GELU : KERN_ACT_NONE,
                                 .res = mode & 4 ? res : NULL,
                                 .mul = mode & 8 ? mul : NULL,
                                 .slope = mode & 2 ? slope : NULL,
                                 .scale = 0.5f};
    for (size_t i = 0; i < s.M; i++) /* must not be read */
        for (size_t j = 0; j < s.N; j++)
            c[i * p.ldc + j] = NAN;
    memcpy(before, c, len * sizeof *c);
    memcpy(other, c, len * sizeof *c);
    p.a = a;
    p.w = w;
    p.epilogue = mode ? &epilogue : NULL;
    each_thread_count(c, len, fill_nn, &p);
    nn_check(&p, before, c);
    p.unpacked = true;
    each_thread_count(other, len, fill_nn, &p);
    EXPECT_MSG(len == 0 || memcmp(other, c, len * sizeof *c) == 0,
               "%s %s: other bytes where B is packed on the way", kern_isa_name(kern.isa), where);
    float *all[] = {a, c, before, other, w, bias, res, mul, slope};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* --- C += A^T B, grad-weight ------------------------------------------------------------------ */

struct tn_case {
    struct sizes s; /* A (M,K), B (M,N), C (K,N) */
    size_t lda, ldb, ldc;
    const float *a, *b;
    bool accumulate;
};

static void fill_tn(float *c, int threads, const void *ctx)
{
    const struct tn_case *p = ctx;
    float *scratch = floats(gemm_tn_scratch(&kern, threads, p->s.M, p->s.N));
    const struct gemm_tn n = {.c = c, .ldc = p->ldc, .a = p->a, .lda = p->lda, .b = p->b, .ldb = p->ldb,
                              .M = p->s.M, .K = p->s.K, .N = p->s.N, .accumulate = p->accumulate, .scratch = scratch};
    gemm_tn(&kern, threads, &n);
    free(scratch);
}

static void tn_one(struct sizes s, bool accumulate)
{
    size_t gap = (s.M + s.N + s.K) % 3;
    struct tn_case p = {.s = s, .lda = s.K + gap, .ldb = s.N + gap, .ldc = s.N + gap};
    snprintf(where, sizeof where, "tn M=%zu N=%zu K=%zu accumulate=%d", s.M, s.N, s.K, accumulate);
    size_t len = extent(s.K, s.N, p.ldc);
    float *a = floats(extent(s.M, s.K, p.lda)), *b = floats(extent(s.M, s.N, p.ldb));
    float *c = floats(len), *before = floats(len);
    for (size_t i = 0; !accumulate && i < len; i++)
        if (i % p.ldc < s.N)
            c[i] = NAN; /* must not be read */
    memcpy(before, c, len * sizeof *c);
    p.a = a;
    p.b = b;
    p.accumulate = accumulate;
    each_thread_count(c, len, fill_tn, &p);
    for (size_t i = 0; i < s.K; i++)
        for (size_t j = 0; j < p.ldc && i * p.ldc + j < len; j++) {
            double want = accumulate || j >= s.N ? (double)before[i * p.ldc + j] : 0;
            double terms = fabs(want);
            for (size_t m = 0; j < s.N && m < s.M; m++) {
                double t = (double)a[m * p.lda + i] * (double)b[m * p.ldb + j];
                want += t;
                terms += fabs(t);
            }
            near(i, j, (double)c[i * p.ldc + j], want, j < s.N ? (double)s.M + 4 : 0, terms);
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void each_level(void (*fn)(void))
{
    for (int isa = KERN_REF; isa < KERN_ISA_COUNT && !test_failed(); isa++) {
        if (kern_isa_for((enum kern_isa)isa, KERN_FP32) != (enum kern_isa)isa)
            continue; /* another level's kernels but for bf16 */
        kern_init(&kern, (enum kern_isa)isa);
        if ((int)kern.isa == isa)
            fn();
        else
            printf("    level %s: not on this machine or not built\n",
                   kern_isa_name((enum kern_isa)isa));
    }
}

enum { N_SMALL = 7 };

/* Around the tile in rows and columns. */
static void small_sizes(size_t rows[N_SMALL], size_t cols[N_SMALL])
{
    size_t MR = kern.gemm.MR, NR = kern.gemm.NR;
    const size_t r[N_SMALL] = {0, 1, MR - 1, MR, MR + 1, 23, 2 * MR + 1};
    const size_t c[N_SMALL] = {0, 1, NR - 1, NR, NR + 1, 53, 2 * NR};
    memcpy(rows, r, sizeof r);
    memcpy(cols, c, sizeof c);
}

enum { N_LARGE = 6 };

/* One past each cache block, alone and together (a block has MC rows where it is deep), and enough columns
 * that operands are copied (model/gemm_fp32.c). */
static void large_sizes(struct sizes out[N_LARGE])
{
    const struct kern_gemm *g = &kern.gemm;
    out[0] = (struct sizes){g->MC + 1, 5, 37};
    out[1] = (struct sizes){3, g->NC + 1, 41};
    out[2] = (struct sizes){7, 11, 2 * g->KC + 1};
    out[3] = (struct sizes){5, 1031, 1033};
    out[4] = (struct sizes){2 * g->MC + 3, g->NR + 3, g->KC + 1};
    out[5] = (struct sizes){g->MC + 1, g->NC + 1, g->KC + 1};
}

static void nn_level(void)
{
    size_t rows[N_SMALL], cols[N_SMALL];
    const size_t depths[] = {0, 1, 2, 7, 16, 67};
    struct sizes large[N_LARGE];
    small_sizes(rows, cols);
    large_sizes(large);
    int turn = 0;
    for (int m = 0; m < N_SMALL; m++)
        for (int n = 0; n < N_SMALL; n++)
            for (size_t d = 0; d < sizeof depths / sizeof *depths && !test_failed(); d++, turn++)
                nn_one((struct sizes){rows[m], cols[n], depths[d]}, turn % 2, turn / 2 % 16);
    const size_t KC = kern.gemm.KC;
    for (size_t K = KC - 1; K <= KC + 1; K++)
        nn_one((struct sizes){kern.gemm.MR + 1, kern.gemm.NR + 1, K}, K % 2, K % 16);
    for (int i = 0; i < N_LARGE && !test_failed(); i++)
        for (int transposed = 0; transposed < 2; transposed++)
            nn_one(large[i], transposed, 3 * i + 4 * transposed);
}

static void tn_level(void)
{
    size_t rows[N_SMALL], cols[N_SMALL];
    const size_t depths[] = {0, 1, 2, 7, 16, 67};
    struct sizes large[N_LARGE];
    small_sizes(rows, cols);
    large_sizes(large);
    for (int k = 0; k < N_SMALL; k++)
        for (int n = 0; n < N_SMALL; n++)
            for (size_t d = 0; d < sizeof depths / sizeof *depths && !test_failed(); d++)
                tn_one((struct sizes){depths[d], cols[n], rows[k]}, (k + n + (int)d) % 2);
    for (size_t M = kern.gemm.KC - 1; M <= kern.gemm.KC + 1; M++)
        tn_one((struct sizes){M, kern.gemm.NR + 1, kern.gemm.MR + 1}, M % 2);
    for (int i = 0; i < N_LARGE && !test_failed(); i++) { /* each size in each place */
        tn_one((struct sizes){large[i].M, large[i].N, large[i].K}, true);
        tn_one((struct sizes){large[i].K, large[i].M, large[i].N}, false);
    }
    /* Rows of B a power of two apart are packed; three sizes in a row have each gap once. */
    for (size_t K = 2 * kern.gemm.MC + 256; K < 2 * kern.gemm.MC + 259 && !test_failed(); K++)
        tn_one((struct sizes){kern.gemm.KC + 1, 512, K}, K % 2);
}

static void fill_stored(float *c, int threads, const void *ctx)
{
    struct gemm_stored p = *(const struct gemm_stored *)ctx;
    p.c = c;
    p.scratch = p.transposed ? floats(gemm_stored_scratch(&kern, threads, p.precision, p.N, p.K)) : NULL;
    gemm_stored(&kern, threads, &p);
    free(p.scratch);
}

/* C against sums in double, each operand by rows or by columns. Of a symmetric product, B is A turned. */
static void stored_one(struct sizes z, bool a_by_columns, bool b_by_columns, bool symmetric, bool epilogue)
{
    size_t lda = (a_by_columns ? z.M : z.K) + 3, ldb = (b_by_columns ? z.K : z.N) + (symmetric ? 3 : 5), ldc = z.N + 2;
    size_t n = extent(z.M, z.N, ldc);
    float *a = floats(a_by_columns ? extent(z.K, z.M, lda) : extent(z.M, z.K, lda));
    float *b = symmetric ? a : floats(b_by_columns ? extent(z.N, z.K, ldb) : extent(z.K, z.N, ldb));
    float *res = floats(n), *c = floats(n);
    if (symmetric) /* so that the end keeps it so */
        for (size_t i = 0; i < z.M; i++)
            for (size_t j = 0; j < i; j++)
                res[j * ldc + i] = res[i * ldc + j];
    struct kern_epilogue f = {.res = res, .scale = 0.5f};
    struct gemm_stored p = {.ldc = ldc, .a = a, .a_rs = a_by_columns ? 1 : lda, .a_cs = a_by_columns ? lda : 1, .b = b,
                            .ldb = ldb, .M = z.M, .N = z.N, .K = z.K, .transposed = b_by_columns, .symmetric = symmetric,
                            .epilogue = epilogue ? &f : NULL};
    snprintf(where, sizeof where, "stored M=%zu N=%zu K=%zu a%d b%d s%d f%d", z.M, z.N, z.K, a_by_columns, b_by_columns,
             symmetric, epilogue);
    each_thread_count(c, n, fill_stored, &p);
    for (size_t i = 0; i < z.M && !test_failed(); i++)
        for (size_t j = 0; j < z.N; j++) {
            double sum = 0, terms = 0, r = epilogue ? (double)res[i * ldc + j] : 0;
            for (size_t k = 0; k < z.K; k++) {
                double t = (double)a[i * p.a_rs + k * p.a_cs] * (double)b[b_by_columns ? j * ldb + k : k * ldb + j];
                sum += t, terms += fabs(t);
            }
            near(i, j, (double)c[i * ldc + j], epilogue ? r + 0.5 * sum : sum, (double)z.K + 3, terms + fabs(r));
            if (symmetric && j < i)
                EXPECT_MSG(c[i * ldc + j] == c[j * ldc + i], "%s: [%zu][%zu] differs from what it is copied to", where, i, j);
        }
    if (!symmetric)
        free(b);
    free(a);
    free(res);
    free(c);
}

static void stored_level(void)
{
    size_t rows[N_SMALL], cols[N_SMALL];
    const size_t depths[] = {1, 7, 67};
    struct sizes large[N_LARGE];
    small_sizes(rows, cols);
    large_sizes(large);
    unsigned turn = 0;
    for (int m = 1; m < N_SMALL; m++)
        for (int n = 1; n < N_SMALL; n++)
            for (size_t d = 0; d < 3 && !test_failed(); d++, turn++)
                stored_one((struct sizes){rows[m], cols[n], depths[d]}, turn & 1, turn & 2, false, turn & 4);
    for (int i = 0; i < N_LARGE && !test_failed(); i++)
        stored_one(large[i], i & 1, i & 2, false, !(i & 1));
    const size_t sides[] = {1, 2, 15, 16, 31, 32, 33, 97, kern.gemm.MC + 1, kern.gemm.NC + 33};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (int layout = 0; layout < 2 && !test_failed(); layout++)
            stored_one((struct sizes){sides[i], sides[i], i % 2 ? 13 : kern.gemm.KC + 1}, layout, !layout, true, i % 3 == 0);
}

static void as_stored(void)
{
    each_level(stored_level);
}

static void products(void)
{
    each_level(nn_level);
}

static void weight_gradients(void)
{
    each_level(tn_level);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"forward and grad-input", products},
        {"grad-weight", weight_gradients},
        {"as stored, symmetric", as_stored},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
