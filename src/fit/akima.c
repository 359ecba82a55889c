#include "fit/akima.h"

#include <math.h>

void akima_slopes(double *m, const double *u, const double *y, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        m[i + 2] = (y[i + 1] - y[i]) / (u[i + 1] - u[i]);
    if (n < 3) /* one difference is all there is */
        m[3] = m[2];
    m[1] = 2 * m[2] - m[3], m[0] = 2 * m[1] - m[2];
    m[n + 1] = 2 * m[n] - m[n - 1], m[n + 2] = 2 * m[n + 1] - m[n];
}

/* Of the curve at node i, from the four slopes around it. */
static double slope(const double *m)
{
    double a = fabs(m[3] - m[2]), b = fabs(m[1] - m[0]);
    return a + b < 1e-300 ? 0.5 * (m[1] + m[2]) : (a * m[1] + b * m[2]) / (a + b);
}

/* At the share z of the way from node i to the next. */
static double between(const double *m, const double *u, const double *y, size_t i, double z)
{
    double h = u[i + 1] - u[i], t0 = slope(m + i), t1 = slope(m + i + 1), z2 = z * z, z3 = z2 * z;
    return (2 * z3 - 3 * z2 + 1) * y[i] + (z3 - 2 * z2 + z) * h * t0 + (3 * z2 - 2 * z3) * y[i + 1] + (z3 - z2) * h * t1;
}

double akima_at(const double *m, const double *u, const double *y, size_t n, double x)
{
    size_t i = 0;
    while (i + 2 < n && x > u[i + 1])
        i++;
    return between(m, u, y, i, fmin(1, fmax(0, (x - u[i]) / (u[i + 1] - u[i]))));
}

double akima_minimum(const double *m, const double *u, const double *y, size_t n)
{
    double best = (double)INFINITY, at = u[0];
    for (size_t i = 0; i + 1 < n; i++)
        for (int s = 0; s <= 64; s++) {
            double v = between(m, u, y, i, s / 64.0);
            if (v < best) {
                best = v;
                at = u[i] + s / 64.0 * (u[i + 1] - u[i]);
            }
        }
    return at;
}
