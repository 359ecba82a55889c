/* Everything that plateau says about a table of runs: fitted laws with intervals, IsoFLOP minima, the
 * compute-optimal frontier, the noise between seeds, and the verdict.
 *
 * Intervals are 95 % bootstrap intervals unless a name says otherwise: rows are resampled, or whole trunks where
 * runs share one, and quantiles are read a little further out where there are few (stats_expanded). All draws
 * come from `seed`, so a report is the same everywhere. */
#ifndef PLATEAU_FIT_ANALYSIS_H
#define PLATEAU_FIT_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/lines.h"
#include "fit/table.h"
#include "fit/verdict/breaks.h"
#include "fit/verdict/ensemble.h"
#include "fit/verdict/envelope.h"
#include "fit/verdict/noise_model.h"
#include "fit/verdict/noise_split.h"
#include "fit/verdict/protocol.h"

#define FIT_MAX_LAWS 6
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

struct fit_isoflop {
    double flops;
    size_t n, n_window;       /* runs at this budget, and inside the window */
    double c0, c1, c2;        /* loss = c0 + c1 z + c2 z^2, z = ln N - ln_centre */
    double ln_centre, lo_n, hi_n; /* window of sizes */
    struct fit_value n_opt, d_opt, loss;
    double n_opt_local;       /* minimum of an Akima curve through the runs */
    bool at_edge;             /* the best run is the smallest or largest size: the minimum is a guess */
    bool valid;
};

/* A run that no law follows. */
struct fit_outlier {
    size_t row;            /* of the table */
    struct origin_name at;
    double loss, expected; /* what it has, and what the selected law says */
};

/* Where the runs that an extrapolation starts from lie off the law. */
struct fit_top_off {
    size_t n, of;  /* so many runs of so many; n = 0: none does */
    double miss;   /* mean of loss / expected - 1 */
    bool best;     /* it is the run with the lowest loss, else those of the largest budget */
};

struct fit_verdict {
    bool enough;              /* false: only `lines` says anything */
    char withheld[400];       /* why floor, gain, halving and flattening are not given (NaN); "" where they are */
    bool floor_supported;     /* the runs tell a floor above 0 from none */
    bool floor_identified;    /* and its interval spans less than a factor of two */
    struct fit_value floor;   /* lo NaN: without end below */
    double floor_lo, floor_hi; /* hull of the 95 % intervals of the floor that each law fitted has of its own */
    double floor_delta_aicc;   /* AICc without a floor less AICc with one */
    double smallest, largest_flops; /* budgets of the runs, or their range of x where that stands in its place */
    struct fit_value loss;    /* on the frontier at largest_flops */
    struct fit_value gain;    /* of the next doubling there, nats */
    struct fit_value halving; /* doublings of compute that halve the excess over the floor */
    struct fit_value flatten; /* compute where that gain falls below the noise; NaN below the smallest run */
    bool flatten_at_least;    /* the noise is unknown and taken as large as the scatter: flattening starts no earlier */
    struct breaks_out brk;    /* does the excess fall with another exponent beyond some point? */
    bool truth_known, truth_covered, truth_covered_over_laws;
    double truth_floor, truth_heldout;
    struct protocol_said protocol[PROTOCOL_RULES]; /* (n_protocol) what in the runs' training can move the law */
    size_t n_protocol;
    struct fit_lines lines;   /* sentences */
};

/* L*(C) = e + exp(ln_k) C^-g and N*(C) = exp(ln_n) C^n_exp (NaN for laws of one variable). */
struct fit_frontier {
    double e, ln_k, g, ln_n, n_exp;
};

/* Exponents of N* and D* against compute by the three methods, with parameters counted one way; and the law's N* and D*
 * themselves at budgets from the smallest to ten times the largest. */
enum { FIT_METHOD_BUDGETS = 9 };
struct fit_methods {
    enum fit_count count;
    double flops[FIT_METHOD_BUDGETS];
    struct fit_value n_best[FIT_METHOD_BUDGETS], d_best[FIT_METHOD_BUDGETS];
    struct fit_value law_n, law_d, isoflop_n, isoflop_d;
    struct envelope envelope;
};

struct fit_report {
    size_t n, n_diverged, n_failed;
    enum fit_count count;
    struct solve_objective obj;
    struct fit_design design, kept; /* all that laws are fitted to, and without the outliers below */
    struct fit_law laws[FIT_MAX_LAWS];
    size_t n_laws;
    size_t selected;          /* index into laws; n_laws where none could be fitted */
    const char *selected_why;
    char nothing[256];        /* no law at all: why, and what it takes; "" otherwise */
    struct fit_isoflop *isoflop;
    size_t n_isoflop;
    struct fit_value isoflop_n_exponent, isoflop_d_exponent;
    /* Compute that N and D cost: flops = k N^p D, fitted to the table's own flops. */
    double flops_k, flops_p;
    bool has_frontier;        /* L*(C) = E + K C^-g holds */
    struct fit_value frontier_n_exponent, frontier_d_exponent; /* NaN for laws of one variable */
    struct fit_value frontier_e, frontier_k, frontier_g;
    const char *frontier_of;  /* "compute-optimal frontier", or what varies in the runs */
    const char *frontier_x;   /* "C", or the variable that stands in its place */
    double lack_of_fit;       /* share of the scatter about the selected law that is not noise between seeds */
    struct ensemble spread;   /* laws x windows x resamples; empty where none was made */
    bool bent;                /* the frontier is that of the law beyond the break */
    struct fit_frontier *frontier; /* (1 + n_frontier_boot): the fit, then the resamples */
    double *frontier_weight;  /* (n_frontier_boot) NULL: all alike, of one law */
    size_t n_frontier_boot;
    double *draws;            /* (n_frontier_boot) as fit_law.draws */
    struct stats_draw *mixture; /* (n_frontier_boot) where they have weights */
    struct fit_methods methods[FIT_N_COUNTS];
    size_t n_methods;         /* 0 for laws of one variable */
    const char *envelope_of;  /* what its curves are */
    double frontier_z;        /* as fit_law.z */
    bool *off;                /* (rows of the table) runs that no law follows; NULL where no law was fitted */
    struct fit_outlier *outliers;
    size_t n_outliers;
    struct fit_top_off top_off;
    struct noise_model noise; /* between seeds, at any size and budget */
    double sigma;             /* it at the best run of the largest budget, nats; NaN where no seed was repeated */
    const char *sigma_from;   /* where it comes from, in words */
    double sigma_lo, sigma_hi; /* 95 % interval */
    size_t sigma_n;           /* degrees of freedom of all repeated cells; 0: none */
    size_t sigma_independent; /* those left when budgets on one trajectory count once */
    double sigma_slope_sd;    /* sd of ln sigma that comes of its slopes in size and data */
    struct noise_split split; /* sigma by what it comes of, where seeds of both kinds were crossed */
    double heldout_se;        /* standard error of the held-out set there, which all runs share; NaN: not known */
    double scatter;           /* of the runs about the selected law, nats: what the noise is at most */
    double min_flops, max_flops;
    struct fit_lines notes, warnings;
    struct fit_verdict verdict;
};

/* E_USAGE for a law that does not exist, and for ties and fixed values that neither it nor, without one, any law takes:
 * what can be told before a table is read. */
enum status fit_options_check(const struct fit_options *opt, struct err *err) WARN_UNUSED;

/* Fill the report. Too few runs are no failure: r->nothing and the verdict say so. E_USAGE for a law, tie or fixed
 * value that makes no sense. fit_report_free also after a failure. */
enum status fit_analyse(struct fit_report *r, const struct fit_table *t,
                        const struct fit_options *opt, struct err *err) WARN_UNUSED;
void fit_report_free(struct fit_report *r);

/* The selected law, or NULL. */
const struct fit_law *fit_report_selected(const struct fit_report *r);

/* Values of a fitted report are read with memory that it holds: they cannot fail, and only one thread at a time may
 * ask.
 *
 * What a law predicts at (N, D); laws of one variable take it as n and ignore d. The interval is that of
 * the curve, not of a new run. */
struct fit_value fit_predict(const struct fit_law *f, double n, double d);
/* The same where only the first `unique` of the d tokens are new; it matters to the law `repeat` alone. */
struct fit_value fit_predict_repeated(const struct fit_law *f, double n, double d, double unique);
/* Along the frontier at compute C: loss, the best size, its tokens, and the gain of doubling C. NaN where
 * the report has no frontier. */
struct fit_value fit_frontier_loss(const struct fit_report *r, double flops);
struct fit_value fit_frontier_gain(const struct fit_report *r, double flops);
struct fit_value fit_frontier_params(const struct fit_report *r, double flops);
struct fit_value fit_frontier_tokens(const struct fit_report *r, double flops);

#endif
