#include "cli/live_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/count.h"
#include "base/system.h"
#include "cli/text.h"

enum {
    BAR_MIN = 6,
    BAR_MAX = 30,
    RANKS = 6,
    LINE_CELLS = 200,                /* wider ones would only hold blanks */
    LINE_BYTES = 4 * LINE_CELLS + 1, /* a cell of the bar takes three bytes in UTF-8 */
    PLAIN_CELLS = 100,               /* where the width is not known */
};

static const double PLAIN_EVERY_S = 10;

/* A part of a line. rank: 0 stays longest. A bar has no text and takes what room is left. */
struct field {
    const char *text;
    int rank;
};

struct line {
    char text[LINE_BYTES];
    size_t n, cells;
};

/* ---- the machine's terminal ---- */

/* Asked anew each time: that is all a resized terminal needs. */
static void terminal_size(int fd, size_t *width, size_t *height)
{
    struct winsize w;
    bool known = ioctl(fd, TIOCGWINSZ, &w) == 0;
    *width = known && w.ws_col > 0 ? w.ws_col : 80;
    *height = known && w.ws_row > 0 ? w.ws_row : 24;
}

/* ---- one line ---- */

static void put(struct line *l, const char *s, size_t cells)
{
    size_t n = strlen(s);
    if (l->n + n >= sizeof l->text)
        return;
    memcpy(l->text + l->n, s, n + 1);
    l->n += n;
    l->cells += cells;
}

static void put_bar(struct line *l, size_t cells, double share, bool utf8)
{
    size_t inner = utf8 ? cells : cells - 2;
    size_t full = (size_t)(fmin(1, fmax(0, share)) * (double)inner);
    if (!utf8)
        put(l, "[", 1);
    for (size_t i = 0; i < inner; i++)
        put(l, i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : "."), 1);
    if (!utf8)
        put(l, "]", 1);
}

/* Which fields fit into width, two blanks between them, by rank; returns the cells that stay free. */
static size_t choose(bool *shown, const struct field *f, size_t n, size_t width)
{
    size_t used = 0;
    for (int rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < n; i++) {
            size_t cells = (f[i].text ? strlen(f[i].text) : BAR_MIN) + (used ? 2 : 0);
            if (f[i].rank != rank)
                continue;
            shown[i] = used + cells <= width;
            if (!shown[i])
                return width - used; /* nothing of less weight in its place */
            used += cells;
        }
    return width - used;
}

static void compose(struct line *l, const struct field *f, size_t n, double share, size_t width, bool utf8)
{
    bool shown[8] = {false};
    width = width < LINE_CELLS ? width : LINE_CELLS;
    size_t left = choose(shown, f, n, width);
    *l = (struct line){0};
    for (size_t i = 0; i < n; i++) {
        if (!shown[i])
            continue;
        if (l->n)
            put(l, "  ", 2);
        if (f[i].text)
            put(l, f[i].text, strlen(f[i].text));
        else
            put_bar(l, BAR_MIN + (left < BAR_MAX - BAR_MIN ? left : BAR_MAX - BAR_MIN), share, utf8);
    }
    if (l->n == 0) { /* not even the first fits */
        for (size_t i = 0; f[0].text && i < width && f[0].text[i]; i++)
            put(l, (const char[2]){f[0].text[i], '\0'}, 1);
    }
    while (l->n > 0 && l->text[l->n - 1] == ' ') {
        l->text[--l->n] = '\0';
        l->cells--;
    }
}

static int name_cells(const struct live *l)
{
    size_t most = strlen("sweep");
    for (size_t i = 0; i < l->n; i++)
        if (strlen(l->run[i].name) > most)
            most = strlen(l->run[i].name);
    return (int)most;
}

static void compose_run(struct line *out, const struct live_run *r, int name, size_t width, bool utf8)
{
    char what[RUN_NAME_MAX + 8], a[32], b[32], tokens[72], loss[32], speed[48];
    double share = r->total > 0 ? r->tokens / r->total : 0;
    snprintf(what, sizeof what, "%-*s", name, r->name);
    snprintf(tokens, sizeof tokens, "%5s/%-5s", count_format(a, sizeof a, r->tokens), count_format(b, sizeof b, r->total));
    if (isfinite(r->loss))
        snprintf(loss, sizeof loss, "loss %-7.4f", r->loss);
    else
        snprintf(loss, sizeof loss, "loss -      ");
    snprintf(speed, sizeof speed, "%5s tokens/s", count_format(a, sizeof a, r->tokens_per_s));
    const struct field f[] = {{what, 0}, {NULL, 2}, {tokens, 1}, {loss, 3}, {speed, 4}};
    compose(out, f, sizeof f / sizeof *f, share, width, utf8);
}

static void compose_sweep(struct line *out, const struct live *l, int name, bool final, bool bar, size_t width,
                          bool utf8)
{
    char what[RUN_NAME_MAX + 8], share[32], runs[64], a[32], time[48] = "", speed[48] = "";
    double seconds = final ? l->seconds : l->left_s;
    snprintf(what, sizeof what, "%-*s", name, "sweep");
    snprintf(share, sizeof share, "%3.0f %%", floor(100 * fmin(1, l->share)));
    snprintf(runs, sizeof runs, "%zu/%zu runs", l->runs_done, l->runs);
    if (isfinite(seconds))
        snprintf(time, sizeof time, "%s %s", count_format_seconds(a, sizeof a, seconds), final ? "taken" : "left");
    if (l->tokens_per_s > 0)
        snprintf(speed, sizeof speed, "%s tokens/s", count_format(a, sizeof a, l->tokens_per_s));
    struct field f[6];
    size_t n = 0;
    if (bar) {
        f[n++] = (struct field){what, 4};
        f[n++] = (struct field){NULL, 3};
    }
    f[n++] = (struct field){share, 1};
    f[n++] = (struct field){runs, 0};
    if (time[0])
        f[n++] = (struct field){time, 2};
    if (speed[0])
        f[n++] = (struct field){speed, 5};
    compose(out, f, n, l->share, width, utf8);
}

/* ---- the lines on the terminal ---- */

/* Rows between the cursor, at the end of the last line, and the first line. A terminal that has become
 * narrower has broken long lines into several rows. */
static size_t rows_above(const struct live_view *v, size_t width)
{
    size_t rows = 0;
    for (size_t i = 0; i < v->n; i++)
        rows += v->cells[i] > width ? (v->cells[i] + width - 1) / width : 1;
    return rows > 0 ? rows - 1 : 0;
}

static void to_first_line(const struct live_view *v, size_t width)
{
    size_t up = rows_above(v, width);
    fputc('\r', stderr);
    if (up > 0)
        fprintf(stderr, "\033[%zuA", up);
}

void live_view_clear(struct live_view *v)
{
    size_t width, height;
    if (!v->terminal || v->n == 0)
        return;
    terminal_size(STDERR_FILENO, &width, &height);
    to_first_line(v, width);
    fputs("\033[J", stderr);
    fflush(stderr);
    v->n = 0;
}

static void draw_line(struct live_view *v, const struct line *l)
{
    fprintf(stderr, "%s%s\033[K", v->n ? "\r\n" : "", l->text);
    v->cells[v->n++] = l->cells;
}

/* The last column stays free: a mark there moves some terminals to the next row. */
static void draw(struct live_view *v, const struct live *l, bool final)
{
    size_t width, height, fit;
    struct line line;
    int name = name_cells(l);
    terminal_size(STDERR_FILENO, &width, &height);
    to_first_line(v, width);
    v->n = 0;
    fit = height > 3 ? height - 3 : 0; /* below them: how many are left out, and the sweep */
    for (size_t i = 0; i < l->n && i < fit; i++) {
        compose_run(&line, &l->run[i], name, width - 1, v->utf8);
        draw_line(v, &line);
    }
    if (l->n > fit && height > 2) {
        char more[48];
        snprintf(more, sizeof more, "and %zu more", l->n - fit);
        const struct field f = {more, 0};
        compose(&line, &f, 1, 0, width - 1, v->utf8);
        draw_line(v, &line);
    }
    compose_sweep(&line, l, name, final, true, width - 1, v->utf8);
    draw_line(v, &line);
    fputs(final ? "\033[J\r\n" : "\033[J", stderr);
    if (final)
        v->n = 0;
    fflush(stderr);
}

struct live_view live_view_make(void)
{
    return (struct live_view){.terminal = text_is_terminal(STDERR_FILENO),
                              .utf8 = system_utf8(),
                              .printed_s = -(double)INFINITY};
}

void live_view_show(void *view, const struct live *l, bool final)
{
    struct live_view *v = view;
    if (v->terminal) {
        draw(v, l, final);
        return;
    }
    if (final ? l->share < 0.0001 : l->seconds - v->printed_s < PLAIN_EVERY_S)
        return;
    struct line line;
    v->printed_s = l->seconds;
    compose_sweep(&line, l, 0, final, false, PLAIN_CELLS, false);
    fprintf(stderr, "%s\n", line.text);
}

void live_view_print(FILE *out, const struct live *l)
{
    size_t width = PLAIN_CELLS + 1, height;
    bool terminal = text_is_terminal(fileno(out)), utf8 = terminal && system_utf8();
    struct line line;
    int name = name_cells(l);
    if (terminal)
        terminal_size(fileno(out), &width, &height);
    for (size_t i = 0; i < l->n; i++) {
        compose_run(&line, &l->run[i], name, width - 1, utf8);
        fprintf(out, "%s\n", line.text);
    }
    compose_sweep(&line, l, name, false, true, width - 1, utf8);
    fprintf(out, "%s\n", line.text);
}
