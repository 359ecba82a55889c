/* Text with raised and lowered parts: N*, L with an infinity below, 10 to the -0.3.
 *
 * What is between RICH_UP and RICH_END is raised, between RICH_DOWN and RICH_END lowered. The marks are control characters,
 * so no name or unit that somebody wrote can hold one once it has been made plain (utf8_make_plain). */
#ifndef PLATEAU_PLOT_RICH_H
#define PLATEAU_PLOT_RICH_H

#include <stdbool.h>
#include <stddef.h>

#include "plot/font.h"

#define RICH_UP "\001"
#define RICH_DOWN "\002"
#define RICH_END "\003"

/* A stretch of text at one height: `size` and `rise` (upward) in shares of the text's size. */
struct rich_run {
    const char *text;
    size_t n;
    double size, rise;
};

/* The next one of *p, which is moved past it; false at the end. */
bool rich_next(struct rich_run *run, const char **p);

double rich_width(const struct font *f, const char *text, double size);

/* Without marks, for files and terminals: raised digits as such, what else is raised after "^", what is lowered as it
 * stands. A text that does not fit is cut at a character. */
void rich_plain(char *out, size_t size, const char *text);

#endif
