/* A term of size and a term of data above a floor: Hoffmann et al. 2022 (arXiv 2203.15556). */
#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

static void terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    t[0] = exp(p[TERMS_A] - p[TERMS_ALPHA] * x->u);
    t[1] = exp(p[TERMS_B] - p[TERMS_BETA] * x->v);
}

static void jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    terms_add_power(out, at, x, TERMS_A, TERMS_ALPHA, x->u, 0);
    terms_add_power(out, at, x, TERMS_B, TERMS_BETA, x->v, 1);
}

const struct law law_chinchilla = {
    .name = "chinchilla",
    .form = "E + A/N^alpha + B/D^beta",
    .stream = 3,
    .n_vars = 2,
    .n_params = TERMS_MORE,
    .params = {TERMS_TWO},
    .level = TERMS_E,
    .n_terms = 2,
    .ties = "A=B alpha=beta",
    .apart = true,
    .terms = terms,
    .jet = jet,
    .basis = terms_basis_two,
    .set_linear = terms_set_two,
    .axes = terms_axes_two,
    .powers = terms_powers_two,
};
