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
 * Where k->precision is KERN_BF16 gemm_nn and gemm_tn multiply values rounded to bfloat16 (gemm_bf16.c), the former from
 * packed weights alone, and scratch is wanted for both. Of a gemm_stored its own `precision` says so. */
#ifndef PLATEAU_MODEL_GEMM_H
#define PLATEAU_MODEL_GEMM_H

#include "model/gemm_args.h"

/* The distance between rows of n values at which the products run best: n, or a cache line more where
 * rows of n values would crowd into a few cache sets. */
size_t gemm_row_floats(size_t n);

/* Floats that a packed (K,N) operand needs. */
size_t gemm_packed_floats(const struct kern *k, size_t K, size_t N);

/* Pack b for use as the right operand (K,N) of gemm_nn. transposed: w is (N,K) and its transpose is
 * packed. w rows are ldw apart. */
void gemm_pack(const struct kern *k, int threads, float *packed, const float *w, size_t ldw,
               size_t K, size_t N, bool transposed);

/* What each multiplies, and into what: gemm_args.h. */
void gemm_nn(const struct kern *k, int threads, const struct gemm_nn *p);
void gemm_tn(const struct kern *k, int threads, const struct gemm_tn *p);
void gemm_stored(const struct kern *k, int threads, const struct gemm_stored *p);

/* Floats of scratch: of a gemm_nn, or a gemm_stored of that precision, with B (K,N), and of a gemm_tn with B (M,N). */
size_t gemm_nn_scratch(const struct kern *k, int threads, size_t N, size_t K);
size_t gemm_tn_scratch(const struct kern *k, int threads, size_t M, size_t N);
size_t gemm_stored_scratch(const struct kern *k, int threads, enum kern_precision precision, size_t N, size_t K);

#endif
