/* A growing list of sentences: notes of the reader, warnings about a design, the verdict. */
#ifndef PLATEAU_FIT_LINES_H
#define PLATEAU_FIT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct fit_lines {
    char **text; /* (n), owned */
    size_t n;
    bool lost; /* memory for a sentence was gone: what is here is not everything */
};

/* Append one formatted line. Whoever hands the list on asks fit_lines_check once, when all are said. */
void fit_lines_add(struct fit_lines *lines, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* E_NOMEM where a line could not be kept. */
enum status fit_lines_check(const struct fit_lines *lines, struct err *err) WARN_UNUSED;
void fit_lines_free(struct fit_lines *lines);

#endif
