/* What a change is worth: in compute, tokens, parameters and time. */
#ifndef PLATEAU_FIT_COMPARE_GAINS_H
#define PLATEAU_FIT_COMPARE_GAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/compare/evidence.h"
#include "fit/compare/side.h"
#include "fit/verdict/frontier.h"

/* The gain at one compute: what the base needs for the variant's loss over what the variant needs. An end that is NaN:
 * there is none on that side (the variant's loss lies below all that the base reaches). */
struct compare_gain {
    double flops;
    struct fit_value value;
};

enum compare_trend { COMPARE_GROWS, COMPARE_HOLDS, COMPARE_FADES, COMPARE_TREND_OPEN };
const char *compare_trend_word(enum compare_trend t);

enum { COMPARE_STEPS = 25 };

struct compare_gains {
    struct compare_gain smallest, largest, at_10x;
    struct compare_gain time_smallest, time_largest; /* the same in time of training, by the tables' tokens_per_s; NaN */
    struct compare_gain memory_smallest, memory_largest; /* in bytes that one run needs; NaN where they are not known */
    struct compare_gain passes_largest, teacher_largest; /* with a teacher's passes; with its training too, paid by one run */
    struct compare_gain search_largest;  /* with the trials of rates, as a share of each run */
    double teacher_share;                /* a teacher's passes over the run's own FLOPs, at the largest budget */
    struct fit_value tokens, params; /* the base's tokens (parameters) for that loss over the variant's, at the largest */
    enum compare_trend trend;
    struct fit_value trend_factor; /* gain at the largest budget over that at the smallest */
    struct fit_value loss_difference; /* at the largest budget, along the frontiers */
    struct compare_gain curve[COMPARE_STEPS]; /* from the smallest to ten times the largest budget */
    struct compare_gain loss_curve[COMPARE_STEPS]; /* loss_difference, from the smallest to the largest */
};

/* Nothing known. */
struct compare_gains gains_none(void);
/* Whether the gain lies below 1, as far as both ends of the budgets tell: what grows or fades is a handicap then. */
bool gains_are_handicap(const struct compare_gains *g);

/* Both frontiers as they may be, of one draw. */
struct gains_draw {
    const struct evidence_member *member; /* NULL: two fits, each as it is */
    double moved[LAW_MAX_PARAMS];
    struct frontier_curve base, variant;
};

/* Draws of pairs: (n) where differences say how the variant differs. */
void gains_of_pairs(struct gains_draw *out, size_t n, const struct evidence *e, const struct fit_report *variant,
                    uint64_t seed);
/* Of two fits that know nothing of each other. */
void gains_of_fits(struct gains_draw *out, size_t n, const struct fit_report *base, const struct fit_report *variant,
                   uint64_t seed);

/* From draws (n). What needs costs that are not known stays as it is: begin with gains_none. */
enum status gains_fill(struct compare_gains *v, const struct gains_draw *draws, size_t n, const struct compare_side *base,
                       const struct compare_side *variant, struct err *err) WARN_UNUSED;

#endif
