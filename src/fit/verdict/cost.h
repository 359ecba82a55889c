/* What compute buys: flops = k N^p D, fitted to the table's own flops (k = 6, p = 1 where they are 6 N D). */
#ifndef PLATEAU_FIT_COST_H
#define PLATEAU_FIT_COST_H

#include "fit/stats.h"
#include "fit/table.h"

struct fit_cost {
    double k, p;
    double min_flops, max_flops; /* of the runs; NaN where none has any */
};

/* k and p by least squares in logarithms; the smallest and largest flops. */
struct fit_cost cost_fit(const struct fit_table *t, enum fit_count count);
/* The tokens that are left for a size at this compute, D = C / (k N^p), with the size's interval. */
struct fit_value cost_tokens(const struct fit_cost *c, double flops, struct fit_value n);
/* The exponent of D* from that of N*. */
struct fit_value cost_data_exponent(const struct fit_cost *c, struct fit_value n_exponent);

#endif
