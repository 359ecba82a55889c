/* The charts, in the order in which they are written: name, and whether it is one of the few that say most. */
#ifndef PLATEAU_REPORT_CHARTS_KINDS_H
#define PLATEAU_REPORT_CHARTS_KINDS_H

#include "report/charts/parts.h"

/* clang-format off */
#define CHART_KINDS(X)      \
    X(curves,        true)  \
    X(curves_flops,  false) \
    X(loss_tokens,   true)  \
    X(loss_params,   false) \
    X(residuals,     false) \
    X(isoflop,       true)  \
    X(allocation,    false) \
    X(excess,        true)  \
    X(contours,      false) \
    X(returns,       true)  \
    X(predicted,     false) \
    X(floor_windows, false) \
    X(exponents,     false) \
    X(noise,         false) \
    X(odd_runs,      false) \
    X(collapse,      false) \
    X(bowls,         false) \
    X(rates,         false)
/* clang-format on */

#define X(name, main) parts_build name##_build;
CHART_KINDS(X)
#undef X

#endif
