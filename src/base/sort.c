#include "base/sort.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_doubles(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
}

double sort_median(double *v, size_t n)
{
    sort_doubles(v, n);
    return (v[(n - 1) / 2] + v[n / 2]) / 2;
}
