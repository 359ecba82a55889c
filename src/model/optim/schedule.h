/* Learning-rate schedules. */
#ifndef PLATEAU_MODEL_OPTIM_SCHEDULE_H
#define PLATEAU_MODEL_OPTIM_SCHEDULE_H

enum schedule_kind { SCHEDULE_WSD, SCHEDULE_COSINE, SCHEDULE_LINEAR, SCHEDULE_CONSTANT };

/* Learning rate against tokens seen. Linear warm-up over `warmup` tokens from 0; then
 *   wsd       constant until (1 - cooldown) total, then 1 - sqrt(share of the cooldown) (Hägele et
 *             al. 2024) down to min_lr of the peak
 *   cosine, linear   from the peak at the end of warm-up to min_lr of it at total
 *   constant  the peak */
struct schedule {
    enum schedule_kind kind;
    double peak, warmup, total, cooldown, min_lr;
    double tail; /* share of the tokens, the last ones, over which weights are averaged: no matter of the rate */
};

/* The rate of the step that brings the tokens seen to `tokens` (so the first step's is not 0). */
double schedule_lr(const struct schedule *s, double tokens);

/* Tokens at which the trajectories of two budgets part: with wsd the end of the constant phase, or the beginning of the tail
 * where that is earlier, as what is averaged is a run's own; else 0. */
double schedule_branch_tokens(const struct schedule *s);

#endif
