/* What colours mean, and which they are on a light and on a dark ground.
 *
 * A chart names a colour by what it stands for; the theme says which that is, so one chart serves print, a projector and a
 * dark page. Those of one theme stay apart for readers with any of the three kinds of colour blindness, and from the ground
 * with a contrast of 3 to 1 (WCAG 2.1, 1.4.11): tests/test_palette.c simulates both (Machado et al. 2009). */
#ifndef PLATEAU_PLOT_PALETTE_H
#define PLATEAU_PLOT_PALETTE_H

#include <stdbool.h>

#include "plot/surface.h"

enum palette_role {
    PALETTE_INK,    /* text, and what is known from elsewhere: truth, theory */
    PALETTE_SOFT,   /* secondary text, axes */
    PALETTE_GRID,
    PALETTE_GROUND,
    PALETTE_FIT,    /* what was fitted to the runs */
    PALETTE_NOISE,  /* what seeds do */
    PALETTE_KIND,   /* one of PALETTE_KINDS unordered things, by `at` */
    PALETTE_SCALE,  /* ordered things: `at` from 0, small, to 1, large */
};
enum { PALETTE_KINDS = 5 };

struct ink {
    enum palette_role role;
    double at;
};

struct color palette_color(struct ink ink, bool dark);

/* color.code is one of so many: roles, then kinds, then steps of the scale that nobody can tell apart. */
enum { PALETTE_STEPS = 48, PALETTE_CODES = PALETTE_KIND + PALETTE_KINDS + PALETTE_STEPS + 1 };
struct ink palette_decode(unsigned char code);

/* The i-th of n ordered things. */
struct ink palette_ordered(size_t i, size_t n);
static inline struct ink palette_ink(enum palette_role role)
{
    return (struct ink){role, 0};
}
static inline struct ink palette_kind(size_t i)
{
    return (struct ink){PALETTE_KIND, (double)i};
}

#endif
