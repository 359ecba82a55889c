/* What the files of the break test share: breaks.c alone is for others. */
#ifndef PLATEAU_FIT_BREAKS_INTERNAL_H
#define PLATEAU_FIT_BREAKS_INTERNAL_H

#include "fit/verdict/breaks.h"

/* Places tried along each variable. */
#define BREAKS_N_PLACES 14
#define BREAKS_MAX_SCORES (BREAKS_N_VARIABLES * BREAKS_N_PLACES)

struct breaks_work {
    const struct breaks_in *in;
    struct solve_problem null;    /* with the test's own objective and losses */
    double p0[LAW_MAX_PARAMS];    /* its optimum on the runs as they are */
    double *x[BREAKS_N_VARIABLES]; /* (n) ln of the variable; NULL: not looked at */
    double *place;                /* (BREAKS_MAX_SCORES) ln */
    bool *use;                    /* (BREAKS_MAX_SCORES) */
    double *fitted, *offset, *rest; /* (n) ln prediction; residuals: of the trajectory, and within it */
    double *loss, *ln_loss, *psi, *w; /* (n) */
    struct law_point *points;     /* (n) with hinges */
    double *sign;                 /* (n_clusters) */
    double *scores;               /* (n_sims, BREAKS_MAX_SCORES) */
};

/* Which terms of the law bend with a variable: compute all of them; size and data their own. */
void breaks_terms_bent(bool bent[2], const struct law *law, size_t v);

/* Fill w->null's objective, which wastes no power, and w->p0; false where that fails. */
bool breaks_fit_null(struct breaks_work *w);
/* Standard deviation of ln loss about that fit, by its median. */
double breaks_scatter(struct breaks_work *w);

/* Of the largest score of no bend, and which it is: variable * BREAKS_N_PLACES + place. NaN: too few draws could be fitted. */
double breaks_p_value(struct breaks_work *w, size_t *at);

#endif
