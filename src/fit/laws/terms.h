/* What the laws are made of. Each is [E +] a sum of exp(s): a law's file writes s and its derivatives out, and
 * terms_add turns them into those of exp(s). */
#ifndef PLATEAU_FIT_LAWS_TERMS_H
#define PLATEAU_FIT_LAWS_TERMS_H

#include <math.h>

#include "fit/law.h"

/* Rows of a law's parameters. Bounds are on inner values. An exponent stays off 0, where its term turns into a second
 * floor; e^+-60 around the losses at the centre is as good as no bound on a coefficient. */
#define TERMS_LEVEL(name) {name, LAW_LEVEL, 0, 0, 0.0, 1e6, 0}
#define TERMS_COEF(name, var, exponent) {name, LAW_COEF, var, exponent, -60.0, 60.0, 0}
#define TERMS_EXPONENT(name) {name, LAW_EXPONENT, 0, 0, 1e-3, 10.0, 0.4}
#define TERMS_LOG(name, lo, hi, middle) {name, LAW_LOG, 0, 0, lo, hi, middle}

/* --- exp(s) ------------------------------------------------------------------------------------- */

/* An exponent s with derivatives in a few of the law's parameters. */
struct terms_expo {
    double v;
    size_t n;
    size_t at[LAW_MAX_PARAMS]; /* (n) rising indices of the parameters */
    double g[LAW_MAX_PARAMS];  /* (n) */
    double h[LAW_MAX_PARAMS][LAW_MAX_PARAMS]; /* upper triangle */
};

/* Add exp(s) to out, where s belongs to term t of the law; a bent law's bend is put into s. */
void terms_add(struct law_jet *out, struct terms_expo *s, const struct law_at *at, const struct law_point *x, size_t t);
/* Add exp(p[coef] - p[exponent] u), term t of the law. */
void terms_add_power(struct law_jet *out, const struct law_at *at, const struct law_point *x, size_t coef,
                     size_t exponent, double u, size_t t);

/* --- ln(1 + e^z) -------------------------------------------------------------------------------- */

static inline double terms_softplus(double z)
{
    return fmax(z, 0) + log1p(exp(-fabs(z)));
}

/* Q = f ln(1 + e^(y/f)), f = e^l: a soft max(0, y), with derivatives in y and l. */
struct terms_hinge {
    double v, y, l, yy, yl, ll;
};
struct terms_hinge terms_hinge(double y, double l);
/* The same with e^l at hand. */
struct terms_hinge terms_hinge_of(double y, double f);

/* --- laws of one term ----------------------------------------------------------------------------- */

/* The linear part beside E is the whole excess, whose coefficient is the first parameter after E. */
size_t terms_basis_one(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                       const struct law_centre *c);
void terms_set_one(double *p, const struct law *law, const double *coef);

/* --- laws of size and data -------------------------------------------------------------------------- */

/* They begin alike, in this order; what a law has beyond it starts at TERMS_MORE. */
enum { TERMS_E, TERMS_A, TERMS_B, TERMS_ALPHA, TERMS_BETA, TERMS_MORE };
#define TERMS_TWO                                                                                                      \
    TERMS_LEVEL("E"), TERMS_COEF("A", 0, TERMS_ALPHA), TERMS_COEF("B", 1, TERMS_BETA), TERMS_EXPONENT("alpha"),        \
        TERMS_EXPONENT("beta")

/* E + A/N^alpha + B/D^beta: its linear part, its axes and its frontier. */
size_t terms_basis_two(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                       const struct law_centre *c);
void terms_set_two(double *p, const struct law *law, const double *coef);
size_t terms_axes_two(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine);
struct law_powers terms_powers_two(const double *outer);

#endif
