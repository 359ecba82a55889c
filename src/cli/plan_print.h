/* What `plan` answers, for people and as JSON. */
#ifndef PLATEAU_CLI_PLAN_PRINT_H
#define PLATEAU_CLI_PLAN_PRINT_H

#include <stdio.h>

#include "fit/analysis.h"
#include "harness/config.h"

/* What is not known is NaN or "", and its `no_` says why. */
struct plan_answer {
    const struct fit_report *report;
    const char *unit;            /* of losses */
    double flops, largest_flops; /* asked for, and of the runs */
    struct fit_value params, tokens;
    struct fit_value loss_curve; /* of the frontier */
    struct fit_value loss;       /* of one new run there: its noise comes on top */
    const char *no_interval;
    bool has_shape;
    struct config_shape shape;
    double shape_params;
    const char *no_shape;
    double seconds;
    size_t jobs;
    const char *no_time;
    double epochs;
    const char *no_epochs;
    char command[2048];
    const char *no_command;
};

void plan_print_text(const struct plan_answer *a);
void plan_print_json(FILE *out, const struct plan_answer *a);

#endif
