#include "model/gemm.h"

#include "base/size.h"
#include "base/status.h"
#include "model/gemm_kinds.h"
#include "model/gemm_parts.h"
#include "model/team.h"

static const struct gemm_kind *const kinds[] = {[KERN_FP32] = &gemm_fp32, [KERN_BF16] = &gemm_bf16};

size_t gemm_row_floats(size_t n)
{
    const size_t line = 16;
    return n >= 384 && n % (2 * line) == 0 ? n + line : n; /* an odd number of lines reaches every set */
}

size_t gemm_packed_floats(const struct kern *k, size_t K, size_t N)
{
    return kinds[k->precision]->packed_floats(K, N);
}

void gemm_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw, size_t K, size_t N, bool transposed)
{
    kinds[k->precision]->pack(k, threads, packed, w, ldw, K, N, transposed);
}

void gemm_nn(const struct kern *k, int threads, const struct gemm_nn *p)
{
    kinds[k->precision]->nn(k, threads, p);
}

void gemm_tn(const struct kern *k, int threads, const struct gemm_tn *p)
{
    kinds[k->precision]->tn(k, threads, p);
}

/* A square on the diagonal: what lies above it from what lies below. */
static void mirror_corner(float *c, size_t ldc, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            c[j * ldc + i] = c[i * ldc + j];
}

enum { MIRROR = 32 }; /* rows and columns of what is copied at once */

struct mirror_job {
    const struct kern *k;
    float *c;
    size_t ldc, M;
};

static void mirror_part(void *ctx, int t, int threads)
{
    const struct mirror_job *p = ctx;
    float *c = p->c;
    size_t begin, end;
    share(&begin, &end, p->M, MIRROR, t, threads);
    for (size_t i = begin; i < end; i += MIRROR) {
        size_t n = size_min(MIRROR, p->M - i), below = i + n;
        mirror_corner(c + i * p->ldc + i, p->ldc, n);
        if (below < p->M)
            p->k->transpose(c + i * p->ldc + below, p->ldc, c + below * p->ldc + i, p->ldc, p->M - below, n);
    }
}

void gemm_stored(const struct kern *k, int threads, const struct gemm_stored *p)
{
    CHECK(!p->symmetric || p->M == p->N);
    kinds[p->precision]->stored(k, threads, p);
    if (p->symmetric)
        team_parts(mirror_part, &(struct mirror_job){k, p->c, p->ldc, p->M}, threads);
}

size_t gemm_nn_scratch(const struct kern *k, int threads, size_t N, size_t K)
{
    return kinds[k->precision]->nn_scratch(k, threads, N, K);
}

size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t N)
{
    return kinds[k->precision]->tn_scratch(k, threads, M, N);
}

size_t gemm_stored_scratch(const struct kern *k, int threads, enum kern_precision precision, size_t N, size_t K)
{
    return kinds[precision]->stored_scratch(k, threads, N, K);
}
