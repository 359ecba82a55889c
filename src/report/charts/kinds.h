/* The charts, in the order in which they are written: name, whether it is one of the few that say most, and what it needs. */
#ifndef PLATEAU_REPORT_CHARTS_KINDS_H
#define PLATEAU_REPORT_CHARTS_KINDS_H

#include "report/charts/parts.h"

/* clang-format off */
#define CHART_KINDS(X) \
    X(curves, true, "runs with logs, as sweeps have") \
    X(curves_flops, false, "runs with logs, as sweeps have") \
    X(loss_tokens, true, "runs of several budgets of tokens") \
    X(loss_params, false, "runs of several sizes") \
    X(residuals, false, "a law of runs whose compute is known") \
    X(isoflop, true, "several sizes at a budget of compute, or a law with a best size at each") \
    X(allocation, false, "a law with a best size at each compute") \
    X(excess, true, "a law with a lowest loss at each compute") \
    X(contours, false, "a law of size and data, and runs of several sizes and budgets") \
    X(returns, true, "a law that tells what the next doubling gains") \
    X(predicted, false, "larger runs to hold out, and enough smaller ones to fit") \
    X(floor_windows, false, "laws with a floor, fitted without the smallest runs") \
    X(exponents, false, "resamples, of a law with two exponents or a floor") \
    X(noise, false, "runs that differ in their seeds alone") \
    X(odd_runs, false, "runs that lie off every law, and there are none") \
    X(collapse, false, "training curves of several sizes, and a floor") \
    X(bowls, false, "several learning rates at a size and budget") \
    X(rates, false, "several learning rates at each of several sizes or budgets")
/* clang-format on */

#define X(name, main, needs) parts_build name##_build;
CHART_KINDS(X)
#undef X

#endif
