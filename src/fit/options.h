/* What a fit is asked for. */
#ifndef PLATEAU_FIT_OPTIONS_H
#define PLATEAU_FIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/solve/problem.h"
#include "fit/table.h"
#include "fit/verdict/envelope.h"

#define FIT_MAX_CONDITIONS 8

struct fit_options {
    const char *law;              /* a law's name, NULL: choose */
    struct solve_objective obj;
    size_t bootstrap;             /* resamples; 0: no intervals */
    double holdout;               /* share of the runs, the largest by compute, to predict */
    enum fit_count count;         /* which count of parameters N is */
    const char *tie[FIT_MAX_CONDITIONS], *fix[FIT_MAX_CONDITIONS];
    size_t n_tie, n_fix;
    bool stratify;                /* resample within compute budgets */
    bool profile;                 /* the objective along every parameter */
    size_t break_sims;            /* draws for the p-value of a break; 0: not tested */
    double isoflop_window;        /* parabola over sizes within this factor of the smallest loss */
    uint64_t seed;
    /* Told what is done next and about how much of the whole is behind it; NULL: nobody asks. */
    void (*progress)(void *ctx, double share, const char *what);
    void *progress_ctx;
    const struct envelope_curve *curves; /* (n_curves) training curves; NULL: from the rows */
    size_t n_curves;
    bool exponents_only;          /* laws, resamples, noise, frontier and IsoFLOP minima: for another count of parameters */
};

/* huber:1e-3 on log loss, 400 resamples, 199 for a break, holdout 0.2, window 4, seed 1. */
struct fit_options fit_options_default(void);

/* E_USAGE for a law that does not exist, and for ties and fixed values that neither it nor, without one, any law takes:
 * what can be told before a table is read. */
enum status fit_options_check(const struct fit_options *opt, struct err *err) WARN_UNUSED;

/* The ties and fixed values on the parameters of this law. E_USAGE for those that it does not take. */
enum status fit_options_map(struct solve_map *map, const struct law *law, const struct law_centre *c,
                            const struct fit_options *opt, struct err *err) WARN_UNUSED;
/* They leave out the laws that lack their parameters. */
bool fit_options_suit(const struct fit_options *opt, const struct law *law);

#endif
