/* A layout on a surface: bands and areas behind, then lines, marks and words. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/layout_internal.h"

struct pen {
    const struct layout *l;
    const struct surface *s;
    struct point *points; /* scratch for one series, room for its lo and hi */
};

static struct color color_of(const struct pen *d, struct ink ink)
{
    return palette_color(ink, d->l->style.dark);
}

static struct color plain(const struct pen *d, enum palette_role role)
{
    return color_of(d, palette_ink(role));
}

static void segment(const struct pen *d, double x0, double y0, double x1, double y1, struct stroke s)
{
    const struct point p[] = {{x0, y0}, {x1, y1}};
    d->s->polyline(d->s->self, p, 2, s);
}

static void clip_panel(const struct pen *d, size_t panel)
{
    const struct layout_panel *p = &d->l->panel[panel];
    d->s->clip(d->s->self, d->l->left, p->top, d->l->right - d->l->left, p->bottom - p->top);
}

/* --- axes ------------------------------------------------------------------------------------- */

static void draw_x_axis(const struct pen *d, size_t panel)
{
    const struct layout *l = d->l;
    const struct stroke grid = {.color = plain(d, PALETTE_GRID), .width = 1}, tick = {.color = plain(d, PALETTE_SOFT), .width = 1};
    double top = l->panel[panel].top, bottom = l->panel[panel].bottom;
    for (size_t i = 0; i < l->x.n_ticks; i++) {
        double x = layout_x(l, l->x.ticks[i].value);
        bool major = l->x.ticks[i].label[0] != '\0';
        if (major)
            segment(d, x, top, x, bottom, grid);
        if (panel + 1 == l->n_panels)
            segment(d, x, bottom, x, bottom + (major ? 5 : 3), tick);
    }
}

static void draw_y_axis(const struct pen *d, size_t panel)
{
    const struct layout *l = d->l;
    const struct stroke grid = {.color = plain(d, PALETTE_GRID), .width = 1}, tick = {.color = plain(d, PALETTE_SOFT), .width = 1};
    const struct layout_panel *p = &l->panel[panel];
    for (size_t i = 0; i < p->y.n_ticks; i++) {
        double y = layout_y(l, panel, p->y.ticks[i].value);
        bool major = p->y.ticks[i].label[0] != '\0';
        if (major)
            segment(d, l->left, y, l->right, y, grid);
        segment(d, l->left - (major ? 5 : 3), y, l->left, y, tick);
    }
    const struct point box[] = {{l->left, p->top}, {l->left, p->bottom}, {l->right, p->bottom}};
    d->s->polyline(d->s->self, box, 3, (struct stroke){.color = plain(d, PALETTE_SOFT), .width = 1.2});
}

/* --- marks ------------------------------------------------------------------------------------ */

/* The corners of a mark, the first one again at the end; returns how many there are. The first points up, but for a
 * square's. */
static size_t marker_corners(struct point *q, enum chart_marker m, struct point at, double r)
{
    static const struct {
        size_t corners;
        double turn, radius;
    } shapes[] = {[MARKER_DISC] = {16, 0, 1},      [MARKER_RING] = {16, 0, 1},     [MARKER_SQUARE] = {4, 0.5, 1.25},
                  [MARKER_DIAMOND] = {4, 0, 1.35}, [MARKER_OPEN_DIAMOND] = {4, 0, 1.35},
                  [MARKER_TRIANGLE] = {3, 0, 1.35}, [MARKER_CROSS] = {4, 0.5, 1.4}};
    size_t n = shapes[m].corners;
    for (size_t i = 0; i <= n; i++) {
        double a = 6.283185307179586 * (((double)i + shapes[m].turn) / (double)n - 0.25);
        q[i] = (struct point){at.x + shapes[m].radius * r * cos(a), at.y + shapes[m].radius * r * sin(a)};
    }
    return n;
}

static void draw_marker(const struct pen *d, struct point p, const struct chart_series *s, size_t index)
{
    struct point q[20];
    double r = (s->radius > 0 ? s->radius : 4) * d->l->unit;
    struct color color = color_of(d, s->color), ground = plain(d, PALETTE_GROUND);
    if (d->s->mark) {
        d->s->mark(d->s->self, p, &(struct mark){(int)s->marker, r, color, s->fade, index});
        return;
    }
    size_t n = marker_corners(q, s->marker, p, r);
    if (s->marker == MARKER_CROSS) {
        const struct stroke arm = {.color = color, .width = 1.6 * d->l->unit};
        segment(d, p.x - r, p.y - r, p.x + r, p.y + r, arm);
        segment(d, p.x - r, p.y + r, p.x + r, p.y - r, arm);
        return;
    }
    bool ring = s->marker == MARKER_RING || s->marker == MARKER_OPEN_DIAMOND;
    d->s->polygon(d->s->self, q, n, ring ? ground : color, ring ? 1 : 1 - s->fade);
    if (ring || r >= 2.5) /* the outline is all that a ring has; about others it is a gap to what lies below */
        d->s->polyline(d->s->self, q, n + 1,
                       (struct stroke){.color = ring ? color : ground, .width = (ring ? 1.5 : 0.8) * d->l->unit});
}

/* --- series ----------------------------------------------------------------------------------- */

#define BAND_ALPHA 0.17

/* Stretches of points whose lo and hi can both be shown; on a log axis a lo of 0 runs out below. */
static void draw_band(const struct pen *d, const struct chart_series *s)
{
    const struct axis *y = &d->l->panel[s->panel].y;
    for (size_t i = 0; i < s->n;) {
        size_t k = 0, from = i;
        struct point p;
        for (; i < s->n && layout_place(d->l, s->panel, &p, s->x[i], s->hi[i]); i++)
            d->points[k++] = p;
        for (size_t j = i; j-- > from;) {
            double lo = axis_shows(y->log, s->lo[j]) ? s->lo[j] : y->lo;
            if (layout_place(d->l, s->panel, &p, s->x[j], lo))
                d->points[k++] = p;
        }
        if (k > 2)
            d->s->polygon(d->s->self, d->points, k, color_of(d, s->color), BAND_ALPHA);
        if (i == from)
            i++;
    }
}

static void draw_area(const struct pen *d, const struct chart_series *s)
{
    size_t k = 0;
    for (size_t i = 0; i < s->n; i++)
        k += layout_place(d->l, s->panel, &d->points[k], s->x[i], s->y[i]);
    if (k > 2)
        d->s->polygon(d->s->self, d->points, k, color_of(d, s->color), BAND_ALPHA);
}

/* The end of an interval: a short line across, or where the picture ends first an arrow that points on. */
static void draw_end(const struct pen *d, double x, double y, double dx, double dy, bool beyond, struct stroke s)
{
    double a = 3 * d->l->unit;
    if (!beyond) {
        segment(d, x - a * fabs(dy), y - a * fabs(dx), x + a * fabs(dy), y + a * fabs(dx), s);
        return;
    }
    segment(d, x, y, x - 2 * a * dx - a * dy, y - 2 * a * dy - a * dx, s);
    segment(d, x, y, x - 2 * a * dx + a * dy, y - 2 * a * dy + a * dx, s);
}

/* From a to b, which may lie beyond the panel. */
static void draw_interval(const struct pen *d, size_t panel, struct point a, struct point b, bool across, struct stroke s)
{
    const struct layout_panel *p = &d->l->panel[panel];
    double lo = across ? d->l->left + 1 : p->top + 1, hi = across ? d->l->right - 1 : p->bottom - 1;
    double from = across ? fmin(a.x, b.x) : fmin(a.y, b.y), to = across ? fmax(a.x, b.x) : fmax(a.y, b.y);
    if (to < lo || from > hi)
        return;
    double f = fmax(from, lo), t = fmin(to, hi);
    segment(d, across ? f : a.x, across ? a.y : f, across ? t : a.x, across ? a.y : t, s);
    draw_end(d, across ? f : a.x, across ? a.y : f, across ? -1 : 0, across ? 0 : -1, from < lo, s);
    draw_end(d, across ? t : a.x, across ? a.y : t, across ? 1 : 0, across ? 0 : 1, to > hi, s);
}

static void draw_error_bars(const struct pen *d, const struct chart_series *s)
{
    const struct stroke bar = {.color = color_of(d, s->color), .width = 1.3 * d->l->unit};
    struct point a, b;
    for (size_t i = 0; i < s->n; i++)
        for (int across = 0; across < 2; across++)
            if (layout_interval(d->l, s, i, across, &a, &b))
                draw_interval(d, s->panel, a, b, across, bar);
}

static void draw_line(const struct pen *d, const struct chart_series *s)
{
    const struct stroke stroke = {.color = color_of(d, s->color), .width = s->width * d->l->unit, .dash = s->dash * d->l->unit,
                                  .gap = s->gap * d->l->unit, .fade = s->fade};
    size_t k = 0;
    for (size_t i = 0; i <= s->n; i++) {
        if (i < s->n && layout_place(d->l, s->panel, &d->points[k], s->x[i], s->y[i])) {
            k++;
            continue;
        }
        if (k > 1)
            d->s->polyline(d->s->self, d->points, k, stroke);
        k = 0;
    }
}

static void draw_series(const struct pen *d, size_t k)
{
    const struct chart_series *s = &d->l->c->series[k];
    const struct layout_panel *panel = &d->l->panel[s->panel];
    struct point p;
    d->s->begin(d->s->self, "series", k, s->label[0] ? s->label : s->name);
    if (s->area)
        draw_area(d, s);
    if (s->lo && s->band)
        draw_band(d, s);
    if (s->width > 0)
        draw_line(d, s);
    if ((s->lo && !s->band) || s->x_lo)
        draw_error_bars(d, s);
    for (size_t i = 0; i < s->n && s->marker != MARKER_NONE; i++)
        if (layout_place(d->l, s->panel, &p, s->x[i], s->y[i]) && p.x >= d->l->left - 1 && p.x <= d->l->right + 1 &&
            p.y >= panel->top - 1 && p.y <= panel->bottom + 1)
            draw_marker(d, (struct point){p.x + layout_aside(d->l, s, i), p.y}, s, i);
    d->s->end(d->s->self);
}

/* --- reference lines -------------------------------------------------------------------------- */

static double line_place(const struct pen *d, const struct chart_line *r, double v)
{
    const struct layout_panel *p = &d->l->panel[r->panel];
    double a = r->vertical ? layout_x(d->l, v) : layout_y(d->l, r->panel, v);
    return fmin(fmax(a, r->vertical ? d->l->left : p->top), r->vertical ? d->l->right : p->bottom);
}

static const struct axis *axis_of(const struct pen *d, const struct chart_line *r)
{
    return r->vertical ? &d->l->x : &d->l->panel[r->panel].y;
}

/* The interval behind it, as far as it is in the picture. */
static void draw_line_band(const struct pen *d, const struct chart_line *r)
{
    const struct axis *axis = axis_of(d, r);
    const struct layout_panel *p = &d->l->panel[r->panel];
    double left = d->l->left, right = d->l->right;
    if (!axis_shows(axis->log, r->hi) || !(r->lo < r->hi) || r->hi < axis->lo || r->lo > axis->hi)
        return;
    double a = axis_shows(axis->log, r->lo) ? line_place(d, r, r->lo) : r->vertical ? left : p->bottom;
    double b = line_place(d, r, r->hi);
    struct point upright[] = {{a, p->top}, {b, p->top}, {b, p->bottom}, {a, p->bottom}};
    struct point flat[] = {{left, a}, {left, b}, {right, b}, {right, a}};
    d->s->polygon(d->s->self, r->vertical ? upright : flat, 4, color_of(d, r->color), 0.1);
}

static void draw_reference(const struct pen *d, size_t k)
{
    const struct chart_line *r = &d->l->c->lines[k];
    const struct axis *axis = axis_of(d, r);
    const struct layout_panel *p = &d->l->panel[r->panel];
    d->s->begin(d->s->self, "reference", k, r->label);
    draw_line_band(d, r);
    if (axis_shows(axis->log, r->at) && r->at >= axis->lo && r->at <= axis->hi) {
        const struct stroke s = {.color = color_of(d, r->color), .width = 1.4 * d->l->unit, .dash = r->dash * d->l->unit,
                                 .gap = r->gap * d->l->unit};
        double a = line_place(d, r, r->at);
        if (r->vertical)
            segment(d, a, p->top, a, p->bottom, s);
        else
            segment(d, d->l->left, a, d->l->right, a, s);
    }
    d->s->end(d->s->self);
}

/* --- legend and words ------------------------------------------------------------------------- */

static void draw_line_swatch(const struct pen *d, const struct layout_entry *e)
{
    const struct chart_line *r = &d->l->c->lines[e->line];
    segment(d, e->x, e->y, e->x + LEGEND_SWATCH, e->y,
            (struct stroke){.color = color_of(d, r->color), .width = 1.4 * d->l->unit, .dash = r->dash * d->l->unit,
                            .gap = r->gap * d->l->unit});
}

static void draw_swatch(const struct pen *d, const struct layout_entry *e)
{
    if (e->line != SIZE_MAX) {
        draw_line_swatch(d, e);
        return;
    }
    const struct chart_series *s = &d->l->c->series[e->series];
    double x = e->x, y = e->y;
    if ((s->lo && s->band) || s->area) {
        const struct point box[] = {{x, y - 6}, {x + LEGEND_SWATCH, y - 6}, {x + LEGEND_SWATCH, y + 6}, {x, y + 6}};
        d->s->polygon(d->s->self, box, 4, color_of(d, s->color), BAND_ALPHA);
    }
    if (s->width > 0)
        segment(d, x, y, x + LEGEND_SWATCH, y,
                (struct stroke){.color = color_of(d, s->color), .width = s->width * d->l->unit, .dash = s->dash * d->l->unit,
                                .gap = s->gap * d->l->unit, .fade = s->fade});
    if (s->marker != MARKER_NONE)
        draw_marker(d, (struct point){x + LEGEND_SWATCH / 2.0, y}, s, SIZE_MAX);
}

/* Blocks, one a value, where each has its name; else a run of colours. */
static void draw_bar(const struct pen *d)
{
    const struct layout_bar *b = &d->l->bar;
    const struct chart_scale *s = &d->l->c->scale;
    enum { SHADES = 32, MOST_BLOCKS = 14 };
    bool blocks = s->n_marks <= MOST_BLOCKS;
    size_t n = blocks ? s->n_marks : SHADES;
    if (!(b->x1 > b->x0))
        return;
    for (size_t i = 0; i < n; i++) {
        double y1 = b->y1 - (b->y1 - b->y0) * (double)i / (double)n, y0 = b->y1 - (b->y1 - b->y0) * (double)(i + 1) / (double)n;
        if (!blocks) /* shades lie over each other's edge: no seams */
            y1 = fmin(y1 + 0.8, b->y1);
        const struct point box[] = {{b->x0, y0 + blocks}, {b->x1, y0 + blocks}, {b->x1, y1}, {b->x0, y1}};
        struct ink ink = blocks ? chart_on_scale(d->l->c, s->marks[i])
                                : (struct ink){PALETTE_SCALE, ((double)i + 0.5) / SHADES};
        d->s->polygon(d->s->self, box, 4, color_of(d, ink), 1);
    }
}

/* Words of one role are one part. */
static void draw_texts(const struct pen *d)
{
    for (size_t i = 0; i < d->l->n_texts; i++) {
        const struct layout_text *t = &d->l->texts[i];
        bool first = i == 0 || t[-1].role != t->role || t[-1].panel != t->panel;
        if (first)
            d->s->begin(d->s->self, layout_role_word(t->role), t->panel, NULL);
        d->s->text(d->s->self, t->x, t->y, t->text,
                   (struct text_style){.size = t->size, .color = color_of(d, t->color), .anchor = t->anchor, .up = t->up,
                                       .halo = t->halo, .ground = plain(d, PALETTE_GROUND)});
        if (i + 1 == d->l->n_texts || t[1].role != t->role || t[1].panel != t->panel)
            d->s->end(d->s->self);
    }
}

static void draw_nothing(const struct pen *d)
{
    const struct layout *l = d->l;
    d->s->text(d->s->self, (l->left + l->right) / 2, (l->panel[0].top + l->panel[0].bottom) / 2, "no data",
               (struct text_style){.size = l->title, .color = plain(d, PALETTE_SOFT), .anchor = ANCHOR_MIDDLE});
}

static void draw_panel(const struct pen *d, size_t panel)
{
    const struct chart *c = d->l->c;
    d->s->begin(d->s->self, "axes", panel, NULL);
    draw_x_axis(d, panel);
    draw_y_axis(d, panel);
    d->s->end(d->s->self);
    clip_panel(d, panel);
    for (size_t i = 0; i < c->n_lines; i++)
        if (c->lines[i].panel == panel)
            draw_reference(d, i);
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].panel == panel)
            draw_series(d, i);
    d->s->clip(d->s->self, 0, 0, 0, 0);
}

enum status layout_draw(const struct layout *l, const struct surface *s, struct err *err)
{
    struct pen d = {.l = l, .s = s};
    size_t most = 1;
    for (size_t i = 0; i < l->c->n_series; i++)
        most = size_max(most, l->c->series[i].n);
    TRY(size_calloc(&d.points, most, 2 * sizeof *d.points, "a chart's points", err));
    for (size_t k = 0; k < l->n_panels; k++)
        draw_panel(&d, k);
    draw_bar(&d);
    for (size_t i = 0; i < l->n_entries && !l->style.bare; i++)
        draw_swatch(&d, &l->entries[i]);
    draw_texts(&d);
    if (l->c->n_series == 0)
        draw_nothing(&d);
    free(d.points);
    return OK;
}

void layout_draw_swatch(const struct layout *l, const struct surface *s, size_t series, size_t line)
{
    const struct pen d = {.l = l, .s = s};
    draw_swatch(&d, &(struct layout_entry){series, line, 0, 0});
}
