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
    bool failed; /* memory was short: something is missing in the picture */
};

/* White, of width x height units. raster_free releases. The font must outlive the raster. */
enum status raster_init(struct raster *r, int width, int height, int scale, const struct font *font,
                        struct err *err) WARN_UNUSED;
void raster_free(struct raster *r);
struct surface raster_surface(struct raster *r);

#endif
