/* Where tokens become vectors. */
#ifndef PLATEAU_MODEL_PARTS_EMBED_H
#define PLATEAU_MODEL_PARTS_EMBED_H

#include <stdint.h>

#include "model/parts/norm.h"
#include "model/parts/position.h"

struct embed {
    size_t C;
    struct weight token; /* (V,C) */
    struct position pos;
    struct norm norm;    /* kind NULL: none */
    float *raw;          /* (R,C): what the norm reads */
    size_t draw;         /* scratch (R,C): its gradient */
};

void embed_plan(struct embed *e, struct planner *p);
/* x (R,C) of R tokens. */
void embed_fwd(const struct embed *e, struct pass *p, float *x, const int32_t *tokens);
/* Adds to the gradients of the tables; dx (R,C). */
void embed_bwd(const struct embed *e, struct pass *p, const int32_t *tokens, const float *dx);

#endif
