#include "serve/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/size.h"


/* What a connection waits for: a request, room for the answer, or, after a refusal, that the other side stops sending: closing at
 * once would take the answer away from a client that has not read it (RFC 9112, 9.6). */
enum phase { FREE, READING, WRITING, LINGERING };

enum { LINGER_MAX_BYTES = 1 << 16, WRITE_AT_ONCE = 1 << 18 };
static const double LINGER_S = 1;

struct server_connection {
    int fd;
    enum phase phase;
    bool waits;      /* READING: a whole request is there, for a page that is not */
    bool close;      /* after this answer */
    double began_s;  /* the phase; READING: of the request, once a byte of it has come */
    double moved_s;  /* when a byte was last taken or sent */
    size_t n_in, n_head, sent, lingered;
    char in[HTTP_REQUEST_MAX];
    char head[HTTP_HEAD_MAX];
    struct server_body *body; /* NULL: none is sent */
};

/* ---- bodies ---- */

struct server_body *server_body_make(const char *bytes, size_t n)
{
    struct server_body *b = n < SIZE_MAX - sizeof *b - 1 ? malloc(sizeof *b + n + 1) : NULL;
    if (!b)
        return NULL;
    b->n = n;
    b->holders = 1;
    memcpy(b->bytes, bytes, n);
    b->bytes[n] = '\0';
    snprintf(b->etag, sizeof b->etag, "\"%016llx\"", (unsigned long long)hash_bytes(HASH_SEED, bytes, n));
    return b;
}

struct server_body *server_body_hold(struct server_body *b)
{
    if (b)
        b->holders++;
    return b;
}

void server_body_drop(struct server_body *b)
{
    if (b && --b->holders == 0)
        free(b);
}

/* ---- listening ---- */

struct server_limits server_limits_default(void)
{
    return (struct server_limits){.request_s = 10, .idle_s = 30, .stall_s = 10, .answer_s = 120,
                                  .connections = SERVER_CONNECTIONS};
}

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* A socket that listens on loopback; -1 with errno. *port 0: any, which is told. */
static int listen_on(int family, uint16_t *port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
    int on = 1, fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    /* connections of an earlier server that have not quite ended do not hold the port */
    if (!set_flags(fd) || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) || bind(fd, at, size) != 0 ||
        listen(fd, SERVER_CONNECTIONS) != 0 || getsockname(fd, at, &size) != 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

/* Both addresses on one port; a machine may lack either. False with errno. */
static bool listen_both(struct server *s, uint16_t port)
{
    s->port = port;
    s->listener[0] = listen_on(AF_INET, &s->port);
    int e = errno;
    if (s->listener[0] < 0 && e == EADDRINUSE)
        return false;
    s->listener[1] = listen_on(AF_INET6, &s->port);
    if (s->listener[1] < 0 && errno == EADDRINUSE) {
        if (s->listener[0] >= 0)
            close(s->listener[0]);
        s->listener[0] = -1;
        errno = EADDRINUSE;
        return false;
    }
    if (s->listener[0] < 0)
        errno = e;
    return s->listener[0] >= 0 || s->listener[1] >= 0;
}

static bool try_ports(struct server *s, unsigned port, bool near)
{
    bool listens = listen_both(s, (uint16_t)port);
    /* a port that is free on one address may be in use on the other: then another is given */
    for (unsigned i = 1; !listens && errno == EADDRINUSE && (near || port == 0) && i < SERVER_PORT_TRIES; i++)
        listens = listen_both(s, (uint16_t)(port == 0 ? 0 : port + i <= 65535 ? port + i : 0));
    if (!listens && errno == EADDRINUSE && near)
        listens = listen_both(s, 0);
    return listens;
}

enum status server_open(struct server *s, unsigned port, bool near, const struct server_limits *limits, server_find_fn *find,
                        void *ctx, struct err *err)
{
    *s = (struct server){.listener = {-1, -1}, .limits = *limits, .find = find, .ctx = ctx};
    CHECK(limits->connections >= 1 && limits->connections <= SERVER_CONNECTIONS && port <= 65535);
    TRY(size_calloc(&s->all, limits->connections, sizeof *s->all, "connections", err));
    if (try_ports(s, port, near))
        return OK;
    if (errno == EADDRINUSE)
        return err_set(err, E_USAGE,
                       "cannot listen on port %u: something else listens there; name another, or none and one is found", port);
    return err_set(err, E_IO, "cannot listen on port %u of this machine: %s", port, strerror(errno));
}

/* ---- one connection ---- */

static void drop(struct server_connection *c)
{
    close(c->fd);
    server_body_drop(c->body);
    c->body = NULL;
    c->phase = FREE;
}

static void enter(struct server_connection *c, enum phase phase, double now)
{
    c->phase = phase;
    c->began_s = c->moved_s = now;
}

/* Begin an answer: of a page, or of a reason in a line. */
static void answer(struct server *s, struct server_connection *c, const struct http_request *r, double now)
{
    const struct server_page *page = r->status == 200 && r->path[0] ? s->find(s->ctx, r->path) : NULL;
    struct server_body *body = page ? server_body_hold(page->body) : NULL;
    struct http_answer a = {.status = r->status, .close = !r->keep, .now = (long long)time(NULL)};
    char line[160];
    if (r->status == 200)
        a.status = !page ? 404 : !body ? 503 : http_matches(r->none_match, body->etag) ? 304 : 200;
    if (a.status == 200 || a.status == 304) {
        a.etag = body->etag;
        a.policy = page->policy;
        a.type = a.status == 200 ? page->type : NULL;
        a.download = a.status == 200 ? page->download : NULL;
    } else {
        int n = snprintf(line, sizeof line, "%d %s: %s\n", a.status, http_reason(a.status),
                         a.status == 404   ? "no such page here; the first is /"
                         : a.status == 503 ? "it is being made; ask again soon"
                                           : r->reason);
        server_body_drop(body);
        a.type = "text/plain; charset=utf-8";
        body = server_body_make(line, (size_t)n);
        a.status = body ? a.status : 503;
        a.close |= !body;
    }
    a.length = body ? body->n : 0;
    if (r->head || a.status == 304) {
        server_body_drop(body);
        body = NULL;
    }
    c->n_head = http_head(c->head, &a);
    c->body = body;
    c->sent = 0;
    c->close = a.close;
    s->served++;
    enter(c, WRITING, now);
}

/* The page for a good request is still to be made. */
static bool is_early(const struct server *s, const struct http_request *r)
{
    const struct server_page *page = r->status == 200 && r->path[0] ? s->find(s->ctx, r->path) : NULL;
    return page && !page->body;
}

/* The next request, where all of it, or all that it takes to refuse it, has come. Where its page has not, the request stays
 * as it is and is taken again. */
static void take_request(struct server *s, struct server_connection *c, double now)
{
    struct http_request r;
    size_t used = http_parse(&r, c->in, c->n_in);
    if (used == 0 && r.status == 200)
        return;
    c->waits = is_early(s, &r) && now < c->began_s + s->limits.request_s;
    if (c->waits)
        return;
    c->n_in -= used;
    memmove(c->in, c->in + used, c->n_in);
    answer(s, c, &r, now);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void read_some(struct server *s, struct server_connection *c, double now)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, sizeof c->in - c->n_in, 0);
    if (n <= 0) {
        if (n == 0 || !would_block())
            drop(c);
        return;
    }
    if (c->n_in == 0)
        c->began_s = now;
    c->moved_s = now;
    c->n_in += (size_t)n;
    take_request(s, c, now);
}

/* Nothing more is sent; what still comes is thrown away for a while. */
static void linger(struct server_connection *c, double now)
{
    server_body_drop(c->body);
    c->body = NULL;
    c->lingered = 0;
    if (shutdown(c->fd, SHUT_WR) != 0)
        drop(c);
    else
        enter(c, LINGERING, now);
}

static void discard_some(struct server_connection *c)
{
    char waste[4096];
    ssize_t n = recv(c->fd, waste, sizeof waste, 0);
    if (n > 0)
        c->lingered += (size_t)n;
    if (n == 0 || (n < 0 && !would_block()) || c->lingered > LINGER_MAX_BYTES)
        drop(c);
}

static void write_some(struct server *s, struct server_connection *c, double now)
{
    size_t body_n = c->body ? c->body->n : 0, at = c->sent > c->n_head ? c->sent - c->n_head : 0, left = body_n - at;
    struct iovec part[2] = {{c->head + c->sent, c->n_head - c->sent}, {c->body ? c->body->bytes + at : NULL, left}};
    if (left > WRITE_AT_ONCE)
        part[1].iov_len = WRITE_AT_ONCE; /* others want their turn */
    bool head = c->sent < c->n_head;
    const struct msghdr m = {.msg_iov = head ? part : part + 1, .msg_iovlen = head ? 2 : 1};
    ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    if (n < 0) {
        if (!would_block())
            drop(c);
        return;
    }
    c->sent += (size_t)n;
    c->moved_s = n > 0 ? now : c->moved_s;
    if (c->sent < c->n_head + body_n)
        return;
    if (c->close) {
        linger(c, now);
        return;
    }
    server_body_drop(c->body);
    c->body = NULL;
    enter(c, READING, now);
    take_request(s, c, now); /* one that came after the last */
}

static double deadline(const struct server *s, const struct server_connection *c)
{
    double whole = c->began_s + s->limits.answer_s, stalled = c->moved_s + s->limits.stall_s;
    switch (c->phase) {
    case READING:
        return c->began_s + (c->n_in ? s->limits.request_s : s->limits.idle_s);
    case WRITING:
        return whole < stalled ? whole : stalled;
    default:
        return c->began_s + LINGER_S;
    }
}

/* A request that does not come to its end is told why; all others are cut off. */
static void expire(struct server *s, struct server_connection *c, double now)
{
    const struct http_request slow = {.status = 408, .reason = "the request did not come to its end in time"};
    if (c->waits) {
        take_request(s, c, now); /* as early as before, and told so */
        return;
    }
    if (c->phase == READING && c->n_in > 0) {
        c->n_in = 0;
        answer(s, c, &slow, now);
        write_some(s, c, now);
        return;
    }
    drop(c);
}

/* ---- all of them ---- */

/* A free place, or that of the connection that has waited longest between requests; NULL: none. */
static struct server_connection *place(struct server *s)
{
    struct server_connection *idlest = NULL;
    for (size_t i = 0; i < s->limits.connections; i++) {
        struct server_connection *c = &s->all[i];
        if (c->phase == FREE)
            return c;
        if (c->phase == READING && c->n_in == 0 && (!idlest || c->began_s < idlest->began_s))
            idlest = c;
    }
    return idlest;
}

static void accept_some(struct server *s, int listener, double now)
{
    for (int i = 0; i < 16; i++) {
        struct server_connection *c = place(s);
        if (!c)
            return;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                s->deaf_until_s = now + 0.5; /* it would be told again and again */
            return;
        }
        if (!set_flags(fd)) {
            close(fd);
            continue;
        }
        if (c->phase != FREE)
            drop(c);
        c->fd = fd;
        c->waits = false;
        c->n_in = 0;
        c->body = NULL;
        enter(c, READING, now);
    }
}

/* What all are waited for; *n of them. Returns when the first of them is overdue. */
static double gather(struct server *s, struct pollfd *fds, struct server_connection **of, size_t *n, double now)
{
    double first = (double)INFINITY;
    *n = 0;
    for (size_t i = 0; i < s->limits.connections; i++) {
        struct server_connection *c = &s->all[i];
        if (c->phase == FREE)
            continue;
        double d = deadline(s, c);
        first = d < first ? d : first;
        of[*n] = c;
        fds[(*n)++] = (struct pollfd){.fd = c->fd, .events = c->phase == WRITING ? POLLOUT : c->waits ? 0 : POLLIN};
    }
    bool room = place(s) && now >= s->deaf_until_s;
    if (now < s->deaf_until_s && s->deaf_until_s < first)
        first = s->deaf_until_s;
    for (size_t i = 0; i < SERVER_LISTENERS; i++)
        fds[*n + i] = (struct pollfd){.fd = room ? s->listener[i] : -1, .events = POLLIN};
    return first;
}

static void serve(struct server *s, struct server_connection *c, const struct pollfd *p, double now)
{
    if (p->revents & (POLLERR | POLLNVAL) || ((p->revents & POLLHUP) && (c->phase == WRITING || c->waits)))
        drop(c);
    else if (c->phase == READING && c->waits)
        take_request(s, c, now);
    else if (p->revents && c->phase == READING)
        read_some(s, c, now);
    else if (p->revents && c->phase == LINGERING)
        discard_some(c);
    /* an answer is most often taken at once, whole */
    if (c->phase == WRITING && (p->events != POLLOUT || p->revents))
        write_some(s, c, now);
    if (c->phase != FREE && deadline(s, c) <= now)
        expire(s, c, now);
}

bool server_step(struct server *s, double wait_s, int also)
{
    struct pollfd fds[SERVER_CONNECTIONS + SERVER_LISTENERS + 1];
    struct server_connection *of[SERVER_CONNECTIONS];
    size_t n;
    double now = clock_now_s(), first = gather(s, fds, of, &n, now) - now;
    size_t all = n + SERVER_LISTENERS;
    wait_s = first < wait_s ? first : wait_s;
    fds[all] = (struct pollfd){.fd = also, .events = POLLIN};
    int ready = poll(fds, (nfds_t)all + 1, wait_s > 0 ? (int)(1000 * wait_s) + 1 : 0);
    now = clock_now_s();
    for (size_t i = 0; i < all + 1 && ready < 0; i++)
        fds[i].revents = 0;
    for (size_t i = 0; i < n; i++)
        serve(s, of[i], &fds[i], now);
    for (size_t i = 0; i < SERVER_LISTENERS; i++)
        if (fds[n + i].revents & POLLIN)
            accept_some(s, s->listener[i], now);
    return fds[all].revents != 0;
}

size_t server_connections(const struct server *s)
{
    size_t n = 0;
    for (size_t i = 0; s->all && i < s->limits.connections; i++)
        n += s->all[i].phase != FREE;
    return n;
}

void server_close(struct server *s)
{
    for (size_t i = 0; s->all && i < s->limits.connections; i++)
        if (s->all[i].phase != FREE)
            drop(&s->all[i]);
    free(s->all);
    for (size_t i = 0; i < SERVER_LISTENERS; i++)
        if (s->listener[i] >= 0)
            close(s->listener[i]);
    *s = (struct server){.listener = {-1, -1}};
}
