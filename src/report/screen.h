/* What a sweep ends with: one screen. The answer in a sentence or two, then a row each for the floor, the returns, the
 * noise, a break, the extrapolation, and what in the runs' training can move the law. Tables of parameters, laws and
 * methods are `plateau fit`'s. */
#ifndef PLATEAU_REPORT_SCREEN_H
#define PLATEAU_REPORT_SCREEN_H

#include "fit/analysis.h"

enum { SCREEN_ROWS = 12, SCREEN_LABEL = 14, SCREEN_TEXT = 420 };

/* A row is at most SCREEN_LINES lines of 100 columns with its label beside it; the answer one more. */
enum { SCREEN_LINES = 2, SCREEN_COLUMNS = 100 };

struct screen_row {
    const char *label;
    char text[SCREEN_TEXT];
};

struct screen {
    struct screen_row rows[SCREEN_ROWS];
    size_t n;
};

/* `unit` is the loss's, "nats per token", or "" where it is not known. */
void screen_fill(struct screen *s, const struct fit_report *r, const char *unit);
/* One more row, where there is room. */
void screen_add(struct screen *s, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
