/* Chunks of a step side by side: for small models, whose operations are too short to be shared among threads.
 *
 * A lane is what a chunk leaves between its operations: activations and scratch. Weights and gradients are the model's.
 * Threads claim chunks in order, each for a lane, and no operation waits for another thread, but that gradients are added
 * up chunk after chunk (turn.h). So the sums are in the order of one thread, and have its bytes. A chunk is claimed by who
 * begins it at once: what a thread waits for is under way, whoever else wants the cores. */
#ifndef PLATEAU_MODEL_LANES_H
#define PLATEAU_MODEL_LANES_H

#include <stddef.h>

#include "model/turn.h"

/* Lanes beside the first pay up to this width (kernels/SPEED.md). */
enum { LANES_MOST = 8, LANES_WIDTH = 64 };

/* chunk(ctx, lane, c, turn) for c = 0 .. n-1, on lanes 0 .. lanes-1, a thread each: n turns that are all zero. */
typedef void lane_fn(void *ctx, size_t lane, size_t c, struct turn *turn);
void lanes_run(size_t lanes, lane_fn *chunk, void *ctx, struct turn *turns, size_t n);

#endif
