/* SVG files: the same operations as text. */
#ifndef PLATEAU_PLOT_SVG_H
#define PLATEAU_PLOT_SVG_H

#include <stdio.h>

#include "plot/surface.h"

struct svg {
    FILE *out;
    int clips;      /* clip paths defined so far */
    int in_group;   /* a clipped group is open */
    const char *id; /* in front of the names of clip paths, which must differ between pictures of one page */
};

/* What a picture says of itself. */
struct svg_head {
    double width, height; /* units */
    double width_mm;      /* as printed; 0: a unit is a pixel */
    const char *title, *desc; /* rich text: the finding, and what is drawn, for who cannot see it */
    struct color ground;
    const char *id;       /* "": none */
};

/* Header of a picture; svg_end closes it. Write errors show in ferror(out). */
void svg_begin(struct svg *s, FILE *out, const struct svg_head *head);
void svg_end(struct svg *s);
struct surface svg_surface(struct svg *s);

/* Text as XML, without the marks of plot/rich.h, control characters, and bytes that are no UTF-8. */
void svg_escape(FILE *out, const char *text, size_t n);
/* Rich text within a <text> of that size: raised and lowered parts are spans that are shifted and shifted back, as no two
 * browsers take baseline-shift alike. */
void svg_rich(FILE *out, const char *rich, double size);

#endif
