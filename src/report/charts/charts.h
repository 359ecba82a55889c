/* The charts of a set of runs: what was measured, what was fitted, and where returns flatten. */
#ifndef PLATEAU_REPORT_CHARTS_H
#define PLATEAU_REPORT_CHARTS_H

#include "fit/analysis.h"

/* The training curve of one run. */
struct charts_curve {
    bool done;                   /* it has the final loss below */
    double params[FIT_N_COUNTS]; /* by each count; NaN: unknown */
    double budget_tokens, final_loss;
    size_t n;
    const double *tokens, *loss; /* (n) borrowed */
};

struct charts_input {
    const struct fit_table *table;
    const struct fit_report *report; /* of that table */
    const struct charts_curve *curves;
    size_t n_curves; /* 0: none, and no chart of them */
};

/* Told of every file once it is written. */
typedef void charts_written(void *ctx, const char *path);

/* Write every chart that the runs support, as PNG and SVG, into dir, which is made where it is missing. */
enum status charts_write(const char *dir, const struct charts_input *in, charts_written *written, void *ctx,
                         struct err *err) WARN_UNUSED;

#endif
