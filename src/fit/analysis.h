/* Everything that plateau says about a table of runs: fitted laws with intervals, IsoFLOP minima, the
 * compute-optimal frontier, the noise between seeds, and the verdict.
 *
 * Intervals are 95 % bootstrap intervals unless a name says otherwise: rows are resampled, or whole trunks where
 * runs share one, and quantiles are read a little further out where there are few (stats_expanded). All draws
 * come from `seed`, so a report is the same everywhere. */
#ifndef PLATEAU_FIT_ANALYSIS_H
#define PLATEAU_FIT_ANALYSIS_H

#include <stddef.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/lines.h"
#include "fit/options.h"
#include "fit/table.h"
#include "fit/verdict/cost.h"
#include "fit/verdict/ensemble.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/isoflop.h"
#include "fit/verdict/methods.h"
#include "fit/verdict/noise.h"
#include "fit/verdict/odd_runs.h"
#include "fit/verdict/verdict.h"

/* One part a question, each with a header of its own. */
struct fit_report {
    size_t n, n_diverged, n_failed;
    enum fit_count count;
    struct solve_objective obj;
    struct fit_design design, kept; /* all that laws are fitted to, and without the odd runs */
    struct fit_laws laws;
    char nothing[256];        /* no law at all: why, and what it takes; "" otherwise */
    struct fit_cost cost;
    struct fit_odd odd;
    struct fit_noise noise;
    struct fit_isoflops isoflop;
    struct ensemble spread;   /* laws x windows x resamples; empty where none was made */
    struct fit_frontier frontier;
    struct fit_method_counts methods;
    struct fit_lines notes, warnings;
    struct fit_verdict verdict;
};

/* Fill the report. Too few runs are no failure: r->nothing and the verdict say so. E_USAGE for a law, tie or fixed
 * value that makes no sense. fit_report_free also after a failure. */
enum status fit_analyse(struct fit_report *r, const struct fit_table *t,
                        const struct fit_options *opt, struct err *err) WARN_UNUSED;
void fit_report_free(struct fit_report *r);

/* The selected law, or NULL. */
const struct fit_law *fit_report_selected(const struct fit_report *r);

#endif
