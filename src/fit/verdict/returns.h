/* What the next doubling gains, against the noise of one run, and where it sinks below it. */
#ifndef PLATEAU_FIT_RETURNS_H
#define PLATEAU_FIT_RETURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "fit/lines.h"
#include "fit/stats.h"
#include "fit/verdict/floor.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/noise.h"

struct fit_returns {
    double smallest, largest; /* budgets of the runs, or their range of x where that stands in its place */
    struct fit_value loss;    /* on the frontier at the largest */
    struct fit_value gain;    /* of the next doubling there, nats */
    struct fit_value times;   /* that over the noise of one run; lo and hi NaN where the noise has no interval */
    struct fit_value halving; /* doublings of compute that halve the excess over the floor */
    struct fit_value flatten; /* compute where that gain falls below the noise; NaN below the smallest run */
    bool flatten_at_least;    /* the noise is unknown and taken as large as the scatter: flattening starts no earlier */
};

/* Whether the next doubling gains less than one run's loss moves by with its seed. */
enum returns_stand { RETURNS_OPEN, RETURNS_SUNK, RETURNS_ABOVE };

struct returns_in {
    const struct fit_frontier *frontier;
    const struct fit_noise *noise;
    const struct fit_floor *floor; /* that the excess is over */
    const char *unit;              /* the loss's with a space in front (" nats"), or "" */
    uint64_t seed;
};

/* All unknown, from the smallest budget to the largest. */
void returns_none(struct fit_returns *out, double smallest, double largest);
/* Fill loss, gain, halving and flatten from the frontier, and add their sentences and the noise's. */
void returns_judge(struct fit_returns *out, struct fit_lines *lines, const struct returns_in *in);
/* Whether the gain has a digit to quote. Not so where it is given and its interval leaves it none, "0.0 (0.0 to 1.2)": then the
 * interval's upper end is what is known. */
bool returns_gain_known(const struct fit_returns *r);
/* What the intervals carry: the ratio's lies on one side of 1, and the flattening's, where there is one, on that side of the
 * largest budget. Open as well where the noise is unknown or has no interval. */
enum returns_stand returns_stand(const struct fit_returns *r);
/* The sentence on the noise alone, for where nothing else can be said. Withheld: the law's scatter is no bound on it. */
void returns_say_noise(struct fit_lines *lines, const struct fit_noise *noise, const char *unit, bool withheld);

#endif
