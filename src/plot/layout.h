/* Where everything on a chart stands, at a size and in a theme: worked out once, then drawn as pixels or as SVG, and read by
 * whoever has to turn a place on the picture into a value. */
#ifndef PLATEAU_PLOT_LAYOUT_H
#define PLATEAU_PLOT_LAYOUT_H

#include "plot/chart.h"
#include "plot/font.h"
#include "plot/surface.h"

/* Width and height in units where a style asks for none; a PNG has CHART_SCALE pixels a unit. */
enum { CHART_WIDTH = 960, CHART_HEIGHT = 600, CHART_SCALE = 2 };
/* Units in an inch, as CSS has pixels. */
#define CHART_UNITS_INCH 96.0

struct chart_style {
    double width;    /* units; 0: CHART_WIDTH. Below CHART_NARROW the legend goes under the plot and letters are smaller */
    double scale;    /* pixels a unit of a PNG; 0: CHART_SCALE */
    double width_mm; /* > 0: how wide an SVG is printed */
    bool dark;
    bool no_titles;  /* neither title nor words below: for a paper, whose caption says it */
    bool bare;       /* nor legend and colour bar: for a page, which has them beside the picture */
    const char *id;  /* in front of the ids of an SVG that shares a page with others; NULL: none */
};
enum { CHART_NARROW = 560 };

/* What words are for: who moves what they stand at moves them, too. */
enum layout_role { LAYOUT_WORDS, LAYOUT_X_TICKS, LAYOUT_Y_TICKS, LAYOUT_TAGS };
const char *layout_role_word(enum layout_role role);

struct layout_text {
    char text[2 * CHART_TEXT_MAX];
    double x, y, size; /* y: the baseline */
    struct ink color;
    enum anchor anchor;
    bool up, halo;
    enum layout_role role;
    size_t panel; /* of ticks and tags */
};

struct layout_panel {
    double top, bottom;
    struct axis y;
};

/* An entry of the legend: a series, or a reference line whose words are too long for a narrow plot. */
struct layout_entry {
    size_t series, line; /* one of them is SIZE_MAX */
    double x, y;
};

/* The colour bar; x1 = x0 where there is none. */
struct layout_bar {
    double x0, y0, x1, y1;
};

struct layout {
    const struct chart *c;
    struct chart_style style;
    const struct font *font;
    double width, height;      /* units */
    double title, words, small; /* sizes of letters */
    double unit;               /* of marks and lines: 1, less where the picture is narrow */
    double left, right;        /* of the plot */
    struct axis x;
    struct layout_panel panel[CHART_PANELS];
    size_t n_panels;
    struct layout_text *texts;
    size_t n_texts, texts_room;
    struct layout_entry *entries;
    size_t n_entries;
    struct layout_bar bar;
    size_t n_homeless;         /* words of lines and places that nowhere fit */
};

/* Borrows chart and font. layout_free also after a failure. */
enum status layout_make(struct layout *l, const struct chart *c, const struct chart_style *style, const struct font *font,
                        struct err *err) WARN_UNUSED;
void layout_free(struct layout *l);

/* What the surface could not draw, its owner tells. */
enum status layout_draw(const struct layout *l, const struct surface *s, struct err *err) WARN_UNUSED;

/* What stands for a series (or where that is SIZE_MAX for a reference line) in a legend: LAYOUT_SWATCH units wide, from 0
 * to the right, about y = 0. */
enum { LAYOUT_SWATCH = 26 };
void layout_draw_swatch(const struct layout *l, const struct surface *s, size_t series, size_t line);

/* The axis that would show the same values on the other scale, log for linear and linear for log; false where there is
 * none. `panel` CHART_PANELS: the x axis. */
bool layout_other(struct axis *a, const struct layout *l, size_t panel);

/* Where values stand. Far outside is outside: no place is more than some thousand units away. */
double layout_x(const struct layout *l, double v);
double layout_y(const struct layout *l, size_t panel, double v);
/* false where an axis cannot show it. */
bool layout_place(const struct layout *l, size_t panel, struct point *p, double x, double y);
/* How far to the right of its place mark i of a series stands. */
double layout_aside(const struct layout *l, const struct chart_series *s, size_t i);
/* From a to b: the interval of mark i in y, or across, in x. Of an end that is not known, or that its axis cannot show, it
 * goes on beyond the panel. false where there is none. */
bool layout_interval(const struct layout *l, const struct chart_series *s, size_t i, bool across, struct point *a, struct point *b);

#endif
