/* The same thing for each of many, on several threads: for work of milliseconds and more an item, in which items know
 * nothing of each other. (What a training step does in microseconds is model/team.h's.) */
#ifndef PLATEAU_BASE_EACH_H
#define PLATEAU_BASE_EACH_H

#include <stddef.h>

/* The threads that each_run uses for n items: as many as this process has cores, at most EACH_THREADS. At least one. */
enum { EACH_THREADS = 8 };
size_t each_threads(size_t n);

/* fn(ctx, i, thread) for each i < n, the lower ones begun first; thread < each_threads(n), and one thread does one item at a
 * time. Returns when all are done. Where a thread cannot be had, the others do its items. */
typedef void each_fn(void *ctx, size_t i, size_t thread);
void each_run(size_t n, each_fn *fn, void *ctx);

#endif
