/* How a model tells places apart. A kind is a file and a row of POSITION_KINDS. */
#ifndef PLATEAU_MODEL_PARTS_POSITION_H
#define PLATEAU_MODEL_PARTS_POSITION_H

#include "model/pass.h"

/* One for all layers: what a kind has no use for is NULL. */
struct position {
    const struct position_kind *kind;
    struct weight table;     /* (T,C), added to the embeddings */
    float *cosines, *sines;  /* (T,HS/2): heads of q and k turn by these angles */
    float *slopes;           /* (NH): scores fall with the distance */
};

struct position_kind {
    void (*plan)(struct position *pos, struct planner *p);
};

#define X(word, part, what) extern const struct position_kind part;
POSITION_KINDS(X)
#undef X

/* The kind that the shape asks for. */
void position_plan(struct position *pos, struct planner *p);

#endif
