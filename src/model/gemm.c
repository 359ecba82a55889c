#include "model/gemm.h"

#include "base/size.h"

size_t gemm_packed_floats(const struct kern *k, size_t K, size_t N)
{
    (void)k;
    return K * N;
}

void gemm_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw,
               size_t K, size_t N, bool transposed)
{
    (void)k, (void)threads;
    for (size_t p = 0; p < K; p++)
        for (size_t j = 0; j < N; j++)
            packed[p * N + j] = transposed ? w[j * ldw + p] : w[p * ldw + j];
}

static void epilogue(const struct kern *k, float *c, size_t ldc, size_t i, size_t N,
                     const struct gemm_epilogue *e)
{
    float *row = c + i * ldc;
    for (size_t j = 0; j < N; j++)
        row[j] += e->bias ? e->bias[j] : 0;
    for (size_t j = 0; j < N && e->pre; j++)
        e->pre[i * ldc + j] = row[j];
    if (e->gelu)
        k->gelu_fwd(row, row, N);
    for (size_t j = 0; j < N && e->res; j++)
        row[j] = e->res[i * ldc + j] + e->scale * row[j];
}

void gemm_nn(const struct kern *k, int threads, float *c, size_t ldc, const float *a, size_t lda,
             const float *packed, size_t M, size_t N, size_t K, const struct gemm_epilogue *epi)
{
    (void)threads;
    const struct kern_gemm *g = &k->gemm;
    for (size_t i = 0; i < M; i += g->MR) {
        size_t m = size_min(g->MR, M - i);
        for (size_t j = 0; j < N; j += g->NR)
            g->tile(c + i * ldc + j, ldc, a + i * lda, lda, 1, packed + j, N, m,
                    size_min(g->NR, N - j), K, false);
        for (size_t r = i; epi && r < i + m; r++)
            epilogue(k, c, ldc, r, N, epi);
    }
}

void gemm_tn(const struct kern *k, int threads, float *c, size_t ldc, const float *a, size_t lda,
             const float *b, size_t ldb, size_t M, size_t K, size_t N, float *scratch)
{
    (void)threads, (void)scratch;
    const struct kern_gemm *g = &k->gemm;
    for (size_t i = 0; i < K; i += g->MR)
        for (size_t j = 0; j < N; j += g->NR)
            g->tile(c + i * ldc + j, ldc, a + i, 1, lda, b + j, ldb, size_min(g->MR, K - i),
                    size_min(g->NR, N - j), M, true);
}

size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t K, size_t N)
{
    (void)k, (void)threads, (void)M, (void)K, (void)N;
    return 0;
}
