/* What a fit says of runs that were not trained: what `plan` and `predict` answer, for people and as JSON. */
#ifndef PLATEAU_CLI_ANSWER_H
#define PLATEAU_CLI_ANSWER_H

#include <stdio.h>

#include "cli/fitted.h"
#include "fit/verdict/predict.h"
#include "harness/plan.h"

/* What is not known is NaN or "", and its `no_` says why. */
struct answer {
    const struct fit_report *report;
    const char *unit;              /* of losses */
    double flops;                  /* of this run */
    double times_largest;          /* it, or x, in units of the largest of the runs */
    double times_size, times_tokens; /* in units of the largest of the runs, or of the smallest where below that; else 1 */
    double x;                      /* laws of one variable: its value; params, tokens and flops are NaN */
    struct fit_value params, tokens; /* best ones, with intervals, or those that were asked for, without */
    bool is_asked;
    const char *no_size;
    double unique;                 /* tokens before the first is seen again; NaN: all are new */
    struct fit_value loss_curve;   /* what the mean of many runs would have */
    struct fit_value loss;         /* what one new run will have: its noise comes on top */
    struct fit_run_noise noise;
    const char *no_interval;
    bool has_shape;
    struct config_shape shape;
    double shape_params;
    bool ran_known, within_ran;    /* the shapes that ran; this one is within them */
    struct plan_shapes ran;
    const char *no_shape;
    double seconds;
    size_t jobs;
    const char *no_time;
    double epochs, corpus;
    bool runs_repeat;              /* some of the runs saw tokens more than once */
    const char *no_epochs;
    char command[2048];
    const char *no_command;
};

/* Compute that no machine will see. */
#define ANSWER_FLOPS_MAX 1e40

/* Flops a second of one core at this size, from the speed of the sweep's runs: that of the run nearest in ln N; NaN
 * where no run has a speed. */
double answer_speed(const struct fitted *f, double params);

/* Fill all that follows from report, unit, flops, times_largest, x, is_asked, params, tokens, unique, loss_curve and jobs.
 * E_USAGE where there can be no such run. */
enum status answer_fill(struct answer *a, const struct fitted *f, struct err *err) WARN_UNUSED;

/* Print it, and write it as JSON where `json` (NULL: nowhere) says, "-" for alone on stdout. */
enum status answer_show(const struct answer *a, const struct fitted *f, const char *json, struct err *err) WARN_UNUSED;

void answer_print_text(const struct answer *a);
void answer_print_json(FILE *out, const struct answer *a);

#endif
