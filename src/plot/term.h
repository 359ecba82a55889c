/* A chart in letters, for a terminal: lines of blocks, four to a letter, and a sign for each mark. */
#ifndef PLATEAU_PLOT_TERM_H
#define PLATEAU_PLOT_TERM_H

#include <stdio.h>

#include "plot/chart.h"

/* As wide as `columns`, from 40 on, and about a third as high in lines; in 24-bit colours where `colours`. Write errors stay
 * in out. */
enum status term_draw(FILE *out, const struct chart *c, size_t columns, bool colours, struct err *err) WARN_UNUSED;

#endif
