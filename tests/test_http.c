/* The parser of requests: what is well formed, what is refused and with which status, however the bytes come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/http.h"
#include "test.h"

#define LOCAL "Host: localhost:7357\r\n"

/* The bytes in memory of just their length, so that a sanitizer sees what is read beyond. */
static size_t parse(struct http_request *r, const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    size_t used = http_parse(r, copy, n);
    free(copy);
    return used;
}

static const struct {
    const char *text;
    int status;
    bool keep;
} requests[] = {
    {"GET / HTTP/1.1\r\n" LOCAL "\r\n", 200, true},
    {"HEAD / HTTP/1.1\r\n" LOCAL "\r\n", 200, true},
    {"GET / HTTP/1.1\nHost: localhost\n\n", 200, true},
    {"\r\nGET / HTTP/1.1\r\n" LOCAL "\r\n", 200, true},
    {"GET / HTTP/1.1\r\nhOsT:[::1]:80\r\n\r\n", 200, true},
    {"GET / HTTP/1.1\r\nHost:\t 127.0.0.1 \t\r\n\r\n", 200, true},
    {"GET / HTTP/1.0\r\n\r\n", 200, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, true},
    {"GET / HTTP/1.1\r\n" LOCAL "Connection: foo, close\r\n\r\n", 200, false},
    {"GET http://127.0.0.1:7357/state HTTP/1.1\r\n" LOCAL "\r\n", 200, true},
    {"GET /../../etc/passwd HTTP/1.1\r\n" LOCAL "\r\n", 200, true}, /* a path of no route */
    {"GET / HTTP/1.1\r\n" LOCAL "Content-Length: 0\r\n\r\n", 200, true},
    /* methods */
    {"POST / HTTP/1.1\r\n" LOCAL "\r\n", 405, true},
    {"get / HTTP/1.1\r\n" LOCAL "\r\n", 405, true},
    {"DELETE /results.csv HTTP/1.1\r\n" LOCAL "Content-Length: 5\r\n\r\n", 405, false},
    /* not requests */
    {"\r\n\r\n\r\n", 400, false},
    {"GET\r\n\r\n", 400, false},
    {"GET /\r\n\r\n", 400, false},
    {"GET  / HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET / HTTP/1.1 \r\n" LOCAL "\r\n", 400, false},
    {"GET / HTTP/11\r\n" LOCAL "\r\n", 400, false},
    {"GET / http/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET / HTTP/2.0\r\n" LOCAL "\r\n", 505, false},
    {"G(T / HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET results.csv HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET * HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET /\x01 HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET /\xc3\xa4 HTTP/1.1\r\n" LOCAL "\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "a: b\rc\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL " folded: x\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "name : x\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "no colon\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL ": x\r\n\r\n", 400, false},
    /* bodies */
    {"GET / HTTP/1.1\r\n" LOCAL "Content-Length: 3\r\n\r\nabc", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Content-Length: -1\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Content-Length: 99999999999999999999\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, false},
    /* who asks */
    {"GET / HTTP/1.1\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\r\n" LOCAL LOCAL "\r\n", 400, false},
    {"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 403, false},
    {"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n", 403, false},
    {"POST / HTTP/1.1\r\nHost: example.org\r\n\r\n", 403, false},
    {"GET / HTTP/1.1\r\nHost: \r\n\r\n", 403, false},
    {"GET http://example.org/ HTTP/1.1\r\n" LOCAL "\r\n", 403, false},
    {"GET http://localhost@example.org/ HTTP/1.1\r\n" LOCAL "\r\n", 403, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Origin: http://example.org\r\n\r\n", 403, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Origin: null\r\n\r\n", 403, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Origin: http://localhost:7357\r\n\r\n", 200, true},
    {"GET / HTTP/1.1\r\n" LOCAL "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n", 403, false},
    {"GET / HTTP/1.1\r\n" LOCAL "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n\r\n", 200, true},
    {"GET / HTTP/1.1\r\n" LOCAL "Sec-Fetch-Site: same-origin\r\n\r\n", 200, true},
};

static void statuses(void)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct http_request r;
        size_t n = strlen(requests[i].text);
        parse(&r, requests[i].text, n);
        EXPECT_MSG(r.status == requests[i].status && r.keep == requests[i].keep, "%zu: %d, keep %d: %s", i, r.status, r.keep,
                   requests[i].text);
        EXPECT_MSG((r.status == 200) == (r.reason[0] == '\0'), "%zu: reason '%s'", i, r.reason);
        /* byte by byte: no verdict but a bad one before the end, and then the same */
        for (size_t m = 0; m < n; m++) {
            struct http_request part;
            size_t used = parse(&part, requests[i].text, m);
            if (used == 0 && part.status == 200)
                continue;
            EXPECT_MSG(part.status == r.status, "%zu: %d at byte %zu, %d in the end", i, part.status, m, r.status);
            break;
        }
    }
}

static void hosts(void)
{
    static const char *const good[] = {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80"};
    static const char *const bad[] = {"", "localhost.evil.org", "localhost:", "localhost:a", "localhost:123456",
                                      "127.0.0.1.nip.io", "127.0.0.2", "0.0.0.0", "::1", "[::1", "[::2]", "evil.org:80",
                                      "localhost:80@evil", "xlocalhost"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        EXPECT_MSG(http_host_is_loopback(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT_MSG(!http_host_is_loopback(bad[i], strlen(bad[i])), "%s", bad[i]);
}

static void paths(void)
{
    struct http_request r;
    static const struct {
        const char *target, *path;
    } all[] = {{"/", "/"}, {"/state?v=3&x=/..", "/state"}, {"/a#b", "/a"}, {"/%2e%2e/%2e%2e/etc", "/%2e%2e/%2e%2e/etc"},
               {"/..\\..", "/..\\.."}, {"http://localhost", "/"}, {"HTTP://[::1]:7/x?y", "/x"}, {"//etc/passwd", "//etc/passwd"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char text[256];
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" LOCAL "\r\n", all[i].target);
        EXPECT(parse(&r, text, (size_t)n) == (size_t)n);
        EXPECT_MSG(r.status == 200 && strcmp(r.path, all[i].path) == 0, "%s: %d '%s'", all[i].target, r.status, r.path);
    }
    char text[512] = "GET /";
    memset(text + 5, 'a', 200);
    strcpy(text + 205, " HTTP/1.1\r\n" LOCAL "\r\n");
    parse(&r, text, strlen(text));
    EXPECT(r.status == 200 && r.path[0] == '\0'); /* longer than any route: none of them, whatever it begins with */
    static const char nul[] = "GET /\0/../etc HTTP/1.1\r\n" LOCAL "\r\n";
    parse(&r, nul, sizeof nul - 1);
    EXPECT(r.status == 400);
    static const char nul2[] = "GET / HTTP/1.1\r\nHost: localhost\0.evil.org\r\n\r\n";
    parse(&r, nul2, sizeof nul2 - 1);
    EXPECT(r.status == 400);
}

/* A request of about that many bytes, with one long thing in it. */
static int long_one(const char *before, char fill, size_t n, const char *after)
{
    struct http_request r;
    char *text = malloc(strlen(before) + n + strlen(after) + 1);
    size_t at = strlen(before);
    memcpy(text, before, at);
    memset(text + at, fill, n);
    strcpy(text + at + n, after);
    parse(&r, text, at + n + strlen(after));
    free(text);
    return r.status;
}

static void long_ones(void)
{
    EXPECT(long_one("GET /", 'a', 900, " HTTP/1.1\r\n" LOCAL "\r\n") == 200);
    EXPECT(long_one("GET /", 'a', 2000, " HTTP/1.1\r\n" LOCAL "\r\n") == 414);
    EXPECT(long_one("GET /", 'a', 20000, "") == 414);
    EXPECT(long_one("GET / HTTP/1.1\r\n" LOCAL "X: ", 'a', 7000, "\r\n\r\n") == 200);
    EXPECT(long_one("GET / HTTP/1.1\r\n" LOCAL "X: ", 'a', 9000, "\r\n\r\n") == 431);
    EXPECT(long_one("", '\n', 9000, "") == 400);
    EXPECT(long_one("GET / HTTP/1.1\r\n" LOCAL "If-None-Match: ", 'a', 5000, "\r\n\r\n") == 200);
    char many[4096] = "GET / HTTP/1.1\r\n" LOCAL;
    for (int i = 0; i < 150; i++)
        strcat(many, "A: b\r\n");
    struct http_request r;
    strcat(many, "\r\n");
    parse(&r, many, strlen(many));
    EXPECT(r.status == 431);
    /* nothing that can become a request, known from its first byte */
    EXPECT(parse(&r, "\x16\x03\x01", 3) == 0 && r.status == 400); /* TLS */
}

static void pipelined(void)
{
    static const char two[] = "GET /a HTTP/1.1\r\n" LOCAL "\r\nHEAD /b HTTP/1.1\r\n" LOCAL "\r\n";
    struct http_request r;
    size_t used = parse(&r, two, sizeof two - 1);
    EXPECT(strcmp(r.path, "/a") == 0 && !r.head);
    EXPECT(used + parse(&r, two + used, sizeof two - 1 - used) == sizeof two - 1);
    EXPECT(strcmp(r.path, "/b") == 0 && r.head);
}

static void tags(void)
{
    EXPECT(http_matches("\"abc\"", "\"abc\""));
    EXPECT(http_matches("\"x\", W/\"abc\" ,\"y\"", "\"abc\""));
    EXPECT(http_matches("*", "\"abc\""));
    EXPECT(!http_matches("", "\"abc\""));
    EXPECT(!http_matches("\"abcd\", abc", "\"abc\""));
}

static void heads(void)
{
    char out[HTTP_HEAD_MAX];
    struct http_answer a = {.status = 200, .type = "text/html; charset=utf-8", .etag = "\"1\"", .length = 12, .now = 951868799};
    size_t n = http_head(out, &a);
    EXPECT(n == strlen(out) && strstr(out, "\r\n\r\n") == out + n - 4);
    EXPECT(strncmp(out, "HTTP/1.1 200 OK\r\n", 17) == 0);
    EXPECT(strstr(out, "\r\nDate: Tue, 29 Feb 2000 23:59:59 GMT\r\n") != NULL);
    EXPECT(strstr(out, "\r\nContent-Length: 12\r\n") && strstr(out, "nosniff") && strstr(out, "Cache-Control: no-cache\r\n"));
    EXPECT(strstr(out, "Content-Security-Policy: default-src 'none'; base-uri 'none'") != NULL);
    static const struct {
        long long t;
        const char *date;
    } dates[] = {{0, "Thu, 01 Jan 1970 00:00:00 GMT"}, {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
                 {1709251200, "Fri, 01 Mar 2024 00:00:00 GMT"}, {1798761599, "Thu, 31 Dec 2026 23:59:59 GMT"}};
    for (size_t i = 0; i < 4; i++) {
        a.now = dates[i].t;
        http_head(out, &a);
        EXPECT_MSG(strstr(out, dates[i].date) != NULL, "%s", out);
    }
    a = (struct http_answer){.status = 304, .etag = "\"1\"", .close = true};
    http_head(out, &a);
    EXPECT(!strstr(out, "Content-Length") && strstr(out, "Connection: close\r\n"));
    a.status = 405;
    a.etag = NULL;
    http_head(out, &a);
    EXPECT(strstr(out, "Allow: GET, HEAD\r\n") && strstr(out, "no-store"));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"statuses", statuses}, {"hosts", hosts}, {"paths", paths}, {"long_ones", long_ones},
                                        {"pipelined", pipelined}, {"tags", tags}, {"heads", heads}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
