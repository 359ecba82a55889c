/* Bowls of the runs that differ in their learning rate at one size and budget: what two charts are made of. */
#ifndef PLATEAU_REPORT_CHARTS_BOTTOMS_H
#define PLATEAU_REPORT_CHARTS_BOTTOMS_H

#include "fit/bowl.h"
#include "report/charts/parts.h"

struct bottom {
    size_t first, n;             /* its runs: items[first .. first + n) */
    double params, tokens, flops; /* params by the report's count */
    struct bowl bowl;
};

struct bottoms {
    struct fit_tried *items; /* (n_items) by cell and rate */
    size_t n_items;
    struct bottom *of;       /* (n) by compute; of three rates and more */
    size_t n;
    bool deepest;            /* some cells had more bowls: of settings other than the rate, the best is taken */
    double noise, df;        /* of a loss about all bowls; NaN: not known */
};

/* bottoms_free also after a failure. n is 0 where no cell has three rates. */
enum status bottoms_find(struct bottoms *b, const struct parts *p, struct err *err) WARN_UNUSED;
void bottoms_free(struct bottoms *b);
/* "N = 3.1M, D = 20M". */
void bottoms_label(char *out, size_t size, const struct bottom *b);

#endif
