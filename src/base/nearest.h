/* "Did you mean ...?": the nearest of a set of names by edit distance. */
#ifndef PLATEAU_BASE_NEAREST_H
#define PLATEAU_BASE_NEAREST_H

#include <stddef.h>

/* Start value for *best_distance: names further away than this are no help. */
#define NEAREST_MAX 5

/* Keep `candidate` in *best where it is nearer to `name` than what was seen before. A candidate must
 * also share at least half of its letters, so that short names do not match everything. */
void nearest_consider(const char **best, size_t *best_distance, const char *name,
                      const char *candidate);

#endif
