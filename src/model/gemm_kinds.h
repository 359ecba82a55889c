/* What the products of gemm.h are for a precision: a file and a row of the table in gemm.c each. */
#ifndef PLATEAU_MODEL_GEMM_KINDS_H
#define PLATEAU_MODEL_GEMM_KINDS_H

#include "model/gemm_args.h"

/* Each as the function of gemm.h of its name. */
struct gemm_kind {
    size_t (*packed_floats)(size_t K, size_t N);
    void (*pack)(const struct kern *k, int threads, float *packed, const float *w, size_t ldw, size_t K, size_t N, bool transposed);
    void (*nn)(const struct kern *k, int threads, const struct gemm_nn *p);
    size_t (*nn_scratch)(const struct kern *k, int threads, size_t N, size_t K);
    void (*tn)(const struct kern *k, int threads, const struct gemm_tn *p);
    size_t (*tn_scratch)(const struct kern *k, int threads, size_t M, size_t N);
    /* Of a symmetric result nothing above the diagonal need be right. */
    void (*stored)(const struct kern *k, int threads, const struct gemm_stored *p);
    size_t (*stored_scratch)(const struct kern *k, int threads, size_t N, size_t K);
};

extern const struct gemm_kind gemm_fp32, gemm_bf16;

#endif
