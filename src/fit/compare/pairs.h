/* Which run of a base stands beside which of a variant: those of one cell of the grid, of one seed where both have it. */
#ifndef PLATEAU_FIT_COMPARE_PAIRS_H
#define PLATEAU_FIT_COMPARE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/design.h"

struct pair {
    size_t base, variant; /* indices into the two designs */
    size_t size;          /* its level, of the base */
    size_t cluster;       /* of pairs of one size and seed, or of the same two trajectories; below n_clusters */
    size_t seed;          /* of pairs whose base's runs have one seed; below n_seeds. Where seeds are not known, all share one */
    size_t cell;          /* below n_cells, by size and then data */
};

enum pairs_how {
    PAIRS_NONE,  /* too few cells meet */
    PAIRS_VALUE, /* sizes within 3 % */
    PAIRS_RANK,  /* as many sizes, which a tweak has made larger or smaller: the k-th beside the k-th */
};

/* By what budgets of one size stand beside each other. */
enum pairs_budgets {
    PAIRS_TOKENS, /* within 3 % */
    PAIRS_FLOPS,  /* likewise, where tokens of most differ: grids of compute, on which a tweak has changed what a token costs */
    PAIRS_ORDER,  /* sizes by rank, and budgets that differ as those do: so many tokens a parameter */
};

struct pairs {
    enum pairs_how how;
    enum pairs_budgets budgets;
    bool sizes_differ, budgets_differ; /* most of them are not within 3 % of one of the other side's */
    struct pair *items; /* (n) by cell */
    size_t n, n_cells, n_clusters, n_seeds;
    size_t same_seed;   /* pairs of runs with one seed */
    size_t same_run;    /* pairs of one run with itself: size, budget, seed and loss are the same */
    size_t lone_base, lone_variant; /* runs without a partner */
};

/* Fewer cells than this tell nothing of a change. */
enum { PAIRS_MIN_CELLS = 3 };

/* seed: (rows of its table) of each side, NaN: not known. pairs_free also after a failure. */
enum status pairs_make(struct pairs *out, const struct fit_design *base, const double *base_seed,
                       const struct fit_design *variant, const double *variant_seed, struct err *err) WARN_UNUSED;
void pairs_free(struct pairs *p);

#endif
