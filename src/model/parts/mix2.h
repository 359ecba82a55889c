/* A sum of two arrays, y = m0 a + m1 b, with weights that are trained. */
#ifndef PLATEAU_MODEL_PARTS_MIX2_H
#define PLATEAU_MODEL_PARTS_MIX2_H

#include "model/pass.h"

struct mix2 {
    struct weight m; /* (2); w NULL: there is none */
};

/* Tensor `name` of this layer, which begins at a = start[0], b = start[1]. */
void mix2_plan(struct mix2 *x, struct planner *p, const char *name, const float start[2]);

/* What is mixed: rows of n values, lda and ldb apart. */
struct mix2_terms {
    const float *a;
    size_t lda;
    const float *b;
    size_t ldb, n;
};

/* y, rows ldy apart; it may be a. */
void mix2_fwd(const struct mix2 *x, struct pass *p, float *y, size_t ldy, const struct mix2_terms *t);

/* From dy: the gradients of the weights and, added to db, rows lddb apart, that of b; dy becomes that of a. */
void mix2_bwd(const struct mix2 *x, struct pass *p, float *dy, size_t ldy, float *db, size_t lddb, const struct mix2_terms *t);

#endif
