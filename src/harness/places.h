/* Which of a sweep's processes work on the fast cores of a processor that has two kinds. */
#ifndef PLATEAU_HARNESS_PLACES_H
#define PLATEAU_HARNESS_PLACES_H

#include <stdbool.h>
#include <stddef.h>

/* fast[i] for process i of n with `left[i]` work to do and threads[i] threads: the longest go onto the fast cores, while
 * these have room for all of a process's threads: threads of one process never have cores of two kinds, as the fast would
 * wait for the slow. A process with more threads than there are fast cores has all of these if it is the longest. n <= 256. */
void places_pick(bool *fast, const double *left, const int *threads, size_t n, int fast_cores);

#endif
