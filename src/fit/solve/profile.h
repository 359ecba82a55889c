/* Profile likelihood: the objective along one parameter, all others at their best. */
#ifndef PLATEAU_FIT_PROFILE_H
#define PLATEAU_FIT_PROFILE_H

#include "fit/fitted_law.h"

/* Fill f->profile_lo and profile_hi: where the deviance has risen by t^2 (for many runs 3.84). An end that the
 * runs do not set within the law's bounds is infinite; a parameter that the user fixed stays NaN. Where runs
 * share trajectories, the likelihood counts correlated runs as independent: the rise is scaled by the ratio of
 * the bootstrap's variance to the curvature's, if above 1 (Chandler and Bate 2007, vertical scaling). */
void profile_intervals(struct fit_law *f);

/* Add to f->profiles every parameter that is free and that the runs identify. */
void profile_tables(struct fit_law *f);

/* True where parameter j was settled before the fit, by --fix. */
bool profile_held(const struct fit_law *f, size_t j);
/* True where the runs pin parameter j down, or the user held it. Not so at a bound, where an interval runs on to a
 * bound or has no end, where digits that are printed hang on digits of the losses that are not (solve.h), where the
 * search did not end, and for the coefficient of an exponent that is not identified. What is not identified is given no
 * error bar: its value is one of many. */
bool profile_identified(const struct fit_law *f, size_t j);
/* Why parameter j has no error bar, in words: "held", "at its bound", "not identified"; NULL where it has one. Whoever shows
 * a parameter asks this and profile_value. */
const char *profile_no_error(const struct fit_law *f, size_t j);
/* The estimate as it may be shown: without an error bar where it is not identified. */
struct fit_value profile_value(const struct fit_law *f, size_t j);

/* True where a bound of the law or an open end says that the runs do not settle parameter j. */
bool profile_open(const struct fit_law *f, size_t j);
/* True where an end of the two intervals is off by more than half the bootstrap's width. */
bool profile_disagrees(const struct fit_law *f, size_t j);

#endif
