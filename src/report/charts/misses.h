/* How far runs lie off the fitted law, as shares of the loss, and how far seeds alone would put them. */
#ifndef PLATEAU_REPORT_CHARTS_MISSES_H
#define PLATEAU_REPORT_CHARTS_MISSES_H

#include "report/charts/kinds.h"

struct misses {
    double *off;  /* (rows) loss / law - 1; NaN where the law says nothing */
    double rms, noise; /* over the runs that laws are fitted to; what seeds alone make of it, NaN: not known */
    size_t n;
};

/* misses_free also after a failure. */
enum status misses_fill(struct misses *m, const struct parts *p, struct err *err) WARN_UNUSED;
void misses_free(struct misses *m);

/* The marks, the line of none and the band of noise, in a panel. */
enum status misses_draw(struct chart *ch, const struct parts *p, const struct misses *m, const struct parts_groups *sizes,
                        size_t panel, struct err *err) WARN_UNUSED;

#endif
