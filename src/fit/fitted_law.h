/* One law fitted to runs: its optimum, its resamples and profiles, and how it predicts runs that it was not shown.
 *
 * Whoever fits fills it part by part: search.c's optimum, then boot.c's and profile.c's intervals, then the verdict's
 * errors of prediction. What it borrows is the design's (fit/design.h). */
#ifndef PLATEAU_FIT_FITTED_LAW_H
#define PLATEAU_FIT_FITTED_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/law.h"
#include "fit/origin.h"
#include "fit/solve/solve.h"
#include "fit/stats.h"
#include "fit/table.h"

/* The objective along one parameter, the others at their best. */
enum { FIT_PROFILE_POINTS = 11 };
struct fit_profile {
    size_t param, n; /* n points, in rising order of the parameter */
    double value[FIT_PROFILE_POINTS], objective[FIT_PROFILE_POINTS];
};

/* A run that was held out. */
struct fit_held {
    size_t row; /* of the table */
    struct origin_name at;
    double loss, predicted;
    bool best;  /* no other held-out run of at most its compute has a lower loss */
};

struct fit_law {
    const struct law *law;
    enum fit_column x;        /* the variable of a law in one variable */
    const char *x_name;
    size_t n;                 /* runs that it was fitted to */
    struct solve_problem problem;
    const struct law_point *points; /* (n) this and the next three are the report's design's */
    const double *loss, *ln_loss;   /* (n) */
    const size_t *rows;       /* (n) row of the table behind each point */
    struct solve_result best;
    double outer[LAW_MAX_PARAMS];
    struct fit_value params[LAW_MAX_PARAMS];
    double bca_lo[LAW_MAX_PARAMS], bca_hi[LAW_MAX_PARAMS];
    double profile_lo[LAW_MAX_PARAMS], profile_hi[LAW_MAX_PARAMS]; /* -INFINITY, INFINITY: without end */
    struct fit_profile profiles[LAW_MAX_PARAMS]; /* of what the runs identify, where asked */
    size_t n_profiles;
    size_t n_clusters;        /* what is resampled: runs, or trajectories where runs share one */
    double z;                 /* where intervals are read from resamples (fit/stats.h) */
    double *boot;             /* (n_boot, n_params) inner parameters of each resample */
    size_t n_boot, n_boot_failed;
    double *draws;            /* (n_boot) room for the draws of one number, so that asking for it cannot fail */
    double *boot_aicc;        /* (n_boot + n_boot_failed) NaN where the resample could not be fitted */
    double aicc, scale;       /* and the scale tau of the residuals that goes with it */
    double weight, share;     /* Akaike weight among the laws fitted; resamples where its AICc is the lowest */
    double rms_log;           /* root mean square of ln prediction - ln loss */
    double holdout_error;     /* the same on held-out larger runs; NaN where too few are left */
    double holdout_bias;      /* mean of ln prediction - ln loss there */
    double holdout_best;      /* the error on those of them that no other of at most their compute beats */
    struct fit_held *held;    /* (holdout_n) */
    size_t holdout_n;
    double lobo_error;        /* each larger budget predicted from the smaller ones */
    size_t lobo_n;
};

void fit_law_free(struct fit_law *f);

/* What a law predicts at (N, D); laws of one variable take it as n and ignore d. The interval is that of the curve, not
 * of a new run. It is read with memory that the law holds: that cannot fail, and only one thread at a time may ask. */
struct fit_value fit_predict(const struct fit_law *f, double n, double d);
/* The same where only the first `unique` of the d tokens are new; it matters to the law `repeat` alone. */
struct fit_value fit_predict_repeated(const struct fit_law *f, double n, double d, double unique);

#define FIT_MAX_LAWS 6

/* The laws fitted to the same runs, and the one that is gone on with. */
struct fit_laws {
    struct fit_law at[FIT_MAX_LAWS];
    size_t n;
    size_t selected;          /* index into them; n where none could be fitted */
    const char *selected_why;
};

void fit_laws_free(struct fit_laws *laws);
/* The selected law, or NULL. */
const struct fit_law *fit_laws_selected(const struct fit_laws *laws);

#endif
