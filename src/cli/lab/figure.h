/* Series of the lab's own charts. */
#ifndef PLATEAU_CLI_LAB_FIGURE_H
#define PLATEAU_CLI_LAB_FIGURE_H

#include "plot/chart.h"

/* Marks, a line, or both (width 0: no line) of n points, copied; lo, hi: intervals of y, or NULL. */
struct figure_series {
    const char *label;
    struct ink color;
    enum chart_marker marker;
    double width, dash;
    bool band;
    size_t n;
    const double *x, *y, *lo, *hi;
};
enum status figure_add(struct chart *c, const struct figure_series *s, struct err *err) WARN_UNUSED;

/* The i-th of n places from lo to hi, in equal steps of the logarithm. */
double figure_step(double lo, double hi, size_t i, size_t n);

/* y = a x^b by least squares in logarithms; points that are not above 0 are passed over. False below two. */
bool figure_power(double *a, double *b, const double *x, const double *y, size_t n);

#endif
