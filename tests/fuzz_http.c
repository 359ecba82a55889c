/* Requests that nobody should send, against the parser and against a server on loopback: fuzz_http [N] [SEED]. N of each
 * (3000 where none is said); nothing may crash, hang, leak a descriptor or keep the server from its next good answer.
 * The long form, 10^5 under AddressSanitizer: build-san/tests/fuzz_http 100000. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "base/rng.h"
#include "serve/server.h"

enum { TEXT_MAX = 12000, CLIENTS = 16 };

static struct rng rng;
static struct server_page page;
static size_t failures;

static void fail(const char *what, const char *text, size_t n)
{
    if (failures++ < 5) {
        printf("FAIL %s: %zu bytes: ", what, n);
        for (size_t i = 0; i < n && i < 400; i++)
            printf(text[i] >= ' ' && text[i] < 0x7f ? "%c" : "\\x%02x", (unsigned char)text[i]);
        printf("\n");
    }
}

static size_t below(size_t n)
{
    return (size_t)rng_below(&rng, n);
}

static const char *one_of(const char *const *words, size_t n)
{
    return words[below(n)];
}
#define ONE_OF(...) one_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void put(char *text, size_t *n, const char *word)
{
    size_t m = strlen(word);
    if (*n + m < TEXT_MAX) {
        memcpy(text + *n, word, m);
        *n += m;
    }
}

/* A request that is nearly one. */
static size_t compose(char *text)
{
    size_t n = 0, headers = below(6);
    put(text, &n, ONE_OF("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "", "get", "\x80", "G E T", "CONNECT"));
    put(text, &n, ONE_OF(" ", " ", " ", "  ", "\t", ""));
    put(text, &n, ONE_OF("/", "/", "/state", "/../../etc/passwd", "/%2e%2e/%00", "*", "http://localhost/", "http://evil.org/x",
                         "//", "/?a=b", "", "/\\..\\", "http://", "http://[::1", "\xff\xfe", "/a b"));
    for (size_t i = below(20) ? 0 : below(3000); i > 0; i--)
        put(text, &n, "a");
    put(text, &n, ONE_OF(" HTTP/1.1", " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", " HTTP/1.", "", " HTTP/9.9 x", " FTP/1.1"));
    put(text, &n, ONE_OF("\r\n", "\r\n", "\n", "\r", "\r\r\n", ""));
    for (size_t i = 0; i < headers; i++) {
        put(text, &n, ONE_OF("Host", "Host", "host", "Connection", "If-None-Match", "Content-Length", "Transfer-Encoding", "Origin",
                             "Sec-Fetch-Site", "Sec-Fetch-Mode", "X", "", " Host", "Ho st", "\x01"));
        put(text, &n, ONE_OF(":", ": ", ":\t", " :", "", "::"));
        put(text, &n, ONE_OF("localhost", "127.0.0.1:80", "[::1]:99999", "evil.org", "close", "keep-alive", "0", "-1",
                             "18446744073709551617", "chunked", "*", "W/\"x\", \"y\"", "cross-site", "", ",,,,", "\xc3\x28"));
        put(text, &n, ONE_OF("\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n "));
    }
    for (size_t i = below(40) ? 0 : 8192 + below(2000); i > 0; i--) /* no end that could come */
        put(text, &n, "x");
    for (size_t i = below(30) ? 0 : below(12000); i > 0; i--)
        put(text, &n, ONE_OF("x", "y: z\r\n", "\r\n"));
    if (below(8))
        put(text, &n, "\r\n");
    return n;
}

/* Bytes changed, taken out, doubled. */
static size_t mutate(char *text, size_t n)
{
    for (size_t k = below(4); k > 0 && n > 0; k--) {
        size_t at = below(n), m = 1 + below(8);
        m = m > n - at ? n - at : m;
        switch (below(4)) {
        case 0:
            text[at] = (char)rng_u64(&rng);
            break;
        case 1:
            text[at] ^= (char)(1 << below(8));
            break;
        case 2:
            memmove(text + at, text + at + m, n - at - m);
            n -= m;
            break;
        default:
            if (n + m < TEXT_MAX) {
                memmove(text + at + m, text + at, n - at);
                n += m;
            }
        }
    }
    return n;
}

static size_t make(char *text)
{
    if (below(10))
        return mutate(text, compose(text));
    size_t n = below(300);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)rng_u64(&rng);
    return n;
}

/* ---- the parser ---- */

static bool known(int status)
{
    static const int all[] = {200, 400, 403, 405, 414, 431, 505};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (status == all[i])
            return true;
    return false;
}

static void parse_one(const char *made, size_t n)
{
    struct http_request r, again;
    char *text = malloc(n ? n : 1); /* of just this length: a sanitizer sees what is read beyond */
    memcpy(text, made, n);
    memset(&r, 0xff, sizeof r);
    size_t used = http_parse(&r, text, n);
    if (used > n || !known(r.status) || !r.reason || !memchr(r.path, '\0', sizeof r.path) ||
        !memchr(r.none_match, '\0', sizeof r.none_match))
        fail("a result that cannot be", text, n);
    else if (r.path[0] && r.path[0] != '/')
        fail("a path that does not begin with /", text, n);
    else if (used == 0 && n >= HTTP_REQUEST_MAX && r.status == 200)
        fail("waits for the end of what is too long", text, n);
    else if (used && (http_parse(&again, text, used) != used || again.status != r.status))
        fail("is another request without what comes after it", text, n);
    http_matches(r.none_match, "\"0123456789abcdef\"");
    free(text);
}

/* ---- the server ---- */

static const struct server_page *find(void *ctx, const char *path)
{
    (void)ctx;
    return strcmp(path, "/") == 0 ? &page : NULL;
}

static int dial(const struct server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* no port stays behind for a minute */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        printf("cannot connect: %s\n", strerror(errno));
        exit(1);
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* One request in a few pieces, with the reading and closing left out now and then. */
static void send_one(struct server *s, int *fd, const char *text, size_t n)
{
    char answer[4096];
    if (*fd < 0)
        *fd = dial(s);
    for (size_t at = 0; at < n;) {
        size_t m = below(3) ? n - at : 1 + below(n - at);
        ssize_t sent = send(*fd, text + at, m, MSG_NOSIGNAL);
        server_step(s, 0, -1);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    server_step(s, 0, -1);
    ssize_t got = below(3) ? recv(*fd, answer, sizeof answer, 0) : 1;
    if (got > 8 && memcmp(answer, "HTTP/1.1 ", 9) != 0 && memcmp(answer, "0123", 4) != 0 && answer[0] != '\n')
        fail("an answer that is none", text, n);
    if (below(3) == 0)
        shutdown(*fd, SHUT_WR);
    if (below(2)) {
        close(*fd);
        *fd = -1;
    }
}

static bool still_answers(struct server *s)
{
    static const char good[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[4096];
    size_t n = 0;
    int fd = dial(s);
    if (send(fd, good, sizeof good - 1, MSG_NOSIGNAL) != (ssize_t)sizeof good - 1)
        return false;
    for (double end = clock_now_s() + 10; clock_now_s() < end && n < sizeof answer - 1;) {
        server_step(s, 0.01, -1);
        ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);
        if (got == 0)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    answer[n] = '\0';
    close(fd);
    return strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0 && strstr(answer, "\r\n\r\n0123456789");
}

static void fuzz_server(size_t n)
{
    struct server s;
    struct err err;
    int fd[CLIENTS];
    static char text[TEXT_MAX];
    const struct server_limits limits = {.request_s = 0.5, .idle_s = 0.5, .stall_s = 0.5, .answer_s = 2, .connections = 64};
    page = (struct server_page){.path = "/", .type = "text/plain", .body = server_body_make("0123456789", 10)};
    size_t before = test_descriptors();
    if (server_open(&s, 0, false, &limits, find, NULL, &err) != OK) {
        printf("%s\n", err.msg);
        exit(1);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        fd[i] = -1;
    for (size_t i = 0; i < n; i++) {
        size_t length = make(text);
        send_one(&s, &fd[below(CLIENTS)], text, length);
        if (i % 1000 == 0 && !still_answers(&s))
            fail("no good answer after this", text, length);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    for (double end = clock_now_s() + 5; server_connections(&s) > 0 && clock_now_s() < end;)
        server_step(&s, 0.05, -1);
    if (server_connections(&s) > 0)
        fail("connections stay open", "", server_connections(&s));
    printf("%zu answers to %zu requests\n", s.served, n);
    server_close(&s);
    server_body_drop(page.body);
    if (test_descriptors() != before)
        fail("descriptors are left open", "", test_descriptors() - before);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 3000;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    static char text[TEXT_MAX];
    rng = rng_make(seed, RNG_TEST, 0, 0);
    for (size_t i = 0; i < n; i++)
        parse_one(text, make(text));
    fuzz_server(n);
    printf("tests: %d passed, %d failed, 0 skipped\n", failures == 0, failures != 0);
    return failures != 0;
}
