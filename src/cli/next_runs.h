/* plan --next K: the runs that would narrow what the verdict quotes most for what they cost, and a config that trains them. */
#ifndef PLATEAU_CLI_NEXT_RUNS_H
#define PLATEAU_CLI_NEXT_RUNS_H

#include <stdio.h>

#include "cli/fitted.h"
#include "fit/verdict/worth.h"

enum { NEXT_RUNS_MAX = 64 };

/* How far beyond the largest size, budget and compute of the runs new ones may go, where nothing else is said. */
#define NEXT_RUNS_REACH 4.0

struct next_run {
    struct config_cell cell; /* of a folder; its seed also for tables that tell seeds */
    double n, d;
    double flops, seconds;   /* that it adds; NaN: the time is not known */
    double width[WORTH_N];   /* with it and those before it, as a share of what the intervals are now */
};

struct next_runs {
    struct next_run runs[NEXT_RUNS_MAX];
    size_t n, n_candidates;
    double flops, seconds;    /* of all; seconds on so many jobs */
    double share;             /* flops, as a share of the FLOPs of the runs that are there */
    struct worth worth;
    bool has_shapes;          /* of a folder: config trains them */
    struct config config;     /* of a folder; strings are borrowed from the fit's */
};

/* f was analysed and has a law. E_DATA with the reason where these runs tell nothing of others. next_runs_free also after a
 * failure. */
enum status next_runs_make(struct next_runs *x, const struct fitted *f, size_t k, double reach, size_t jobs,
                           struct err *err) WARN_UNUSED;
void next_runs_free(struct next_runs *x);

/* The table for people. */
void next_runs_print(const struct next_runs *x, const struct fitted *f);
/* A config whose section "about", which no command reads, says what the runs promise; of a table the section alone. */
enum status next_runs_json(FILE *out, const struct next_runs *x, const struct fitted *f, struct err *err) WARN_UNUSED;

#endif
