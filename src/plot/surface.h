/* Where a chart is drawn: pixels or SVG behind one set of operations. Units are those of the
 * SVG (a PNG has several pixels to one), the origin at the top left, y downward. */
#ifndef PLATEAU_PLOT_SURFACE_H
#define PLATEAU_PLOT_SURFACE_H

#include <stddef.h>

struct color {
    unsigned char r, g, b;
    unsigned char code; /* what it stands for (palette_decode), where a page has colours of its own */
};

struct point {
    double x, y;
};

struct stroke {
    struct color color;
    double width;
    double dash, gap; /* 0: solid */
    double fade;      /* how far the ground shows through, from 0 to 1 */
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct text_style {
    double size;
    struct color color;
    enum anchor anchor;
    int up;   /* not 0: rotated by 90 degrees, reading upward */
    int halo; /* not 0: on a rim of the ground's colour, to be read on top of lines */
    struct color ground;
};

/* A point of a series. */
struct mark {
    int shape; /* enum chart_marker */
    double radius;
    struct color color;
    double fade;
    size_t index; /* which point; SIZE_MAX: an example of them */
};

/* What cannot be drawn is left out and told by the surface's owner at the end: raster.failed, ferror(svg.out). */
struct surface {
    void *self;
    void (*polyline)(void *self, const struct point *p, size_t n, struct stroke s);
    /* Filled polygon, non-zero winding, alpha from 0 to 1. */
    void (*polygon)(void *self, const struct point *p, size_t n, struct color c, double alpha);
    /* y is the baseline. UTF-8 with the marks of plot/rich.h. */
    void (*text)(void *self, double x, double y, const char *rich, struct text_style t);
    /* Drawing is cut to this rectangle until the next call; width 0: the whole picture. */
    void (*clip)(void *self, double x, double y, double width, double height);
    /* What is drawn until `end` is one part of the chart: "series", "axes", ..., its number and name. No nesting; not
     * within a change of clip. */
    void (*begin)(void *self, const char *kind, size_t index, const char *name);
    void (*end)(void *self);
    /* A mark as a whole; NULL: it is drawn with lines and polygons. */
    void (*mark)(void *self, struct point p, const struct mark *m);
};

#endif
