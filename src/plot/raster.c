#include "plot/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/rich.h"

/* a of c over a byte: between 0 and 255, so that a half rounds as lround has it. */
static unsigned char mixed(unsigned char under, unsigned char c, double a)
{
    return (unsigned char)(under + a * (c - under) + 0.5);
}

static void mix(unsigned char *p, struct color c, double a)
{
    p[0] = mixed(p[0], c.r, a);
    p[1] = mixed(p[1], c.g, a);
    p[2] = mixed(p[2], c.b, a);
}

static unsigned char *pixel(const struct raster *r, int x, int y)
{
    return r->rgb + 3 * ((size_t)y * (size_t)r->width + (size_t)x);
}

static void blend(struct raster *r, int x, int y, struct color c, double a)
{
    if (x < 0 || y < 0 || x >= r->width || y >= r->height || !(a > 0))
        return;
    if (x + 0.5 < r->cx0 || x + 0.5 > r->cx1 || y + 0.5 < r->cy0 || y + 0.5 > r->cy1)
        return;
    mix(pixel(r, x, y), c, a < 1 ? a : 1);
}

static double distance_to_segment(double px, double py, struct point a, struct point b)
{
    double dx = b.x - a.x, dy = b.y - a.y, len2 = dx * dx + dy * dy;
    double t = len2 > 0 ? ((px - a.x) * dx + (py - a.y) * dy) / len2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(px - a.x - t * dx, py - a.y - t * dy);
}

/* Cut a segment to the clip box grown by `margin`, so that a far point costs no time. */
static bool clip_segment(const struct raster *r, struct point *a, struct point *b, double margin)
{
    double t0 = 0, t1 = 1, dx = b->x - a->x, dy = b->y - a->y;
    const double p[4] = {-dx, dx, -dy, dy};
    const double q[4] = {a->x - (r->cx0 - margin), r->cx1 + margin - a->x,
                         a->y - (r->cy0 - margin), r->cy1 + margin - a->y};
    for (int i = 0; i < 4; i++) {
        if (p[i] == 0) {
            if (q[i] < 0)
                return false;
            continue;
        }
        double t = q[i] / p[i];
        if (p[i] < 0)
            t0 = fmax(t0, t);
        else
            t1 = fmin(t1, t);
    }
    if (t0 > t1)
        return false;
    struct point s = *a;
    *a = (struct point){s.x + t0 * dx, s.y + t0 * dy};
    *b = (struct point){s.x + t1 * dx, s.y + t1 * dy};
    return true;
}

/* Coverage of a polyline is kept apart until it is whole, so that joints are not painted twice. Along a row only the
 * pixels about the segment's line are looked at. */
static void cover_segment(struct raster *r, struct point a, struct point b, double half)
{
    const double reach = half + 1, dx = b.x - a.x, dy = b.y - a.y, len = hypot(dx, dy);
    const int y0 = (int)fmax(floor(fmin(a.y, b.y) - reach), floor(r->cy0));
    const int y1 = (int)fmin(ceil(fmax(a.y, b.y) + reach), ceil(r->cy1));
    for (int y = y0; y < y1; y++) {
        double lo = fmin(a.x, b.x) - reach, hi = fmax(a.x, b.x) + reach;
        if (fabs(dy) > 1e-9 * len) {
            double at = a.x + (y + 0.5 - a.y) * dx / dy, wide = reach * len / fabs(dy);
            lo = fmax(lo, at - wide), hi = fmin(hi, at + wide);
        }
        const int x0 = (int)fmax(floor(lo), floor(r->cx0)), x1 = (int)fmin(ceil(hi), ceil(r->cx1));
        float *row = r->cover + (size_t)y * (size_t)r->width;
        for (int x = x0; x < x1; x++) {
            double c = half + 0.5 - distance_to_segment(x + 0.5, y + 0.5, a, b);
            if (c > (double)row[x])
                row[x] = (float)(c > 1 ? 1 : c);
        }
        if (x1 > x0) {
            r->from[y] = r->from[y] < x0 ? r->from[y] : x0;
            r->to[y] = r->to[y] > x1 ? r->to[y] : x1;
        }
    }
}

/* One segment, cut into dashes; *phase runs on along the polyline. */
static void stroke_segment(struct raster *r, struct point a, struct point b, struct stroke s, double *phase)
{
    double len = hypot(b.x - a.x, b.y - a.y), period = s.dash + s.gap, half = s.width / 2;
    if (!(period > 0) || !(s.gap > 0)) {
        if (clip_segment(r, &a, &b, half + 1))
            cover_segment(r, a, b, half);
        return;
    }
    if (!(len < 1e5)) /* a dash pattern over a segment far outside the picture shows nothing */
        return;
    for (double at = -fmod(*phase, period); at < len; at += period) {
        double t0 = fmax(0, at), t1 = fmin(len, at + s.dash);
        if (t1 <= t0)
            continue;
        struct point p = {a.x + (b.x - a.x) * t0 / len, a.y + (b.y - a.y) * t0 / len};
        struct point q = {a.x + (b.x - a.x) * t1 / len, a.y + (b.y - a.y) * t1 / len};
        if (clip_segment(r, &p, &q, half + 1))
            cover_segment(r, p, q, half);
    }
    *phase = fmod(*phase + len, period);
}

/* Zeroed memory; NULL where it is short, which sticks. */
static void *take(struct raster *r, size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        r->failed = true;
    return p;
}

/* A copy in pixels, or NULL. */
static struct point *to_pixels(struct raster *r, const struct point *p, size_t n)
{
    struct point *q = take(r, n, sizeof *q);
    for (size_t i = 0; q && i < n; i++)
        q[i] = (struct point){r->scale * p[i].x, r->scale * p[i].y};
    return q;
}

/* What was covered is painted, and the cover is clean again. */
static void paint_cover(struct raster *r, struct color color, double alpha)
{
    for (int y = 0; y < r->height; y++) {
        float *row = r->cover + (size_t)y * (size_t)r->width;
        for (int x = r->from[y]; x < r->to[y]; x++) {
            blend(r, x, y, color, alpha * (double)row[x]);
            row[x] = 0;
        }
        r->from[y] = r->width;
        r->to[y] = 0;
    }
}

static void stroke_pixels(struct raster *r, const struct point *p, size_t n, struct stroke s)
{
    double phase = 0;
    if (n == 1)
        stroke_segment(r, p[0], p[0], (struct stroke){.color = s.color, .width = s.width}, &phase);
    for (size_t i = 0; i + 1 < n; i++)
        stroke_segment(r, p[i], p[i + 1], s, &phase);
    paint_cover(r, s.color, 1 - s.fade);
}

static void polyline(void *self, const struct point *p, size_t n, struct stroke s)
{
    struct raster *r = self;
    struct point *q = to_pixels(r, p, n);
    s.width *= r->scale, s.dash *= r->scale, s.gap *= r->scale;
    if (q)
        stroke_pixels(r, q, n, s);
    free(q);
}

/* Where an edge crosses a scanline, and whether it goes down there (1) or up (-1). */
struct crossing {
    double x;
    int turn;
};

/* Few, and mostly in order already from the scanline above. */
static void sort_crossings(struct crossing *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct crossing c = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1].x > c.x; k--)
            v[k] = v[k - 1];
        v[k] = c;
    }
}

/* Those at height y. */
static size_t cross(struct crossing *v, const struct point *p, size_t n, double y)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        struct point a = p[i], b = p[i + 1 < n ? i + 1 : 0];
        if ((a.y <= y) != (b.y <= y))
            v[k++] = (struct crossing){a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x), a.y <= y ? 1 : -1};
    }
    sort_crossings(v, k);
    return k;
}

/* What a polygon covers of the pixels x0 to x1 of a row: scanlines at four heights; along a scanline coverage is exact, inside
 * is where edges wind around. */
static void cover_row(float *cover, int x0, int x1, struct crossing *v, const struct point *p, size_t n, int row)
{
    enum { SUB = 4 };
    for (int sub = 0; sub < SUB; sub++) {
        size_t k = cross(v, p, n, row + (sub + 0.5) / SUB);
        int winding = 0;
        for (size_t i = 0; i + 1 < k; i++) {
            double a = fmax(x0, v[i].x), b = fmin(x1, v[i + 1].x);
            winding += v[i].turn;
            if (winding == 0 || !(b > a)) /* a crossing may lie farther out than an int reaches */
                continue;
            for (int x = (int)floor(a); x < (int)ceil(b); x++)
                cover[x] += (float)((fmin(b, x + 1) - fmax(a, x)) / SUB);
        }
    }
}

/* What becomes of a byte under a whole pixel of the colour, for each of its three. */
struct whole {
    unsigned char of[3][256];
};

static void make_whole(struct whole *t, struct color c, double alpha)
{
    for (int v = 0; v < 256; v++) {
        t->of[0][v] = mixed((unsigned char)v, c.r, alpha);
        t->of[1][v] = mixed((unsigned char)v, c.g, alpha);
        t->of[2][v] = mixed((unsigned char)v, c.b, alpha);
    }
}

/* The covered pixels are painted, and the cover is clean again. */
static void paint_row(unsigned char *p, float *cover, int n, struct color c, double alpha, const struct whole *t)
{
    for (int x = 0; x < n; x++, p += 3) {
        if (cover[x] == 1)
            p[0] = t->of[0][p[0]], p[1] = t->of[1][p[1]], p[2] = t->of[2][p[2]];
        else if (cover[x] > 0)
            mix(p, c, alpha * fmin(1, (double)cover[x]));
        cover[x] = 0;
    }
}

static void fill_pixels(struct raster *r, const struct point *p, size_t n, struct color c, double alpha)
{
    double y0 = r->cy1, y1 = r->cy0;
    struct whole whole;
    for (size_t i = 0; i < n; i++) {
        y0 = fmin(y0, p[i].y);
        y1 = fmax(y1, p[i].y);
    }
    /* pixels whose middles are within the clip box */
    const int top = (int)ceil(fmax(0, r->cy0) - 0.5), bottom = (int)floor(fmin(r->height, r->cy1) + 0.5);
    const int left = (int)ceil(fmax(0, r->cx0) - 0.5), right = (int)floor(fmin(r->width, r->cx1) + 0.5);
    const int from = (int)fmax(floor(y0), top), to = (int)fmin(ceil(y1), bottom);
    float *cover = take(r, (size_t)r->width, sizeof *cover);
    struct crossing *v = take(r, n, sizeof *v);
    alpha = fmin(alpha, 1);
    make_whole(&whole, c, alpha);
    for (int y = from; cover && v && left < right && y < to; y++) {
        cover_row(cover, left, right, v, p, n, y);
        paint_row(pixel(r, left, y), cover + left, right - left, c, alpha, &whole);
    }
    free(v);
    free(cover);
}

static void polygon(void *self, const struct point *p, size_t n, struct color c, double alpha)
{
    struct raster *r = self;
    struct point *q = to_pixels(r, p, n);
    if (q)
        fill_pixels(r, q, n, c, alpha);
    free(q);
}

struct glyph_target {
    struct raster *r;
    struct color color;
    bool up;
    double x, y; /* turning point */
};

static void put_glyph(void *ctx, int x, int y, unsigned char coverage)
{
    const struct glyph_target *t = ctx;
    /* Upward text is drawn along +x from the turning point and turned. */
    if (t->up)
        blend(t->r, (int)floor(t->x) + y, (int)floor(t->y) - x - 1, t->color, coverage / 255.0);
    else
        blend(t->r, x, y, t->color, coverage / 255.0);
}

/* One stretch at one height, from (px, py) on. */
static void put_run(struct raster *r, const struct rich_run *run, double size, double *px, double py,
                    const struct glyph_target *t)
{
    const char *at = run->text, *stop = run->text + run->n;
    while (at < stop) {
        int code = font_next_code(&at);
        const char *ahead = at;
        int next = at < stop ? font_next_code(&ahead) : 0;
        double step;
        if (font_draw(&step, r->font, code, next, *px, py, size, put_glyph, (void *)t) != OK)
            r->failed = true;
        *px += step;
    }
}

static void put_line(struct raster *r, double x, double y, const char *rich, const struct text_style *style,
                     struct color color)
{
    struct rich_run run;
    double w = rich_width(r->font, rich, style->size);
    double back = style->anchor == ANCHOR_START ? 0 : style->anchor == ANCHOR_MIDDLE ? w / 2 : w;
    const struct glyph_target t = {.r = r, .color = color, .up = style->up != 0, .x = x, .y = y};
    double px = style->up ? -back : x - back, py = style->up ? 0 : y;
    while (rich_next(&run, &rich))
        put_run(r, &run, fmin(run.size * style->size, FONT_SIZE_MAX), &px, py - run.rise * style->size, &t);
}

static void text(void *self, double x, double y, const char *rich, struct text_style style)
{
    struct raster *r = self;
    x *= r->scale, y *= r->scale, style.size = fmin(style.size * r->scale, FONT_SIZE_MAX);
    double rim = style.halo ? 0.12 * style.size : 0;
    for (int k = 0; k < 8 && rim > 0; k++)
        put_line(r, x + rim * cos(k * 0.78539816339744831), y + rim * sin(k * 0.78539816339744831), rich, &style, style.ground);
    put_line(r, x, y, rich, &style, style.color);
}

static void no_part(void *self, const char *kind, size_t index, const char *name)
{
    (void)self, (void)kind, (void)index, (void)name;
}

static void no_end(void *self)
{
    (void)self;
}

static void clip(void *self, double x, double y, double width, double height)
{
    struct raster *r = self;
    bool all = !(width > 0);
    r->cx0 = all ? 0 : r->scale * x;
    r->cy0 = all ? 0 : r->scale * y;
    r->cx1 = all ? r->width : r->scale * (x + width);
    r->cy1 = all ? r->height : r->scale * (y + height);
}

enum status raster_init(struct raster *r, double width, double height, double scale, struct color ground,
                        const struct font *font, struct err *err)
{
    double w = fmax(1, round(width * scale)), h = fmax(1, round(height * scale));
    *r = (struct raster){.scale = scale, .font = font};
    if (!(w * h <= RASTER_MAX_PIXELS))
        return err_set(err, E_USAGE, "a picture of %.0f x %.0f pixels: at most %d are drawn", w, h, RASTER_MAX_PIXELS);
    r->width = (int)w, r->height = (int)h;
    size_t rows = (size_t)r->height, pixels = (size_t)r->width * rows;
    TRY(size_calloc(&r->rgb, pixels * 3, 1, "a picture", err));
    TRY(size_calloc(&r->cover, pixels, sizeof *r->cover, "a picture", err));
    TRY(size_calloc(&r->from, rows, sizeof *r->from, "a picture", err));
    TRY(size_calloc(&r->to, rows, sizeof *r->to, "a picture", err));
    for (int x = 0; x < r->width; x++)
        memcpy(pixel(r, x, 0), &ground, 3);
    for (int y = 1; y < r->height; y++)
        memcpy(pixel(r, 0, y), r->rgb, 3 * (size_t)r->width);
    for (size_t y = 0; y < rows; y++)
        r->from[y] = r->width;
    clip(r, 0, 0, 0, 0);
    return OK;
}

void raster_free(struct raster *r)
{
    free(r->rgb);
    free(r->cover);
    free(r->from);
    free(r->to);
    *r = (struct raster){0};
}

struct surface raster_surface(struct raster *r)
{
    return (struct surface){.self = r, .polyline = polyline, .polygon = polygon, .text = text, .clip = clip,
                            .begin = no_part, .end = no_end};
}
