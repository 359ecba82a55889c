/* A grid for a time: sizes and budgets that this corpus is worth and this machine can train.
 *
 * The largest size gets about PICK_RATIO tokens a parameter, the others are a factor 2 apart below it. All sizes have the
 * same first budgets, half a factor of 2 apart, which makes a rectangle; smaller sizes go on until a run costs what the
 * largest one does, or has eight times its tokens: an L, with endpoints on both sides. No budget is beyond the corpus where
 * that can be helped: a larger model takes the time instead, then more seeds. Every size has a second seed, so that the
 * noise is known. What is trained costs the time that is given, by a speed that the caller measures. */
#ifndef PLATEAU_HARNESS_PICK_H
#define PLATEAU_HARNESS_PICK_H

#include "harness/plan.h"

#define PICK_RATIO 30.0

/* Seconds of one core for a token of this shape. */
typedef double pick_speed_fn(void *ctx, const struct gpt_shape *s);

struct pick_in {
    const struct config *c; /* without a grid */
    size_t vocab;
    double corpus;          /* tokens; 0: without end */
    double eval_tokens;     /* of the held-out set */
    double core_s;          /* seconds of one core, of all cores together */
    size_t jobs;
    pick_speed_fn *token_s;
    void *ctx;
};

/* The grid, into cells (CONFIG_RUNS_MAX). E_CONFIG with what it would take where the time is too short for three sizes at
 * three budgets. */
enum status pick_grid(struct config_cell *cells, size_t *n, const struct pick_in *in, struct err *err) WARN_UNUSED;

/* Further runs for time that turns out to be left, after the n cells of a grid: its sizes with further seeds, at most to
 * CONFIG_RUNS_MAX in all; returns how many there are then. They are the same for the same grid. */
size_t pick_more(struct config_cell *cells, size_t n);

/* Sizes whose speed pick_grid may ask for, into c's grid of one budget, for a calibration. */
enum status pick_ladder(struct config *c, const struct pick_in *in, struct err *err) WARN_UNUSED;

#endif
