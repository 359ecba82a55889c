/* Where a chart is drawn: pixels or SVG behind one set of operations. Units are those of the
 * SVG (a PNG has several pixels to one), the origin at the top left, y downward. */
#ifndef PLATEAU_PLOT_SURFACE_H
#define PLATEAU_PLOT_SURFACE_H

#include <stddef.h>

struct color {
    unsigned char r, g, b;
};

struct point {
    double x, y;
};

struct stroke {
    struct color color;
    double width;
    double dash, gap; /* 0: solid */
};

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct text_style {
    double size;
    struct color color;
    enum anchor anchor;
    int up; /* not 0: rotated by 90 degrees, reading upward */
};

/* What cannot be drawn is left out and told by the surface's owner at the end: raster.failed, ferror(svg.out). */
struct surface {
    void *self;
    void (*polyline)(void *self, const struct point *p, size_t n, struct stroke s);
    /* Filled polygon, non-zero winding, alpha from 0 to 1. */
    void (*polygon)(void *self, const struct point *p, size_t n, struct color c, double alpha);
    /* y is the baseline. UTF-8. */
    void (*text)(void *self, double x, double y, const char *utf8, struct text_style t);
    /* Drawing is cut to this rectangle until the next call; width 0: the whole picture. */
    void (*clip)(void *self, double x, double y, double width, double height);
};

#endif
