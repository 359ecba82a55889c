/* The bank of real sweeps on languages whose floor is known (tests/bank, made by scripts/truth): what intervals and the test
 * for breaks are judged by. */
#ifndef PLATEAU_TESTS_BANK_H
#define PLATEAU_TESTS_BANK_H

#include "fit/analysis.h"

struct bank_sweep {
    char name[40], family[24];
    struct fit_table table; /* with its truth */
};

struct bank {
    struct bank_sweep *sweeps; /* (n) */
    size_t n;
};

/* The sweeps of tests/bank/truth.csv with this mark (sweeps.txt), in its order. bank_free also after a failure. */
enum status bank_read(struct bank *b, const char *mark, struct err *err) WARN_UNUSED;
void bank_free(struct bank *b);

/* The runs of at most a quarter of the largest compute (a third where budgets are that far apart), from which those of
 * the largest are predicted: fit_table_free(small); ahead (n of the table) marks the latter. */
enum status bank_split(struct fit_table *small, bool *ahead, const struct fit_table *t, struct err *err) WARN_UNUSED;

/* Of x (n), which is sorted; NaN of none. */
double bank_median(double *x, size_t n);

#endif
