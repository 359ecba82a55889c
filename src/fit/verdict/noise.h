/* The noise that the report speaks of: what one run's loss moves by with its seed at the largest budget.
 *
 * Without repeated seeds it is unknown. The scatter about a law holds the noise and what the law gets wrong, so it is
 * kept as what the noise is at most; the error of evaluation is shared by all runs and says nothing of it. */
#ifndef PLATEAU_FIT_NOISE_H
#define PLATEAU_FIT_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/table.h"
#include "fit/verdict/noise_model.h"
#include "fit/verdict/noise_split.h"

struct fit_noise {
    struct noise_model model; /* between seeds, at any size and budget */
    double sigma;             /* it at the best run of the largest budget, nats; NaN where no seed was repeated */
    const char *from;         /* where it comes from, in words */
    double lo, hi;            /* 95 % interval */
    size_t df;                /* degrees of freedom of all repeated cells; 0: none */
    size_t independent;       /* those left when budgets on one trajectory count once */
    double slope_sd;          /* sd of ln sigma that comes of its slopes in size and data */
    struct noise_split split; /* sigma by what it comes of, where seeds of both kinds were crossed */
    double heldout_se;        /* standard error of the held-out set there, which all runs share; NaN: not known */
    double scatter;           /* of the runs about the selected law, nats: what the noise is at most */
    double lack_of_fit;       /* share of that scatter that noise between seeds does not explain, 0 to 1 */
};

struct noise_in {
    const struct fit_table *t;
    enum fit_count count;
    const bool *off;                /* (rows of the table) left out; NULL: none is */
    const struct fit_design *kept;  /* the runs without them */
    const struct fit_law *law;      /* the selected one; NULL: none was fitted, nothing is told of scatter */
    uint64_t seed;                  /* of the draws */
};

/* Fill sigma and what goes with it at the best run of the largest budget, with its 95 % interval from chi-squared for its
 * level and the spread of its slopes; the scatter from the law, and lack_of_fit, 1 where no seed was repeated. */
enum status noise_fill(struct fit_noise *out, const struct noise_in *in, struct err *err) WARN_UNUSED;

/* sigma as it would come out of other seeds, level and slopes; sigma itself where its own spread is not known. */
double noise_draw(const struct fit_noise *noise, struct rng *rng);

#endif
