/* The runs that laws are fitted to, with what every question asks of them: worked out once, read by all. */
#ifndef PLATEAU_FIT_DESIGN_H
#define PLATEAU_FIT_DESIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/solve/solve.h"
#include "fit/table.h"

struct fit_design {
    bool two;               /* laws of size and data; else of x */
    enum fit_column x;
    const char *x_name;     /* borrowed from the table; "" for laws of two variables */
    size_t n;
    size_t *rows;           /* (n) of the table */
    struct law_point *points; /* (n) centred */
    struct law_centre centre;
    double *loss, *ln_loss; /* (n) */
    double *scale;          /* (n) what tells small runs from large: compute, or x where that has none */
    size_t *cluster;        /* (n) runs that share a trajectory share a number, below n_clusters: what is resampled */
    size_t n_clusters;
    size_t *cell;           /* (n) runs of one size and budget share a number, below n */
};

/* From the rows that are used (`use`, one for each of the table), of this count of parameters where laws have two
 * variables or x is one. design_free also after a failure. */
enum status design_make(struct fit_design *d, const struct fit_table *t, const bool *use, bool two, enum fit_column x,
                        const char *x_name, enum fit_count count, struct err *err) WARN_UNUSED;
/* The points and their centre as a law that rises sees them (struct law, rises). */
void design_mirror(struct fit_design *d);
/* Those of d that are not `off` (one for each row of the table; NULL: none is), about the same centre. */
enum status design_without(struct fit_design *out, const struct fit_design *d, const bool *off,
                           struct err *err) WARN_UNUSED;
/* The same law and objective on the runs of d, which it borrows. */
struct solve_problem design_problem(const struct fit_design *d, const struct solve_problem *q);
void design_free(struct fit_design *d);

#endif
