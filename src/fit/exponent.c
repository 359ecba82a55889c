#include "fit/exponent.h"

#include <math.h>
#include <stdbool.h>

struct fit_value exponent_fit(const double *x, const double *y, size_t n)
{
    struct fit_value v = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    double mx = 0, my = 0, sxx = 0, sxy = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0 && y[i] > 0 && isfinite(y[i])))
            return v;
        mx += log(x[i]) / (double)n;
        my += log(y[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        sxx += (log(x[i]) - mx) * (log(x[i]) - mx);
        sxy += (log(x[i]) - mx) * (log(y[i]) - my);
    }
    if (!(sxx > 1e-12))
        return v;
    v.value = sxy / sxx;
    if (n <= 2)
        return v;
    for (size_t i = 0; i < n; i++) {
        double off = log(y[i]) - my - v.value * (log(x[i]) - mx);
        rest += off * off;
    }
    v.se = sqrt(rest / (double)(n - 2) / sxx);
    v.lo = v.value - stats_t95((double)(n - 2)) * v.se;
    v.hi = v.value + stats_t95((double)(n - 2)) * v.se;
    return v;
}

enum exponent_kind exponent_judge(struct fit_value *exponent, const double *x, const double *y, size_t n, double tolerance)
{
    bool nothing = n > 0;
    for (size_t i = 0; i < n; i++)
        nothing = nothing && y[i] == 0;
    *exponent = exponent_fit(x, y, n);
    if (nothing)
        return EXPONENT_ZERO;
    if (!isfinite(exponent->value))
        return EXPONENT_UNKNOWN;
    if (fabs(exponent->value) <= tolerance)
        return EXPONENT_FLAT;
    if (exponent->lo <= tolerance && exponent->hi >= -tolerance)
        return EXPONENT_OPEN;
    return exponent->value > 0 ? EXPONENT_GROWS : EXPONENT_VANISHES;
}

const char *exponent_word(enum exponent_kind kind)
{
    static const char *const words[] = {"flat", "grows", "vanishes", "open", "zero", "unknown"};
    return words[kind];
}
