#include "fit/verdict/trend.h"

#include <math.h>

#include "base/size.h"
#include "fit/levels.h"

#define MOST_ROWS 2000

/* 1: b has more of both, or of one and as much of the other; -1: less; 0: neither. */
static int more(double an, double ad, double bn, double bd)
{
    int x = bn > an * (1 + LEVELS_WRITTEN) ? 1 : bn < an / (1 + LEVELS_WRITTEN) ? -1 : 0;
    int y = bd > ad * (1 + LEVELS_WRITTEN) ? 1 : bd < ad / (1 + LEVELS_WRITTEN) ? -1 : 0;
    return x * y < 0 ? 0 : x + y > 0 ? 1 : x + y < 0 ? -1 : 0;
}

double trend_tau(const double *n, const double *d, const double *loss, const bool *skip, size_t m)
{
    size_t step = size_max((m + MOST_ROWS - 1) / MOST_ROWS, 1);
    double sum = 0, pairs = 0;
    for (size_t i = 0; i < m; i += step)
        for (size_t j = 0; j < i; j += step) {
            if (skip && (skip[i] || skip[j]))
                continue;
            int order = more(n[j], d ? d[j] : 1, n[i], d ? d[i] : 1);
            sum += order * ((loss[i] > loss[j]) - (loss[i] < loss[j]));
            pairs += order != 0;
        }
    return pairs > 0 ? sum / pairs : (double)NAN;
}

bool trend_falls(double tau, size_t m)
{
    double n = (double)size_min(m, MOST_ROWS);
    return tau < -1.645 * sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)));
}
