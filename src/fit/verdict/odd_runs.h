/* The runs that no law follows (fit/verdict/outliers.h), with what tells them apart. */
#ifndef PLATEAU_FIT_ODD_RUNS_H
#define PLATEAU_FIT_ODD_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/design.h"
#include "fit/fitted_law.h"
#include "fit/origin.h"
#include "fit/table.h"

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

struct fit_odd {
    bool *off;                /* (rows of the table) runs that no law follows; NULL where no law was fitted */
    struct fit_outlier *runs; /* (n) */
    size_t n;
    struct fit_top_off top;
};

/* From the laws fitted to the design; without a law nothing is filled. odd_runs_free also after a failure. */
enum status odd_runs_fill(struct fit_odd *odd, const struct fit_laws *laws, const struct fit_design *d,
                          const struct fit_table *t, enum fit_count count, struct err *err) WARN_UNUSED;
void odd_runs_free(struct fit_odd *odd);

#endif
