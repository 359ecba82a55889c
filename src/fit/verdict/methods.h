/* The exponents of N* and D* against compute by all three methods (Hoffmann et al. 2022: envelope of curves,
 * IsoFLOP profiles, parametric law) and by all three counts of parameters, side by side: they differ where small
 * models carry much of their size in embeddings (Pearce and Song 2024, Porian et al. 2024). */
#ifndef PLATEAU_FIT_METHODS_H
#define PLATEAU_FIT_METHODS_H

#include <stddef.h>

#include "base/status.h"
#include "fit/options.h"
#include "fit/stats.h"
#include "fit/table.h"
#include "fit/verdict/cost.h"
#include "fit/verdict/envelope.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/isoflop.h"

/* With parameters counted one way; and the law's N* and D* themselves at budgets from the smallest to ten times the
 * largest. */
enum { FIT_METHOD_BUDGETS = 9 };
struct fit_methods {
    enum fit_count count;
    double flops[FIT_METHOD_BUDGETS];
    struct fit_value n_best[FIT_METHOD_BUDGETS], d_best[FIT_METHOD_BUDGETS];
    struct fit_value law_n, law_d, isoflop_n, isoflop_d;
    struct envelope envelope;
};

/* Those of every count whose column the table has. */
struct fit_method_counts {
    struct fit_methods at[FIT_N_COUNTS];
    size_t n;                 /* 0 for laws of one variable */
    const char *envelope_of;  /* what its curves are */
};

/* Add what a fit of parameters counted this way says; there is room for each count once. */
void methods_add(struct fit_method_counts *all, enum fit_count count, const struct fit_cost *cost,
                 const struct fit_frontier *frontier, const struct fit_isoflops *isoflop);
/* How the table is fitted with this law for a count that the report itself is not about: exponents alone, fewer resamples. */
struct fit_options methods_side(const struct fit_options *opt, const char *law, enum fit_count count);
/* After all counts: the envelopes of the curves, or of the rows where there are none. */
enum status methods_envelopes(struct fit_method_counts *m, const struct fit_table *t, const struct fit_options *opt,
                              struct err *err) WARN_UNUSED;

#endif
