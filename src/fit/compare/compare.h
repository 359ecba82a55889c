/* Does a variant move a base's curve, and what of it: its level, its exponent, or its floor?
 *
 * Runs of one cell stand beside each other, so that what a law gets wrong of a cell falls out: what is looked at is the
 * difference of their ln losses. The laws that the base's runs allow (its ensemble: laws x windows x resamples) say what a
 * changed level, exponent or floor would do to it (change.h), and differences are weighed with their trajectories as
 * clusters (mixed.h). Where grids do not meet, the two laws are held beside each other as they are, which tells less. */
#ifndef PLATEAU_FIT_COMPARE_COMPARE_H
#define PLATEAU_FIT_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/compare/change.h"
#include "fit/compare/differs.h"
#include "fit/compare/gains.h"
#include "fit/compare/more.h"
#include "fit/compare/pairs.h"
#include "fit/compare/side.h"
#include "fit/lines.h"

enum compare_answer { COMPARE_LEVEL, COMPARE_EXPONENT, COMPARE_FLOOR, COMPARE_NOTHING, COMPARE_OPEN };
const char *compare_answer_word(enum compare_answer a);
struct compare_variant;
/* Whether the floor moves, and more likely than not the level with it. */
bool compare_moves_both(const struct compare_variant *v);

/* Base and variant in one cell of the grid: means over the pairs in it. */
struct compare_cell {
    double params, tokens, flops; /* of the base */
    size_t n;                     /* pairs */
    double base, variant;         /* loss */
    struct fit_value difference;  /* variant less base; the interval from the scatter of all differences */
};

struct compare_variant {
    const char *name;
    struct differs differs;
    struct pairs pairs;
    size_t n_off;                /* runs that no law follows, on either side; left out */
    char why_not[400];           /* why nothing can be said; "" */
    enum compare_answer changed;
    double p[CHANGE_N_KINDS];    /* each change alone against none */
    double p_any, p_any_alone;   /* any change; corrected for the number of variants, and not */
    double probability[CHANGE_N_KINDS]; /* among the kinds, where there is a change; all sum to 1 */
    double floor_with_level;     /* of the floor's, the share in which the level moves too; NaN: not known */
    struct compare_gains gains;
    struct compare_costs base_costs, costs; /* without the rows */
    double smallest_gain_seen;   /* the smallest gain above 1 that these runs would show with a chance of 80 % */
    double sigma;                /* sd of one pair's difference of losses, as a share of the loss */
    double seeds_factor;         /* so many times the seeds would settle what is open; NaN where nothing is */
    double budgets_more;         /* or so many more budgets, each twice the one before; NaN where that is too many */
    struct compare_more name_kind, see_gain; /* to call a change by its kind; to tell the gain found from none */
    struct compare_cell *cells;  /* (n_cells) */
    size_t n_cells;
    struct fit_value base_floor, floor, floor_difference;          /* of the two fits as they are */
    struct fit_value base_exponent, exponent, exponent_difference; /* of L* against compute */
    struct fit_value base_n_exponent, n_exponent, n_exponent_difference;
    struct fit_lines notes;
};

struct compare_options {
    size_t sims, draws; /* of differences without a change; of gains */
    uint64_t seed;
};
struct compare_options compare_options_default(void); /* 999, 2000, 1 */

/* Fill *v. E_NOMEM alone fails; what cannot be compared says why. compare_free also after a failure. The name is borrowed. */
enum status compare_fill(struct compare_variant *v, const struct compare_side *base, const struct compare_side *variant,
                         const struct compare_options *o, struct err *err) WARN_UNUSED;
/* One that cannot be compared, for this reason. */
void compare_refuse(struct compare_variant *v, const char *name, const char *why);
/* What the sides differ in, whose items (from malloc) are *v's from then on: known, and said under `notes` where it is more than
 * one thing. */
void compare_tell_differs(struct compare_variant *v, struct differs_key *items, size_t n);
/* p_any of each, corrected for how many there are (Holm 1979), and the answers that follow. */
void compare_correct(struct compare_variant *v, size_t n);
void compare_free(struct compare_variant *v);

#endif
