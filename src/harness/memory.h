/* What memory training takes, and what this machine has. */
#ifndef PLATEAU_HARNESS_MEMORY_H
#define PLATEAU_HARNESS_MEMORY_H

#include "harness/plan.h"

/* What the system could give now without swapping, and no more than the limits of control groups (containers, batch
 * systems) and of a process's memory (ulimit -v) leave beside what is in use. INFINITY where none is known. */
double memory_available(void);

/* What the limits of control groups leave, INFINITY where there are none: of the groups that the file `own` names
 * (/proc/self/cgroup), in the tree at `root` (/sys/fs/cgroup), and of all groups above them. Both versions. */
double memory_of_groups(const char *own, const char *root);

/* Weights, gradients, the state of the optimiser, activations and scratch of a process that trains this run with up
 * to that many threads: of all members of an ensemble, and of its teacher. Nothing is allocated. */
double memory_of_run(const struct run *r, const struct kern *k, int threads);

#endif
