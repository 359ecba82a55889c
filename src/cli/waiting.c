#include "cli/waiting.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/text.h"

/* Seconds before the first word, and between plain lines. */
#define PATIENCE 1.0
#define BETWEEN 10.0

void waiting_start(struct waiting *w)
{
    *w = (struct waiting){.start = clock_now_s(), .terminal = text_is_terminal(STDERR_FILENO)};
    w->said = w->start;
}

void waiting_show(void *ctx, double share, const char *what)
{
    struct waiting *w = ctx;
    double t = clock_now_s();
    if (t - w->start < PATIENCE || (!w->terminal && t - w->said < BETWEEN))
        return;
    w->said = t;
    w->line = w->terminal;
    fprintf(stderr, "%sfitting: about %.0f %%, %s%s", w->terminal ? "\r" : "", 100 * share, what, w->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void waiting_end(struct waiting *w)
{
    if (w->line)
        fputs("\r\033[K", stderr);
}
