/* What stands above the layers: the last norm, and the product that makes logits. */
#ifndef PLATEAU_MODEL_LM_HEAD_H
#define PLATEAU_MODEL_LM_HEAD_H

#include "model/linear.h"
#include "model/parts/norm.h"

struct lm_head {
    struct norm norm;
    struct linear out;      /* (C,V) */
    bool tied;              /* its matrix is the embeddings' */
    size_t din;             /* scratch (R,C): gradient of what `out` reads */
    float *logits, *losses; /* (R,V), (R) */
    float *dres, *ds;       /* (R,C): gradient of the residual stream; of a branch, where residual_scale is not 1; or NULL */
};

/* token: the embeddings (V,C). */
void lm_head_plan(struct lm_head *h, struct planner *p, struct weight token);

/* h->logits of top (R,C). */
void lm_head_fwd(const struct lm_head *h, struct pass *p, const float *top);

/* From the gradient of the logits in h->logits to that of top in h->dres, and in h->ds (see block_bwd). first: of the step, to come
 * here. */
void lm_head_bwd(const struct lm_head *h, struct pass *p, const float *top, float scale, bool first);
/* What it left for later: beside other chunks the gradient of a tied matrix waits for the embeddings' of the chunk before, and
 * comes last, so that nothing else waits for it. */
void lm_head_bwd_late(const struct lm_head *h, struct pass *p, const float *top);

#endif
