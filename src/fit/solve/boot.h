/* Bootstrap intervals for one fitted law, over runs or trunks. */
#ifndef PLATEAU_FIT_BOOT_H
#define PLATEAU_FIT_BOOT_H

#include "base/rng.h"
#include "fit/fitted_law.h"

/* Weights of m clusters of n_clusters, order[0 .. m) (NULL: 0 .. m-1), that sum to m: how often each was drawn;
 * where clusters are few, Dirichlet weights in place of counts (the Bayesian bootstrap, Rubin 1981). */
void boot_weights(double *share, size_t n_clusters, const size_t *order, size_t m, struct rng *rng);

/* Refit n_boot resamples of clusters (cluster[i] of point i, 0 .. n_clusters-1), within strata where
 * stratum is not NULL (one value per point; clusters go by their first point). Fills f->boot and
 * f->params. Each resample is brought to its own optimum from the fit's, and from many starts where that
 * does not converge. */
enum status boot_run(struct fit_law *f, const size_t *cluster, size_t n_clusters,
                     const double *stratum, size_t n_boot, uint64_t seed, struct err *err) WARN_UNUSED;

/* Of the first n of those resamples, how many end at the optimum that a search from every start finds. */
enum status boot_check(size_t *same, const struct fit_law *f, const size_t *cluster, size_t n_clusters, size_t n,
                       uint64_t seed, struct err *err) WARN_UNUSED;

/* Bias-corrected and accelerated intervals from those resamples (Efron 1987), the acceleration from a
 * jackknife over clusters. */
enum status boot_bca(struct fit_law *f, const size_t *cluster, size_t n_clusters,
                     struct err *err) WARN_UNUSED;

#endif
