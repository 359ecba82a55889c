/* The products of gemm.h on operands rounded to bfloat16, with sums in fp32 (kern_bf16 of kern.h): gemm.c comes here where
 * the table of kernels says so. Both operands are converted where they are packed; of activations a block at a time, which
 * stays in the cache.
 *
 * An element's sum goes by blocks of gemm.KC values of depth, alike for every level, split and number of threads. */
#ifndef PLATEAU_MODEL_GEMM_BF16_H
#define PLATEAU_MODEL_GEMM_BF16_H

#include "model/gemm.h"

/* Of a level that needs the most: a plan of memory is the same for all. */
size_t gemm_bf16_packed_floats(size_t K, size_t N);
/* For any of the three products. */
size_t gemm_bf16_scratch(int threads);

void gemm_bf16_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw, size_t K, size_t N,
                    bool transposed);
/* p->packed is given. */
void gemm_bf16_nn(const struct kern *k, int threads, const struct gemm_nn *p);
void gemm_bf16_tn(const struct kern *k, int threads, const struct gemm_tn *p);

#endif
