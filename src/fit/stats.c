#include "fit/stats.h"

#include <math.h>
#include <stdlib.h>

#include "base/sort.h"

/* Acklam's rational approximation, 1e-9 relative. */
double stats_normal_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                               6.680131188771972e+01, -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    if (p < 0.02425 || p > 1 - 0.02425) {
        double q = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
        double v = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        return p < 0.5 ? v : -v;
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double stats_normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

double stats_t95(double v)
{
    return stats_t_at(STATS_Z95, v);
}

double stats_t_at(double z, double v)
{
    const double z2 = z * z;
    double g1 = z * (z2 + 1) / 4, g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
    double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
    double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
    return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
}

/* P(a, x), the regularised lower incomplete gamma function. */
static double gamma_p(double a, double x)
{
    double term = 1 / a, sum = term;
    for (double k = 1; term > 1e-16 * sum; k++)
        sum += term *= x / (a + k);
    return exp(a * log(x) - x - lgamma(a)) * sum;
}

double stats_chi2_cdf(double x, double m)
{
    if (m > 200) /* the inverse of the cube below */
        return stats_normal_cdf((cbrt(x / m) - 1 + 2 / (9 * m)) / sqrt(2 / (9 * m)));
    return x > 0 ? gamma_p(0.5 * m, 0.5 * x) : 0;
}

double stats_chi2_quantile(double p, double m)
{
    double cube = 1 - 2 / (9 * m) + stats_normal_quantile(p) * sqrt(2 / (9 * m));
    if (m > 200)
        return m * cube * cube * cube;
    double lo = 0, hi = m + 20 * sqrt(m) + 20;
    for (int i = 0; i < 200; i++) {
        double mid = 0.5 * (lo + hi);
        if (gamma_p(0.5 * m, 0.5 * mid) < p)
            lo = mid;
        else
            hi = mid;
    }
    return 0.5 * (lo + hi);
}

double stats_expanded(size_t n)
{
    double units = n < 2 ? 2 : (double)n;
    return sqrt(units / (units - 1)) * stats_t95(units - 1);
}

double stats_quantile(const double *x, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    if (i + 1 >= n)
        return x[n - 1];
    /* infinite draws must not make NaN of their neighbours */
    return x[i] == x[i + 1] ? x[i] : x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

/* Under a normal law the sd is the interval's width over 2 z. */
#define HEAVY_TAILS 2
/* Draws that are all one value differ by rounding. */
#define ROUNDING 1e-9

struct fit_value stats_summary(double value, double *draws, size_t n, double z)
{
    const double none = (double)NAN;
    struct fit_value v = {value, none, none, none};
    size_t m = 0;
    double mean = 0, ss = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(draws[i]))
            draws[m++] = draws[i];
    if (m < 20)
        return v;
    for (size_t i = 0; i < m; i++)
        mean += draws[i] / (double)m;
    for (size_t i = 0; i < m; i++)
        ss += (draws[i] - mean) * (draws[i] - mean);
    sort_doubles(draws, m);
    v.se = sqrt(ss / (double)(m - 1));
    v.lo = stats_quantile(draws, m, stats_normal_cdf(-z));
    v.hi = stats_quantile(draws, m, stats_normal_cdf(z));
    if (!(v.se <= HEAVY_TAILS * (v.hi - v.lo) / (2 * z) + ROUNDING * fabs(mean)))
        v.se = none;
    return v;
}

static int by_value(const void *a, const void *b)
{
    const struct stats_draw *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

/* Each draw stands at the middle of its weight; linear between them. */
static double weighted_quantile(const struct stats_draw *x, size_t n, double all, double share)
{
    double below = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        double at = (below + x[i].weight / 2) / all;
        if (at >= share) {
            if (i == 0 || x[i].value == x[i - 1].value)
                return x[i].value;
            return x[i - 1].value + (share - last) / (at - last) * (x[i].value - x[i - 1].value);
        }
        below += x[i].weight;
        last = at;
    }
    return x[n - 1].value;
}

struct fit_value stats_mixture(double value, struct stats_draw *draws, size_t n, double stretch)
{
    const double none = (double)NAN;
    struct fit_value v = {value, none, none, none};
    size_t m = 0;
    double all = 0, mean = 0, ss = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(draws[i].value) && draws[i].weight > 0) {
            all += draws[i].weight;
            draws[m++] = draws[i];
        }
    if (m < 20)
        return v;
    qsort(draws, m, sizeof *draws, by_value);
    for (size_t i = 0; i < m; i++)
        mean += draws[i].weight * draws[i].value / all;
    for (size_t i = 0; i < m; i++)
        ss += draws[i].weight * (draws[i].value - mean) * (draws[i].value - mean) / all;
    double middle = weighted_quantile(draws, m, all, 0.5);
    double lo = weighted_quantile(draws, m, all, 0.025), hi = weighted_quantile(draws, m, all, 0.975);
    v.se = sqrt(ss);
    v.lo = fmin(value, middle - stretch * (middle - lo));
    v.hi = fmax(value, middle + stretch * (hi - middle));
    if (!(v.se <= HEAVY_TAILS * (v.hi - v.lo) / (2 * STATS_Z95) + ROUNDING * fabs(mean)))
        v.se = none;
    return v;
}
