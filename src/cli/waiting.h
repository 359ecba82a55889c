/* How far a fit is, on stderr, where it takes longer than a second: one line that is written over where stderr is a
 * terminal, and else a plain line now and then. */
#ifndef PLATEAU_CLI_WAITING_H
#define PLATEAU_CLI_WAITING_H

#include <stdbool.h>

struct waiting {
    double start, said; /* seconds; when it began, and when something was said last */
    bool terminal, line; /* a line stands there */
};

void waiting_start(struct waiting *w);
/* fit_options.progress; ctx is the struct waiting. */
void waiting_show(void *ctx, double share, const char *what);
void waiting_end(struct waiting *w);

#endif
