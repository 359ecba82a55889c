/* The tokens of each step: train.batch_tokens, or fewer at first, where the batch grows.
 *
 * With a ramp the batch grows in proportion to the tokens seen, in whole windows rounded down, from `from` to `full` at `ramp`
 * tokens (Brown et al. 2020, appendix B, in the place of whose gradual increase Smith et al. 2018 and Merrill et al. 2025
 * have steps; McCandlish et al. 2018 say why: the batch from which on larger ones bring little grows as the loss falls). What
 * a step takes depends on nothing but the steps before it, so budgets share their trunk. */
#ifndef PLATEAU_HARNESS_BATCH_H
#define PLATEAU_HARNESS_BATCH_H

#include <stdint.h>

struct batch {
    double window;           /* tokens of a sequence, of which all below are multiples */
    double full, from, ramp; /* ramp 0: each step takes `full` */
};

/* Tokens of the step after so many. */
double batch_of_step(const struct batch *b, int64_t steps);
/* Tokens of so many steps. */
double batch_tokens(const struct batch *b, int64_t steps);
/* The most steps that take no more than `tokens`. */
int64_t batch_steps(const struct batch *b, double tokens);
/* Whole steps that are nearest to `tokens`, one at least, in tokens. */
double batch_round(const struct batch *b, double tokens);
/* Whole steps within `tokens`, one at least, in tokens. */
double batch_floor(const struct batch *b, double tokens);

#endif
