/* A chart as data: series, reference lines, labels and words. It is drawn the same way as PNG, as SVG and in a terminal,
 * and written as CSV; what it looks like, its size and theme, is a struct chart_style (plot/layout.h).
 *
 * Fill a struct chart, add series with chart_add, then draw. Values that an axis cannot show (axis_shows: not finite, not
 * above 0 on a log axis) are left out of lines, marks and ranges. Texts are UTF-8 with the marks of plot/rich.h; what users
 * wrote goes through chart_say's %s, which makes it plain. */
#ifndef PLATEAU_PLOT_CHART_H
#define PLATEAU_PLOT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "plot/axis.h"
#include "plot/palette.h"

enum { CHART_TEXT_MAX = 160, CHART_PANELS = 2, CHART_NAME_MAX = 100 };

enum chart_marker {
    MARKER_NONE, MARKER_DISC, MARKER_RING, MARKER_SQUARE, MARKER_DIAMOND, MARKER_OPEN_DIAMOND, MARKER_TRIANGLE, MARKER_CROSS
};

struct chart_series {
    char label[CHART_TEXT_MAX]; /* "": not in the legend */
    char name[CHART_NAME_MAX];  /* what it is where it has no label: in CSV, and for who points at it */
    char tag[CHART_NAME_MAX];   /* words along the line; "": none */
    struct ink color;
    double width, dash, gap; /* of the line; width 0: none */
    enum chart_marker marker;
    double radius;      /* of the marks; 0: 4 */
    double fade;        /* how far the ground shows through lines and marks, 0 to 1 */
    bool band;          /* lo..hi as a band behind the line; else as error bars */
    bool area;          /* the points are the corners of a filled area */
    bool free_range;    /* does not widen the axes */
    size_t panel;       /* 0: the upper one */
    size_t n;
    double *x, *y;      /* (n), owned by the chart */
    double *lo, *hi;    /* (n) interval of y, or NULL; of a bar an end that is NaN lies beyond the plot, both: none */
    double *x_lo, *x_hi; /* (n) interval of x, or NULL; likewise */
    double *aside;      /* (n) marks stand so many radii to the right: runs at one place beside each other; NULL: none does */
    char **names;       /* (n) what each point is, such as a run's name; entries, or all, may be NULL */
};

/* A line across the whole plot, with words at it, and an interval behind it. */
struct chart_line {
    bool vertical;
    double at, lo, hi; /* lo, hi NaN: none */
    struct ink color;
    double dash, gap;
    char label[CHART_TEXT_MAX];
    bool free_range;
    size_t panel;
};

/* Words at a place. */
struct chart_label {
    double x, y;
    size_t panel;
    struct ink color;
    char text[CHART_NAME_MAX];
};

/* The y axis of a panel. */
struct chart_panel {
    char y_label[CHART_TEXT_MAX];
    bool log_y;
    enum axis_kind y_kind;
    bool around_zero; /* the range is the same on both sides of 0 */
};

/* Colours that stand for a quantity: a bar beside the plot tells which. */
struct chart_scale {
    char label[CHART_NAME_MAX]; /* "": there is none */
    enum axis_kind kind;
    double lo, hi;    /* what `at` 0 and 1 of PALETTE_SCALE stand for, on a log scale */
    double *marks;    /* (n_marks) values to be named, rising; owned by the chart */
    size_t n_marks;
};

struct chart {
    char title[2 * CHART_TEXT_MAX];    /* the finding */
    char quantity[2 * CHART_TEXT_MAX]; /* what is drawn, below it */
    char subtitle[4 * CHART_TEXT_MAX]; /* how to read it */
    char x_label[CHART_TEXT_MAX];
    char y_label[CHART_TEXT_MAX];      /* of panel 0 */
    char legend_title[CHART_TEXT_MAX];
    char note[8 * CHART_TEXT_MAX];     /* small, below */
    bool log_x, log_y;
    enum axis_kind x_kind, y_kind;
    bool has_lower;                    /* a second panel below, on the same x */
    struct chart_panel lower;
    double x_from, x_to, y_from, y_to; /* the upper panel shows no less and no more, where both of a pair are not 0 */
    struct chart_scale scale;
    struct chart_series *series; /* (n_series) drawn in this order */
    size_t n_series, series_room;
    struct chart_line *lines; /* (n_lines) */
    size_t n_lines, lines_room;
    struct chart_label *labels; /* (n_labels) */
    size_t n_labels, labels_room;
    char (*places)[AXIS_LABEL_MAX]; /* (n_places) names of 1, 2, ... on the axis of names, x or the upper y */
    size_t n_places;
};

/* A new series of n points, all NaN; with lo and hi where `interval`. *out holds until the next one is added. */
enum status chart_add(struct chart_series **out, struct chart *c, size_t n, bool interval,
                      struct err *err) WARN_UNUSED;
/* Intervals of x for a series, all NaN. */
enum status chart_add_x_interval(struct chart_series *s, struct err *err) WARN_UNUSED;
/* What point i of a series is; plain text, made so. */
enum status chart_name_point(struct chart_series *s, size_t i, const char *name, struct err *err) WARN_UNUSED;
/* A new reference line. */
enum status chart_add_line(struct chart_line **out, struct chart *c, bool vertical, double at,
                           struct err *err) WARN_UNUSED;
/* New words at (x, y). */
enum status chart_add_label(struct chart *c, double x, double y, struct ink color, const char *text,
                            struct err *err) WARN_UNUSED;
/* The name of place 1, 2, ..., at most n, on the axis of names; plain text, made so, and cut where it is long. */
enum status chart_name_place(struct chart *c, size_t place, size_t n, const char *name, struct err *err) WARN_UNUSED;
/* The values that a colour scale names: a copy of (n), rising, above 0. */
enum status chart_set_scale(struct chart *c, const char *label, enum axis_kind kind, const double *values, size_t n,
                            struct err *err) WARN_UNUSED;
/* The colour of a value on it, the middle where it has none. */
struct ink chart_on_scale(const struct chart *c, double value);
void chart_free(struct chart *c);

/* The panel's axis: log or not, kind. */
static inline bool chart_log_y(const struct chart *c, size_t panel)
{
    return panel ? c->lower.log_y : c->log_y;
}

#endif
