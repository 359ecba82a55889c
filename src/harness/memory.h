/* What memory training takes, and what this machine has. */
#ifndef PLATEAU_HARNESS_MEMORY_H
#define PLATEAU_HARNESS_MEMORY_H

#include "harness/plan.h"

/* What the system could give now without swapping, and no more than a limit on a process's memory (ulimit -v) leaves
 * beside what is mapped already. INFINITY where neither is known. */
double memory_available(void);

/* Weights, gradients, both moments of the optimiser, activations and scratch of a process that trains this run with up
 * to that many threads. Nothing is allocated. */
double memory_of_run(const struct run *r, const struct kern *k, int threads);

#endif
