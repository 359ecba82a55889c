/* What the files that make a layout share. */
#ifndef PLATEAU_PLOT_LAYOUT_INTERNAL_H
#define PLATEAU_PLOT_LAYOUT_INTERNAL_H

#include "plot/layout.h"

enum { LEGEND_SWATCH = LAYOUT_SWATCH };

/* The range of x, and of a panel's y: of all values that are in sight, with the intervals about them but for those that are
 * far longer than the rest. */
struct range {
    double lo, hi;
    size_t n;
};
struct range ranges_x(const struct chart *c);
struct range ranges_y(const struct chart *c, size_t panel);

/* One line of words. */
enum status words_add(struct layout *l, double x, double y, const char *text, double size, struct ink color,
                      enum anchor anchor, struct err *err) WARN_UNUSED;
/* A paragraph in lines of at most `width` units, the first with its baseline at y; fills *lines. Where `draw` is false
 * they are only counted. */
enum status words_wrap(size_t *lines, struct layout *l, double x, double y, double width, const char *text, double size,
                       struct ink color, bool draw, struct err *err) WARN_UNUSED;
/* Units between baselines. */
double words_step(double size);

/* Whether the words of a reference line are too long for the plot of a narrow picture: then they are in the legend. */
bool legend_has_line(const struct layout *l, size_t line);
/* What is beside the plot, or below it where the picture is narrow. */
double legend_width(const struct layout *l);
size_t legend_rows(const struct layout *l);
double legend_row(const struct layout *l);
enum status legend_place(struct layout *l, double x, double y, struct err *err) WARN_UNUSED;

/* Labels of reference lines, tags of series and words at places, where nothing else stands. */
enum status places_fill(struct layout *l, struct err *err) WARN_UNUSED;

#endif
