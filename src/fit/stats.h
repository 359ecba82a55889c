/* Quantiles, and intervals from draws. */
#ifndef PLATEAU_FIT_STATS_H
#define PLATEAU_FIT_STATS_H

#include <stddef.h>

/* A number with its uncertainty; what is not known is NaN. */
struct fit_value {
    double value, se, lo, hi; /* lo, hi: 95 % */
};

#define STATS_Z95 1.959963984540054

double stats_normal_cdf(double z);
double stats_normal_quantile(double p);
/* The 97.5 % quantile of Student's t (Abramowitz and Stegun 26.7.5; 0.1 % off at 3 degrees, nothing from 5 on). */
double stats_t95(double degrees);
/* The quantile of t with so many degrees that the normal law has at z; the same expansion, for any z. */
double stats_t_at(double z, double degrees);
/* The quantile of chi-squared with m degrees of freedom: where its distribution function, the series 6.5.29 of
 * Abramowitz and Stegun, reaches p; by Wilson and Hilferty's cube (26.4.17) above 200 degrees. */
double stats_chi2_quantile(double p, double m);
double stats_chi2_cdf(double x, double m);
/* The deviate at which a percentile interval from resamples of n independent units is read, so that its width
 * is that of a t interval: sqrt(n / (n - 1)) t. The plain percentile interval is too narrow where n is small
 * (Hesterberg 2015, "What teachers should know about the bootstrap", section 4.3: expanded percentiles). */
double stats_expanded(size_t n);

/* Quantile of sorted values, linear between order statistics. */
double stats_quantile(const double *sorted, size_t n, double share);

/* A value with the sd of its draws and their quantiles at the normal levels -z and z; NaN draws are left out,
 * and fewer than 20 give no interval. The sd is NaN where it is more than twice what the quantiles span: with tails
 * that heavy it measures the farthest few draws. Sorts draws. */
struct fit_value stats_summary(double value, double *draws, size_t n, double z);

/* A value among draws that differ in weight. */
struct stats_draw {
    double value, weight;
};

/* A value with the sd of its draws and their 2.5 % and 97.5 % quantiles, these moved away from the median by a factor
 * and as far as the value itself; NaN draws are left out, and fewer than 20 give no interval. Sorts draws. */
struct fit_value stats_mixture(double value, struct stats_draw *draws, size_t n, double stretch);

#endif
