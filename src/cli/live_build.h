/* The page of a folder, fitted and drawn in a process of its own: it may take seconds, and it must cost the sweep next to
 * nothing. While a sweep is at work that process has a low priority, and the next one waits until what the last one took of
 * the processor is less than 1 % of the cores' time. */
#ifndef PLATEAU_CLI_LIVE_BUILD_H
#define PLATEAU_CLI_LIVE_BUILD_H

#include <sys/types.h>

#include "harness/watch.h"
#include "serve/server.h"

/* Of the cores' time, while a sweep is at work. */
#define LIVE_BUILD_SHARE 0.01

struct live_build {
    pid_t pid;     /* 0: none is at work */
    int fd;        /* what it writes */
    bool whole;
    size_t version, done; /* of the watch, when it began; runs that had finished */
    char *bytes;   /* (n) so far */
    size_t n, room;
    double next_s; /* no earlier than that, while a sweep is at work */
    double cpu_s;  /* of all so far */
    size_t built;
};

/* Begin one; false where the system has no room for it. `server` is closed in the child. whole: with all resamples and tests, as
 * at a sweep's end, and with no lower priority than ours. */
bool live_build_begin(struct live_build *b, const struct watch *w, struct server *server, bool whole);

enum live_build_end { LIVE_BUILD_AT_WORK, LIVE_BUILD_DONE, LIVE_BUILD_FAILED };
/* Take in what it has written. LIVE_BUILD_DONE: *page are the bytes of the page (n), which last until the next one is begun, and
 * the law's predictions are in w's runs, where its plan is still the same. */
enum live_build_end live_build_read(struct live_build *b, struct watch *w, const char **page, size_t *n);
/* Stop the one at work. */
void live_build_stop(struct live_build *b);
void live_build_free(struct live_build *b);

#endif
