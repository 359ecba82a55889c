/* How a sweep looks while it runs: one line a running trajectory and one for the whole, redrawn in place on a
 * terminal; a plain line now and then elsewhere. No line is wider than the terminal: what does not fit is left
 * out, the least important first. */
#ifndef PLATEAU_CLI_LIVE_VIEW_H
#define PLATEAU_CLI_LIVE_VIEW_H

#include <stdio.h>

#include "harness/live.h"

enum { LIVE_VIEW_LINES = LIVE_MAX + 2 };

struct live_view {
    bool terminal, utf8;
    double printed_s;              /* when a plain line was printed last */
    size_t n;                      /* lines that stand on the terminal */
    size_t cells[LIVE_VIEW_LINES]; /* (n) their widths */
};

/* For stderr. */
struct live_view live_view_make(void);

/* sweep_view_fn; view is a struct live_view. */
void live_view_show(void *view, const struct live *l, bool final);

/* Take the lines away before something else is printed; the next live_view_show brings them back. */
void live_view_clear(struct live_view *v);

/* The same lines once, to a stream. */
void live_view_print(FILE *out, const struct live *l);

#endif
