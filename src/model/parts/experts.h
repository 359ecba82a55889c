/* A mixture of experts in place of the MLP: a router picks top_k of n_expert MLPs for each token, and adds what they say, each
 * times its probability (Shazeer et al. 2017; Fedus et al. 2022; not renormalised, as OLMoE, Muennighoff et al. 2024).
 *
 * What is trained has balance * n_expert * sum over experts of (share of the tokens that went there) * (mean probability)
 * added (Fedus et al. 2022, eq. 4), a chunk at a time; the loss that is reported has not. */
#ifndef PLATEAU_MODEL_PARTS_EXPERTS_H
#define PLATEAU_MODEL_PARTS_EXPERTS_H

#include <stdint.h>

#include "model/linear.h"
#include "model/parts/mlp.h"

struct experts {
    size_t E, k, C, H;
    float balance;
    struct linear router;   /* (C,E), no bias */
    struct mlp *expert;     /* (E): of the shape's kind, sharing the arrays below */
    float *probs;           /* (R,E) */
    int32_t *chosen;        /* (R,k): experts, the most probable first */
    int32_t *row;           /* (k R): tokens in the order of their experts, then of their places */
    size_t *first;          /* (E+1): where each expert's begin in that order */
    float *in, *out;        /* (k R,C): gathered, and what the experts made of it */
    float *act, *slope;     /* (k R, as in struct mlp) */
    size_t dout, dprobs, din2; /* scratch: gradients of out; of probs; of a product's input, (R,C) */
};

#endif
