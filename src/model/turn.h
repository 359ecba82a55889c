/* The order of chunks that go back side by side: each part of a chunk's backward pass waits until the chunk before has done
 * that part, so that gradients are added up as by one thread. */
#ifndef PLATEAU_MODEL_TURN_H
#define PLATEAU_MODEL_TURN_H

#include <stdatomic.h>

/* Where a chunk's backward pass is. All zero: at its begin. */
struct turn {
    _Alignas(64) _Atomic int done; /* parts of it */
    int at;                        /* the part at hand */
    const struct turn *before;     /* of the chunk before; NULL: there is none */
};

/* The next part begins: all before it are done, and it waits for its turn. NULL: nobody else is there. */
void turn_next(struct turn *t);
/* All parts are done. */
void turn_end(struct turn *t);

#endif
