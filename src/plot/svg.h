/* SVG files: the same operations as text. */
#ifndef PLATEAU_PLOT_SVG_H
#define PLATEAU_PLOT_SVG_H

#include <stdio.h>

#include "plot/surface.h"

struct svg {
    FILE *out;
    int clips;      /* clip paths defined so far */
    int in_group;   /* a clipped group is open */
};

/* Header of a picture; svg_end closes it. Write errors show in ferror(out). */
void svg_begin(struct svg *s, FILE *out, int width, int height, const char *title);
void svg_end(struct svg *s);
struct surface svg_surface(struct svg *s);

#endif
