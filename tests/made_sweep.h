/* A sweep that never ran: a grid of runs off a known law, with training curves and its fit, the same on every machine. */
#ifndef PLATEAU_TESTS_MADE_SWEEP_H
#define PLATEAU_TESTS_MADE_SWEEP_H

#include "report/charts/charts.h"

enum { MADE_SIZES = 5, MADE_BUDGETS = 5, MADE_SEEDS = 2, MADE_RUNS = MADE_SIZES * MADE_BUDGETS * MADE_SEEDS, MADE_POINTS = 60 };
enum { MADE_RATES = 5, MADE_TRIED = 4 * MADE_RATES }; /* learning rates at the ends of the grid */
enum { MADE_ODD = 17 }; /* the run whose loss is a quarter too high */

struct made_sweep {
    struct fit_table table;
    struct fit_report report;
    struct charts_curve curves[MADE_RUNS];
    double tokens[MADE_RUNS][MADE_POINTS], flops[MADE_RUNS][MADE_POINTS], loss[MADE_RUNS][MADE_POINTS];
    struct fit_tried tried[MADE_TRIED];
    struct charts_input in;
};

/* The law that losses are off by up to 2 % at the smallest budget. */
double made_law(double n, double d);
/* The learning rate with the lowest loss. */
double made_best_rate(double n, double d);
/* Sizes by budgets of tokens, or of compute, by seeds; `name` is that of the sweep and of each run. made_free releases. The report
 * may be changed, but not what it points to: sweeps of one grid and name share their fit. */
struct made_sweep *made_sweep(bool compute, const char *name);
void made_free(struct made_sweep *s);

#endif
