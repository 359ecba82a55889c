#include "model/gemm.h"

#include "base/size.h"
#include "model/gemm_kinds.h"

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

void gemm_stored(const struct kern *k, int threads, const struct gemm_stored *p)
{
    gemm_fp32_stored(k, threads, p);
}

/* Of gemm_stored as well, which is fp32. */
size_t gemm_nn_scratch(const struct kern *k, int threads, size_t N, size_t K)
{
    return size_max(gemm_fp32.nn_scratch(k, threads, N, K), kinds[k->precision]->nn_scratch(k, threads, N, K));
}

size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t N)
{
    return kinds[k->precision]->tn_scratch(k, threads, M, N);
}
