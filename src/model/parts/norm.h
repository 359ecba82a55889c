/* Norms: at the start of a branch, after it, before the head. A kind is a file and a row of NORM_KINDS. */
#ifndef PLATEAU_MODEL_PARTS_NORM_H
#define PLATEAU_MODEL_PARTS_NORM_H

#include "model/pass.h"

struct norm {
    const struct norm_kind *kind;
    size_t C;
    struct weight gain, bias; /* (C); no tensors of the model where there are none: ones and zeros */
    float *out;               /* (R,C); NULL: what went in */
    float *mean, *rstd;       /* (R) */
};

struct norm_kind {
    /* Tensors `gain` and `bias`, as far as the kind and the shape have them. */
    void (*plan)(struct norm *n, struct planner *p, const char *gain, const char *bias);
    /* n->out from x (R,C). */
    void (*fwd)(const struct norm *n, struct pass *p, const float *x);
    /* From dout: dx += the gradient of x; ds = scale dx where ds is not NULL. Neither may alias dout. */
    void (*bwd)(const struct norm *n, struct pass *p, float *dx, float *ds, float scale, const float *dout, const float *x);
};

#define X(word, part, what) extern const struct norm_kind part;
NORM_KINDS(X)
#undef X

/* The kind that the shape asks for. */
void norm_plan(struct norm *n, struct planner *p, const char *gain, const char *bias);

/* What went in as x comes out here. */
static inline const float *norm_out(const struct norm *n, const float *x)
{
    return n->out ? n->out : x;
}

#endif
