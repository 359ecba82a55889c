/* What is told of a search of rates: before it, and when it has ended. */
#ifndef PLATEAU_CLI_SEARCH_WORDS_H
#define PLATEAU_CLI_SEARCH_WORDS_H

#include "harness/search.h"

/* The law, its bottoms and what they have cost, and where the plan p, which has its rates by now, takes it too far; searched:
 * just now, not before. */
void search_words(FILE *out, const struct search_found *f, const struct config *c, const struct plan *p, bool searched);
/* Which cells will be searched, and what that costs. */
void search_words_planned(FILE *out, const struct search_sites *s, const struct config *c);

#endif
