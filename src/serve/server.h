/* A small web server for this machine alone: it listens on 127.0.0.1 and ::1, and answers GET and HEAD from a table of pages
 * that its owner keeps up to date. One process, no threads: the owner calls server_step again and again, which waits on all
 * sockets at once and never on one of them.
 *
 * Everything has an end: connections, the length of a request, the time for one, the time without a byte being taken. Who is
 * slow, silent or half gone is cut off, and a connection that waits between requests gives way to a new one. */
#ifndef PLATEAU_SERVE_SERVER_H
#define PLATEAU_SERVE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "serve/http.h"

enum { SERVER_CONNECTIONS = 128, SERVER_LISTENERS = 2 };

/* The bytes of a page at one moment, shared by all who are being sent them and freed with the last. */
struct server_body {
    size_t n, holders;
    char etag[HTTP_ETAG_MAX]; /* of the bytes */
    char bytes[];
};

/* A copy of the bytes with one holder; NULL where memory is short. */
struct server_body *server_body_make(const char *bytes, size_t n);
struct server_body *server_body_hold(struct server_body *b);
void server_body_drop(struct server_body *b); /* NULL is fine */

/* A row of the table. */
struct server_page {
    const char *path, *type, *policy, *download; /* as in http_answer; download may be NULL */
    struct server_body *body; /* the table's own hold; NULL: nothing yet. Who asks waits for it as long as for a request, and is
                               * told so then (503) */
};

/* The page for a path, which stays as it is until the next call; NULL: there is none. */
typedef const struct server_page *server_find_fn(void *ctx, const char *path);

/* Seconds. */
struct server_limits {
    double request_s; /* from a request's first byte, or the connection's beginning, to its end */
    double idle_s;    /* between requests */
    double stall_s;   /* without a byte of an answer being taken */
    double answer_s;  /* for a whole answer */
    size_t connections; /* at most SERVER_CONNECTIONS */
};
struct server_limits server_limits_default(void); /* 10, 30, 10, 120, 128 */

struct server_connection;

struct server {
    int listener[SERVER_LISTENERS]; /* -1: none */
    uint16_t port;
    struct server_limits limits;
    server_find_fn *find;
    void *ctx;
    struct server_connection *all; /* (limits.connections) */
    double deaf_until_s;           /* no room for one more descriptor: no accepting before then */
    size_t served;                 /* answers so far */
};

enum { SERVER_PORT_DEFAULT = 7357, SERVER_PORT_TRIES = 20 };

/* Listen on this port; 0: any that is free; `near`: or on one of those that follow it. E_USAGE where the port is in use, E_IO
 * where the system refuses. *s needs no set-up; server_close in any case. */
enum status server_open(struct server *s, unsigned port, bool near, const struct server_limits *limits, server_find_fn *find,
                        void *ctx, struct err *err) WARN_UNUSED;

/* Wait for something to do, at most so long, and do it. `also`: a further descriptor that ends the waiting where it can be read;
 * -1: none. Returns whether it can. */
bool server_step(struct server *s, double wait_s, int also);

/* Connections that are open. */
size_t server_connections(const struct server *s);

void server_close(struct server *s);

#endif
