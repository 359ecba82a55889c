/* One side of a comparison: its runs, their fit, and what they took. */
#ifndef PLATEAU_FIT_COMPARE_SIDE_H
#define PLATEAU_FIT_COMPARE_SIDE_H

#include <stddef.h>

#include "fit/analysis.h"

/* What a side took beside the FLOPs of its runs. NaN: not known. */
struct compare_costs {
    const double *memory;  /* (rows of the table) bytes that training one needs; NULL: of none is known */
    const double *teacher; /* (rows) FLOPs of a teacher's passes over those of the run itself; NULL: no teacher */
    double teacher_train;  /* FLOPs of the teacher's own training, once */
    double search, sweep;  /* FLOPs of trials of rates, and of the runs that they were for; 0 trials: rates were given */
    size_t trials;
};

struct compare_side {
    const char *name;
    const struct fit_table *table;
    const struct fit_report *report; /* of that table */
    struct compare_costs costs;
};

#endif
