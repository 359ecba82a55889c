/* Chunks of a step side by side: for small models, whose operations are too short to be shared among threads.
 *
 * A lane is what a chunk leaves between its operations: activations and scratch. Weights and gradients are the model's.
 * Threads claim chunks in order, each for a lane, and no operation waits for another thread, but that gradients are added
 * up chunk after chunk: each part of the backward pass waits until the chunk before has done that part. So the sums
 * are in the order of one thread, and have its bytes. A chunk is claimed by who begins it at once: what a
 * thread waits for is under way, whoever else wants the cores. */
#ifndef PLATEAU_MODEL_LANES_H
#define PLATEAU_MODEL_LANES_H

#include <stdatomic.h>
#include <stddef.h>

struct gpt;

/* Lanes beside the model's own pay up to this width (kernels/SPEED.md). */
enum { LANES_MOST = 8, LANES_WIDTH = 64 };

/* Where a chunk's backward pass is. */
struct turn {
    _Alignas(64) _Atomic int done; /* parts of it */
    int at;                         /* the part at hand */
    const struct turn *before;      /* of the chunk before; NULL: there is none */
};

/* The next part begins: all before it are done, and it waits for its turn. NULL: nobody else is there. */
void turn_next(struct turn *t);
/* All parts are done. */
void turn_end(struct turn *t);

/* Lanes for that many threads, with the model's own. */
size_t lanes_of(const struct gpt *g, int threads);

/* chunk(ctx, lane, c, turn) for c = 0 .. n-1, on the model's lanes: n turns that are all zero. */
typedef void lane_fn(void *ctx, struct gpt *lane, size_t c, struct turn *turn);
void lanes_run(struct gpt *g, size_t lanes, lane_fn *chunk, void *ctx, struct turn *turns, size_t n);

#endif
