/* What repeated tokens are worth: Muennighoff et al. 2023 (arXiv 2305.16264), equations 5 to 7. */
#include "fit/laws/laws.h"
#include "fit/laws/terms.h"

enum { RN = TERMS_MORE, RD };
/* what all rows share */
enum { LN_RATIO, STAR_N, STAR_D };

/* Y = ln(1 + R (1 - e^(-q/R))), what q repetitions are worth; derivatives in q and in r = ln R. */
struct worth {
    double v, q, r, qq, qr, rr;
};

static double value_worth(double q, double star)
{
    return log1p(-star * expm1(-q / star));
}

static struct worth worth(double q, double star)
{
    double decay = exp(-q / star), gain = -star * expm1(-q / star), d = 1 + gain, k = q / star;
    double dr = gain - q * decay;
    struct worth y = {log(d), decay / d, dr / d, 0, 0, 0};
    y.qq = -decay / (star * d) - y.q * y.q;
    y.qr = decay * k / d - y.q * y.r;
    y.rr = (dr - q * decay * k) / d - y.r * y.r;
    return y;
}

/* w = ln U_N, the parameters that the unique tokens alone would call for. With the compute-optimal
 * allocation N = G (C/6)^(b/(a+b)), D = (C/6)^(a/(a+b)) / G, G = (alpha A / beta B)^(1/(alpha+beta)), the size
 * whose optimal data is U_D is G (U_D G)^(beta/alpha), so alpha w = ln(alpha A / beta B) + beta ln U_D. */
static double useful_size(const struct law_at *at, double ln_unique)
{
    return (at->shared[LN_RATIO] + at->p[TERMS_BETA] * ln_unique) / at->p[TERMS_ALPHA];
}

static void terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double u0 = at->centre.u, v0 = at->centre.v, ln_n = x->u + u0, ln_d = x->v + v0;
    double ln_ud = fmin(x->ln_unique, ln_d), w = fmin(useful_size(at, ln_ud), ln_n);
    double n = w + value_worth(expm1(ln_n - w), at->shared[STAR_N]);
    double d = ln_ud + value_worth(expm1(ln_d - ln_ud), at->shared[STAR_D]);
    t[0] = exp(p[TERMS_A] - p[TERMS_ALPHA] * (n - u0));
    t[1] = exp(p[TERMS_B] - p[TERMS_BETA] * (d - v0));
}

/* The term of size where it is beyond what the data calls for: X = w + Y(e^(L - w) - 1, R_N*). */
static void size_term(struct terms_expo *s, const struct law_at *at, double ln_n, double ln_ud, double w)
{
    const double *p = at->p;
    double al = p[TERMS_ALPHA], be = p[TERMS_BETA], ratio = exp(ln_n - w), big = al * w;
    struct worth y = worth(ratio - 1, at->shared[STAR_N]);
    double x = w + y.v - at->centre.u, xw = 1 - y.q * ratio;
    double xww = (y.qq * ratio + y.q) * ratio, xwr = -y.qr * ratio;
    /* derivatives of big = alpha w in a, b, alpha, beta, then of w */
    double ba = at->centre.u + 1 / al, bb = ln_ud - at->centre.v - 1 / be, a2 = al * al;
    double g[4] = {1 / al, -1 / al, ba / al - big / a2, bb / al};
    double h[4][4] = {{0, 0, -1 / a2, 0},
                      {0, 0, 1 / a2, 0},
                      {0, 0, -1 / (a2 * al) - 2 * ba / a2 + 2 * big / (a2 * al), -bb / a2},
                      {0, 0, 0, 1 / (be * be * al)}};
    *s = (struct terms_expo){.v = p[TERMS_A] - al * x, .n = 5, .at = {TERMS_A, TERMS_B, TERMS_ALPHA, TERMS_BETA, RN}};
    for (size_t i = 0; i < 4; i++) {
        s->g[i] = (i == 0) - al * xw * g[i] - (i == 2) * x;
        for (size_t j = i; j < 4; j++)
            s->h[i][j] = -al * (xww * g[i] * g[j] + xw * h[i][j]) - (i == 2) * xw * g[j] -
                         (j == 2) * xw * g[i];
        s->h[i][4] = -al * xwr * g[i] - (i == 2) * y.r;
    }
    s->g[4] = -al * y.r;
    s->h[4][4] = -al * y.rr;
}

static void jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double ln_n = x->u + at->centre.u, ln_d = x->v + at->centre.v, ln_ud = fmin(x->ln_unique, ln_d);
    double w = useful_size(at, ln_ud);
    struct terms_expo s = {.v = p[TERMS_A] - p[TERMS_ALPHA] * x->u,
                           .n = 2,
                           .at = {TERMS_A, TERMS_ALPHA},
                           .g = {1, -x->u}};
    if (w <= ln_n)
        size_term(&s, at, ln_n, ln_ud, w);
    terms_add(out, &s, at, x, 0);
    struct worth y = worth(expm1(ln_d - ln_ud), at->shared[STAR_D]);
    double d = ln_ud + y.v - at->centre.v;
    struct terms_expo t = {.v = p[TERMS_B] - p[TERMS_BETA] * d,
                           .n = 3,
                           .at = {TERMS_B, TERMS_BETA, RD},
                           .g = {1, -d, -p[TERMS_BETA] * y.r},
                           .h = {{0}, {0, 0, -y.r}, {0, 0, -p[TERMS_BETA] * y.rr}}};
    terms_add(out, &t, at, x, 1);
}

static void share(struct law_at *at)
{
    const double *p = at->p;
    const struct law_centre *c = &at->centre;
    at->shared[LN_RATIO] = p[TERMS_A] + p[TERMS_ALPHA] * c->u - p[TERMS_B] - p[TERMS_BETA] * c->v +
                           log(p[TERMS_ALPHA] / p[TERMS_BETA]);
    at->shared[STAR_N] = exp(p[RN]);
    at->shared[STAR_D] = exp(p[RD]);
}

/* The grid is that of the plain law, at R* = 10; its starts go on from the best pair of these. */
#define LN_TEN 2.302585092994045684
static const double stars[] = {0.7, 2.5, 6.0, 16.0, 60.0, 400.0};
/* Repeated data that hardly wear out. At the bound of R*, where nothing moves it, the search would stay there. */
#define LN_LONG_LIFE 5.0

const struct law law_repeat = {
    .name = "repeat",
    .form = "E + A/N'^alpha + B/D'^beta, D' = U_D (1 + R_D* (1 - exp(-R_D/R_D*))), N' alike",
    .stream = 5,
    .n_vars = 2,
    .n_params = 7,
    .params = {TERMS_TWO, TERMS_LOG("RN", -5.0, 9.0, LN_TEN), TERMS_LOG("RD", -5.0, 9.0, LN_TEN)},
    .level = TERMS_E,
    .ties = "A=B alpha=beta RN=RD",
    .apart = true,
    .rugged = true,
    .for_repeats = true,
    .share = share,
    .terms = terms,
    .jet = jet,
    .basis = terms_basis_two,
    .set_linear = terms_set_two,
    .axes = terms_axes_two,
    .pair = {RN, RD, stars, sizeof stars / sizeof *stars},
    .narrower = &law_chinchilla,
    .narrower_at = LN_LONG_LIFE,
    .powers = terms_powers_two,
};
