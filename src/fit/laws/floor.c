/* A power of one variable above a floor. */
#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

enum { E, K, G };

static void terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    t[0] = exp(at->p[K] - at->p[G] * x->u);
}

static void jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    terms_add_power(out, at, x, K, G, x->u, 0);
}

static size_t axes(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine)
{
    (void)lo;
    (void)hi;
    (void)fine;
    ax[0] = (struct law_axis){G, 0.01, 10, 80, true};
    return 1;
}

static struct law_powers powers(const double *outer)
{
    return (struct law_powers){.e = outer[E], .a = outer[K], .alpha = outer[G], .g = 1};
}

const struct law law_floor = {
    .name = "floor",
    .form = "E + k x^-g",
    .stream = 1,
    .n_vars = 1,
    .n_params = 3,
    .params = {TERMS_LEVEL("E"), TERMS_COEF("k", 0, G), TERMS_EXPONENT("g")},
    .level = E,
    .n_terms = 1,
    .ties = "",
    .terms = terms,
    .jet = jet,
    .basis = terms_basis_one,
    .set_linear = terms_set_one,
    .axes = axes,
    .powers = powers,
};
