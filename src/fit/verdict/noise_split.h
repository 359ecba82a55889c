/* What one run's loss moves by with its initial weights, with the order of its data, and with what neither explains.
 *
 * Sizes and budgets where seeds of both were crossed tell it: in each a two-way analysis of variance, in units of the noise
 * there, put together. A run far from its cell's other runs is left out, by the largest studentised residual at a level of
 * 1 % for all runs. Intervals are parametric: mean squares are drawn as chi-squared, which unlike resampled runs keeps four
 * seeds from looking like three. Budgets on one trajectory count once. */
#ifndef PLATEAU_FIT_NOISE_SPLIT_H
#define PLATEAU_FIT_NOISE_SPLIT_H

#include <stdint.h>

#include "fit/stats.h"
#include "fit/verdict/noise_model.h"

struct noise_split {
    size_t cells, left_out;            /* crossed cells, and runs of them that are left out; 0 cells: nothing is known */
    struct fit_value init, order, rest; /* standard deviations; se is NaN, lo may be 0 */
};

/* Where the noise is sigma and its logarithm has so wide a spread by its slopes. Rows, `size` and `off` as for
 * noise_model_fit, whose outcome m is. Draws come from `seed`. */
enum status noise_split_fit(struct noise_split *s, const struct fit_table *t, enum fit_column size, const bool *off,
                            const struct noise_model *m, double sigma, double slope_sd, uint64_t seed,
                            struct err *err) WARN_UNUSED;

#endif
