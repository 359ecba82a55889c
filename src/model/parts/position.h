/* How a model tells places apart. A kind is a file and a row of POSITION_KINDS. */
#ifndef PLATEAU_MODEL_PARTS_POSITION_H
#define PLATEAU_MODEL_PARTS_POSITION_H

#include "model/pass.h"

/* One for all layers: what a kind has no use for is NULL. */
struct position {
    const struct position_kind *kind;
    struct weight table;     /* (T,C), added to the embeddings */
    float *slopes;           /* (NH): scores fall with the distance, as kernels of attention have it */
    float *cosines, *sines;  /* (T,HS/2): the kind's own */
};

struct position_kind {
    void (*plan)(struct position *pos, struct planner *p);
    /* Heads of q and k, which stand side by side in rows (R, h->ld), by their places, which begin at p->at; or back. NULL: as they
     * are. */
    void (*turn)(const struct position *pos, struct pass *p, const struct ops_attn *h, float *rows, bool back);
};

#define X(word, part, what) extern const struct position_kind part;
POSITION_KINDS(X)
#undef X

/* The kind that the shape asks for. */
void position_plan(struct position *pos, struct planner *p);

#endif
