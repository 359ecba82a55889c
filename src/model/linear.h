/* A linear layer y = x W + b: one matrix, how it is packed for the products, and its three products. */
#ifndef PLATEAU_MODEL_LINEAR_H
#define PLATEAU_MODEL_LINEAR_H

#include "model/pass.h"

struct linear {
    size_t in, out;
    size_t ldx, ldy;     /* between rows of x, of y */
    bool transposed;     /* W is stored (out, in) */
    struct weight w, b;  /* (in, out), (out); b.w NULL: none */
    float *packed_fwd, *packed_bwd; /* in the order of the products; NULL: packed on the way */
};

/* Tensors `name` of the role and `bias` (NULL: none). */
void linear_plan(struct linear *l, struct planner *p, const char *name, const char *bias, size_t in, size_t out,
                 enum param_role role);

/* Matrix e of n of that shape, which are one tensor (n in, out), and one (n, out). */
void linear_plan_of(struct linear *l, struct planner *p, const char *name, const char *bias, size_t in, size_t out,
                    enum param_role role, size_t e, size_t n);

/* Over a tensor that stands already, (out, in), as a tied head does; always packed, and rows of y are `out` apart. name: what the
 * product is called. */
void linear_plan_on(struct linear *l, struct planner *p, const char *name, struct weight w, size_t in, size_t out);

/* After the weights have changed. */
void linear_pack(const struct linear *l, struct ops o);

/* y (R,out) from x (R,in), then what `epilogue` says (NULL: nothing more than the bias, which is this layer's own). */
void linear_fwd(const struct linear *l, struct pass *p, float *y, const float *x, const struct kern_epilogue *epilogue);

/* From dy (R,out): dx (R,in) is overwritten, and multiplied by `mul` where that is not NULL; gradients of W and b. */
void linear_bwd(const struct linear *l, struct pass *p, float *dx, const float *mul, const float *dy, const float *x);
/* Each for itself. */
void linear_bwd_input(const struct linear *l, struct pass *p, float *dx, const float *mul, const float *dy);
void linear_bwd_weights(const struct linear *l, struct pass *p, const float *dy, const float *x);

#endif
