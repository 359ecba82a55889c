/* A chart on a page: the layout that PNG and SVG have, drawn with names of colours, so that one picture serves light and dark
 * grounds, and with what the page's script needs to tell values, hide series and change the scale of an axis. */
#ifndef PLATEAU_REPORT_PAGE_PICTURE_H
#define PLATEAU_REPORT_PAGE_PICTURE_H

#include <stdio.h>

#include "plot/layout.h"

/* A figure with the id "chart-NAME": the finding as its heading, words, the picture, legend and switches. Write errors stay
 * in out. */
enum status picture_write(FILE *out, const struct chart *c, const char *name, const struct font *font,
                          struct err *err) WARN_UNUSED;

/* The shapes of marks, at radius 4, once before all pictures of a page. */
void picture_shapes(FILE *out);

#endif
