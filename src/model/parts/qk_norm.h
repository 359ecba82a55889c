/* An RMS norm of q and k before they meet (Henry et al. 2020): of each head's, or of all heads' together (OLMo 2). */
#ifndef PLATEAU_MODEL_PARTS_QK_NORM_H
#define PLATEAU_MODEL_PARTS_QK_NORM_H

#include "model/pass.h"

struct qk_norm {
    size_t NH, NKV, HS, ld;  /* ld: between rows of q, k, v */
    bool all;
    struct weight q, k;      /* (HS), or of all heads; w NULL: no gain */
    float *raw;              /* (R,ld): q, k, v before; NULL: there is no norm */
    float *rstd;             /* (n,R) of n heads, or of q and of k */
};

/* Does nothing where the shape has none. */
void qk_norm_plan(struct qk_norm *n, struct planner *p, size_t ld);
/* out (R,ld) from n->raw; v is copied. */
void qk_norm_fwd(const struct qk_norm *n, struct pass *p, float *out);
/* From dout (R,ld): din (R,ld) is overwritten. */
void qk_norm_bwd(const struct qk_norm *n, struct pass *p, float *din, const float *dout);

#endif
