/* Size and data in one term, which g rounds where they meet; g = 1 is chinchilla. */
#include <string.h>

#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

enum { G = TERMS_MORE };
/* what all rows share: g itself */
enum { ROUND };

static void share(struct law_at *at)
{
    at->shared[ROUND] = exp(at->p[G]);
}

/* g ln(e^(s/g) + e^(t/g)) = t + Q(s - t) with s = a - alpha u, t = b - beta v */
static void terms(double out[2], const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double s = p[TERMS_A] - p[TERMS_ALPHA] * x->u, t = p[TERMS_B] - p[TERMS_BETA] * x->v;
    double g = at->shared[ROUND], z = (s - t) / g;
    out[0] = exp(t + g * terms_softplus(z));
}

static void jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double u = x->u, v = x->v, t = p[TERMS_B] - p[TERMS_BETA] * v;
    struct terms_hinge q = terms_hinge_of(p[TERMS_A] - p[TERMS_ALPHA] * u - t, at->shared[ROUND]);
    double rest = 1 - q.y, yy = q.yy, yl = q.yl;
    struct terms_expo s = {.v = t + q.v,
                           .n = 5,
                           .at = {TERMS_A, TERMS_B, TERMS_ALPHA, TERMS_BETA, G},
                           .g = {q.y, rest, -u * q.y, -v * rest, q.l},
                           .h = {{yy, -yy, -u * yy, v * yy, yl},
                                 {0, yy, u * yy, -v * yy, -yl},
                                 {0, 0, u * u * yy, -u * v * yy, -u * yl},
                                 {0, 0, 0, v * v * yy, v * yl},
                                 {0, 0, 0, 0, q.ll}}};
    terms_add(out, &s, at, x, 0);
}

/* Linear in both coefficients at once: their ratio stays, and is an axis of the grid. */
static size_t basis(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                    const struct law_centre *c)
{
    double q[LAW_MAX_PARAMS];
    memcpy(q, p, law->n_params * sizeof *q);
    q[TERMS_E] = 0;
    q[TERMS_B] = p[TERMS_B] - p[TERMS_A];
    q[TERMS_A] = 0;
    phi[0] = law_value(law, q, x, c);
    return 1;
}

static void set_linear(double *p, const struct law *law, const double *coef)
{
    double ratio = p[TERMS_B] - p[TERMS_A];
    (void)law;
    p[TERMS_A] = log(coef[0]);
    p[TERMS_B] = p[TERMS_A] + ratio;
}

static size_t axes(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine)
{
    (void)lo;
    (void)hi;
    ax[0] = (struct law_axis){TERMS_ALPHA, 0.05, fine ? 4 : 1.2, 7, fine};
    ax[1] = (struct law_axis){TERMS_BETA, 0.05, fine ? 4 : 1.2, 7, fine};
    ax[2] = (struct law_axis){TERMS_B, -4.0, 4.0, 5, false};
    ax[3] = (struct law_axis){G, -1.6, 1.2, 5, false};
    return 4;
}

static struct law_powers powers(const double *outer)
{
    struct law_powers w = terms_powers_two(outer);
    w.g = outer[G];
    return w;
}

const struct law law_joint = {
    .name = "joint",
    .form = "E + ((A/N^alpha)^(1/g) + (B/D^beta)^(1/g))^g",
    .stream = 4,
    .n_vars = 2,
    .n_params = 6,
    .params = {TERMS_TWO, TERMS_LOG("g", -5.0, 4.0, 0)},
    .level = TERMS_E,
    .ties = "A=B alpha=beta g=alpha g=beta",
    .min_runs = 12, /* a sixth parameter beside chinchilla's five is not looked for in fewer */
    .max_runs = LAW_CURVED_RUNS,
    .share = share,
    .terms = terms,
    .jet = jet,
    .basis = basis,
    .set_linear = set_linear,
    .axes = axes,
    .narrower = &law_chinchilla,
    .narrower_at = 0, /* g = 1 */
    .powers = powers,
};
