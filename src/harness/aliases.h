/* What other tools call our keys: for "did you mean ...?", where the names are too far apart for spelling to
 * tell. */
#ifndef PLATEAU_HARNESS_ALIASES_H
#define PLATEAU_HARNESS_ALIASES_H

#include <stddef.h>

struct alias {
    const char *word; /* lower case, without _ and - */
    const char *key;  /* ours; NULL: there is none */
    const char *note; /* what differs, or why there is none; may be NULL */
};

/* By the part of the path after its last dot, whatever section stands in front; capitals, _ and - do not count.
 * NULL where no tool that we know calls a key so. */
const struct alias *aliases_find(const char *path);

#endif
