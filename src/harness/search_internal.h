/* What the files of the search share; search.h is for all others. */
#ifndef PLATEAU_HARNESS_SEARCH_INTERNAL_H
#define PLATEAU_HARNESS_SEARCH_INTERNAL_H

#include "harness/search.h"

/* Rates of a bowl, a factor STEP apart. */
enum {
    SEARCH_FIRST = 5,  /* tried at once where nothing is known */
    SEARCH_NEAR = 3,   /* about a bottom that another bowl has */
    SEARCH_LEAST = 4,  /* in a bowl that a law is fitted to: one more than a parabola needs */
    SEARCH_MOST = 14,  /* before a bracket is given up */
};
#define SEARCH_STEP 2.0

/* A rate that diverged and the best one, nearer than this, have no bottom between them that a run could be trained at. */
#define SEARCH_NEAREST 1.1

/* A hash of all settings that a search depends on, but the grid. */
enum status search_hash(uint64_t *hash, const struct config *c, const struct data *d, struct err *err) WARN_UNUSED;
enum status search_write(const struct search_found *f, const char *dir, const struct config *c, uint64_t hash,
                         struct err *err) WARN_UNUSED;

#endif
