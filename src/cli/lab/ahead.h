/* The run that is predicted: what is said of it before, and what came of it. */
#ifndef PLATEAU_CLI_LAB_AHEAD_H
#define PLATEAU_CLI_LAB_AHEAD_H

#include "cli/lab/note.h"
#include "fit/analysis.h"

struct ahead {
    struct config_shape shape;
    double params, tokens, flops, lr;
    struct fit_value loss, curve; /* of one run, with its noise; and of the mean of many */
    double best_params;           /* N* by the law, before a shape was found for it */
    char law[32];
};

/* By the fit of step d. E_DATA where it says nothing of that compute. */
enum status ahead_predict(struct ahead *a, const struct lab *l, const struct setup *s, const struct fit_report *r,
                          struct err *err) WARN_UNUSED;
cJSON *ahead_json(const struct ahead *a);
enum status ahead_read(struct ahead *a, const cJSON *json, struct err *err) WARN_UNUSED;

/* Runs, frontier, prediction, and where it is not NaN what was measured. */
enum status ahead_draw(struct note *n, const struct ahead *a, const struct fit_table *t, const struct fit_report *r,
                       double measured, struct err *err) WARN_UNUSED;

#endif
