#include "base/nearest.h"

#include <string.h>

#include "base/size.h"

enum { LONGEST = 63 };

/* Levenshtein distance with one row; names longer than LONGEST never match. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = size_min(substitute, 1 + size_min(row[j], row[j - 1]));
        }
    }
    return row[nb];
}

void nearest_consider(const char **best, size_t *best_distance, const char *name,
                      const char *candidate)
{
    size_t na = strlen(name), nb = strlen(candidate);
    if (na > LONGEST || nb > LONGEST)
        return;
    size_t d = edit_distance(name, na, candidate, nb);
    if (d < *best_distance && 2 * d <= size_max(na, nb)) {
        *best = candidate;
        *best_distance = d;
    }
}
