/* The MLP of a block: two products and what lies between them. A kind is a file and a row of MLP_KINDS. */
#ifndef PLATEAU_MODEL_PARTS_MLP_H
#define PLATEAU_MODEL_PARTS_MLP_H

#include "model/linear.h"

struct experts;

struct mlp {
    const struct mlp_kind *kind;
    struct experts *experts; /* NULL: one MLP for all tokens */
    size_t e, n; /* expert e of n; 0 of 1: there are none */
    size_t H;    /* hidden width */
    struct linear up, down;
    float *act;   /* (R,H), rows down.ldx apart: what the second product reads */
    size_t dup, dact; /* scratch: gradients of what the first product made, (R), rows up.ldy apart; gated: of act */
    float *slope; /* as act: slopes of the activation. Gated: (R,2H), rows up.ldy apart, what ops_glu_fwd leaves */
};

struct mlp_kind {
    enum kern_act act;
    void (*plan)(struct mlp *m, struct planner *p);
    /* out (R,C) from in (R,C), by `end` into the residual stream (NULL: nothing is added). */
    void (*fwd)(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end);
    /* From dout (R,C): din (R,C) is overwritten. */
    void (*bwd)(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in);
    /* After the weights have changed. */
    void (*pack)(const struct mlp *m, struct ops o);
};

#define X(word, part, what) extern const struct mlp_kind part;
MLP_KINDS(X)
#undef X

extern const struct mlp_kind mlp_experts;

/* The kind that the shape asks for, or a mixture of it. */
void mlp_plan(struct mlp *m, struct planner *p);
/* Expert e of a mixture: its tensors are rows of those that all share; it keeps nothing of its own. */
void mlp_plan_expert(struct mlp *m, struct planner *p, size_t e);
void mlp_pack(const struct mlp *m, struct ops o);

/* An activation between the products: what such a kind's row holds. */
void mlp_plain_plan(struct mlp *m, struct planner *p);
void mlp_plain_fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end);
void mlp_plain_bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in);

/* The first product makes two halves: act(g) u goes on (Shazeer 2020). */
void mlp_gated_plan(struct mlp *m, struct planner *p);
void mlp_gated_fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end);
void mlp_gated_bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in);

#endif
