/* A smooth curve through points that overshoots little where they are skewed (Akima 1970, J. ACM 17, 589): between two
 * points a cubic whose slopes at both come of the four differences around each. */
#ifndef PLATEAU_FIT_AKIMA_H
#define PLATEAU_FIT_AKIMA_H

#include <stddef.h>

/* Room that a curve through n points works in. */
#define AKIMA_SCRATCH(n) ((n) + 3)

/* Slopes of the differences between points (u, y) (n >= 2), u rising, into m (AKIMA_SCRATCH(n)), two more at each end. */
void akima_slopes(double *m, const double *u, const double *y, size_t n);
/* The curve at x, from u[0] to u[n - 1]; outside of that its end. */
double akima_at(const double *m, const double *u, const double *y, size_t n, double x);
/* Where it is lowest, to a 64th of the way between two points. */
double akima_minimum(const double *m, const double *u, const double *y, size_t n);

#endif
