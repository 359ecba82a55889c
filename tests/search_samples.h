/* Small samples of simulated and of public tables, each as a problem for the search of a law's optimum. */
#ifndef PLATEAU_TESTS_SEARCH_SAMPLES_H
#define PLATEAU_TESTS_SEARCH_SAMPLES_H

#include "fit/solve/search.h"
#include "fit/table.h"

#define MAX_ROWS 48

/* Runs of a table as a law's problem. */
struct sample {
    struct solve_problem q;
    struct law_point x[MAX_ROWS];
    double loss[MAX_ROWS], ln_loss[MAX_ROWS];
};

void set_losses(struct sample *s, const double *loss);

typedef void on_sample(struct sample *s, size_t k);

/* The k-th sample of a table. */
void one_sample(const struct fit_table *t, size_t k, on_sample *fn);
/* Simulated tables: sweeps of two laws with little noise and with much, and one ratio of data to size. */
void over_simulated(size_t n, on_sample *fn);
/* False, and a visible skip, where it is absent. */
bool public_table(struct fit_table *t, const char *file);
void over_public(size_t n, on_sample *fn);

/* The objective of a free fit is no higher than another. */
void not_worse(const struct sample *s, size_t k, double free_, double other, double tol, const char *what);

#endif
