#include "model/gemm.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/size.h"

/* A packed operand is a row of depth blocks, each a row of panels NR columns wide (the last as wide
 * as what is left), each (depth,width) and contiguous: K * N floats in all, in the order in which
 * the product reads them. The block from depth d starts at d * N, its panel from column j at depth
 * * j behind that. */

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* The depth K in the fewest blocks of at most KC, as even as can be. The blocks depend on K alone,
 * hence so does the order of every sum. */
static size_t depth_block(size_t K, size_t KC)
{
    return K == 0 ? 1 : ceil_div(K, ceil_div(K, KC));
}

/* Share t of n items among `threads`, in units. */
static void share(size_t *begin, size_t *end, size_t n, size_t unit, int t, int threads)
{
    size_t units = ceil_div(n, unit), T = (size_t)threads, i = (size_t)t;
    *begin = size_min(n, units * i / T * unit);
    *end = size_min(n, units * (i + 1) / T * unit);
}

size_t gemm_row_floats(size_t n)
{
    const size_t line = 16;
    return n >= 384 && n % (2 * line) == 0 ? n + line
                                           : n; /* an odd number of lines reaches every set */
}

typedef void part_fn(void *ctx, int t, int threads);

/* fn(ctx, t, threads) for every t, at the same time where OpenMP is there. One thread pays nothing.
 */
static void run_parts(part_fn *fn, void *ctx, int threads)
{
    if (threads <= 1) {
        fn(ctx, 0, 1);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static, 1)
#endif
    for (int t = 0; t < threads; t++)
        fn(ctx, t, threads);
}

size_t gemm_packed_floats(const struct kern *k, size_t K, size_t N)
{
    (void)k;
    return K * N;
}

struct pack_job {
    const struct kern *k;
    float *packed;
    const float *w;
    size_t ldw, K, N;
    bool transposed;
};

/* Panels of columns [begin, end) of the depth block [d, d+depth), to out. */
static void pack_block(const struct pack_job *p, float *out, size_t d, size_t depth, size_t begin,
                       size_t end)
{
    size_t NR = p->k->gemm.NR;
    if (!p->transposed) {
        p->k->panels(out, p->w + d * p->ldw + begin, p->ldw, depth, end - begin, NR);
        return;
    }
    for (size_t j = begin; j < end; j += NR) {
        size_t n = size_min(NR, end - j);
        p->k->transpose(out + (j - begin) * depth, n, p->w + j * p->ldw + d, p->ldw, n, depth);
    }
}

static void pack_part(void *ctx, int t, int threads)
{
    const struct pack_job *p = ctx;
    size_t begin, end;
    share(&begin, &end, p->N, p->k->gemm.NR, t, threads);
    size_t depth = depth_block(p->K, p->k->gemm.KC);
    for (size_t d = 0; d < p->K; d += depth) {
        size_t deep = size_min(depth, p->K - d);
        pack_block(p, p->packed + d * p->N + begin * deep, d, deep, begin, end);
    }
}

void gemm_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw,
               size_t K, size_t N, bool transposed)
{
    struct pack_job job = {k, packed, w, ldw, K, N, transposed};
    run_parts(pack_part, &job, threads);
}

struct nn_job {
    const struct kern *k;
    float *c;
    size_t ldc;
    const float *a;
    size_t lda;
    const float *packed; /* all of B, or NULL and: */
    struct pack_job pack;
    float *scratch;
    size_t M, N, K;
    const struct kern_finish *finish;
};

/* `f` for the elements from row i and column j on. */
static struct kern_finish finish_at(const struct kern_finish *f, size_t ldc, size_t i, size_t j)
{
    struct kern_finish g = *f;
    size_t at = i * ldc + j;
    g.bias = f->bias ? f->bias + j : NULL;
    g.res = f->res ? f->res + at : NULL;
    g.mul = f->mul ? f->mul + at : NULL;
    g.slope = f->slope ? f->slope + at : NULL;
    return g;
}

/* Rows [i, i+m), columns [j, j+n), depth [d, d+deep) with B's panels of that block. The last depth
 * finishes. */
static void nn_block(const struct nn_job *p, size_t i, size_t m, size_t j, size_t n, size_t d,
                     size_t deep, const float *panels)
{
    const struct kern_gemm *g = &p->k->gemm;
    const float *a = p->a + i * p->lda + d;
    float *c = p->c + i * p->ldc + j;
    bool finish = p->finish && d + deep == p->K;
    for (size_t s = 0; s < n; s += g->NR) {
        size_t width = size_min(g->NR, n - s);
        struct kern_finish f = {0};
        if (finish)
            f = finish_at(p->finish, p->ldc, i, j + s);
        g->tile(c + s, p->ldc, a, p->lda, 1, panels + s * deep, width, m, width, deep, d > 0,
                s == 0, finish ? &f : NULL);
    }
}

static void nn_part(void *ctx, int t, int threads)
{
    const struct nn_job *p = ctx;
    const struct kern_gemm *g = &p->k->gemm;
    size_t begin, end, depth = depth_block(p->K, g->KC), n;
    share(&begin, &end, p->M, g->MR, t, threads);
    for (size_t i = begin; i < end; i += g->MC)
        for (size_t j = 0; j < p->N; j += n) {
            n = size_min(g->NC, p->N - j);
            for (size_t d = 0; d == 0 || d < p->K; d += depth) {
                size_t deep = size_min(depth, p->K - d);
                nn_block(p, i, size_min(g->MC, end - i), j, n, d, deep,
                         p->packed + d * p->N + j * deep);
            }
        }
}

void gemm_nn(const struct kern *k, int threads, float *c, size_t ldc, const float *a, size_t lda,
             const float *packed, size_t M, size_t N, size_t K, const struct kern_finish *finish)
{
    struct nn_job job = {.k = k, .c = c, .ldc = ldc, .a = a, .lda = lda, .packed = packed};
    job.M = M, job.N = N, job.K = K, job.finish = finish;
    run_parts(nn_part, &job, threads);
}

/* Floats of a block of B, (rows,columns) in all. */
static size_t block_floats(const struct kern *k, size_t rows, size_t columns)
{
    return depth_block(rows, k->gemm.KC) * size_min(columns, k->gemm.NC);
}

/* A thread has columns of its own, so that no part of B is packed twice. */
static void nn_unpacked_part(void *ctx, int t, int threads)
{
    const struct nn_job *p = ctx;
    const struct kern_gemm *g = &p->k->gemm;
    size_t begin, end, depth = depth_block(p->K, g->KC), n;
    share(&begin, &end, p->N, g->NR, t, threads);
    float *panels = p->scratch + (size_t)t * block_floats(p->k, p->K, p->N);
    for (size_t j = begin; j < end; j += n) {
        n = size_min(g->NC, end - j);
        for (size_t d = 0; d == 0 || d < p->K; d += depth) {
            size_t deep = size_min(depth, p->K - d);
            pack_block(&p->pack, panels, d, deep, j, j + n);
            for (size_t i = 0; i < p->M; i += g->MC)
                nn_block(p, i, size_min(g->MC, p->M - i), j, n, d, deep, panels);
        }
    }
}

void gemm_nn_unpacked(const struct kern *k, int threads, float *c, size_t ldc, const float *a,
                      size_t lda, const float *w, size_t ldw, bool transposed, size_t M, size_t N,
                      size_t K, const struct kern_finish *finish, float *scratch)
{
    struct nn_job job = {.k = k, .c = c, .ldc = ldc, .a = a, .lda = lda, .scratch = scratch};
    job.pack = (struct pack_job){k, NULL, w, ldw, K, N, transposed};
    job.M = M, job.N = N, job.K = K, job.finish = finish;
    run_parts(nn_unpacked_part, &job, threads);
}

size_t gemm_nn_scratch(const struct kern *k, int threads, size_t N, size_t K)
{
    return (size_t)(threads > 1 ? threads : 1) * block_floats(k, K, N);
}

struct tn_job {
    const struct kern *k;
    float *c;
    size_t ldc;
    const float *a;
    size_t lda;
    const float *b;
    size_t ldb;
    size_t M, K, N;
    bool accumulate;
    float *scratch;
};

/* B is read in place unless its rows lie a multiple of 512 bytes apart and many rows of C use it:
 * then the lines of a panel share a few cache sets and push each other out. A's rows are left where
 * they are in any case: a tile wants one line of a row of A and comes back for its neighbours soon
 * (kernels/SPEED.md). */
static bool tn_pack(size_t ldb, size_t K)
{
    return ldb >= 256 && ldb % 128 == 0 && K >= 256;
}

size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t K, size_t N)
{
    (void)K;
    return (size_t)(threads > 1 ? threads : 1) * block_floats(k, M, N);
}

/* One block of C: rows [i, i+m), columns [j, j+n), depth [d, d+depth). `panels` holds B packed, or
 * is NULL. */
static void tn_block(const struct tn_job *p, size_t i, size_t m, size_t j, size_t n, size_t d,
                     size_t depth, const float *panels)
{
    const struct kern_gemm *g = &p->k->gemm;
    const float *a = p->a + d * p->lda + i;
    for (size_t s = 0; s < n; s += g->NR) {
        size_t width = size_min(g->NR, n - s);
        const float *b = panels ? panels + s * depth : p->b + d * p->ldb + j + s;
        g->tile(p->c + i * p->ldc + j + s, p->ldc, a, 1, p->lda, b, panels ? width : p->ldb, m,
                width, depth, p->accumulate || d > 0, s == 0, NULL);
    }
}

static void tn_part(void *ctx, int t, int threads)
{
    const struct tn_job *p = ctx;
    const struct kern_gemm *g = &p->k->gemm;
    size_t i0 = 0, i1 = p->K, j0 = 0, j1 = p->N, depth = depth_block(p->M, g->KC);
    if (p->K >= p->N)
        share(&i0, &i1, p->K, g->MR, t, threads);
    else
        share(&j0, &j1, p->N, g->NR, t, threads);
    float *mine = p->scratch + (size_t)t * block_floats(p->k, p->M, p->N);
    float *panels = tn_pack(p->ldb, p->K) ? mine : NULL;
    for (size_t d = 0; d == 0 || d < p->M; d += depth) {
        size_t deep = size_min(depth, p->M - d);
        for (size_t j = j0; j < j1; j += g->NC) {
            size_t n = size_min(g->NC, j1 - j);
            if (panels)
                p->k->panels(panels, p->b + d * p->ldb + j, p->ldb, deep, n, g->NR);
            for (size_t i = i0; i < i1; i += g->MC)
                tn_block(p, i, size_min(g->MC, i1 - i), j, n, d, deep, panels);
        }
    }
}

void gemm_tn(const struct kern *k, int threads, float *c, size_t ldc, const float *a, size_t lda,
             const float *b, size_t ldb, size_t M, size_t K, size_t N, bool accumulate,
             float *scratch)
{
    struct tn_job job = {k, c, ldc, a, lda, b, ldb, M, K, N, accumulate, scratch};
    run_parts(tn_part, &job, threads);
}
