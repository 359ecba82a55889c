/* Charts as files. */
#ifndef PLATEAU_PLOT_WRITE_H
#define PLATEAU_PLOT_WRITE_H

#include <stdio.h>

#include "plot/layout.h"

/* dir/name.png and dir/name.svg; neither is left half-written or incomplete. */
enum status chart_write(const struct chart *c, const char *dir, const char *name, const struct chart_style *style,
                        const struct font *font, struct err *err) WARN_UNUSED;
/* dir/name.csv. */
enum status chart_write_data(const struct chart *c, const char *dir, const char *name, struct err *err) WARN_UNUSED;

/* The picture as SVG text; write errors stay in out. */
enum status chart_svg(FILE *out, const struct layout *l, struct err *err) WARN_UNUSED;

/* What it shows, a row a point: panel (upper, lower), kind (marks, line, band, area, reference), series, x, y, x_lo, x_hi,
 * y_lo, y_hi, point (its name). Cells of what there is not are empty. Write errors stay in out. */
void chart_csv(FILE *out, const struct chart *c);

#endif
