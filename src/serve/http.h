/* One request of HTTP/1.1 (RFC 9110, RFC 9112), taken apart; and the head of an answer. Bytes in, a struct out: no socket, no
 * file, no memory of its own.
 *
 * What it does not need it refuses: bodies, folded lines, control characters. Nothing is decoded, so that a path is what was
 * sent or nothing: it is compared with the routes of a table and never made into a file's name. */
#ifndef PLATEAU_SERVE_HTTP_H
#define PLATEAU_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_REQUEST_MAX = 8192, /* bytes of a request: line and headers */
    HTTP_TARGET_MAX = 1024,
    HTTP_PATH_MAX = 128, /* longer ones are no route's */
    HTTP_HEADERS_MAX = 100,
    HTTP_HEAD_MAX = 1024, /* of an answer */
    HTTP_ETAG_MAX = 24,
};

struct http_request {
    int status;    /* 200: well formed, from a page of ours, GET or HEAD; else what to answer: 400, 403, 405, 414, 431, 505 */
    const char *reason; /* in words for people, of any other status */
    bool head;     /* HEAD: no body is sent */
    bool keep;     /* the connection stays open after the answer */
    char path[HTTP_PATH_MAX]; /* from its first '/', without the query; "" where it is too long for any route */
    char none_match[256];     /* If-None-Match as it was sent; "" where it was not or is longer */
};

/* The bytes (n) of the request that begins at `bytes`, taken apart into *r; 0 where its end has not come yet. A request that
 * can never be a good one is told at once: r->status says so, and the connection is to be closed, as it is not known where the
 * next one begins. n beyond HTTP_REQUEST_MAX without an end is such a one. */
size_t http_parse(struct http_request *r, const char *bytes, size_t n);

/* A name that only this machine can mean: localhost, 127.0.0.1 or [::1], with a port or without one. A page of another site
 * whose name was made to point here (DNS rebinding) sends its own. The port is not compared: a tunnel has another. */
bool http_host_is_loopback(const char *host, size_t n);

/* Whether an If-None-Match names this tag: "*", or a list with it, strong or weak. */
bool http_matches(const char *none_match, const char *etag);

/* What an answer's head says. */
struct http_answer {
    int status;
    const char *type;     /* of the body; NULL: none */
    const char *etag;     /* with its quotes; NULL: the answer is not to be kept */
    const char *policy;   /* Content-Security-Policy; NULL: nothing may be loaded */
    const char *download; /* a file's name, plain letters; NULL: shown in place */
    size_t length;
    bool close;
    long long now;        /* seconds since 1970, for the date */
};

/* The head into out (HTTP_HEAD_MAX); returns its length. */
size_t http_head(char *out, const struct http_answer *a);

const char *http_reason(int status);

#endif
