/* The server on loopback, with clients that ask well, badly, slowly or not at all. Server and clients are one process: the
 * clients' sockets never block, and the server is stepped in between. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/server.h"
#include "test.h"

#define LOCAL "Host: localhost\r\n"

static struct server_page pages[2];

static const struct server_page *find(void *ctx, const char *path)
{
    (void)ctx;
    for (size_t i = 0; i < 2; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

static void set_page(const char *bytes, size_t n)
{
    server_body_drop(pages[0].body);
    pages[0] = (struct server_page){.path = "/", .type = "text/plain", .policy = "default-src 'none'",
                                    .body = server_body_make(bytes, n)};
    pages[1] = (struct server_page){.path = "/soon", .type = "text/plain"};
}

static const struct server_limits quick = {.request_s = 0.2, .idle_s = 0.4, .stall_s = 0.3, .answer_s = 5, .connections = 8};

static struct server open_server(const struct server_limits *limits)
{
    struct server s;
    struct err err;
    set_page("hello\n", 6);
    EXPECT_OK(server_open(&s, 0, false, limits, find, NULL, &err));
    return s;
}

/* buffer: of what has come and is not read, in bytes; 0: as the system has it. */
static int dial_with(const struct server *s, int buffer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        test_fail(__FILE__, __LINE__, "connect: %s", strerror(errno));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int dial(const struct server *s)
{
    return dial_with(s, 0);
}

static void say(int fd, const char *text, size_t n)
{
    ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
    (void)sent; /* a server that has closed is what some tests are about */
}

/* What has come on fd within so long, or until it is closed; at most size - 1 bytes. *closed tells. */
static size_t hear(struct server *s, int fd, char *out, size_t size, double wait_s, bool *closed)
{
    size_t n = 0;
    double end = clock_now_s() + wait_s;
    *closed = false;
    while (n < size - 1 && clock_now_s() < end) {
        server_step(s, 0.01, -1);
        ssize_t got = recv(fd, out + n, size - 1 - n, 0);
        if (got > 0)
            n += (size_t)got;
        else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            *closed = true;
            break;
        }
    }
    out[n] = '\0';
    return n;
}

/* Ask on a connection of its own and hear all. */
static size_t ask(struct server *s, const char *text, char *out, size_t size, double wait_s)
{
    bool closed;
    int fd = dial(s);
    say(fd, text, strlen(text));
    size_t n = hear(s, fd, out, size, wait_s, &closed);
    close(fd);
    return n;
}

static void answers(void)
{
    struct server s = open_server(&quick);
    char out[4096];
    ask(&s, "GET / HTTP/1.1\r\n" LOCAL "Connection: close\r\n\r\n", out, sizeof out, 1);
    EXPECT_MSG(strncmp(out, "HTTP/1.1 200 OK\r\n", 17) == 0 && strstr(out, "\r\n\r\nhello\n"), "%s", out);
    const char *etag = strstr(out, "ETag: \"");
    EXPECT(etag != NULL);
    char again[256];
    snprintf(again, sizeof again, "GET / HTTP/1.1\r\n" LOCAL "Connection: close\r\nIf-None-Match: %.18s\r\n\r\n",
             etag ? etag + 6 : "");
    ask(&s, again, out, sizeof out, 1);
    EXPECT_MSG(strncmp(out, "HTTP/1.1 304 ", 13) == 0 && !strstr(out, "hello"), "%s", out);
    set_page("other\n", 6);
    ask(&s, again, out, sizeof out, 1);
    EXPECT(strstr(out, "\r\n\r\nother\n") != NULL);
    ask(&s, "HEAD / HTTP/1.1\r\n" LOCAL "Connection: close\r\n\r\n", out, sizeof out, 1);
    EXPECT(strstr(out, "Content-Length: 6\r\n") && strcmp(out + strlen(out) - 4, "\r\n\r\n") == 0);
    static const struct {
        const char *text, *begins;
    } all[] = {{"GET /soon HTTP/1.0\r\n\r\n", "HTTP/1.1 503 "},      {"GET /nothing HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "},
               {"GET /../x HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "},      {"GET /%2e%2e/x HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "},
               {"GET /etc/passwd HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "}, {"PUT / HTTP/1.0\r\n" LOCAL "\r\n", "HTTP/1.1 405 "},
               {"GET / HTTP/1.1\r\nHost: evil.org\r\n\r\n", "HTTP/1.1 403 "}, {"bogus\r\n\r\n", "HTTP/1.1 400 "}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ask(&s, all[i].text, out, sizeof out, 1.5);
        EXPECT_MSG(strncmp(out, all[i].begins, strlen(all[i].begins)) == 0, "%s: %s", all[i].text, out);
    }
    server_close(&s);
}

/* Requests in pieces, and several at once on one connection, answered in their order. */
static void pieces(void)
{
    struct server s = open_server(&quick);
    char out[16384];
    bool closed;
    int fd = dial(&s);
    static const char text[] = "GET / HTTP/1.1\r\n" LOCAL "\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        say(fd, text + i, 1);
        server_step(&s, 0, -1);
    }
    hear(&s, fd, out, sizeof out, 0.1, &closed);
    EXPECT(strstr(out, "\r\n\r\nhello\n") && !closed);
    static const char three[] = "GET / HTTP/1.1\r\n" LOCAL "\r\nHEAD / HTTP/1.1\r\n" LOCAL "\r\nGET /x HTTP/1.1\r\n" LOCAL
                                "Connection: close\r\n\r\n";
    say(fd, three, sizeof three - 1);
    hear(&s, fd, out, sizeof out, 1, &closed);
    const char *last = strstr(out, "HTTP/1.1 404 ");
    size_t heads = 0;
    for (const char *p = out; (p = strstr(p, "HTTP/1.1 ")); p++)
        heads++;
    EXPECT_MSG(closed && heads == 3 && last && strstr(out, "hello\n") < last, "%zu: %s", heads, out);
    close(fd);
    server_close(&s);
}

/* A page larger than any buffer arrives whole, also where it is replaced meanwhile and the reader is slow. */
static void large(void)
{
    struct server s = open_server(&quick);
    const size_t n = 3 << 20;
    char *big = malloc(n), *out = malloc(n + 2000);
    bool closed;
    for (size_t i = 0; i < n; i++)
        big[i] = (char)('a' + i % 23);
    set_page(big, n);
    int fd = dial(&s), other = dial(&s);
    const char *text = "GET / HTTP/1.0\r\n\r\n";
    say(fd, text, strlen(text));
    for (int i = 0; i < 5; i++)
        server_step(&s, 0.01, -1);
    set_page("new\n", 4);
    say(other, text, strlen(text));
    char little[2048];
    hear(&s, other, little, sizeof little, 1, &closed);
    EXPECT(strstr(little, "\r\n\r\nnew\n") != NULL);
    size_t got = hear(&s, fd, out, n + 2000, 5, &closed);
    const char *body = strstr(out, "\r\n\r\n");
    EXPECT_MSG(closed && body && got - (size_t)(body + 4 - out) == n && memcmp(body + 4, big, n) == 0, "%zu of %zu bytes", got, n);
    close(fd);
    close(other);
    free(big);
    free(out);
    server_close(&s);
}

static void run(struct server *s, double seconds)
{
    for (double end = clock_now_s() + seconds; clock_now_s() < end;)
        server_step(s, 0.02, -1);
}

/* Those who are slow, silent or do not read are cut off in their time, and nobody waits for them. */
static void slow(void)
{
    struct server s = open_server(&quick);
    char out[4096];
    bool closed;
    char *big = calloc(1, 8 << 20);
    int silent = dial(&s), loris = dial(&s), deaf = dial_with(&s, 4096), gone = dial_with(&s, 4096), half = dial(&s);
    set_page(big, 8 << 20);
    say(loris, "GET / HT", 8);
    say(deaf, "GET / HTTP/1.0\r\n\r\n", 18);
    say(gone, "GET / HTTP/1.0\r\n\r\n", 18);
    say(half, "GET /soon HTTP/1.0\r\n\r\n", 22);
    shutdown(half, SHUT_WR);
    server_step(&s, 0.05, -1);
    server_step(&s, 0.05, -1);
    close(gone); /* with the answer on its way */
    hear(&s, half, out, sizeof out, 1, &closed);
    EXPECT_MSG(strncmp(out, "HTTP/1.1 503 ", 13) == 0, "half closed: %s", out);
    double began = clock_now_s();
    for (int i = 0; i < 8; i++) { /* a byte now and then does not help */
        run(&s, 0.05);
        say(loris, "x", 1);
    }
    hear(&s, loris, out, sizeof out, 1.5, &closed);
    EXPECT_MSG(strncmp(out, "HTTP/1.1 408 ", 13) == 0 || closed, "slow: %s", out);
    run(&s, 1.6);
    EXPECT_MSG(server_connections(&s) == 0, "%zu are left after %.1f s", server_connections(&s), clock_now_s() - began);
    EXPECT(recv(silent, out, 1, 0) == 0);
    close(silent);
    close(loris);
    close(deaf);
    close(half);
    free(big);
    server_close(&s);
}

/* More than there is room for: idle ones give way, and those that are at work are waited for. */
static void crowd(void)
{
    struct server_limits patient = quick;
    patient.idle_s = 30;
    struct server s = open_server(&patient);
    char out[4096];
    int fd[20];
    for (int i = 0; i < 20; i++) {
        fd[i] = dial(&s);
        server_step(&s, 0.01, -1);
    }
    EXPECT(server_connections(&s) <= 8);
    ask(&s, "GET / HTTP/1.0\r\n\r\n", out, sizeof out, 1);
    EXPECT_MSG(strstr(out, "hello"), "behind idle ones: %s", out);
    for (int i = 0; i < 20; i++)
        close(fd[i]);
    run(&s, 0.1);
    for (int i = 0; i < 20; i++) {
        fd[i] = dial(&s);
        say(fd[i], "GET /", 5);
        server_step(&s, 0.01, -1);
    }
    EXPECT(server_connections(&s) <= 8);
    ask(&s, "GET / HTTP/1.0\r\n\r\n", out, sizeof out, 3);
    EXPECT_MSG(strstr(out, "hello"), "behind slow ones: %s", out);
    for (int i = 0; i < 20; i++)
        close(fd[i]);
    run(&s, 0.3);
    EXPECT(server_connections(&s) == 0);
    server_close(&s);
}

/* Without a descriptor to be had the server waits, does not spin, and goes on when there is one again. */
static void no_descriptors(void)
{
    struct server s = open_server(&quick);
    struct rlimit was, few;
    char out[4096];
    int fd = dial(&s);
    getrlimit(RLIMIT_NOFILE, &was);
    few = was;
    few.rlim_cur = (rlim_t)fd + 1;
    setrlimit(RLIMIT_NOFILE, &few);
    size_t steps = 0;
    for (double end = clock_now_s() + 0.4; clock_now_s() < end; steps++)
        server_step(&s, 0.1, -1);
    EXPECT_MSG(server_connections(&s) == 0 && steps < 10, "%zu connections, %zu steps", server_connections(&s), steps);
    setrlimit(RLIMIT_NOFILE, &was);
    say(fd, "GET / HTTP/1.0\r\n\r\n", 18);
    bool closed;
    hear(&s, fd, out, sizeof out, 2, &closed);
    EXPECT(strstr(out, "hello") != NULL);
    close(fd);
    server_close(&s);
}

static void ports(void)
{
    struct server a = open_server(&quick), b = {.listener = {-1, -1}};
    struct err err;
    EXPECT_ERR(server_open(&b, a.port, false, &quick, find, NULL, &err), E_USAGE, "something else listens there");
    server_close(&b);
    EXPECT_OK(server_open(&b, a.port, true, &quick, find, NULL, &err));
    EXPECT(b.port != a.port);
    server_close(&b);
    uint16_t port = a.port;
    char out[4096];
    ask(&a, "GET / HTTP/1.0\r\n\r\n", out, sizeof out, 1);
    server_close(&a);
    EXPECT_OK(server_open(&a, port, false, &quick, find, NULL, &err)); /* again at once */
    server_close(&a);
    server_close(&a);
}

/* Nobody but this machine: an address of it that is not loopback does not answer. */
static void loopback_only(void)
{
    struct server s = open_server(&quick);
    for (size_t i = 0; i < SERVER_LISTENERS; i++) {
        struct sockaddr_storage at = {0};
        socklen_t size = sizeof at;
        if (s.listener[i] < 0)
            continue;
        EXPECT(getsockname(s.listener[i], (struct sockaddr *)&at, &size) == 0);
        if (at.ss_family == AF_INET)
            EXPECT(((struct sockaddr_in *)&at)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        else
            EXPECT(IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&at)->sin6_addr));
    }
    server_close(&s);
}

static void no_leak(void)
{
    size_t before = test_descriptors();
    struct server s = open_server(&quick);
    char out[4096];
    for (int i = 0; i < 200; i++) {
        int fd = dial(&s);
        const char *text = i % 3 ? "GET / HTTP/1.1\r\n" LOCAL "\r\n" : "GET /\n\n";
        say(fd, text, i % 5 ? strlen(text) : 3);
        server_step(&s, 0, -1);
        if (i % 2) {
            ssize_t n = recv(fd, out, sizeof out, 0);
            (void)n;
        }
        close(fd);
    }
    run(&s, 0.1);
    EXPECT(server_connections(&s) == 0);
    server_close(&s);
    EXPECT_MSG(test_descriptors() == before, "%zu descriptors, %zu before", test_descriptors(), before);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"answers", answers}, {"pieces", pieces}, {"large", large},
                                        {"slow", slow},       {"crowd", crowd},   {"no_descriptors", no_descriptors},
                                        {"ports", ports},     {"loopback_only", loopback_only}, {"no_leak", no_leak}};
    int code = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    server_body_drop(pages[0].body);
    return code;
}
