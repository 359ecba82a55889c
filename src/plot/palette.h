/* Colours that stay apart for colour-blind readers. */
#ifndef PLATEAU_PLOT_PALETTE_H
#define PLATEAU_PLOT_PALETTE_H

#include "plot/surface.h"

/* Unordered things: the colours of Okabe and Ito (2008), without those that vanish on white. */
struct color palette_distinct(size_t i);

/* Ordered things, i of n from small to large: dark to light at even steps of lightness, after viridis. */
struct color palette_ordered(size_t i, size_t n);

#define PALETTE_INK ((struct color){0x22, 0x22, 0x22})
#define PALETTE_SOFT ((struct color){0x66, 0x66, 0x66})
#define PALETTE_GRID ((struct color){0xE4, 0xE4, 0xE4})
#define PALETTE_WHITE ((struct color){0xFF, 0xFF, 0xFF})

#endif
