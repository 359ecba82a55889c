/* Norms: what stands at the start of a branch and before the head. A kind is a file and a row of norm_kinds. */
#ifndef PLATEAU_MODEL_PARTS_NORM_H
#define PLATEAU_MODEL_PARTS_NORM_H

#include "model/pass.h"

struct norm {
    const struct norm_kind *kind;
    size_t C;
    struct weight gain, bias; /* (C) */
    float *out;               /* (R,C) */
    float *mean, *rstd;       /* (R) */
};

struct norm_kind {
    const char *name; /* the config's word */
    void (*plan)(struct norm *n, struct planner *p, const char *gain, const char *bias);
    /* n->out from x (R,C). */
    void (*fwd)(const struct norm *n, struct pass *p, const float *x);
    /* From dout: dx += the gradient of x; ds = by dx where ds is not NULL. Neither may alias dout. */
    void (*bwd)(const struct norm *n, struct pass *p, float *dx, float *ds, float by, const float *dout, const float *x);
};

extern const struct norm_kind norm_layer;

#endif
