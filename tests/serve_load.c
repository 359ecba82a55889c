/* Browsers that look at a live page, without the browsers: serve_load PORT SECONDS [CLIENTS]. Each has one connection, which it
 * keeps; once a second it asks for /live/now as the page's script does (src/report/page/live.js), and then for what that says is
 * new: the runs, the curves, the page. Prints what was asked for and got. docs/live.md: what that costs a sweep. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include <stdbool.h>

enum { CLIENTS_MAX = 200, PATHS = 4, TEXT_MAX = 1 << 13, PATIENCE_S = 5 };

static const char *const paths[PATHS] = {"/live/now", "/live/runs", "/live/curves", "/"};
static const char *const tags[PATHS] = {NULL, "data-runs=\"", "data-curves=\"", "data-page=\""};

struct client {
    int fd;
    int asks;             /* the path that it waits for; -1: none */
    double next_s;        /* when it asks again */
    char has[PATHS][24];  /* the tag of what it has */
    char says[PATHS][24]; /* and of what /live/now says */
    char text[TEXT_MAX];  /* the beginning of the answer */
    size_t n, body, length; /* bytes so far; where the body begins (0: not yet); how long it is */
};

static struct sockaddr_in at = {.sin_family = AF_INET};
static size_t requests, not_modified, errors;
static double bytes;

/* The page of a sweep that has just begun may not be up yet. */
static void dial(struct client *c)
{
    const double until = clock_now_s() + PATIENCE_S;
    for (;;) {
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&at, sizeof at) == 0)
            break;
        if (errno != ECONNREFUSED || clock_now_s() >= until) {
            printf("cannot connect: %s\n", strerror(errno));
            exit(1);
        }
        close(c->fd);
        poll(NULL, 0, 50);
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static void ask(struct client *c, int path)
{
    char text[512];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n%s%s%s\r\n",
                     paths[path], c->has[path][0] ? "If-None-Match: \"" : "", c->has[path], c->has[path][0] ? "\"\r\n" : "");
    if (c->fd < 0)
        dial(c);
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n) {
        close(c->fd);
        c->fd = -1;
        errors++;
        return;
    }
    c->asks = path;
    c->n = c->body = c->length = 0;
    requests++;
}

static void copy_tag(char *out, const char *from)
{
    size_t n = from ? strcspn(from, "\"") : 0;
    if (n < 24) {
        memcpy(out, from, n);
        out[n] = '\0';
    }
}

/* An answer is there, whole. */
static void take(struct client *c)
{
    int path = c->asks;
    const char *etag = strstr(c->text, "ETag: \"");
    c->asks = -1;
    not_modified += strncmp(c->text, "HTTP/1.1 304", 12) == 0;
    errors += strncmp(c->text, "HTTP/1.1 304", 12) != 0 && strncmp(c->text, "HTTP/1.1 200", 12) != 0;
    if (etag)
        copy_tag(c->has[path], etag + 7);
    if (path == 3)
        memcpy(c->has[3], c->says[3], sizeof c->has[3]); /* the page's own tag is another than that of the whole */
    for (int i = 1; path == 0 && i < PATHS; i++) {
        const char *tag = strstr(c->text, tags[i]);
        if (tag)
            copy_tag(c->says[i], tag + strlen(tags[i]));
    }
}

static void hear(struct client *c)
{
    char waste[1 << 16];
    bool head = c->n < TEXT_MAX - 1;
    ssize_t n = head ? recv(c->fd, c->text + c->n, TEXT_MAX - 1 - c->n, 0) : recv(c->fd, waste, sizeof waste, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        errors += c->asks >= 0;
        close(c->fd);
        *c = (struct client){.fd = -1, .asks = -1, .next_s = clock_now_s() + 1};
        return;
    }
    c->n += (size_t)n;
    bytes += (double)n;
    if (head)
        c->text[c->n] = '\0';
    const char *end = c->body ? NULL : strstr(c->text, "\r\n\r\n"), *length = strstr(c->text, "Content-Length: ");
    if (end) {
        c->body = (size_t)(end + 4 - c->text);
        c->length = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
    }
    if (c->asks >= 0 && c->body && c->n >= c->body + c->length)
        take(c);
}

/* What the script asks for next; -1: nothing before the next second. */
static int wants(const struct client *c)
{
    for (int i = 1; i < PATHS; i++)
        if (c->says[i][0] && strcmp(c->says[i], c->has[i]) != 0)
            return i;
    return -1;
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX];
    struct pollfd fds[CLIENTS_MAX];
    size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 50;
    double seconds = argc > 2 ? atof(argv[2]) : 10;
    if (argc < 2 || n < 1 || n > CLIENTS_MAX) {
        printf("usage: serve_load PORT SECONDS [CLIENTS]\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    dial(&clients[0]); /* the time begins when there is a page */
    close(clients[0].fd);
    const double began = clock_now_s();
    for (size_t i = 0; i < n; i++)
        clients[i] = (struct client){.fd = -1, .asks = -1, .next_s = began + (double)i / (double)n};
    while (clock_now_s() - began < seconds) {
        double now = clock_now_s();
        for (size_t i = 0; i < n; i++) {
            struct client *c = &clients[i];
            int next = c->asks < 0 ? wants(c) : -1;
            if (next > 0)
                ask(c, next);
            else if (c->asks < 0 && now >= c->next_s) {
                c->next_s = now + 1;
                ask(c, 0);
            }
            fds[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
        }
        poll(fds, (nfds_t)n, 10);
        for (size_t i = 0; i < n; i++)
            if (fds[i].revents && clients[i].fd >= 0)
                hear(&clients[i]);
    }
    printf("%zu clients, %.0f s: %.1f requests/s, %zu of %zu not modified, %.2f MB/s, %zu errors\n", n, seconds,
           (double)requests / seconds, not_modified, requests, 1e-6 * bytes / seconds, errors);
    return errors > 0;
}
