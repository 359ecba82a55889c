/* The MLP of a block: two products and what lies between them. A kind is a file and a row of mlp_kinds. */
#ifndef PLATEAU_MODEL_PARTS_MLP_H
#define PLATEAU_MODEL_PARTS_MLP_H

#include "model/linear.h"

struct mlp {
    const struct mlp_kind *kind;
    size_t H; /* hidden width */
    struct linear up, down;
    float *act, *slope; /* (R,H), rows up.ldy apart: after the activation, and its slope */
};

struct mlp_kind {
    const char *name; /* the config's word */
    void (*plan)(struct mlp *m, struct planner *p);
    /* out (R,C) from in (R,C), by `end` into the residual stream. */
    void (*fwd)(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_finish *end);
    /* From dout (R,C): din (R,C) is overwritten. */
    void (*bwd)(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in);
};

extern const struct mlp_kind mlp_gelu;

#endif
