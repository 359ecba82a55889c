/* The bottom of a bowl: runs that differ in one rate alone, their losses against its logarithm, and the rate at which
 * the loss is lowest.
 *
 * A parabola through the best rate and those around it gives the bottom. Where the bowl is skewed, which is where the
 * parabola misses its points or has its bottom beyond the best one's neighbours, the bottom is that of an Akima curve
 * through all of them (as Porian et al. 2024, arXiv 2406.19146, do). A bottom at the edge of what was tried is none. */
#ifndef PLATEAU_FIT_BOWL_H
#define PLATEAU_FIT_BOWL_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/stats.h"

enum { BOWL_MAX = 64 }; /* different rates at most; what is more is left out */

struct bowl_point {
    double x;    /* the rate, above 0 */
    double loss; /* not finite: the run diverged */
};

enum bowl_state {
    BOWL_FOUND,
    BOWL_FEW,      /* fewer than three rates with a loss */
    BOWL_LOW_EDGE, /* the lowest rate is the best */
    BOWL_HIGH_EDGE /* the highest rate with a loss is; what lies above, if anything, diverged */
};

struct bowl {
    enum bowl_state state;
    bool skewed;           /* the bottom is the Akima curve's */
    struct fit_value x;    /* the rate at the bottom, above 0, and its 95 % interval; se is that of its logarithm. NaN where
                              it is not known, or the interval has no end there */
    double loss;           /* at the bottom */
    double best;           /* the rate of the lowest loss */
    double below, above;   /* the rates tried next to it, diverged or not; NaN: none. Where all diverged, above is the lowest */
    double steep;          /* how the loss grows about the bottom: steep times the square of a difference in ln x */
    /* The parabola c0 + z (c1 + z c2), z = ln x - ln_centre, over the rates from lo_x to hi_x. */
    double c0, c1, c2, ln_centre, lo_x, hi_x;
    double rss, df;        /* of all runs: about the parabola, or about the means of their rates where it is skewed */
    size_t n;              /* rates with a loss */
    double ln_x[BOWL_MAX], mean[BOWL_MAX], runs[BOWL_MAX]; /* (n) rising; their mean losses, and of how many runs */
};

/* The bowl of points p (n), in any order; rates within 1e-9 are one. sd is what one run's loss moves by with chance, known
 * with df degrees of freedom (INFINITY: exactly); NaN: taken from the points themselves, as far as they tell. */
void bowl_fit(struct bowl *b, const struct bowl_point *p, size_t n, double sd, double df);

/* The standard deviation of a loss about several bowls together, *df its degrees of freedom; NaN where there are none. */
double bowl_pool(double *df, const struct bowl *b, size_t n);

/* The loss at x as the bowl has it, of a parabola beyond its points too; NaN where there is none. */
double bowl_at(const struct bowl *b, double x);

/* The rate to try next so that the bottom lies inside: a factor `step` beyond an edge, the middle towards a rate that
 * diverged. NaN where it lies inside, or nothing was tried. */
double bowl_next(const struct bowl *b, double step);

#endif
