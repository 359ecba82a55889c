/* What theory says of the language that runs were trained on, beside what was fitted to them: in words, and for charts. */
#ifndef PLATEAU_CLI_THEORY_H
#define PLATEAU_CLI_THEORY_H

#include "cli/fitted.h"
#include "data/data.h"
#include "report/charts/charts.h"
#include "report/screen.h"

/* One more sentence of the verdict; nothing for tables, text and languages without a theory. */
enum status theory_print(const struct fitted *f, struct err *err) WARN_UNUSED;

/* The same as a row of the screen that a sweep ends with. */
enum status theory_add(struct screen *s, const struct fitted *f, struct err *err) WARN_UNUSED;

/* Eight places for each doubling of the facts known, up to the most that data_excess takes. */
enum { THEORY_POINTS = 8 * 24 + 2 };
struct theory {
    struct data_theory said;
    double known[THEORY_POINTS], excess[THEORY_POINTS];
    struct charts_theory chart; /* borrows from the others */
};

/* *drawn is false where there is nothing to draw: as above, and where facts are too many to be counted. */
enum status theory_of(struct theory *t, bool *drawn, const struct fitted *f, struct err *err) WARN_UNUSED;

#endif
