/* One smooth break: Caballero et al. 2023 (arXiv 2210.14891). */
#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

enum { A, B, C0, C1, D1, F1 };

/* s = b - c0 u - c1 Q(u - d) */
static void terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double f = exp(p[F1]), z = (x->u - p[D1]) / f;
    t[0] = exp(p[B] - p[C0] * x->u - p[C1] * f * terms_softplus(z));
}

static void jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    struct terms_hinge q = terms_hinge(x->u - p[D1], p[F1]);
    double c1 = p[C1];
    struct terms_expo s = {.v = p[B] - p[C0] * x->u - c1 * q.v,
                           .n = 5,
                           .at = {B, C0, C1, D1, F1},
                           .g = {1, -x->u, -q.v, c1 * q.y, -c1 * q.l}};
    s.h[2][3] = q.y;
    s.h[2][4] = -q.l;
    s.h[3][3] = -c1 * q.yy;
    s.h[3][4] = c1 * q.yl;
    s.h[4][4] = -c1 * q.ll;
    terms_add(out, &s, at, x, 0);
}

static size_t axes(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine)
{
    (void)fine;
    ax[0] = (struct law_axis){C0, -0.1, 1.2, 7, false};
    ax[1] = (struct law_axis){C1, -0.8, 6.0, 9, false};
    ax[2] = (struct law_axis){D1, lo, hi, 9, false};
    ax[3] = (struct law_axis){F1, -3.5, 1.0, 4, false};
    return 4;
}

const struct law law_bnsl = {
    .name = "bnsl",
    .form = "a + b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1)",
    .stream = 2,
    .n_vars = 1,
    .n_params = 6,
    .params = {TERMS_LEVEL("a"),
               TERMS_COEF("b", 0, C0),
               {"c0", LAW_EXPONENT, 0, 0, -2.0, 10.0, 0.4},
               {"c1", LAW_EXPONENT, 0, 0, -5.0, 50.0, 0.4},
               {"d1", LAW_PLACE, 0, 0, -40.0, 40.0, 0},
               TERMS_LOG("f1", -7.0, 4.0, 0)},
    .level = A,
    .ties = "",
    .bends = true,
    .min_runs = 16, /* six parameters, and its bend needs runs on both sides */
    .max_runs = LAW_CURVED_RUNS,
    .terms = terms,
    .jet = jet,
    .basis = terms_basis_one,
    .set_linear = terms_set_one,
    .axes = axes,
};
