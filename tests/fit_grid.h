/* Tables of runs off a known law, and quick fits of them. */
#ifndef PLATEAU_TESTS_FIT_GRID_H
#define PLATEAU_TESTS_FIT_GRID_H

#include "fit/analysis.h"

/* A grid of 7 sizes x 8 budgets under the outer parameters `truth`; log-normal noise. Two thirds of the runs see their
 * data `repeat` or repeat^2 times, where that is above 1. */
void grid_table(struct fit_table *t, const struct law *law, const double *truth, double noise, double repeat);
/* n runs of one variable x whose loss is e + k x^-g; log-normal noise. */
void line_table(struct fit_table *t, size_t n, double e, double k, double g, double noise);
/* One law, or with NULL all that suit, and so many resamples. */
struct fit_options quick(const char *law, size_t bootstrap);

#endif
