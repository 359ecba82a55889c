/* Matrix products around the micro-kernels: block, pack, partition.
 *
 * The three products of a linear layer y = x W, with x (M,K), W (K,N), y (M,N), all row-major:
 *   forward      y  = x W          gemm_nn with W packed by gemm_pack(..., false)
 *   grad-input   dx = dy W^T       gemm_nn with W packed by gemm_pack(..., true)
 *   grad-weight  dW += x^T dy      gemm_tn
 * Weights are packed once a step and used by many rows; large ones on the way. The partition over
 * threads and the order of every sum depend on the shapes alone: results are equal bit for bit for any
 * number of threads.
 *
 * Where k->precision is KERN_BF16 gemm_nn and gemm_tn multiply values rounded to bfloat16 (gemm_bf16.h), the former from
 * packed weights alone, and scratch is wanted for both. gemm_stored stays with fp32. */
#ifndef PLATEAU_MODEL_GEMM_H
#define PLATEAU_MODEL_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kern.h"

/* The distance between rows of n values at which the products run best: n, or a cache line more where
 * rows of n values would crowd into a few cache sets. */
size_t gemm_row_floats(size_t n);

/* Floats that a packed (K,N) operand needs. */
size_t gemm_packed_floats(const struct kern *k, size_t K, size_t N);

/* Pack b for use as the right operand (K,N) of gemm_nn. transposed: w is (N,K) and its transpose is
 * packed. w rows are ldw apart. */
void gemm_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw,
               size_t K, size_t N, bool transposed);

/* C (M,N) = A (M,K) B (K,N), then what `epilogue` says (kern.h; NULL: nothing): rows of A lda apart, of C ldc apart. C is not
 * read. B is what gemm_pack made of it; or, where `packed` is NULL, w as it is stored, as for gemm_pack, which is packed block
 * by block on the way: that spares large weights a way through memory. The same bytes either way. */
struct gemm_nn {
    float *c;
    const float *a, *packed, *w;
    size_t ldc, lda, ldw, M, N, K;
    bool transposed; /* w is (N,K) */
    const struct kern_epilogue *epilogue;
    float *scratch; /* gemm_nn_scratch floats where `packed` is NULL, or of bfloat16 */
};
void gemm_nn(const struct kern *k, int threads, const struct gemm_nn *p);
size_t gemm_nn_scratch(const struct kern *k, int threads, size_t N, size_t K);

/* C (K,N) = A^T B with A (M,K), B (M,N), or += where `accumulate`: rows lda, ldb, ldc apart. Without
 * `accumulate` C is not read. */
struct gemm_tn {
    float *c;
    const float *a, *b;
    size_t ldc, lda, ldb, M, K, N;
    bool accumulate;
    float *scratch; /* gemm_tn_scratch floats */
};
void gemm_tn(const struct kern *k, int threads, const struct gemm_tn *p);
size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t K, size_t N);

/* C (M,N) = A (M,K) B (K,N), both as they are stored, for operands that are used once: A(i,k) = a[i a_rs + k a_cs]; B has
 * rows ldb apart and is read in place, best with ldb an odd number of cache lines, or where `transposed` is set it is
 * stored (N,K) and packed on the way. symmetric: the result is known to be, so that one half is computed and the other
 * copied. Not read: C. epilogue as in kern.h. */
struct gemm_stored {
    float *c;
    const float *a, *b;
    size_t ldc, a_rs, a_cs, ldb, M, N, K;
    bool transposed, symmetric;
    const struct kern_epilogue *epilogue;
    float *scratch; /* gemm_nn_scratch floats where `transposed` is set */
};
void gemm_stored(const struct kern *k, int threads, const struct gemm_stored *p);

#endif
