/* Causal self-attention with its products (Vaswani et al. 2017): heads of keys and values may be shared, q and k normalised
 * and turned, a window may hide what is far, a gate may weigh the heads. */
#ifndef PLATEAU_MODEL_PARTS_ATTENTION_H
#define PLATEAU_MODEL_PARTS_ATTENTION_H

#include "model/linear.h"
#include "model/parts/mix2.h"
#include "model/parts/position.h"
#include "model/parts/qk_norm.h"

struct attention {
    struct ops_attn heads;
    const struct position *pos; /* the model's */
    struct linear qkv, out;
    struct qk_norm qk;
    struct linear gate;         /* (C,NH); gate.w.w NULL: none */
    bool gated;
    size_t dwide, dqkv, dgate, din2; /* scratch: gradients of wide; of what qk reads; of the gate's; of the input by way of it */
    const struct attention *first; /* whose values are mixed in; NULL: none */
    struct mix2 mix;
    float *own;                 /* (R,NKV HS): values before that */
    float *dfirst;              /* the first layer's: (R,NKV HS), gradient from the layers above */
    bool top;                   /* backward begins here */
    float *wide;                /* (R,q k v), rows qkv.ldy apart, as the scores see them; of one sequence, rows that follow
                                   find there the keys and values of those before */
    float *values;              /* (R,C): the heads' values */
    float *lse;                 /* (n,NH,T): log-sum-exp of the scores */
    float *weights;             /* (R,NH): the gate before its sigmoid */
    float *att;                 /* (R,C): what the second product reads; values where there is no gate */
};

/* first: the first layer's, planned before (itself there). */
void attention_plan(struct attention *a, struct planner *p, const struct position *pos, const struct attention *first);
/* After the weights have changed. */
void attention_pack(const struct attention *a, struct ops o);
/* out (R,C) from in (R,C), by `end` into the residual stream (NULL: nothing is added). */
void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_epilogue *end);
/* From dout (R,C): din (R,C) is overwritten. */
void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in);

#endif
