/* A law's runs without those that no law follows, as a problem of its own. */
#ifndef PLATEAU_FIT_KEPT_H
#define PLATEAU_FIT_KEPT_H

#include "fit/analysis.h"

struct kept {
    struct solve_problem problem; /* borrows the arrays below */
    struct law_point *points;     /* (problem.n) */
    double *loss, *ln_loss;       /* (problem.n) */
    size_t *index;                /* (problem.n) of the law's runs */
};

/* r->off may be NULL: all are kept. kept_free also after a failure. */
enum status kept_take(struct kept *k, const struct fit_report *r, const struct fit_law *f, struct err *err) WARN_UNUSED;
void kept_free(struct kept *k);

#endif
