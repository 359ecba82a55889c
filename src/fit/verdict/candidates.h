/* Runs that could be trained beside those that are there: sizes and budgets of the runs, between them, and beyond the largest. */
#ifndef PLATEAU_FIT_CANDIDATES_H
#define PLATEAU_FIT_CANDIDATES_H

#include "fit/verdict/worth.h"

/* So many sizes and so many budgets at most are looked at; where the runs have more, the closest are taken together. */
enum { CANDIDATES_LEVELS = 16 };

struct candidate {
    size_t size, budget; /* of the levels */
    size_t seed;         /* 0: the first seed that the runs have, 1: the second, ...; beyond those that they have: a new one */
};

struct candidates {
    double sizes[CANDIDATES_LEVELS], budgets[CANDIDATES_LEVELS]; /* rising */
    bool ran[CANDIDATES_LEVELS]; /* sizes that are the runs' own, to 3 % */
    size_t n_sizes, n_budgets;
    struct candidate *items; /* (n) */
    struct worth_run *runs;  /* (n) the same for worth.h: flops by the report's law of cost */
    size_t n;
};

/* Sizes and budgets go beyond the largest by a factor of `reach` at most, and so does a run's compute. Where a level is
 * further than 1.5 from the next, the middle is a level too. Of each cell two runs: the next seeds of those that it has
 * not. candidates_free also after a failure. */
enum status candidates_make(struct candidates *c, const struct fit_report *r, const struct fit_table *t, double reach,
                            struct err *err) WARN_UNUSED;
void candidates_free(struct candidates *c);

/* The distinct seeds of a table, rising, into out (n of the table); returns how many. */
size_t candidates_seeds(double *out, const struct fit_table *t);

#endif
