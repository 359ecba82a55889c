#include "fit/levels.h"

#include <string.h>

#include "base/sort.h"

size_t levels_distinct(double *out, const double *x, size_t n, double factor)
{
    size_t m = 0;
    if (out != x)
        memcpy(out, x, n * sizeof *out);
    sort_doubles(out, n);
    for (size_t i = 0; i < n; i++)
        if (m == 0 || out[i] > out[m - 1] * factor)
            out[m++] = out[i];
    return m;
}
