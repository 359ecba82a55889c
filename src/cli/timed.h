/* sweep --time: a grid for the time, and what keeps the sweep to it. */
#ifndef PLATEAU_CLI_TIMED_H
#define PLATEAU_CLI_TIMED_H

#include "cli/setup.h"

struct timed {
    struct config more;   /* the config with runs for time that is left, which the plan borrows from */
    double *token_s;      /* (trajectories of that plan) */
    size_t *rank;
    struct sweep_time time;
};

/* Give a config without a grid one that takes until clock_now_s() is end_s with all that follows, on so many jobs. s holds
 * config and data; one that has a grid, which is its folder's, keeps it. s->plan is made of it; timed_free in every case. */
enum status timed_pick(struct timed *t, struct setup *s, size_t jobs, double end_s, struct err *err) WARN_UNUSED;
/* In its place the plan of all that may be trained, and t->time for the sweep. */
enum status timed_widen(struct timed *t, struct setup *s, struct err *err) WARN_UNUSED;
void timed_free(struct timed *t);

/* Seconds of a core for a token of each trajectory of p, into seconds, while jobs - 1 other processes train as well; of
 * time its share and alone. */
enum status timed_measure(double *seconds, struct sweep_time *time, const struct plan *p, const struct setup *s, size_t jobs,
                          struct err *err) WARN_UNUSED;

#endif
