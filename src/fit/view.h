/* Which of a table's runs laws are fitted to, and in which variables. */
#ifndef PLATEAU_FIT_VIEW_H
#define PLATEAU_FIT_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/lines.h"
#include "fit/options.h"
#include "fit/table.h"

/* A law of two variables needs three levels of each: with two, a floor and an exponent trade freely. One of one
 * variable as many: a line goes through any two. */
enum { VIEW_MIN_LEVELS = 3 };

struct view {
    bool *use;         /* (rows of the table) the runs in use */
    size_t n;          /* of them */
    size_t levels;     /* distinct values of x among them, or the fewer of sizes and budgets */
    bool rises;        /* y is no loss and rises with x: such as the best size with compute */
    bool two;          /* laws of size and data; else of x */
    enum fit_column x;
    const char *x_name;
    double *scratch;   /* (2 rows) */
};

/* Size and data where there are enough levels of both and the law that is asked for takes both; else the one
 * that varies, or compute along the envelope of the runs. What is chosen against expectation is added to
 * the notes. view_free also after a failure. */
enum status view_choose(struct view *v, struct fit_lines *notes, const struct fit_table *t,
                        const struct fit_options *opt, struct err *err) WARN_UNUSED;
void view_free(struct view *v);

#endif
