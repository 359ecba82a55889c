/* Answers when the law may be wrong: every law that was fitted, refitted to windows of the runs that leave out the
 * smallest sizes and budgets, and each of those to resamples of trajectories.
 *
 * One law's own interval takes its form for granted: on real sweeps of languages whose floor is known it covers the floor
 * in fewer than half. Laws and windows part ways where the runs do not settle the answer, so an interval is made of all of
 * them. A law in a window counts by how well it predicts the larger runs of the window from the smaller ones; a resample
 * in it by how well it describes the runs as they are (the bootstrap as a proposal, weighed as a posterior would be: Efron
 * 2012, "Bayesian inference and the parametric bootstrap"). Members miss alike where all laws are wrong alike, so
 * quantiles are stretched about the median. The weights and the stretch were chosen on a bank of real sweeps, other
 * families than the one that judges: docs/intervals.md. */
#ifndef PLATEAU_FIT_ENSEMBLE_H
#define PLATEAU_FIT_ENSEMBLE_H

#include <stdint.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/stats.h"

/* The runs that are kept: sizes and data at least this, as the points' logarithms. */
struct ensemble_window {
    double u, v;
    size_t sizes, budgets; /* levels left out */
};

enum { ENSEMBLE_MAX_WINDOWS = 12, ENSEMBLE_ORIGINS = 3 };

/* One law in one window. */
struct ensemble_cell {
    size_t law, window;
    size_t n;         /* runs */
    bool fitted;
    struct solve_result fit;
    double objective; /* there, of the runs of the window */
    double error[ENSEMBLE_ORIGINS]; /* root mean square of ln prediction - ln loss of larger runs; NaN: too few */
    double weight;
};

struct ensemble_member {
    size_t cell;
    double p[LAW_MAX_PARAMS]; /* inner */
    double objective;         /* of the runs of the window, as they are */
    double weight;            /* all sum to 1 */
};

struct ensemble_in {
    const struct fit_design *design;
    const struct solve_problem *problems; /* (n_laws) of its runs */
    const double *const *starts;          /* (n_laws) their optima */
    size_t n_laws;
    size_t chosen;                        /* the law whose values are quoted; n_laws: none */
    size_t n_boot;                        /* resamples of a cell */
    uint64_t seed;
};

struct ensemble {
    struct ensemble_window windows[ENSEMBLE_MAX_WINDOWS];
    size_t n_windows;
    struct ensemble_cell *cells; /* (n_cells) */
    size_t n_cells;
    struct ensemble_member *members; /* (n_members) */
    size_t n_members;
};

/* ensemble_free also after a failure. */
enum status ensemble_fill(struct ensemble *e, const struct ensemble_in *in, struct err *err) WARN_UNUSED;
void ensemble_free(struct ensemble *e);

/* Fill the windows alone; windows[0] holds all runs. */
enum status ensemble_windows(struct ensemble *e, const struct fit_design *d, struct err *err) WARN_UNUSED;
bool ensemble_inside(const struct ensemble_window *w, const struct law_point *x);

/* How far quantiles are stretched about the median. */
#define ENSEMBLE_STRETCH 2.0

#endif
