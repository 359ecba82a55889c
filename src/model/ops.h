/* The operations of the model on whole arrays: kernels run over ranges of rows by OpenMP threads.
 *
 * Ranges depend on shapes alone and every sum has one order, so results are the same bits for any
 * number of threads. A call with threads <= 1 enters no parallel region. Shapes as in kern.h. */
#ifndef PLATEAU_MODEL_OPS_H
#define PLATEAU_MODEL_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kern.h"

struct ops {
    const struct kern *k;
    int threads;
};

void ops_layernorm_fwd(struct ops o, float *out, float *mean, float *rstd, const float *x,
                       const float *w, const float *b, size_t rows, size_t C);

/* scratch: ops_layernorm_bwd_scratch floats, for the partial sums of dw and db. */
void ops_layernorm_bwd(struct ops o, float *dx, float *ds, float by, float *dw, float *db,
                       const float *dout, const float *x, const float *mean, const float *rstd,
                       const float *w, size_t rows, size_t C, float *scratch);
size_t ops_layernorm_bwd_scratch(size_t rows, size_t C);

/* x (rows,n) to gelu(x) in place, slope likewise or NULL: rows ld apart. */
void ops_gelu(struct ops o, float *x, float *slope, size_t ld, size_t rows, size_t n);

/* B sequences, NH heads. Rows of qkv (B*T, 3C), ld apart, hold q, k, v; out (B*T, C); lse (B, NH, T).
 * scratch: ops_attn_scratch floats. */
void ops_attn_fwd(struct ops o, float *out, float *lse, const float *qkv, size_t ld, size_t B, size_t T,
                  size_t C, size_t NH, float *scratch);
void ops_attn_bwd(struct ops o, float *dqkv, const float *dout, const float *out, const float *lse,
                  const float *qkv, size_t ld, size_t B, size_t T, size_t C, size_t NH, float *scratch);
size_t ops_attn_scratch(int threads, size_t T, size_t C, size_t NH);

void ops_xent(struct ops o, float *loss, float *logits, const int32_t *target, float logit_scale,
              float grad_scale, size_t rows, size_t V);

/* dout (rows,n), rows ld apart. */
void ops_colsum(struct ops o, float *db, const float *dout, size_t ld, size_t rows, size_t n);

/* Sum of squares over n values: partial sums of fixed blocks, added in order. */
double ops_sumsq(struct ops o, const float *x, size_t n);

void ops_adamw(struct ops o, float *w, const float *grad, float *m, float *v,
               const struct kern_adamw *a, size_t n);

/* Multiply-adds on every thread at once, in registers: flops done. */
double ops_fma(struct ops o, size_t steps);

#endif
