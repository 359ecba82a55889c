/* Pixels with anti-aliasing: a surface on an RGB picture. */
#ifndef PLATEAU_PLOT_RASTER_H
#define PLATEAU_PLOT_RASTER_H

#include <stdbool.h>

#include "base/status.h"
#include "plot/font.h"
#include "plot/surface.h"

struct raster {
    int width, height; /* pixels */
    double scale;      /* pixels a unit of the surface */
    unsigned char *rgb; /* (height,width,3) */
    const struct font *font;
    double cx0, cy0, cx1, cy1; /* clip, pixels */
    float *cover;       /* (height,width) of the line that is being drawn; 0 between lines */
    int *from, *to;     /* (height) the pixels of a row that it touches */
    bool failed; /* memory was short: something is missing in the picture */
};

/* All of one colour, of width x height units at so many pixels a unit. raster_free releases, also after a failure. The font
 * must outlive the raster. E_USAGE for a picture of more than RASTER_MAX_PIXELS. */
enum { RASTER_MAX_PIXELS = 1 << 27 };
enum status raster_init(struct raster *r, double width, double height, double scale, struct color ground,
                        const struct font *font, struct err *err) WARN_UNUSED;
void raster_free(struct raster *r);
struct surface raster_surface(struct raster *r);

#endif
