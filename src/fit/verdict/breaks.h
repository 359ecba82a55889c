/* Is there a break in the excess over the floor: a place beyond which it falls with another exponent?
 *
 * Under the null the law holds throughout. The alternative multiplies the excess by (x/x0)^bend beyond x0, where
 * x is compute, size, data, or the one variable of the law. For every variable and place the score statistic of
 * bend = 0 is taken at the null fit; the test statistic is the largest of them, each in units of its own spread.
 * Its null distribution comes from a wild bootstrap (Wu 1986; Davidson and Flachaire 2008): residuals change
 * sign at random, offsets of whole trajectories apart from what is left within them, and the law is refitted.
 *
 * No law is exactly right, so that a bend can be significant and mean nothing: it counts where it predicts runs that were
 * left out, and goes on doing so without the smallest budgets. A loss that rises again with data needs no law: turn.h. */
#ifndef PLATEAU_FIT_BREAKS_H
#define PLATEAU_FIT_BREAKS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/stats.h"
#include "fit/verdict/turn.h"

/* A bend matters where it brings the error on left-out runs to this share of what every law without one has. */
#define BREAKS_MATTERS 0.8
/* And to this share without an eighth of the smallest budgets; without an eighth and without a quarter of them the change
 * of the exponent keeps its sign, and at least this share of its size. */
#define BREAKS_SURVIVES 0.95
#define BREAKS_KEPT 0.5

struct breaks_in {
    const struct solve_problem *problem; /* of the law without a break */
    const double *start;                 /* its optimum, inner parameters */
    const struct fit_design *design;     /* of its runs; its scale is their compute in laws of two variables */
    const struct solve_problem *others;  /* (n_others) of the same runs: laws that may explain a bend without one */
    const double *const *other_starts;   /* (n_others) their optima */
    size_t n_others;
    size_t n_sims, n_boot;               /* draws of the null distribution, resamples for the intervals */
    uint64_t seed;
};

enum breaks_variable { BREAKS_COMPUTE, BREAKS_SIZE, BREAKS_DATA, BREAKS_N_VARIABLES };

/* A law with its break: inner parameters, the bend among them last. */
struct breaks_draw {
    double p[LAW_MAX_PARAMS];
    double bend, place; /* place as it is */
};

struct breaks_out {
    bool tested;      /* false: the rest is NaN */
    const char *untested; /* why not, in words; static */
    bool found;       /* bent, or the loss rises again */
    bool matters;     /* p below 5 %, the change's interval off 0, and left-out runs predicted better by a fifth than
                         without, and than by any other law */
    bool bent;        /* and still so without the smallest budgets: what is quoted may come from the bent law */
    struct turn_out turn;
    double p;
    enum breaks_variable variable;  /* BREAKS_SIZE stands for x in laws of one variable */
    struct fit_value place;  /* of that variable, as it is */
    struct fit_value change; /* of the exponent, were that the place; below 0: returns slow down */
    double cv, cv_bent;      /* rms error in ln loss on runs left out, an eighth at a time */
    double cv_other;         /* the least of the other laws; NaN: there is none */
    struct breaks_draw *draws; /* (n_draws) the fit, then its resamples; where p is small */
    size_t n_draws;
};

/* What may be said: that there is one, that none is seen, or neither. Open: one stands out, and is too uncertain to be called
 * one. A rise with data is found without the test of a bend. */
enum breaks_stand { BREAKS_UNTESTED, BREAKS_NONE, BREAKS_OPEN, BREAKS_FOUND };

static inline enum breaks_stand breaks_stand(const struct breaks_out *b)
{
    bool small = b->p < 0.05 && isfinite(b->change.value + b->place.value);
    return b->found ? BREAKS_FOUND : !b->tested ? BREAKS_UNTESTED : small ? BREAKS_OPEN : BREAKS_NONE;
}

/* Why it was not tested, in words. */
static inline const char *breaks_untested(const struct breaks_out *b)
{
    return b->untested ? b->untested : "too few runs";
}

/* breaks_free also after a failure. */
enum status breaks_test(struct breaks_out *out, const struct breaks_in *in, struct err *err) WARN_UNUSED;
void breaks_free(struct breaks_out *out);

#endif
