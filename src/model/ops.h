/* The operations of the model on whole arrays: kernels run over ranges of rows by OpenMP threads.
 *
 * Ranges depend on shapes alone and every sum has one order, so results are the same bits for any
 * number of threads. A call with threads <= 1 enters no parallel region. Shapes as in kern.h. */
#ifndef PLATEAU_MODEL_OPS_H
#define PLATEAU_MODEL_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kern.h"

struct ops {
    const struct kern *k;
    int threads;
};

void ops_layernorm_fwd(struct ops o, float *out, float *mean, float *rstd, const float *x,
                       const float *w, const float *b, size_t rows, size_t C);

/* scratch: ops_NORM_bwd_scratch floats, for the partial sums of dw and db. */
void ops_layernorm_bwd(struct ops o, const struct kern_norm_bwd *n, float *scratch);
size_t ops_layernorm_bwd_scratch(size_t rows, size_t C);

/* Rows ld apart; w, dw may be NULL (kern.h). */
void ops_rmsnorm_fwd(struct ops o, float *out, float *rstd, const float *x, const float *w, size_t ld, size_t rows, size_t C);
void ops_rmsnorm_bwd(struct ops o, const struct kern_norm_bwd *n, float *scratch);
size_t ops_rmsnorm_bwd_scratch(size_t rows, size_t C);

/* x (rows,n) to act(x) in place, slope likewise or NULL: rows ld apart. */
void ops_act(struct ops o, float *x, float *slope, size_t ld, size_t rows, size_t n, enum kern_act act);

/* Rows of wide (rows,2n), ld apart, hold g, then u: out (rows,n), rows ld_out apart, = act(g) u. Where d is set, wide
 * becomes what ops_glu_bwd wants. */
void ops_glu_fwd(struct ops o, float *out, size_t ld_out, float *wide, size_t ld, size_t rows, size_t n, enum kern_act act, bool d);
/* dwide (rows,2n), ld apart, from dout (rows,n), ld_out apart. */
void ops_glu_bwd(struct ops o, float *dwide, const float *wide, size_t ld, const float *dout, size_t ld_out, size_t rows, size_t n);

/* Heads turn in place: rows of x, whole sequences of how->T. */
void ops_rope(struct ops o, float *x, size_t rows, const struct kern_rope *how);

/* y (n) = a x + b z. */
void ops_mix(struct ops o, float *y, float a, const float *x, float b, const float *z, size_t n);

/* Attention of B sequences: NH heads of HS values, of which groups of NH / NKV share a head of keys and values. Rows of
 * qkv, ld apart, hold q (NH HS), k (NKV HS), v (NKV HS). */
struct ops_attn {
    size_t B, T, NH, NKV, HS, ld;
    size_t window;       /* as in struct kern_attn */
    const float *slopes; /* (NH); NULL: none */
};

/* out (B*T, NH HS); lse (B, NH, T). scratch: ops_attn_scratch floats. */
void ops_attn_fwd(struct ops o, const struct ops_attn *s, float *out, float *lse, const float *qkv, float *scratch);
void ops_attn_bwd(struct ops o, const struct ops_attn *s, float *dqkv, const float *dout, const float *out, const float *lse,
                  const float *qkv, float *scratch);
/* The query in the last of T rows of one sequence alone: out (NH HS); s->B and s->T do not count. scratch: T floats. */
void ops_attn_row(struct ops o, const struct ops_attn *s, size_t T, float *out, const float *qkv, float *scratch);
size_t ops_attn_scratch(int threads, size_t T, size_t HS);

void ops_xent(struct ops o, float *loss, float *logits, const int32_t *target, const struct kern_xent *how, size_t rows,
              size_t V);

/* soft, logits (rows,V) as in kern.h. */
void ops_distill(struct ops o, float *soft, const float *logits, const struct kern_soft *how, size_t rows, size_t V);
void ops_pool(struct ops o, float *out, const float *logits, const struct kern_pool *how, size_t rows, size_t V);

/* dout (rows,n), rows ld apart. */
void ops_colsum(struct ops o, float *db, const float *dout, size_t ld, size_t rows, size_t n);

/* Sum of squares over n values: partial sums of fixed blocks, added in order. */
double ops_sumsq(struct ops o, const float *x, size_t n);

void ops_adamw(struct ops o, float *w, const float *grad, float *m, float *v,
               const struct kern_adamw *a, size_t n);

/* The direction u (rows,n), rows ld_u apart, of a momentum m; m and grad (rows,n), rows ld apart. */
void ops_momentum(struct ops o, float *u, size_t ld_u, float *m, const float *grad, size_t ld, size_t rows, size_t n,
                  const struct kern_momentum *how);
void ops_lion(struct ops o, float *u, size_t ld_u, float *m, const float *grad, size_t ld, size_t rows, size_t n,
              const struct kern_lion *how);
/* A step of w (rows,n), rows ld apart, along u, rows ld_u apart. */
void ops_descend(struct ops o, float *w, size_t ld, const float *u, size_t ld_u, size_t rows, size_t n,
                 const struct kern_descent *how);

/* Multiply-adds on every thread at once, in registers: flops done. */
double ops_fma(struct ops o, size_t steps);

#endif
