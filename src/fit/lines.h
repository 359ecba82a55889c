/* A growing list of sentences: notes of the reader, warnings about a design, the verdict. */
#ifndef PLATEAU_FIT_LINES_H
#define PLATEAU_FIT_LINES_H

#include <stddef.h>

#include "base/status.h"

struct fit_lines {
    char **text; /* (n), owned */
    size_t n;
};

/* Append one formatted line. Aborts where memory for a sentence is gone: nothing can be said then. */
void fit_lines_add(struct fit_lines *lines, const char *fmt, ...) PRINTF_LIKE(2, 3);
void fit_lines_free(struct fit_lines *lines);

#endif
