/* A layer: attention and MLP as branches off the residual stream, each with its norms. */
#ifndef PLATEAU_MODEL_BLOCK_H
#define PLATEAU_MODEL_BLOCK_H

#include "model/parts/attention.h"
#include "model/parts/mlp.h"
#include "model/parts/norm.h"

/* What stands around a branch. */
struct branch {
    struct norm before, after; /* of kind none where the shape has none there */
    float *raw;                /* (R,C): what `after` reads; NULL: the branch ends in the stream itself */
    size_t draw;               /* scratch (R,C): its gradient */
};

struct block {
    float *x, *x_mid; /* (R,C): its input, and after attention */
    const float *x0;  /* (R,C): the first block's input, which is mixed in; NULL: none */
    struct mix2 mix;
    float *mixed;     /* (R,C): what its branches start from */
    float *dx0;       /* (R,C): gradient of x0 from all blocks; the first block's */
    bool parallel;    /* the MLP reads attention's norm */
    struct branch b1, b2;
    size_t din, both; /* scratch (R,C): gradients of a branch's input; of the MLP's beside attention's */
    struct attention attention;
    struct mlp mlp;
};

/* first: the first block, planned before (itself there). */
void block_plan(struct block *b, struct planner *p, const struct position *pos, const struct block *first);
void block_pack(const struct block *b, struct ops o);
/* b->x to x_out (R,C); what a branch adds is multiplied by `scale`. */
void block_fwd(const struct block *b, struct pass *p, float *x_out, float scale);
/* dres (R,C), the gradient of x_out, is replaced by that of b->x; ds by scale times it, for whoever comes next. Where scale
 * is 1 ds is not used. */
void block_bwd(const struct block *b, struct pass *p, float *dres, float *ds, float scale);

#endif
