#include "plot/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "plot/axis.h"
#include "plot/palette.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/svg.h"

enum { TITLE_SIZE = 18, TEXT_SIZE = 13, SMALL_SIZE = 12, LEGEND_ROW = 19, SWATCH = 26 };

/* The plot's rectangle and axes: everything that turns a value into a place. */
struct frame {
    const struct chart *c;
    const struct surface *s;
    const struct font *font;
    double left, top, right, bottom;
    struct axis x, y;
    struct point *points; /* scratch for one series, room for its lo and hi */
};

/* --- building --------------------------------------------------------------------------------- */

static enum status nan_column(double **out, size_t n, struct err *err)
{
    TRY(size_calloc(out, n, sizeof **out, "a chart's series", err));
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (double)NAN;
    return OK;
}

/* Room for one more element in an array that doubles. */
static enum status grow(void *array, size_t n, size_t *room, size_t elem_size, struct err *err)
{
    void **at = array, *more;
    size_t wanted = *room ? 2 * *room : 16, bytes;
    if (n < *room)
        return OK;
    if (!size_mul(&bytes, wanted, elem_size) || !(more = realloc(*at, bytes)))
        return err_set(err, E_NOMEM, "out of memory for a chart of %zu parts", n + 1);
    *at = more;
    *room = wanted;
    return OK;
}

enum status chart_add(struct chart_series **out, struct chart *c, size_t n, bool interval,
                      struct err *err)
{
    TRY(grow(&c->series, c->n_series, &c->series_room, sizeof *c->series, err));
    struct chart_series *s = &c->series[c->n_series++];
    *s = (struct chart_series){.n = n};
    *out = s;
    TRY(nan_column(&s->x, n, err));
    TRY(nan_column(&s->y, n, err));
    if (!interval)
        return OK;
    TRY(nan_column(&s->lo, n, err));
    return nan_column(&s->hi, n, err);
}

enum status chart_add_line(struct chart_line **out, struct chart *c, bool vertical, double at, struct err *err)
{
    TRY(grow(&c->lines, c->n_lines, &c->lines_room, sizeof *c->lines, err));
    struct chart_line *l = &c->lines[c->n_lines++];
    *l = (struct chart_line){.vertical = vertical, .at = at, .lo = (double)NAN, .hi = (double)NAN};
    l->color = PALETTE_INK;
    *out = l;
    return OK;
}

void chart_free(struct chart *c)
{
    for (size_t i = 0; i < c->n_series; i++) {
        free(c->series[i].x);
        free(c->series[i].y);
        free(c->series[i].lo);
        free(c->series[i].hi);
    }
    free(c->series);
    free(c->lines);
    *c = (struct chart){0};
}

/* --- ranges ----------------------------------------------------------------------------------- */

struct range {
    double lo, hi;
    size_t n;
};

static void widen(struct range *r, bool log_scale, double v)
{
    if (!axis_shows(log_scale, v))
        return;
    r->lo = r->n ? fmin(r->lo, v) : v;
    r->hi = r->n ? fmax(r->hi, v) : v;
    r->n++;
}

static void find_ranges(struct frame *f)
{
    const struct chart *c = f->c;
    struct range x = {0}, y = {0};
    for (size_t k = 0; k < c->n_series; k++) {
        const struct chart_series *s = &c->series[k];
        for (size_t i = 0; i < s->n && !s->free_range; i++) {
            if (!axis_shows(c->log_x, s->x[i]) || !axis_shows(c->log_y, s->y[i]))
                continue;
            widen(&x, c->log_x, s->x[i]);
            widen(&y, c->log_y, s->y[i]);
            /* error bars belong in the picture; a band may run out of it */
            if (s->lo && !s->band) {
                widen(&y, c->log_y, s->lo[i]);
                widen(&y, c->log_y, s->hi[i]);
            }
        }
    }
    for (size_t k = 0; k < c->n_lines; k++)
        if (!c->lines[k].free_range)
            widen(c->lines[k].vertical ? &x : &y, c->lines[k].vertical ? c->log_x : c->log_y,
                  c->lines[k].at);
    axis_fit(&f->x, c->log_x, x.lo, x.hi, x.n, 8);
    axis_fit(&f->y, c->log_y, y.lo, y.hi, y.n, 8);
}

static double at_x(const struct frame *f, double v)
{
    return f->left + axis_at(&f->x, v) * (f->right - f->left);
}

static double at_y(const struct frame *f, double v)
{
    return f->bottom - axis_at(&f->y, v) * (f->bottom - f->top);
}

/* Far outside is outside, and a file need not spell out 300 digits. */
static double near_picture(double v)
{
    return fmin(fmax(v, -1e6), 1e6);
}

static bool place(const struct frame *f, struct point *p, double x, double y)
{
    if (!axis_shows(f->c->log_x, x) || !axis_shows(f->c->log_y, y))
        return false;
    *p = (struct point){near_picture(at_x(f, x)), near_picture(at_y(f, y))};
    return true;
}

/* --- words ------------------------------------------------------------------------------------ */

static void put_text(const struct frame *f, double x, double y, const char *words, double size,
                     struct color color, enum anchor anchor)
{
    f->s->text(f->s->self, x, y, words, (struct text_style){.size = size, .color = color, .anchor = anchor});
}

/* Words on a light ground, so that they read on top of lines. */
static void put_label(const struct frame *f, double x, double y, const char *words, struct color color,
                      enum anchor anchor)
{
    double w = font_width(f->font, words, SMALL_SIZE), x0 = anchor == ANCHOR_END ? x - w : x;
    const struct point box[] = {{x0 - 2, y - SMALL_SIZE + 1},
                                {x0 + w + 2, y - SMALL_SIZE + 1},
                                {x0 + w + 2, y + 4},
                                {x0 - 2, y + 4}};
    f->s->polygon(f->s->self, box, 4, PALETTE_WHITE, 0.8);
    put_text(f, x, y, words, SMALL_SIZE, color, anchor);
}

/* One paragraph in lines of at most `width` units; returns the number of lines. Draws where `draw`. */
static int put_wrapped(const struct frame *f, double x, double y, double width, const char *words,
                       double size, struct color color, bool draw)
{
    char line[2 * CHART_TEXT_MAX] = "";
    int lines = 0;
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, " "), had = strlen(line);
        if (p[len] == ' ' && p[len + 1] == '%') /* a number and its sign stay together */
            len += 1 + strcspn(p + len + 1, " ");
        char longer[2 * CHART_TEXT_MAX];
        int n = snprintf(longer, sizeof longer, "%s%s%.*s", line, had ? " " : "", (int)len, p);
        if (had && (n < 0 || (size_t)n >= sizeof longer || font_width(f->font, longer, size) > width)) {
            if (draw)
                put_text(f, x, y + lines * (size + 4), line, size, color, ANCHOR_START);
            lines++;
            line[0] = '\0';
            continue; /* the same word again, on a line of its own */
        }
        memcpy(line, longer, sizeof line);
        p += len;
        p += strspn(p, " ");
    }
    if (line[0]) {
        if (draw)
            put_text(f, x, y + lines * (size + 4), line, size, color, ANCHOR_START);
        lines++;
    }
    return lines;
}

static void segment(const struct frame *f, double x0, double y0, double x1, double y1, struct stroke s)
{
    const struct point p[] = {{x0, y0}, {x1, y1}};
    f->s->polyline(f->s->self, p, 2, s);
}

/* --- axes ------------------------------------------------------------------------------------- */

static void draw_axes(const struct frame *f)
{
    const struct stroke grid = {PALETTE_GRID, 1, 0, 0}, minor = {PALETTE_SOFT, 1, 0, 0};
    for (size_t i = 0; i < f->x.n_ticks; i++) {
        const struct axis_tick *t = &f->x.ticks[i];
        double x = at_x(f, t->value);
        if (t->label[0]) {
            segment(f, x, f->top, x, f->bottom, grid);
            put_text(f, x, f->bottom + 19, t->label, SMALL_SIZE, PALETTE_INK, ANCHOR_MIDDLE);
        }
        segment(f, x, f->bottom, x, f->bottom + (t->label[0] ? 5 : 3), minor);
    }
    for (size_t i = 0; i < f->y.n_ticks; i++) {
        const struct axis_tick *t = &f->y.ticks[i];
        double y = at_y(f, t->value);
        if (t->label[0]) {
            segment(f, f->left, y, f->right, y, grid);
            put_text(f, f->left - 8, y + 4, t->label, SMALL_SIZE, PALETTE_INK, ANCHOR_END);
        }
        segment(f, f->left - (t->label[0] ? 5 : 3), y, f->left, y, minor);
    }
    const struct point box[] = {{f->left, f->top}, {f->left, f->bottom}, {f->right, f->bottom}};
    f->s->polyline(f->s->self, box, 3, (struct stroke){PALETTE_SOFT, 1.2, 0, 0});
}

static void draw_words(const struct frame *f)
{
    const struct chart *c = f->c;
    double size = TITLE_SIZE, room = CHART_WIDTH - 40;
    while (size > 10 && font_width(f->font, c->title, size) > room)
        size -= 0.5;
    put_text(f, 20, 30, c->title, size, PALETTE_INK, ANCHOR_START);
    put_wrapped(f, 20, 51, room, c->subtitle, TEXT_SIZE, PALETTE_SOFT, true);
    put_text(f, (f->left + f->right) / 2, f->bottom + 41, c->x_label, TEXT_SIZE, PALETTE_INK,
             ANCHOR_MIDDLE);
    f->s->text(f->s->self, 24, (f->top + f->bottom) / 2, c->y_label,
               (struct text_style){TEXT_SIZE, PALETTE_INK, ANCHOR_MIDDLE, 1});
    put_wrapped(f, 20, f->bottom + 62, room, c->note, SMALL_SIZE, PALETTE_SOFT, true);
}

/* --- series ----------------------------------------------------------------------------------- */

static void draw_marker(const struct frame *f, struct point p, const struct chart_series *s)
{
    enum { CORNERS = 20 };
    struct point q[CORNERS + 1];
    const double r = s->radius > 0 ? s->radius : 4;
    enum chart_marker m = s->marker;
    struct color color = s->color;
    size_t n = m == MARKER_SQUARE || m == MARKER_DIAMOND ? 4 : CORNERS;
    double turn = m == MARKER_SQUARE ? 0.5 : 0, radius = n == 4 ? 1.3 * r : r;
    for (size_t i = 0; i <= n; i++) {
        double a = 6.283185307179586 * ((double)i + turn) / (double)n;
        q[i] = (struct point){p.x + radius * cos(a), p.y + radius * sin(a)};
    }
    f->s->polygon(f->s->self, q, n, m == MARKER_RING ? PALETTE_WHITE : color, 1);
    f->s->polyline(f->s->self, q, n + 1,
                   (struct stroke){m == MARKER_RING ? color : PALETTE_WHITE, m == MARKER_RING ? 1.6 : 0.8, 0, 0});
}

/* Stretches of points whose lo and hi can both be shown; on a log axis a lo of 0 runs out below. */
static void draw_band(const struct frame *f, const struct chart_series *s)
{
    for (size_t i = 0; i < s->n;) {
        size_t k = 0, from = i;
        struct point p;
        for (; i < s->n && place(f, &p, s->x[i], s->hi[i]); i++)
            f->points[k++] = p;
        for (size_t j = i; j-- > from;) {
            double lo = s->lo[j];
            if (!axis_shows(f->c->log_y, lo))
                lo = f->y.lo;
            if (place(f, &p, s->x[j], lo))
                f->points[k++] = p;
        }
        if (k > 2)
            f->s->polygon(f->s->self, f->points, k, s->color, 0.16);
        if (i == from)
            i++;
    }
}

static void draw_error_bars(const struct frame *f, const struct chart_series *s)
{
    const struct stroke bar = {s->color, 1.2, 0, 0};
    struct point lo, hi;
    for (size_t i = 0; i < s->n; i++) {
        if (!place(f, &hi, s->x[i], s->hi[i]))
            continue;
        if (!place(f, &lo, s->x[i], s->lo[i]))
            lo = (struct point){hi.x, f->bottom};
        segment(f, lo.x, lo.y, hi.x, hi.y, bar);
        segment(f, hi.x - 3, hi.y, hi.x + 3, hi.y, bar);
        segment(f, lo.x - 3, lo.y, lo.x + 3, lo.y, bar);
    }
}

static void draw_line(const struct frame *f, const struct chart_series *s)
{
    const struct stroke stroke = {s->color, s->width, s->dash, s->gap};
    size_t k = 0;
    for (size_t i = 0; i <= s->n; i++) {
        if (i < s->n && place(f, &f->points[k], s->x[i], s->y[i])) {
            k++;
            continue;
        }
        if (k > 1)
            f->s->polyline(f->s->self, f->points, k, stroke);
        k = 0;
    }
}

static void draw_series(const struct frame *f, const struct chart_series *s)
{
    struct point p;
    if (s->lo && s->band)
        draw_band(f, s);
    if (s->lo && !s->band)
        draw_error_bars(f, s);
    if (s->width > 0)
        draw_line(f, s);
    for (size_t i = 0; i < s->n && s->marker != MARKER_NONE; i++)
        if (place(f, &p, s->x[i], s->y[i]))
            draw_marker(f, p, s);
}

/* --- reference lines -------------------------------------------------------------------------- */

static double line_place(const struct frame *f, const struct chart_line *l, double v)
{
    double a = l->vertical ? at_x(f, v) : at_y(f, v);
    double lo = l->vertical ? f->left : f->top, hi = l->vertical ? f->right : f->bottom;
    return fmin(fmax(a, lo), hi);
}

static bool line_shows(const struct frame *f, const struct chart_line *l)
{
    const struct axis *a = l->vertical ? &f->x : &f->y;
    return axis_shows(a->log, l->at) && l->at >= a->lo && l->at <= a->hi;
}

static void draw_lines(const struct frame *f)
{
    for (size_t i = 0; i < f->c->n_lines; i++) {
        const struct chart_line *l = &f->c->lines[i];
        const struct axis *axis = l->vertical ? &f->x : &f->y;
        if (axis_shows(axis->log, l->hi) && l->lo < l->hi && l->hi >= axis->lo && l->lo <= axis->hi) {
            double a = axis_shows(axis->log, l->lo) ? line_place(f, l, l->lo)
                       : l->vertical               ? f->left
                                                   : f->bottom;
            double b = line_place(f, l, l->hi);
            struct point box[] = {{a, f->top}, {b, f->top}, {b, f->bottom}, {a, f->bottom}};
            struct point flat[] = {{f->left, a}, {f->left, b}, {f->right, b}, {f->right, a}};
            f->s->polygon(f->s->self, l->vertical ? box : flat, 4, l->color, 0.1);
        }
        if (!line_shows(f, l))
            continue;
        const struct stroke s = {l->color, 1.5, l->dash, l->gap};
        double a = line_place(f, l, l->at);
        if (l->vertical)
            segment(f, a, f->top, a, f->bottom, s);
        else
            segment(f, f->left, a, f->right, a, s);
    }
}

/* Labels of lines that lie close together step aside: vertical ones go down a row each, a horizontal
 * one goes under its line where another line runs close above. */
static void draw_line_labels(const struct frame *f)
{
    int row = 0;
    for (size_t i = 0; i < f->c->n_lines; i++) {
        const struct chart_line *l = &f->c->lines[i];
        if (!l->label[0] || !line_shows(f, l))
            continue;
        double a = line_place(f, l, l->at);
        if (l->vertical) {
            bool turn = a + 8 + font_width(f->font, l->label, SMALL_SIZE) > f->right;
            put_label(f, a + (turn ? -6 : 6), f->top + 14 + 18 * row++, l->label, l->color,
                      turn ? ANCHOR_END : ANCHOR_START);
            continue;
        }
        bool under = a - 18 < f->top;
        for (size_t j = 0; j < f->c->n_lines; j++) {
            const struct chart_line *o = &f->c->lines[j];
            double b = j != i && !o->vertical && line_shows(f, o) ? line_place(f, o, o->at) : -1e9;
            if (b < a && a - b < 20)
                under = true;
        }
        put_label(f, f->left + 8, under ? a + 15 : a - 6, l->label, l->color, ANCHOR_START);
    }
}

/* --- legend ----------------------------------------------------------------------------------- */

static double legend_width(const struct frame *f)
{
    double w = 0;
    for (size_t i = 0; i < f->c->n_series; i++)
        if (f->c->series[i].label[0])
            w = fmax(w, SWATCH + 8 + font_width(f->font, f->c->series[i].label, SMALL_SIZE));
    if (w > 0)
        w = fmax(w, font_width(f->font, f->c->legend_title, SMALL_SIZE));
    return w;
}

static void draw_swatch(const struct frame *f, const struct chart_series *s, double x, double y)
{
    if (s->lo && s->band) {
        const struct point box[] = {{x, y - 6}, {x + SWATCH, y - 6}, {x + SWATCH, y + 6}, {x, y + 6}};
        f->s->polygon(f->s->self, box, 4, s->color, 0.16);
    }
    if (s->width > 0)
        segment(f, x, y, x + SWATCH, y, (struct stroke){s->color, s->width, s->dash, s->gap});
    if (s->marker != MARKER_NONE)
        draw_marker(f, (struct point){x + SWATCH / 2.0, y}, s);
}

/* Where there is no room for every entry some are named, the first and the last among them and the others at
 * even steps: enough of a scale of colours to read those between. */
static void draw_legend(const struct frame *f)
{
    const struct chart *c = f->c;
    double x = f->right + 20, y = f->top + 8;
    size_t entries = 0, seen = 0, shown = 0;
    for (size_t i = 0; i < c->n_series; i++)
        entries += c->series[i].label[0] != '\0';
    if (!entries)
        return;
    if (c->legend_title[0]) {
        put_text(f, x, y + 4, c->legend_title, SMALL_SIZE, PALETTE_SOFT, ANCHOR_START);
        y += LEGEND_ROW;
    }
    size_t room = (size_t)fmax(2, floor((f->bottom - y) / LEGEND_ROW));
    if (entries > room) {
        char words[64];
        snprintf(words, sizeof words, "%zu of %zu named", --room, entries);
        put_text(f, x, y + 4, words, SMALL_SIZE, PALETTE_SOFT, ANCHOR_START);
        y += LEGEND_ROW;
    }
    for (size_t i = 0; i < c->n_series; i++) {
        const struct chart_series *s = &c->series[i];
        if (!s->label[0])
            continue;
        if (entries > room && seen++ != (shown * (entries - 1) + (room - 1) / 2) / size_max(room - 1, 1))
            continue;
        shown++;
        draw_swatch(f, s, x, y);
        put_text(f, x + SWATCH + 8, y + 4, s->label, SMALL_SIZE, PALETTE_INK, ANCHOR_START);
        y += LEGEND_ROW;
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

enum status chart_draw(const struct chart *c, const struct surface *s, const struct font *font, struct err *err)
{
    struct frame f = {.c = c, .s = s, .font = font, .left = 84};
    size_t most = 1;
    for (size_t i = 0; i < c->n_series; i++)
        most = c->series[i].n > most ? c->series[i].n : most;
    TRY(size_calloc(&f.points, most, 2 * sizeof *f.points, "a chart's points", err));
    double room = CHART_WIDTH - 40, legend = legend_width(&f);
    int above = put_wrapped(&f, 0, 0, room, c->subtitle, TEXT_SIZE, PALETTE_SOFT, false);
    int below = put_wrapped(&f, 0, 0, room, c->note, SMALL_SIZE, PALETTE_SOFT, false);
    f.top = 50 + above * (TEXT_SIZE + 4) + 6;
    f.bottom = CHART_HEIGHT - 54 - below * (SMALL_SIZE + 4);
    f.right = CHART_WIDTH - (legend > 0 ? legend + 36 : 28);
    find_ranges(&f);
    draw_axes(&f);
    draw_words(&f);
    s->clip(s->self, f.left, f.top, f.right - f.left, f.bottom - f.top);
    draw_lines(&f);
    for (size_t i = 0; i < c->n_series; i++)
        draw_series(&f, &c->series[i]);
    draw_line_labels(&f);
    s->clip(s->self, 0, 0, 0, 0);
    draw_legend(&f);
    if (f.x.n_ticks && c->n_series == 0)
        put_text(&f, (f.left + f.right) / 2, (f.top + f.bottom) / 2, "no data", TITLE_SIZE, PALETTE_SOFT,
                 ANCHOR_MIDDLE);
    free(f.points);
    return OK;
}

static enum status write_svg(const struct chart *c, const char *path, const struct font *font,
                             struct err *err)
{
    struct file_writer w;
    struct svg svg;
    TRY(file_writer_open(&w, path, err));
    svg_begin(&svg, w.out, CHART_WIDTH, CHART_HEIGHT, c->title);
    struct surface s = svg_surface(&svg);
    enum status st = chart_draw(c, &s, font, err);
    svg_end(&svg);
    if (st == OK)
        return file_writer_commit(&w, err);
    file_writer_abandon(&w);
    return st;
}

static enum status write_png(const struct chart *c, const char *path, const struct font *font,
                             struct err *err)
{
    struct raster r;
    TRY(raster_init(&r, CHART_WIDTH, CHART_HEIGHT, CHART_SCALE, font, err));
    struct surface s = raster_surface(&r);
    enum status st = chart_draw(c, &s, font, err);
    if (st == OK && r.failed)
        st = err_set(err, E_NOMEM, "out of memory drawing %s", path);
    if (st == OK)
        st = png_write(path, &r, err);
    raster_free(&r);
    return st;
}

enum status chart_write(const struct chart *c, const char *dir, const char *name,
                        const struct font *font, struct err *err)
{
    char file[CHART_TEXT_MAX], path[FILE_PATH_MAX];
    snprintf(file, sizeof file, "%s.png", name);
    TRY(file_join(path, sizeof path, dir, file, err));
    TRY(write_png(c, path, font, err));
    snprintf(file, sizeof file, "%s.svg", name);
    TRY(file_join(path, sizeof path, dir, file, err));
    return write_svg(c, path, font, err);
}
