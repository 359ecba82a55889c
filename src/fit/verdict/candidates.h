/* Runs that could be trained beside those that are there: their sizes, and their budgets, those between and beyond. */
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

/* Budgets go beyond the largest by a factor of `reach` at most, and so does a run's compute. Where one is further than 1.5 from
 * the next, the middle is one too. Sizes are those of the runs, where these are four: a further one, with a run or two, makes
 * the intervals wider as often as narrower (docs/designs.md). Where they are fewer, sizes lie between and beyond as budgets do.
 * Of each cell two runs: the next seeds of those that it has not. candidates_free also after a failure. */
enum status candidates_make(struct candidates *c, const struct fit_report *r, const struct fit_table *t, double reach,
                            struct err *err) WARN_UNUSED;
void candidates_free(struct candidates *c);

/* Keep those that lengthen the larger sizes: of the upper half of the runs' sizes, longer than any run of that size is, with the
 * first seed. Two of one size share a trajectory, and every window of the runs has room for them. They narrow the intervals of a
 * rectangle by the most for their FLOPs (docs/designs.md). Nothing is changed where the runs are none: fewer than four sizes, or
 * fewer than half of the cells of sizes and budgets; nor where fewer than k would be left. */
enum status candidates_lengthen(struct candidates *c, const struct fit_report *r, const struct fit_table *t, size_t k,
                                struct err *err) WARN_UNUSED;

/* The distinct seeds of a table, rising, into out (n of the table); returns how many. */
size_t candidates_seeds(double *out, const struct fit_table *t);

#endif
