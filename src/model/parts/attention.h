/* Causal self-attention with its two products. */
#ifndef PLATEAU_MODEL_PARTS_ATTENTION_H
#define PLATEAU_MODEL_PARTS_ATTENTION_H

#include "model/linear.h"

struct attention {
    size_t NH;
    struct linear qkv, out;
    float *wide; /* (R,3C), rows qkv.ldy apart: q, k, v */
    float *att;  /* (R,C): the heads' values, before the second product */
    float *lse;  /* (n,NH,T): log-sum-exp of the scores */
};

void attention_plan(struct attention *a, struct planner *p);
/* out (R,C) from in (R,C), by `end` into the residual stream. */
void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_finish *end);
/* From dout (R,C): din (R,C) is overwritten. */
void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in);

#endif
