/* A power of one variable, without a floor. */
#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

enum { K, G };

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
    ax[0] = (struct law_axis){G, 0.01, 10, 60, true};
    return 1;
}

static struct law_powers powers(const double *outer)
{
    return (struct law_powers){.a = outer[K], .alpha = outer[G], .g = 1};
}

static struct law_powers powers_rising(const double *outer)
{
    return (struct law_powers){.a = outer[K], .alpha = -outer[G], .g = 1};
}

#define POWER(how, exponent)                                                                       \
    .name = "power", .form = how, .stream = 0, .n_vars = 1, .n_params = 2,                         \
    .params = {TERMS_COEF("k", 0, G), TERMS_EXPONENT("g")}, .level = -1, .n_terms = 1,             \
    .ties = "", .terms = terms, .jet = jet, .basis = terms_basis_one,                              \
    .set_linear = terms_set_one, .axes = axes, .powers = exponent

/* The best size against compute: k (1/x)^-g. */
static const struct law law_power_rising = {POWER("k x^g", powers_rising), .rises = true};

const struct law law_power = {POWER("k x^-g", powers), .rising = &law_power_rising};
