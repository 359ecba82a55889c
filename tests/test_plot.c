/* Charts: ink where it belongs, files that other programs read. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/axis.h"
#include "plot/chart.h"
#include "plot/layout.h"
#include "plot/palette.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/rich.h"
#include "plot/write.h"

#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>

static const struct color black = {0, 0, 0, 0}, white = {255, 255, 255, 0};
static const struct chart_style usual;

/* --- ink -------------------------------------------------------------------------------------- */

/* Black on white: the area covered, in units squared. */
static double ink(const struct raster *r)
{
    double sum = 0;
    for (int i = 0; i < r->width * r->height; i++)
        sum += (255 - r->rgb[3 * i]) / 255.0;
    return sum / (r->scale * r->scale);
}

static struct raster sheet(const struct font *font)
{
    struct raster r;
    struct err err;
    EXPECT_OK(raster_init(&r, 100, 80, 2, white, font, &err));
    return r;
}

static void areas(void)
{
    struct font *font = font_open();
    struct raster r = sheet(font);
    struct surface s = raster_surface(&r);
    const struct point triangle[] = {{10, 10}, {70.3, 15}, {30, 60.7}};
    s.polygon(s.self, triangle, 3, black, 1);
    double area = 0.5 * fabs((70.3 - 10) * (60.7 - 10) - (30 - 10) * (15 - 10));
    EXPECT_REL(ink(&r), area, 0.01);
    raster_free(&r);

    r = sheet(font);
    s = raster_surface(&r);
    const struct point bent[] = {{20, 20}, {70, 20}, {70, 60}};
    s.polyline(s.self, bent, 3, (struct stroke){.color = black, .width = 4});
    /* two bars, round ends, the joint painted once: its outer quarter of a disc less the overlap */
    EXPECT_REL(ink(&r), 4 * 90 + 3.14159265 * 4 - (4 - 3.14159265) , 0.02);
    raster_free(&r);

    r = sheet(font);
    s = raster_surface(&r);
    s.polyline(s.self, bent, 3, (struct stroke){.color = black, .width = 4, .dash = 5, .gap = 5});
    double dashed = ink(&r);
    EXPECT_MSG(dashed > 200 && dashed < 330, "dashes cover %g", dashed);
    raster_free(&r);
    font_close(font);
}

static void clipping(void)
{
    struct font *font = font_open();
    struct raster r = sheet(font);
    struct surface s = raster_surface(&r);
    const struct point wild[] = {{-1e7, -1e6}, {1e7, 1e6}, {50, 1e9}, {50, -1e9}};
    /* farther out than an int reaches: on the right, on the left, and across */
    const struct point right[] = {{1e12, 0}, {3e12, 80}, {3e12, -80}}, left[] = {{-1e12, 0}, {-3e12, 80}, {-3e12, -80}};
    const struct point across[] = {{-1e12, 25}, {1e12, 25}, {1e12, 35}, {-1e12, 35}};
    s.clip(s.self, 20, 20, 30, 30);
    s.polyline(s.self, wild, 4, (struct stroke){.color = black, .width = 3});
    s.polyline(s.self, wild, 4, (struct stroke){.color = black, .width = 3, .dash = 4, .gap = 4});
    const double before = ink(&r);
    s.polygon(s.self, right, 3, black, 1);
    s.polygon(s.self, left, 3, black, 1);
    EXPECT(ink(&r) == before);
    s.polygon(s.self, across, 4, black, 1);
    EXPECT_MSG(ink(&r) > before + 100, "a band across the picture adds %g", ink(&r) - before);
    s.polygon(s.self, wild, 4, black, 0.5);
    s.text(s.self, 22, 49, "cut off here", (struct text_style){.size = 14, .color = black, .anchor = ANCHOR_START, .up = 0});
    size_t outside = 0;
    for (int y = 0; y < r.height; y++)
        for (int x = 0; x < r.width; x++)
            if (r.rgb[3 * (y * r.width + x)] != 255 && (x < 40 || x >= 100 || y < 40 || y >= 100))
                outside++;
    EXPECT(outside == 0);
    EXPECT(ink(&r) > 50);
    raster_free(&r);
    font_close(font);
}

static void words(void)
{
    struct font *font = font_open();
    EXPECT(font);
    double one = font_width(font, "loss", 10);
    EXPECT(one > 10 && one < 40);
    EXPECT_REL(font_width(font, "loss", 20), 2 * one, 1e-5);
    EXPECT(font_width(font, "", 10) == 0);
    /* every sign that labels use is in the font: what is missing would draw the same box */
    const char *signs = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻×";
    struct raster r = sheet(font);
    struct surface s = raster_surface(&r);
    s.text(s.self, 5, 40, signs, (struct text_style){.size = 9, .color = black, .anchor = ANCHOR_START, .up = 0});
    double level = ink(&r);
    EXPECT(level > 10);
    raster_free(&r);
    r = sheet(font);
    s = raster_surface(&r);
    s.text(s.self, 40, 78, signs, (struct text_style){.size = 9, .color = black, .anchor = ANCHOR_START, .up = 1});
    EXPECT_REL(ink(&r), level, 0.05); /* turned, not lost */
    raster_free(&r);
    const char *broken = "\xff\xc3";
    font_next_code(&broken);
    font_next_code(&broken);
    EXPECT(*broken == '\0');
    font_close(font);
}

/* --- files ------------------------------------------------------------------------------------ */

static enum status fill(struct chart *c, struct err *err)
{
    struct chart_series *s;
    snprintf(c->title, sizeof c->title, "a < b & \"c\"");
    snprintf(c->subtitle, sizeof c->subtitle,
             "A long line of words that does not fit into the width of one chart and therefore has to go on in a "
             "second line below the first");
    snprintf(c->x_label, sizeof c->x_label, "x");
    snprintf(c->y_label, sizeof c->y_label, "y");
    c->log_x = c->log_y = true;
    TRY(chart_add(&s, c, 50, true, err));
    snprintf(s->label, sizeof s->label, "band");
    s->color = palette_kind(0);
    s->width = 2;
    s->band = true;
    s->marker = MARKER_DISC;
    for (size_t i = 0; i < 50; i++) {
        s->x[i] = pow(10, (double)i / 10);
        s->y[i] = i % 7 ? 5 / sqrt(s->x[i]) : (double)NAN;
        s->lo[i] = i % 5 ? s->y[i] / 2 : 0;
        s->hi[i] = s->y[i] * 2;
    }
    struct chart_line *l;
    TRY(chart_add_line(&l, c, false, 0.05, err));
    snprintf(l->label, sizeof l->label, "floor");
    TRY(chart_add_line(&l, c, true, 100, err));
    l->lo = 0;
    l->hi = (double)INFINITY;
    snprintf(l->label, sizeof l->label, "here");
    return OK;
}

static void read_back(const char *name, char **data, size_t *size)
{
    char path[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), name, &err));
    EXPECT_OK(file_read(data, size, path, &err));
}

static void files(void)
{
    struct err err;
    struct font *font = font_open();
    struct chart *c = calloc(1, sizeof *c);
    EXPECT_OK(fill(c, &err));
    EXPECT_OK(chart_write(c, test_tmpdir(), "full", &usual, font, &err));
    chart_free(c);
    memset(c, 0, sizeof *c);
    EXPECT_OK(chart_write(c, test_tmpdir(), "empty", &usual, font, &err));

    char *data;
    size_t size;
    int w, h, channels;
    read_back("full.png", &data, &size);
    unsigned char *rgb = stbi_load_from_memory((unsigned char *)data, (int)size, &w, &h, &channels, 3);
    EXPECT(rgb && w == CHART_WIDTH * CHART_SCALE && h == CHART_HEIGHT * CHART_SCALE && channels == 3);
    size_t blue = 0;
    for (int i = 0; rgb && i < w * h; i++)
        blue += rgb[3 * i] == 0x00 && rgb[3 * i + 1] == 0x72 && rgb[3 * i + 2] == 0xB2;
    EXPECT_MSG(blue > 1000, "%zu pixels of the line's colour", blue);
    stbi_image_free(rgb);
    free(data);

    read_back("full.svg", &data, &size);
    EXPECT(strstr(data, "<svg ") && strstr(data, "</svg>"));
    EXPECT(strstr(data, "a &lt; b &amp; &quot;c&quot;") && !strstr(data, "a < b"));
    EXPECT(!strstr(data, "nan") && !strstr(data, "inf"));
    EXPECT(strstr(data, ">floor<") && strstr(data, ">here<") && strstr(data, ">band<"));
    free(data);
    read_back("empty.svg", &data, &size);
    EXPECT(strstr(data, "no data"));
    free(data);
    free(c);
    font_close(font);
}

/* Steps that have names: each under its own tick, and no tick between them. */
static void names_on_x(void)
{
    static const char *const names[] = {"first", "second", "third"};
    struct chart c = {.x_kind = AXIS_NAMES};
    struct chart_series *s;
    struct layout l;
    struct err err;
    struct font *font = font_open();
    EXPECT_OK(chart_add(&s, &c, 3, false, &err));
    s->marker = MARKER_DISC;
    for (size_t i = 0; i < 3; i++) {
        s->x[i] = (double)i + 1.1, s->y[i] = 0.5; /* beside its place */
        EXPECT_OK(chart_name_place(&c, i + 1, 3, names[i], &err));
    }
    EXPECT_OK(layout_make(&l, &c, &usual, font, &err));
    size_t seen = 0;
    for (size_t i = 0; i < l.n_texts; i++) {
        const struct layout_text *t = &l.texts[i];
        if (t->role != LAYOUT_X_TICKS)
            continue;
        EXPECT_MSG(seen < 3 && strcmp(t->text, names[seen]) == 0, "'%s'", t->text);
        EXPECT_NEAR(t->x, layout_x(&l, (double)seen + 1), 1e-9);
        seen++;
    }
    EXPECT_MSG(seen == 3 && l.x.n_ticks == 3, "%zu names, %zu ticks", seen, l.x.n_ticks);
    layout_free(&l);
    chart_free(&c);
    font_close(font);
}

/* --- PNG -------------------------------------------------------------------------------------- */

/* Pictures that want each of the filters, of any width. */
static void pictures(void)
{
    static const int sizes[][2] = {{1, 1}, {1, 40}, {40, 1}, {17, 13}, {240, 150}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int kind = 0; kind < 4; kind++) {
            struct raster r;
            struct err err;
            char path[FILE_PATH_MAX], *data;
            size_t size;
            int w, h, channels;
            EXPECT_OK(raster_init(&r, sizes[k][0], sizes[k][1], 1, white, NULL, &err));
            size_t n = 3 * (size_t)(r.width * r.height);
            for (size_t i = 0; i < n; i++) {
                int x = (int)(i / 3) % r.width, y = (int)(i / 3) / r.width;
                r.rgb[i] = (unsigned char)(kind == 0   ? (int)(rng_u64(test_rng()) & 0xFF)
                                           : kind == 1 ? 7 * x + 50 * (int)(i % 3)
                                           : kind == 2 ? 9 * y
                                                       : 2 * x + 3 * y + (int)(rng_u64(test_rng()) % 5));
            }
            EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "p.png", &err));
            EXPECT_OK(png_write(path, &r, &err));
            read_back("p.png", &data, &size);
            unsigned char *rgb = stbi_load_from_memory((unsigned char *)data, (int)size, &w, &h, &channels, 3);
            EXPECT_MSG(rgb && w == r.width && h == r.height && channels == 3 && memcmp(rgb, r.rgb, n) == 0,
                       "%d x %d, kind %d", r.width, r.height, kind);
            stbi_image_free(rgb);
            free(data);
            raster_free(&r);
        }
}

/* --- many, and far away ----------------------------------------------------------------------- */

/* Any number of series and lines; the legend names the first, the last, and how many of how many. */
static void many_series(void)
{
    struct chart c = {0};
    struct font *font = font_open();
    struct err err;
    char *data;
    size_t size;
    for (int i = 0; i < 500; i++) {
        struct chart_series *s;
        EXPECT_OK(chart_add(&s, &c, 2, false, &err));
        s->width = 1;
        s->color = palette_ordered((size_t)i, 500);
        snprintf(s->label, sizeof s->label, "series%d.", i);
        s->x[0] = 0, s->x[1] = 1;
        s->y[0] = i, s->y[1] = i + 1;
    }
    for (int i = 0; i < 40; i++) {
        struct chart_line *l;
        EXPECT_OK(chart_add_line(&l, &c, i % 2, i / 40.0, &err));
    }
    EXPECT(c.n_series == 500 && c.n_lines == 40 && c.series[0].y[1] == 1);
    EXPECT_OK(chart_write(&c, test_tmpdir(), "many", &usual, font, &err));
    read_back("many.svg", &data, &size);
    size_t named = 0;
    for (const char *p = data; (p = strstr(p, ">series")); p++)
        named++;
    char words[64];
    snprintf(words, sizeof words, ">%zu of 500 named<", named);
    EXPECT_MSG(named > 15 && named < 30 && strstr(data, words), "%zu named", named);
    EXPECT(strstr(data, ">series0.<") && strstr(data, ">series499.<"));
    free(data);
    chart_free(&c);
    font_close(font);
}

/* A colour bar with more values than it has room for names its first and its last. */
static void ends_of_a_scale(void)
{
    struct font *font = font_open();
    for (size_t n = 2; n <= 64; n++) {
        struct chart c = {0};
        struct chart_series *s;
        struct layout l;
        struct err err;
        double marks[64];
        char first[AXIS_LABEL_MAX], last[AXIS_LABEL_MAX];
        size_t found = 0;
        for (size_t i = 0; i < n; i++)
            marks[i] = 1.23e4 * pow(1.31, (double)i);
        axis_label_kind(first, sizeof first, AXIS_COUNT, marks[0], 3);
        axis_label_kind(last, sizeof last, AXIS_COUNT, marks[n - 1], 3);
        EXPECT_OK(chart_add(&s, &c, 1, false, &err));
        s->x[0] = s->y[0] = 1;
        EXPECT_OK(chart_set_scale(&c, "size", AXIS_COUNT, marks, n, &err));
        EXPECT_OK(layout_make(&l, &c, &usual, font, &err));
        for (size_t i = 0; i < l.n_texts; i++)
            found += strcmp(l.texts[i].text, first) == 0 || strcmp(l.texts[i].text, last) == 0;
        EXPECT_MSG(found == 2, "of %s to %s, %zu values, %zu ends are named", first, last, n, found);
        layout_free(&l);
        chart_free(&c);
    }
    font_close(font);
}

static void far_away(void)
{
    struct chart c = {0};
    struct chart_series *s;
    struct font *font = font_open();
    struct err err;
    char *data;
    size_t size;
    EXPECT_OK(chart_add(&s, &c, 2, false, &err));
    s->marker = MARKER_DISC;
    s->x[0] = 0, s->x[1] = 1;
    s->y[0] = 0, s->y[1] = 1;
    EXPECT_OK(chart_add(&s, &c, 3, true, &err));
    s->width = 2;
    s->free_range = s->band = true;
    for (size_t i = 0; i < 3; i++) {
        s->x[i] = (double)i / 2;
        s->lo[i] = -1e300;
        s->y[i] = i % 2 ? 1e300 : -1e300;
        s->hi[i] = 1e300;
    }
    EXPECT_OK(chart_write(&c, test_tmpdir(), "far", &usual, font, &err));
    read_back("far.svg", &data, &size);
    for (const char *p = data; p && *p; p += strspn(p, "0123456789"), p += *p != '\0')
        EXPECT_MSG(strspn(p, "0123456789") < 10, "digits that nobody needs: %.40s", p);
    free(data);
    chart_free(&c);
    font_close(font);
}

/* What is drawn of an interval of y about the middle of a plot from 0 to 1. */
static double bar(double lo, double hi, const struct font *font)
{
    struct chart c = {0};
    struct chart_series *s;
    struct layout l;
    struct raster r;
    struct err err;
    EXPECT_OK(chart_add(&s, &c, 3, true, &err));
    s->marker = MARKER_DISC;
    for (size_t i = 0; i < 3; i++)
        s->x[i] = s->y[i] = (double)i / 2;
    s->lo[1] = lo, s->hi[1] = hi;
    EXPECT_OK(layout_make(&l, &c, &usual, font, &err));
    EXPECT_OK(raster_init(&r, l.width, l.height, 1, white, font, &err));
    struct surface surface = raster_surface(&r);
    EXPECT_OK(layout_draw(&l, &surface, &err));
    double drawn = ink(&r);
    raster_free(&r);
    layout_free(&l);
    chart_free(&c);
    return drawn;
}

/* An end that is not known is one beyond the plot, above as below. */
static void open_intervals(void)
{
    const double none = (double)NAN;
    struct font *font = font_open();
    double nothing = bar(none, none, font), up = bar(0.25, none, font), down = bar(none, 0.75, font),
           closed = bar(0.25, 0.75, font);
    EXPECT_MSG(up > closed && down > closed && closed > nothing + 100, "%g, %g, %g, %g", up, down, closed, nothing);
    EXPECT_REL(up - nothing, down - nothing, 0.1); /* the frame is not the same above and below */
    font_close(font);
}

/* Nine points that all but agree, each with an interval; the last one's is so many times as long. */
static struct axis axis_about(bool log, double half, double last, const struct font *font)
{
    struct chart c = {.log_y = log};
    struct chart_series *s;
    struct layout l;
    struct err err;
    EXPECT_OK(chart_add(&s, &c, 9, true, &err));
    s->marker = MARKER_DISC;
    for (size_t i = 0; i < 9; i++) {
        double h = i == 8 ? last * half : half;
        s->x[i] = (double)i;
        s->y[i] = 1 + 1e-3 * (double)i;
        s->lo[i] = log ? s->y[i] / (1 + h) : s->y[i] - h, s->hi[i] = log ? s->y[i] * (1 + h) : s->y[i] + h;
    }
    EXPECT_OK(layout_make(&l, &c, &usual, font, &err));
    struct axis y = l.panel[0].y;
    layout_free(&l);
    chart_free(&c);
    return y;
}

/* Intervals of ordinary size are seen whole, however close together the points are; one that is far longer than the others
 * does not press them together. */
static void usual_intervals(void)
{
    struct font *font = font_open();
    for (int log = 0; log < 2; log++)
        for (int k = 0; k < 2; k++) {
            const double half = k ? 0.7 : 0.05, low = log ? 1 / (1 + half) : 1 - half;
            const double high = log ? 1.008 * (1 + half) : 1.008 + half;
            struct axis y = axis_about(log, half, 1, font), far = axis_about(log, half, 1e4, font);
            EXPECT_MSG(y.lo < low && y.hi > high, "log %d: %g to %g does not hold %g to %g", log, y.lo, y.hi, low, high);
            EXPECT_MSG(axis_at(&far, high) - axis_at(&far, low) > 0.1, "log %d: %g to %g for intervals from %g to %g", log, far.lo,
                       far.hi, low, high);
        }
    font_close(font);
}

/* A mark of any shape and size has its colour. */
static void small_marks(void)
{
    struct font *font = font_open();
    for (int m = MARKER_DISC; m <= MARKER_CROSS; m++)
        for (int k = 1; k <= 6; k++) {
            struct chart c = {0};
            struct chart_series *s;
            struct layout l;
            struct raster r;
            struct err err;
            size_t blue = 0;
            EXPECT_OK(chart_add(&s, &c, 1, false, &err));
            s->marker = (enum chart_marker)m;
            s->color = palette_kind(0);
            s->radius = k;
            s->x[0] = s->y[0] = 1;
            EXPECT_OK(layout_make(&l, &c, &(struct chart_style){.width = 321}, font, &err));
            EXPECT_OK(raster_init(&r, l.width, l.height, 2, white, font, &err));
            struct surface surface = raster_surface(&r);
            EXPECT_OK(layout_draw(&l, &surface, &err));
            for (int i = 0; i < r.width * r.height; i++)
                blue += r.rgb[3 * i] < 100 && r.rgb[3 * i + 2] > 150;
            EXPECT_MSG(blue > 5, "mark %d of radius %d has %zu pixels of its colour", m, k, blue);
            raster_free(&r);
            layout_free(&l);
            chart_free(&c);
        }
    font_close(font);
}

static void unwritable(void)
{
    struct err err;
    struct font *font = font_open();
    struct chart *c = calloc(1, sizeof *c);
    char dir[FILE_PATH_MAX];
    EXPECT_OK(file_join(dir, sizeof dir, test_tmpdir(), "missing", &err));
    EXPECT_ERR(chart_write(c, dir, "x", &usual, font, &err), E_IO, "missing");
    free(c);
    font_close(font);
}

static void colours(void)
{
    /* lightness grows all the way, so that the order shows in grey as well */
    double before = 0;
    for (size_t i = 0; i < 12; i++) {
        struct color c = palette_color(palette_ordered(i, 12), false);
        double light = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
        EXPECT_MSG(light > before, "step %zu: %g after %g", i, light, before);
        before = light;
    }
}

static const struct test tests[] = {
    {"areas", areas},
    {"clipping", clipping},
    {"words", words},
    {"files", files},
    {"unwritable", unwritable},
    {"pictures", pictures},
    {"names_on_x", names_on_x},
    {"many_series", many_series},
    {"far_away", far_away},
    {"open_intervals", open_intervals},
    {"usual_intervals", usual_intervals},
    {"small_marks", small_marks},
    {"ends_of_a_scale", ends_of_a_scale},
    {"colours", colours},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
