/* Regression of few numbers that come in clusters: y = X b + e, where errors of one cluster (runs of one trajectory) go
 * together, and those of one group (clusters of one seed, thus of one order of data) a little. Var(e_i) = sigma^2 sd_i^(2q); two
 * errors of a group have correlation tau, two of a cluster tau + (1 - tau) rho. sigma, q, rho and tau are not known: sd is itself
 * an estimate, and q = 0 says that it tells nothing.
 *
 * With three or eight clusters an estimate of rho is next to nothing, and often 0 where the truth is .5; of two groups none of
 * tau can be made. So none is estimated: all that follows is averaged over steps of the three, each weighed by its restricted
 * likelihood (Patterson and Thompson 1971; a flat prior), in probabilities as in intervals. Of one group tau's part is a level that
 * nobody can tell from a change, and widens what is said of one. */
#ifndef PLATEAU_FIT_COMPARE_MIXED_H
#define PLATEAU_FIT_COMPARE_MIXED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "base/status.h"

enum { MIXED_MAX = 4, MIXED_RHOS = 7, MIXED_POWERS = 3, MIXED_TAUS = 3, MIXED_STEPS = MIXED_RHOS * MIXED_POWERS * MIXED_TAUS };

/* rho, q and tau of a step: 0, .15 .. .9; 0, .5, 1; and 0, .05, .1, as four sets of sweeps have it at .02 to .07
 * (docs/compare.md). */
double mixed_rho(size_t step);
double mixed_power(size_t step);
double mixed_tau(size_t step);

/* Which errors go together. Runs of one cluster are of one group. */
struct mixed_clusters {
    size_t n, n_clusters, n_groups;
    const size_t *cluster, *group; /* (n) below n_clusters, n_groups */
};

struct mixed {
    struct mixed_clusters in;
    size_t n; /* in.n */
    const double *sd;      /* (n) relative, of geometric mean about 1; NULL: all alike */
    double *members;       /* (n_clusters) how many each has */
    double *root_along;    /* (MIXED_RHOS, n_clusters) sd of a cluster's mean, as whitening divides by it */
    double *mean, *shared; /* (n_clusters), (n_groups) room */
    double *scaled, *means; /* (MIXED_MAX + 1, n), (MIXED_MAX + 1, n_clusters) room */
    double *one, *less;    /* (MIXED_STEPS, n_clusters), (MIXED_STEPS, n_groups) a group's level, whitened */
    double *zy, *zx;       /* (n), (MIXED_MAX, n) room */
    double *scale;         /* (MIXED_POWERS, n) sd^q */
    double ln_det[MIXED_STEPS]; /* of V */
};

/* mixed_free also after a failure. What `in` points to and sd are borrowed. */
enum status mixed_init(struct mixed *m, const struct mixed_clusters *in, const double *sd, struct err *err) WARN_UNUSED;
void mixed_free(struct mixed *m);

/* Generalised least squares at one step. */
struct mixed_fit {
    bool ok;                             /* the columns are independent */
    double rss;                          /* whitened */
    double b[MIXED_MAX];
    double root[MIXED_MAX][MIXED_MAX];   /* lower Cholesky factor of X'V^-1 X */
    double weight;                       /* of this step; all sum to 1 */
};

struct mixed_posterior {
    size_t n, k;
    bool ok;
    struct mixed_fit at[MIXED_STEPS];
    double b[MIXED_MAX];  /* mean over the steps */
    double bic;           /* -2 ln likelihood, mean over the steps, + k ln n (Schwarz 1978) */
};

/* k columns of X, k = 0 for none: x is (k, n). */
void mixed_regress(struct mixed_posterior *out, struct mixed *m, const double *y, const double *x, size_t k);

/* The same for many y and few X, of which only the bic is wanted: y whitened once, at all steps, for all X, and X once for all y.
 * z: (MIXED_STEPS, n). mixed_columns_free also after a failure. */
struct mixed_columns {
    size_t k;
    bool ok;   /* the columns are independent */
    double *z; /* (MIXED_STEPS, k, n) */
    double root[MIXED_STEPS][MIXED_MAX][MIXED_MAX];
};
void mixed_whiten(double *z, struct mixed *m, const double *y);
enum status mixed_columns_init(struct mixed_columns *c, struct mixed *m, const double *x, size_t k, struct err *err) WARN_UNUSED;
void mixed_columns_free(struct mixed_columns *c);
double mixed_bic(struct mixed_columns *c, const struct mixed *m, const double *z);

/* b as it may be: a step by its weight, sigma from its chi-squared, b from its normal law. A draw from the
 * posterior under flat priors; its quantiles are those of t where rho and q are known. */
void mixed_draw(double b[MIXED_MAX], const struct mixed_posterior *p, struct rng *rng);

/* The standard error of sum_i c_i b_i: root mean variance over the steps. */
double mixed_se(const struct mixed_posterior *p, const double c[MIXED_MAX]);

/* Errors under b = 0, as the fit with k = 0 (`none`) has them: y (n). */
void mixed_simulate(double *y, const struct mixed *m, const struct mixed_posterior *none, struct rng *rng);

/* The same with the errors that there are, left (n), each cluster's times a weight of Webb's six (the wild bootstrap of clusters),
 * and what groups share, which such weights alone would take apart, as a level of their own of the size of these errors. */
void mixed_simulate_wild(double *y, const struct mixed *m, const struct mixed_posterior *none, const double *left, struct rng *rng);

#endif
