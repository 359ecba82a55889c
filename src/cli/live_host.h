/* The live page of a folder: a server, what it serves, and when that is made anew.
 *
 * Everything happens on demand: while nobody asks, nothing is read and nothing is made. A page is made at most once a change,
 * and all who ask are sent the same bytes. */
#ifndef PLATEAU_CLI_LIVE_HOST_H
#define PLATEAU_CLI_LIVE_HOST_H

#include <signal.h>
#include <stdbool.h>

#include "base/status.h"

/* Which port: of two numbers 0 to 65535 the first that is given. */
struct live_port {
    bool given;      /* a port was named */
    unsigned number; /* 0: any that is free */
};

/* Listen, without serving yet. live_host_free in any case, also in a process that only opened it. */
struct live_host;
enum status live_host_open(struct live_host **out, const char *dir, const struct live_port *port, struct err *err) WARN_UNUSED;
/* "http://127.0.0.1:7357/" */
const char *live_host_url(const struct live_host *h);
void live_host_free(struct live_host *h);

/* Serve until stop is set. */
void live_host_serve(struct live_host *h, const volatile sig_atomic_t *stop);
/* Serve until the other end of `control` is closed; after a byte has come from it, which says that the sweep has ended, only
 * until the last page has been made and those who look at it have it. */
void live_host_serve_beside(struct live_host *h, int control);

#endif
