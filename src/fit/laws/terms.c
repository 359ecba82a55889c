#include "fit/laws/terms.h"

#include <string.h>

/* Parameters that are neighbours, as those of a whole law: loops that need no list of them. */
static void add_neighbours(struct law_jet *out, const struct terms_expo *s, double e)
{
    const size_t n = s->n, first = s->at[0];
    for (size_t i = 0; i < n; i++) {
        double *g = &out->g[first], *h = &out->h[first + i][first];
        g[i] += e * s->g[i];
        for (size_t j = i; j < n; j++)
            h[j] += e * (s->h[i][j] + s->g[i] * s->g[j]);
    }
}

void terms_add(struct law_jet *out, struct terms_expo *s, const struct law_at *at, const struct law_point *x, size_t t)
{
    if (at->law->bent) {
        size_t bend = at->law->n_params - 1;
        s->v += at->p[bend] * x->hinge[t];
        s->at[s->n] = bend;
        s->g[s->n++] = x->hinge[t];
    }
    double e = exp(s->v);
    out->v += e;
    if (s->n > 2 && s->at[s->n - 1] - s->at[0] == s->n - 1) {
        add_neighbours(out, s, e);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        size_t a = s->at[i];
        out->g[a] += e * s->g[i];
        for (size_t j = i; j < s->n; j++)
            out->h[a][s->at[j]] += e * (s->h[i][j] + s->g[i] * s->g[j]);
    }
}

void terms_add_power(struct law_jet *out, const struct law_at *at, const struct law_point *x, size_t coef,
                     size_t exponent, double u, size_t t)
{
    struct terms_expo s = {
        .v = at->p[coef] - at->p[exponent] * u, .n = 2, .at = {coef, exponent}, .g = {1, -u}};
    terms_add(out, &s, at, x, t);
}

/* --- ln(1 + e^z) -------------------------------------------------------------------------------- */

struct softplus {
    double v, d1, d2; /* ln(1 + e^z) and its derivatives */
};

static struct softplus softplus(double z)
{
    double e = exp(-fabs(z)), s = z > 0 ? 1 / (1 + e) : e / (1 + e);
    return (struct softplus){fmax(z, 0) + log1p(e), s, s * (1 - s)};
}

struct terms_hinge terms_hinge(double y, double l)
{
    return terms_hinge_of(y, exp(l));
}

struct terms_hinge terms_hinge_of(double y, double f)
{
    double z = y / f;
    struct softplus p = softplus(z);
    double ql = f * (p.v - p.d1 * z);
    return (struct terms_hinge){f * p.v, p.d1, ql, p.d2 / f, -p.d2 * z, ql + f * p.d2 * z * z};
}

/* --- laws of one term ----------------------------------------------------------------------------- */

size_t terms_basis_one(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                       const struct law_centre *c)
{
    double q[LAW_MAX_PARAMS];
    memcpy(q, p, law->n_params * sizeof *q);
    if (law->level >= 0)
        q[law->level] = 0;
    q[law->level + 1] = 0;
    phi[0] = law_value(law, q, x, c);
    return 1;
}

void terms_set_one(double *p, const struct law *law, const double *coef)
{
    p[law->level + 1] = log(coef[0]);
}

/* --- laws of size and data -------------------------------------------------------------------------- */

size_t terms_basis_two(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                       const struct law_centre *c)
{
    (void)law;
    (void)c;
    phi[0] = exp(-p[TERMS_ALPHA] * x->u);
    phi[1] = exp(-p[TERMS_BETA] * x->v);
    return 2;
}

void terms_set_two(double *p, const struct law *law, const double *coef)
{
    (void)law;
    p[TERMS_A] = log(coef[0]);
    p[TERMS_B] = log(coef[1]);
}

size_t terms_axes_two(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine)
{
    (void)lo;
    (void)hi;
    for (size_t i = 0; i < 2; i++) {
        size_t at = i == 0 ? TERMS_ALPHA : TERMS_BETA;
        ax[i] = fine ? (struct law_axis){at, 0.01, 10, 24, true} : (struct law_axis){at, 0.04, 1.6, 20, false};
    }
    return 2;
}

struct law_powers terms_powers_two(const double *outer)
{
    return (struct law_powers){outer[TERMS_E], outer[TERMS_A],    outer[TERMS_ALPHA],
                               outer[TERMS_B], outer[TERMS_BETA], 1};
}
