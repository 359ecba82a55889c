/* What one run's loss moves by with its seed, as a function of size and data.
 *
 * Runs of one size and budget that differ in their seeds tell it. Noise falls with the budget, fourteenfold within one
 * sweep, so ln sigma is a plane in ln N and ln D through the cells that were repeated: variances of a cell follow
 * chi-squared, slopes are held near 0 by a prior where the cells say little, and a cell far above the rest counts no
 * more than one at the 97.5 % point, so that one odd run does not make the noise of all. */
#ifndef PLATEAU_FIT_NOISE_MODEL_H
#define PLATEAU_FIT_NOISE_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/table.h"

struct noise_model {
    double ln_n, ln_d;     /* where the plane is centred */
    double at, by_n, by_d; /* ln sigma there, and its slopes */
    double cov[3][3];      /* of these three */
    size_t df;             /* runs beyond the first of every repeated cell; 0: none was, and the rest says nothing */
    size_t independent;    /* of them, those left when cells on one trajectory count once */
    size_t cells;
    double pooled;         /* root mean square of sigma over the repeated cells */
};

/* Fit the plane to the rows of t that are not `off` ((t->n), NULL: none is). `size` is the column that N is taken
 * from, or what varies in a table of one variable. */
enum status noise_model_fit(struct noise_model *m, const struct fit_table *t, enum fit_column size, const bool *off,
                            struct err *err) WARN_UNUSED;
/* sigma at a size and a number of tokens. */
double noise_model_at(const struct noise_model *m, double n, double d);
/* The variance of ln sigma there that comes of its slopes; that of its level is as chi-squared of m->independent. */
double noise_model_slope_var(const struct noise_model *m, double n, double d);

#endif
