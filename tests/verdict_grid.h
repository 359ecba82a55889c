/* Tables of a known law, and what the verdict says of them. */
#ifndef PLATEAU_TESTS_VERDICT_GRID_H
#define PLATEAU_TESTS_VERDICT_GRID_H

#include "fit/analysis.h"

#define E0 1.7
#define A0 400.0
#define B0 400.0
#define ALPHA 0.34
#define BETA 0.28
#define G0 (ALPHA * BETA / (ALPHA + BETA))
#define SIZES 6
#define BUDGETS 8

double law_at_point(double n, double d);
/* 6 sizes x 8 budgets x so many seeds, each run its own trajectory. */
void grid(struct fit_table *t, size_t seeds);
/* Log-normal noise on every loss. */
void shake(struct fit_table *t, double noise);
/* One law, or with NULL all that suit, so many resamples, and no test for a break. */
struct fit_options quick(const char *law, size_t bootstrap);
void analyse(struct fit_report *r, const struct fit_table *t, const struct fit_options *o);
/* Whether a line of the verdict holds these words. */
bool says(const struct fit_report *r, const char *words);

#endif
