/* Simulated comparisons whose truth is known: two sweeps over one grid, the variant's law changed on purpose. Shared by the
 * short test (test_compare.c) and by the table that scripts/coverage prints (compare_power.c). */
#ifndef PLATEAU_TESTS_COMPARE_SIM_H
#define PLATEAU_TESTS_COMPARE_SIM_H

#include "fit/compare/compare.h"

struct compare_sim {
    const char *name;
    const char *law;
    double base[LAW_MAX_PARAMS], variant[LAW_MAX_PARAMS]; /* outer parameters */
    size_t sizes, budgets, seeds;
    double first_size, first_budget, step_size, step_budget; /* 0: 3e3, 2e5, 2.2 and 2 */
    double trunk_noise, noise; /* sd of ln loss shared by a trajectory, and of each run */
    double seed_noise;         /* and by all sizes of one seed, on each side */
    double wasted;             /* share of each update's compute that does nothing: the variant learns from the rest */
};

extern const struct compare_sim compare_sims[];
extern const size_t compare_n_sims;

struct compare_tally {
    size_t n, called[5]; /* by enum compare_answer */
    size_t both;         /* called a floor, with the level */
    size_t gain, gain_10x, smallest; /* intervals of gains that hold the truth */
    double width, width_10x;         /* of ln gain, summed over those that have both ends */
    size_t ended, ended_10x;
    size_t planned;                  /* open ones with a plan of seeds or budgets that would call them by their kind */
    size_t planned_gain;             /* those without a difference that say what would tell the gain found from none */
};

/* Comparisons first .. first + n - 1. */
enum status compare_sim_run(struct compare_tally *t, const struct compare_sim *s, size_t first, size_t n,
                            struct err *err) WARN_UNUSED;

#endif
