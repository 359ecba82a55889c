/* How the best rate follows size and budget: ln x = ln a + n_exponent ln N + d_exponent ln D through the bottoms of
 * several bowls. */
#ifndef PLATEAU_FIT_BOWL_LAW_H
#define PLATEAU_FIT_BOWL_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/bowl.h"
#include "fit/stats.h"

/* A bowl's bottom. */
struct bowl_site {
    double n, d;  /* parameters and tokens */
    double x, se; /* the rate, and the standard error of its logarithm */
};

struct bowl_law {
    double a, n_exponent, d_exponent; /* x = a N^n_exponent D^d_exponent */
    bool has_n, has_d;     /* which exponents the sites tell; the others are 0 */
    size_t n;              /* sites */
    double df;             /* those beyond what the law needs */
    double scatter;        /* of the sites about the law, in ln x; NaN where df is 0 */
    double centre[2];      /* ln N and ln D that the terms are counted from */
    double cov[3][3];      /* of the three terms there */
};

/* What is known of an exponent before any site: it is 0 give or take this. Tuned rates were found to go with the size by
 * powers of -.7 to 0 and with the budget by -.3 to .3 (Porian et al. 2024, arXiv 2406.19146; Bjorck et al. 2024,
 * arXiv 2409.19913; Li et al. 2025, arXiv 2503.04715), under completep by 0 with the size. Without it two bowls that tell
 * little, a factor of 8 apart, make any power. */
#define BOWL_EXPONENT_SD 0.3

/* Bottoms of one seed each lie apart by this, in ln x, whatever their own points say: its luck goes with the rate. The root
 * mean square over 24 cells, 8 to 32 wide, of eight seeds each (docs/rates.md). */
#define BOWL_SEED_SD 0.4

/* The bottom of b, which was found, of n parameters and d tokens: its se is no less than its seeds allow. */
struct bowl_site bowl_law_site(double n, double d, const struct bowl *b);

/* Fit the sites (n >= 1) by least squares, each weighed by what is known of it, exponents drawn towards 0 with exponent_sd
 * (INFINITY: not). An exponent that they do not tell, as all have one size or budget, or these go together, is 0; of D also
 * where tokens is false. */
void bowl_law_fit(struct bowl_law *law, const struct bowl_site *sites, size_t n, bool tokens, double exponent_sd);

/* The rate at N and D, with a 95 % interval: NaN where nothing tells how far the law may be off. */
struct fit_value bowl_law_at(const struct bowl_law *law, double n, double d);

#endif
