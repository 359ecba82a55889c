/* IsoFLOP profiles: at each compute budget, the size with the lowest loss (Hoffmann et al. 2022,
 * approach 2), and the power law of those sizes against compute. */
#ifndef PLATEAU_FIT_ISOFLOP_H
#define PLATEAU_FIT_ISOFLOP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/options.h"
#include "fit/stats.h"
#include "fit/table.h"
#include "fit/verdict/cost.h"
#include "fit/verdict/noise.h"

struct fit_isoflop {
    double flops;
    size_t n, n_window;       /* runs at this budget, and inside the window */
    double c0, c1, c2;        /* loss = c0 + c1 z + c2 z^2, z = ln N - ln_centre */
    double ln_centre, lo_n, hi_n; /* window of sizes */
    struct fit_value n_opt, d_opt, loss;
    double n_opt_local;       /* minimum of an Akima curve through the runs */
    bool at_edge;             /* the best run is the smallest or largest size: the minimum is a guess */
    bool valid;
};

/* The budgets, and the exponents of N* and D* against compute through them. */
struct fit_isoflops {
    struct fit_isoflop *at;   /* (n) */
    size_t n;
    struct fit_value n_exponent, d_exponent;
};

/* Fill them from rows of equal flops (within 3 %). A budget needs three sizes.
 * Intervals: losses are redrawn around the parabolas with the spread that the runs show about them, or the noise between
 * seeds where that is larger. */
enum status isoflop_analyse(struct fit_isoflops *out, const struct fit_table *t, const struct fit_options *opt,
                            const struct fit_cost *cost, const struct fit_noise *noise, struct err *err) WARN_UNUSED;
void isoflop_none(struct fit_isoflops *out);
void isoflop_free(struct fit_isoflops *out);

#endif
