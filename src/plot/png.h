/* PNG files. */
#ifndef PLATEAU_PLOT_PNG_H
#define PLATEAU_PLOT_PNG_H

#include "plot/raster.h"

/* Written to a temporary name, synced and renamed. */
enum status png_write(const char *path, const struct raster *r, struct err *err) WARN_UNUSED;

#endif
