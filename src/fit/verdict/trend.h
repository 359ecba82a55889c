/* Does the loss fall with size and data at all? A law in falling powers fits any table somehow. */
#ifndef PLATEAU_FIT_TREND_H
#define PLATEAU_FIT_TREND_H

#include <stdbool.h>
#include <stddef.h>

/* Pairs of runs of which one has no less of both n and d ((m) each; d NULL: n alone) and more of one: Kendall's tau of
 * the loss over them, -1 where more always brings a lower loss. NaN where no two runs can be compared. Of long tables
 * every so many rows are taken. */
double trend_tau(const double *n, const double *d, const double *loss, const bool *skip, size_t m);

/* Whether tau lies below what 95 of 100 tables without any trend stay above. */
bool trend_falls(double tau, size_t m);

#endif
