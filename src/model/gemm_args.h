/* The operands of the products of gemm.h. Row-major; "ld" is the distance between rows in elements. */
#ifndef PLATEAU_MODEL_GEMM_ARGS_H
#define PLATEAU_MODEL_GEMM_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kern.h"

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

/* C (K,N) = A^T B with A (M,K), B (M,N), or += where `accumulate`: rows lda, ldb, ldc apart. Without
 * `accumulate` C is not read. */
struct gemm_tn {
    float *c;
    const float *a, *b;
    size_t ldc, lda, ldb, M, K, N;
    bool accumulate;
    float *scratch; /* gemm_tn_scratch floats */
};

/* C (M,N) = A (M,K) B (K,N), both as they are stored, for operands that are used once: A(i,k) = a[i a_rs + k a_cs]; B has
 * rows ldb apart and is read in place, best with ldb an odd number of cache lines, or where `transposed` is set it is
 * stored (N,K) and packed on the way. symmetric: the result is known to be, so that one half is computed and the other
 * copied. Not read: C. epilogue as in kern.h. precision: of what is multiplied, whatever layers multiply; bfloat16 packs
 * both operands on the way. */
struct gemm_stored {
    enum kern_precision precision;
    float *c;
    const float *a, *b;
    size_t ldc, a_rs, a_cs, ldb, M, N, K;
    bool transposed, symmetric;
    const struct kern_epilogue *epilogue;
    float *scratch; /* gemm_stored_scratch floats where `transposed` is set, or of bfloat16 */
};

#endif
