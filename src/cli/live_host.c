#include "cli/live_host.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/live_build.h"
#include "cli/live_words.h"
#include "harness/sweep.h"
#include "harness/watch.h"
#include "report/page/html.h"
#include "report/page/page.h"
#include "report/page/live.h"

/* Seconds. */
static const double LOOK_S = 0.5;     /* what is shown is so old at most when it is asked for */
static const double FORECAST_S = 2;   /* runs and forecasts, unless a run has ended */
static const double CURVES_S = 5;     /* the picture of the curves, likewise */
static const double WATCHED_S = 20;   /* who has not asked for so long is gone: pages that are asked for again come every second,
                                       * or every five where they are not in sight */
static const double FIRST_PAGE_S = 3; /* who asks first waits so long for a fit, and has a page without one then */
static const double LAST_LOOK_S = 3;  /* after the last page was made: those in sight have it by then */
static const double LAST_PAGE_S = 60; /* and so long it is waited for */

/* Everything from the page itself; it may ask where it came from. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'"

enum { PAGE, NOW, RUNS, CURVES, RESULTS, FIT, N_ROUTES };
_Static_assert(CURVES - NOW + 1 == LIVE_PIECES, "a route a piece");

enum { FILE_BYTES_MAX = 1 << 24 };

struct live_host {
    struct server server;
    struct watch watch;
    struct live_build build;
    struct live_fit fit;
    double fitted_s, failed_s;
    struct server_page routes[N_ROUTES];
    char *page;           /* (page_n) as it was built; the pieces are put in when it is asked for */
    size_t page_n;
    char page_tag[HTTP_ETAG_MAX];
    bool stale;           /* a piece or the page is newer than the route's body */
    double looked_s, asked_s, forecast_s, curves_s;
    double first_s; /* when the page was first asked for; 0: never */
    size_t seen_version;  /* of the watch, when runs and curves were made */
    size_t built_version; /* when the page was */
    bool built_whole, ended;
    size_t skipped; /* builds that failed in a row */
    char url[64];
};

/* ---- bodies ---- */

static void set_body(struct server_page *route, const char *text, size_t n)
{
    struct server_body *b = server_body_make(text, n);
    if (!b)
        return; /* the old one is better than none */
    server_body_drop(route->body);
    route->body = b;
}

static const char *tag_of(const struct server_page *route)
{
    return route->body ? route->body->etag : "\"\"";
}

/* A tag without its quotes, for an attribute. */
static void put_tag(FILE *out, const char *name, const char *tag)
{
    fprintf(out, " data-%s=\"%.*s\"", name, (int)(strlen(tag) - 2), tag + 1);
}

/* The element that tells the script what is new. */
static void put_now_head(FILE *out, const struct live_host *h, const struct live_page *p)
{
    fputs("<div", out);
    put_tag(out, "page", h->page_tag);
    put_tag(out, "runs", tag_of(&h->routes[RUNS]));
    put_tag(out, "curves", tag_of(&h->routes[CURVES]));
    fputs(" data-title=\"", out);
    if (p->at_work && isfinite(p->share))
        fprintf(out, "%.0f %%, ", floor(100 * p->share));
    html_say(out, "%s: plateau", p->name);
    fputs("\" data-say=\"", out);
    html_say(out, "%s: %zu of %zu runs done", p->state, p->done, p->total);
    fputs("\">\n", out);
}

static void make_piece(struct live_host *h, const struct live_page *p, size_t route)
{
    char *text = NULL;
    size_t n = 0;
    struct err err;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return;
    if (route == NOW)
        put_now_head(out, h, p);
    enum status st = live_piece(out, p, route - NOW, &err);
    if (route == NOW)
        fputs("</div>", out);
    if (fclose(out) == 0 && st == OK)
        set_body(&h->routes[route], text, n);
    free(text);
}

/* ---- the page, with the pieces in it ---- */

static const char *find_text(const char *text, size_t n, const char *word)
{
    size_t m = strlen(word);
    for (const char *p = text; (p = memchr(p, word[0], n - (size_t)(p - text))); p++) {
        if ((size_t)(text + n - p) < m)
            return NULL;
        if (memcmp(p, word, m) == 0)
            return p;
    }
    return NULL;
}

static void compose(struct live_host *h)
{
    char *text = NULL;
    size_t n = 0;
    const char *at = h->page, *end = h->page + h->page_n;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return;
    for (size_t i = 0; i < LIVE_PIECES; i++) {
        char mark[32];
        const struct server_body *b = h->routes[NOW + i].body;
        snprintf(mark, sizeof mark, LIVE_MARK, live_pieces[i]);
        const char *place = find_text(at, (size_t)(end - at), mark);
        if (!place || !b)
            continue;
        fwrite(at, 1, (size_t)(place - at), out);
        fwrite(b->bytes, 1, b->n, out);
        at = place + strlen(mark);
    }
    fwrite(at, 1, (size_t)(end - at), out);
    if (fclose(out) == 0)
        set_body(&h->routes[PAGE], text, n);
    free(text);
    h->stale = false;
}

/* ---- keeping up ---- */

static void refresh(struct live_host *h, double now)
{
    struct live_words words;
    h->looked_s = now;
    watch_look(&h->watch);
    bool changed = h->watch.version != h->seen_version;
    bool runs = changed || now - h->forecast_s >= FORECAST_S, curves = changed || now - h->curves_s >= CURVES_S;
    if (runs)
        watch_forecast(&h->watch);
    h->fit.age_s = now - h->fitted_s;
    if (live_words_make(&words, &h->watch, &h->fit, NULL) != OK)
        return;
    if (runs)
        make_piece(h, &words.page, RUNS);
    if (curves)
        make_piece(h, &words.page, CURVES);
    make_piece(h, &words.page, NOW);
    live_words_free(&words);
    h->forecast_s = runs ? now : h->forecast_s;
    h->curves_s = curves ? now : h->curves_s;
    h->seen_version = h->watch.version;
    h->stale = true;
}

static void take_file(struct live_host *h, size_t route, const char *name)
{
    size_t n;
    char *text = watch_file(&h->watch, name, FILE_BYTES_MAX, &n);
    if (text)
        set_body(&h->routes[route], text, n);
    else {
        server_body_drop(h->routes[route].body);
        h->routes[route].body = NULL;
    }
    free(text);
}

static void make_bare_page(struct live_host *h);

/* server_find_fn */
static const struct server_page *find(void *ctx, const char *path)
{
    struct live_host *h = ctx;
    double now = clock_now_s();
    size_t i = 0;
    while (i < N_ROUTES && strcmp(h->routes[i].path, path) != 0)
        i++;
    if (i == N_ROUTES)
        return NULL;
    h->asked_s = now;
    h->first_s = h->first_s > 0 ? h->first_s : now;
    if (now - h->looked_s >= LOOK_S)
        refresh(h, now);
    if (i == RESULTS)
        take_file(h, RESULTS, "results.csv");
    if (i == FIT)
        take_file(h, FIT, "fit.json");
    if (i == PAGE && !h->page && now - h->first_s >= FIRST_PAGE_S)
        make_bare_page(h);
    if (i == PAGE && h->page && h->stale)
        compose(h);
    return i >= RESULTS && !h->routes[i].body ? NULL : &h->routes[i]; /* a file that is not there is not waited for */
}

/* What is served from now on. */
static void set_page(struct live_host *h, const char *page, size_t n)
{
    struct server_body *b = server_body_make(page, n); /* for its tag */
    char *copy = b ? malloc(n ? n : 1) : NULL;
    if (!copy) {
        server_body_drop(b);
        return;
    }
    memcpy(copy, page, n);
    free(h->page);
    h->page = copy;
    h->page_n = n;
    snprintf(h->page_tag, sizeof h->page_tag, "%s", b->etag);
    server_body_drop(b);
    h->forecast_s = h->looked_s = 0; /* forecasts have the new law, and the pieces name the new page */
    h->stale = true;
}

static void take_page(struct live_host *h, const char *page, size_t n)
{
    set_page(h, page, n);
    h->fit = (struct live_fit){.runs = h->build.done, .whole = h->build.whole};
    h->fitted_s = clock_now_s();
    h->built_version = h->build.version;
    h->built_whole = h->build.whole;
}

/* A page of no runs, for the time until there is a fit. */
static void make_bare_page(struct live_host *h)
{
    char *text = NULL;
    size_t n = 0;
    const struct page p = {.name = h->watch.known ? h->watch.folder.cfg.name : "runs", .version = PLATEAU_VERSION,
                           .n_planned = h->watch.folder.plan.n, .live_script = live_script(), .live_head = live_head};
    FILE *out = open_memstream(&text, &n);
    enum status st = out ? page_write(out, &p, NULL) : E_NOMEM;
    if (out && fclose(out) == 0 && st == OK)
        set_page(h, text, n);
    free(text);
}

/* Begin a build where the page is older than what has finished, somebody looks at it, and its cost has been earned. */
static void consider_build(struct live_host *h, double now)
{
    const struct watch *w = &h->watch;
    bool whole = !w->at_work && w->known;
    bool current = h->build.built && h->built_version == w->version && (h->built_whole || !whole || w->n_done == 0);
    bool asked = !h->build.built || now - h->asked_s < WATCHED_S;
    if (h->build.pid || current || !asked || now - h->looked_s > WATCHED_S)
        return;
    if (h->build.built && !whole && now < h->build.next_s)
        return;
    if (h->skipped > 0 && now < h->failed_s + 2.0 * (double)h->skipped)
        return;
    if (!live_build_begin(&h->build, w, &h->server, whole)) {
        h->skipped++;
        h->failed_s = now;
    }
}

static void mind_build(struct live_host *h, double now)
{
    const char *page;
    size_t n;
    bool over = !h->watch.at_work && h->watch.known;
    if (h->build.pid && !h->build.whole && over) /* the sweep has ended: the last page is wanted, and soon */
        live_build_stop(&h->build);
    if (h->build.pid == 0) {
        consider_build(h, now);
        return;
    }
    switch (live_build_read(&h->build, &h->watch, &page, &n)) {
    case LIVE_BUILD_DONE:
        h->skipped = 0;
        take_page(h, page, n);
        break;
    case LIVE_BUILD_FAILED:
        h->skipped += h->skipped < 30;
        h->failed_s = now;
        break;
    case LIVE_BUILD_AT_WORK:
        break;
    }
}

/* One turn. `control` as of server_step. */
static bool turn(struct live_host *h, int control)
{
    bool watched = clock_now_s() - h->asked_s < WATCHED_S, busy = h->build.pid != 0;
    bool said = server_step(&h->server, busy ? h->build.n ? 0.005 : 0.1 : watched ? 0.5 : 5, control);
    double now = clock_now_s();
    /* while somebody looks a run's end is seen without being asked for, so that the fit can follow */
    if ((watched || !h->build.built || h->ended) && now - h->looked_s >= 1)
        refresh(h, now);
    mind_build(h, now);
    return said;
}

/* ---- */

static const struct server_page routes[N_ROUTES] = {
    [PAGE] = {.path = "/", .type = "text/html; charset=utf-8", .policy = POLICY},
    [NOW] = {.path = "/live/now", .type = "text/html; charset=utf-8"},
    [RUNS] = {.path = "/live/runs", .type = "text/html; charset=utf-8"},
    [CURVES] = {.path = "/live/curves", .type = "text/html; charset=utf-8"},
    [RESULTS] = {.path = "/results.csv", .type = "text/csv; charset=utf-8", .download = "results.csv"},
    [FIT] = {.path = "/fit.json", .type = "application/json", .download = "fit.json"},
};

enum status live_host_open(struct live_host **out, const char *dir, const struct live_port *port, struct err *err)
{
    struct live_host *h = *out = calloc(1, sizeof *h);
    const struct server_limits limits = server_limits_default();
    if (!h)
        return err_set(err, E_NOMEM, "out of memory for the live page");
    h->server.listener[0] = h->server.listener[1] = -1;
    h->watch.fd = -1;
    h->asked_s = -1e9;
    h->seen_version = (size_t)-1;
    memcpy(h->routes, routes, sizeof h->routes);
    TRY(watch_open(&h->watch, dir, err));
    TRY(server_open(&h->server, port->given ? port->number : SERVER_PORT_DEFAULT, !port->given, &limits, find, h, err));
    snprintf(h->url, sizeof h->url, "http://%s:%u/", h->server.listener[0] >= 0 ? "127.0.0.1" : "[::1]", (unsigned)h->server.port);
    return OK;
}

const char *live_host_url(const struct live_host *h)
{
    return h->url;
}

void live_host_free(struct live_host *h)
{
    if (!h)
        return;
    live_build_free(&h->build);
    watch_close(&h->watch);
    server_close(&h->server);
    for (size_t i = 0; i < N_ROUTES; i++)
        server_body_drop(h->routes[i].body);
    free(h->page);
    free(h);
}

void live_host_serve(struct live_host *h, const volatile sig_atomic_t *stop)
{
    while (!*stop)
        turn(h, -1);
}

/* Whether those who look have the page as it is at the end, or it has been waited for long enough. */
static bool all_told(const struct live_host *h, double ended_s)
{
    double now = clock_now_s();
    bool looked_at = ended_s - h->asked_s < WATCHED_S / 2;
    bool made = h->build.pid == 0 && h->built_version == h->watch.version && h->built_whole;
    if (!looked_at || now - ended_s > LAST_PAGE_S)
        return true;
    return (made || h->watch.n_done == 0) && now - fmax(h->fitted_s, ended_s) > LAST_LOOK_S;
}

void live_host_serve_beside(struct live_host *h, int control)
{
    double ended_s = 0;
    for (;;) {
        char byte;
        bool said = turn(h, control);
        ssize_t n = said ? read(control, &byte, 1) : -1;
        if (n == 0 || (n < 0 && said && errno != EINTR && errno != EAGAIN))
            return;
        if (n > 0) {
            h->ended = true;
            ended_s = clock_now_s();
            h->looked_s = 0;
        }
        if (h->ended && all_told(h, ended_s))
            return;
    }
}
