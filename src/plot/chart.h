/* A chart as data: series, reference lines and words; drawn the same way as PNG and as SVG.
 *
 * Fill a struct chart, add series with chart_add, then chart_write. Values that an axis cannot show
 * (axis_shows: not finite, not above 0 on a log axis) are left out of lines, marks and ranges. */
#ifndef PLATEAU_PLOT_CHART_H
#define PLATEAU_PLOT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "plot/font.h"
#include "plot/surface.h"

enum { CHART_TEXT_MAX = 160 };

enum chart_marker { MARKER_NONE, MARKER_DISC, MARKER_RING, MARKER_SQUARE, MARKER_DIAMOND };

struct chart_series {
    char label[CHART_TEXT_MAX]; /* "": not in the legend */
    struct color color;
    double width, dash, gap; /* of the line; width 0: none */
    enum chart_marker marker;
    double radius;      /* of the marks; 0: 4 */
    bool band;          /* lo..hi as a band behind the line; else as error bars */
    bool free_range;    /* does not widen the axes */
    size_t n;
    double *x, *y;      /* (n), owned by the chart */
    double *lo, *hi;    /* (n) or NULL */
};

/* A line across the whole plot, with words at its end, and an interval behind it. */
struct chart_line {
    bool vertical;
    double at, lo, hi; /* lo, hi NaN: none */
    struct color color;
    double dash, gap;
    char label[CHART_TEXT_MAX];
    bool free_range;
};

struct chart {
    char title[CHART_TEXT_MAX], subtitle[2 * CHART_TEXT_MAX];
    char x_label[CHART_TEXT_MAX], y_label[CHART_TEXT_MAX];
    char legend_title[CHART_TEXT_MAX];
    char note[3 * CHART_TEXT_MAX]; /* small, below */
    bool log_x, log_y;
    struct chart_series *series; /* (n_series) drawn in this order */
    size_t n_series, series_room;
    struct chart_line *lines; /* (n_lines) */
    size_t n_lines, lines_room;
};

/* A new series of n points, all NaN; with lo and hi where `interval`. *out holds until the next one is added. */
enum status chart_add(struct chart_series **out, struct chart *c, size_t n, bool interval,
                      struct err *err) WARN_UNUSED;
/* A new reference line, likewise. */
enum status chart_add_line(struct chart_line **out, struct chart *c, bool vertical, double at,
                           struct err *err) WARN_UNUSED;
void chart_free(struct chart *c);

/* Width and height in units; a PNG has CHART_SCALE pixels a unit. */
enum { CHART_WIDTH = 960, CHART_HEIGHT = 600, CHART_SCALE = 2 };

/* What the surface could not draw, its owner tells. */
enum status chart_draw(const struct chart *c, const struct surface *s, const struct font *font,
                       struct err *err) WARN_UNUSED;

/* dir/name.png and dir/name.svg; neither is left half-written or incomplete. */
enum status chart_write(const struct chart *c, const char *dir, const char *name,
                        const struct font *font, struct err *err) WARN_UNUSED;

#endif
