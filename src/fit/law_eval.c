/* Values and closed derivatives of the laws. Each is [E +] a sum of exp(s): s and its derivatives are written
 * out by law, and add_term turns them into those of exp(s). */
#include <math.h>
#include <string.h>

#include "fit/law.h"

#define NP LAW_MAX_PARAMS

/* Parameter order of the laws of two variables (the table of law.c). */
enum { IE, IA, IB, IALPHA, IBETA, IG, IRN = 5, IRD };
/* and of bnsl */
enum { SA, SB, SC0, SC1, SD, SF };
/* what repeat shares between rows */
enum { LN_RATIO, STAR_N, STAR_D };

/* An exponent s with derivatives in a few of the law's parameters. */
struct expo {
    double v;
    size_t n;
    size_t at[NP]; /* (n) rising indices of the parameters */
    double g[NP];  /* (n) */
    double h[NP][NP]; /* upper triangle */
};

/* Add exp(s) to out, where s belongs to term t of the law. */
static void add_term(struct law_jet *out, struct expo *s, const struct law_at *at, const struct law_point *x,
                     size_t t)
{
    if (at->law->bent) {
        size_t bend = at->law->n_params - 1;
        s->v += at->p[bend] * x->hinge[t];
        s->at[s->n] = bend;
        s->g[s->n++] = x->hinge[t];
    }
    double e = exp(s->v);
    out->v += e;
    for (size_t i = 0; i < s->n; i++) {
        size_t a = s->at[i];
        out->g[a] += e * s->g[i];
        for (size_t j = i; j < s->n; j++)
            out->h[a][s->at[j]] += e * (s->h[i][j] + s->g[i] * s->g[j]);
    }
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

/* Q = f ln(1 + e^(y/f)), f = e^l: a soft max(0, y), with derivatives in y and l. */
struct soft_hinge {
    double v, y, l, yy, yl, ll;
};

static struct soft_hinge soft_hinge(double y, double l)
{
    double f = exp(l), z = y / f;
    struct softplus p = softplus(z);
    double ql = f * (p.v - p.d1 * z);
    return (struct soft_hinge){f * p.v, p.d1, ql, p.d2 / f, -p.d2 * z, ql + f * p.d2 * z * z};
}

/* --- bnsl ---------------------------------------------------------------------------------------- */

/* s = b - c0 u - c1 Q(u - d) */
static double term_bnsl(const double *p, const struct law_point *x)
{
    double f = exp(p[SF]), z = (x->u - p[SD]) / f;
    return exp(p[SB] - p[SC0] * x->u - p[SC1] * f * (fmax(z, 0) + log1p(exp(-fabs(z)))));
}

static void jet_bnsl(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    struct soft_hinge q = soft_hinge(x->u - p[SD], p[SF]);
    double c1 = p[SC1];
    struct expo s = {.v = p[SB] - p[SC0] * x->u - c1 * q.v,
                     .n = 5,
                     .at = {SB, SC0, SC1, SD, SF},
                     .g = {1, -x->u, -q.v, c1 * q.y, -c1 * q.l}};
    s.h[2][3] = q.y;
    s.h[2][4] = -q.l;
    s.h[3][3] = -c1 * q.yy;
    s.h[3][4] = c1 * q.yl;
    s.h[4][4] = -c1 * q.ll;
    add_term(out, &s, at, x, 0);
}

/* --- joint --------------------------------------------------------------------------------------- */

/* g ln(e^(s/g) + e^(t/g)) = t + Q(s - t) with s = a - alpha u, t = b - beta v */
static double term_joint(const double *p, const struct law_point *x)
{
    double s = p[IA] - p[IALPHA] * x->u, t = p[IB] - p[IBETA] * x->v, g = exp(p[IG]), z = (s - t) / g;
    return exp(t + g * (fmax(z, 0) + log1p(exp(-fabs(z)))));
}

static void jet_joint(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double u = x->u, v = x->v, t = p[IB] - p[IBETA] * v;
    struct soft_hinge q = soft_hinge(p[IA] - p[IALPHA] * u - t, p[IG]);
    double rest = 1 - q.y, yy = q.yy, yl = q.yl;
    struct expo s = {.v = t + q.v,
                     .n = 5,
                     .at = {IA, IB, IALPHA, IBETA, IG},
                     .g = {q.y, rest, -u * q.y, -v * rest, q.l},
                     .h = {{yy, -yy, -u * yy, v * yy, yl},
                           {0, yy, u * yy, -v * yy, -yl},
                           {0, 0, u * u * yy, -u * v * yy, -u * yl},
                           {0, 0, 0, v * v * yy, v * yl},
                           {0, 0, 0, 0, q.ll}}};
    add_term(out, &s, at, x, 0);
}

/* --- repeat: Muennighoff et al. 2023 (arXiv 2305.16264), equations 5 to 7 --------------------------- */

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
    return (at->shared[LN_RATIO] + at->p[IBETA] * ln_unique) / at->p[IALPHA];
}

static void terms_repeat(double t[2], const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double u0 = at->centre.u, v0 = at->centre.v, ln_n = x->u + u0, ln_d = x->v + v0;
    double ln_ud = fmin(x->ln_unique, ln_d), w = fmin(useful_size(at, ln_ud), ln_n);
    double n = w + value_worth(expm1(ln_n - w), at->shared[STAR_N]);
    double d = ln_ud + value_worth(expm1(ln_d - ln_ud), at->shared[STAR_D]);
    t[0] = exp(p[IA] - p[IALPHA] * (n - u0));
    t[1] = exp(p[IB] - p[IBETA] * (d - v0));
}

/* The term of size where it is beyond what the data calls for: X = w + Y(e^(L - w) - 1, R_N*). */
static void size_term(struct expo *s, const struct law_at *at, double ln_n, double ln_ud, double w)
{
    const double *p = at->p;
    double al = p[IALPHA], be = p[IBETA], ratio = exp(ln_n - w), big = al * w;
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
    *s = (struct expo){.v = p[IA] - al * x, .n = 5, .at = {IA, IB, IALPHA, IBETA, IRN}};
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

static void jet_repeat(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    const double *p = at->p;
    double ln_n = x->u + at->centre.u, ln_d = x->v + at->centre.v, ln_ud = fmin(x->ln_unique, ln_d);
    double w = useful_size(at, ln_ud);
    struct expo s = {.v = p[IA] - p[IALPHA] * x->u, .n = 2, .at = {IA, IALPHA}, .g = {1, -x->u}};
    if (w <= ln_n)
        size_term(&s, at, ln_n, ln_ud, w);
    add_term(out, &s, at, x, 0);
    struct worth y = worth(expm1(ln_d - ln_ud), at->shared[STAR_D]);
    double d = ln_ud + y.v - at->centre.v;
    struct expo t = {.v = p[IB] - p[IBETA] * d,
                     .n = 3,
                     .at = {IB, IBETA, IRD},
                     .g = {1, -d, -p[IBETA] * y.r},
                     .h = {{0}, {0, 0, -y.r}, {0, 0, -p[IBETA] * y.rr}}};
    add_term(out, &t, at, x, 1);
}

/* --- power, floor, chinchilla --------------------------------------------------------------------- */

static double variable(const struct law_param *q, const struct law_point *x)
{
    return q->var ? x->v : x->u;
}

static void terms_sum(double t[2], const struct law_at *at, const struct law_point *x)
{
    size_t m = 0;
    for (size_t i = 0; i < at->law->n_params; i++) {
        const struct law_param *q = &at->law->params[i];
        if (q->kind == LAW_COEF)
            t[m++] = exp(at->p[i] - at->p[q->partner] * variable(q, x));
    }
}

static void jet_sum(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    size_t m = 0;
    for (size_t i = 0; i < at->law->n_params; i++) {
        const struct law_param *q = &at->law->params[i];
        if (q->kind != LAW_COEF)
            continue;
        double u = variable(q, x);
        struct expo s = {.v = at->p[i] - at->p[q->partner] * u,
                         .n = 2,
                         .at = {i, (size_t)q->partner},
                         .g = {1, -u}};
        add_term(out, &s, at, x, m++);
    }
}

/* --- all ------------------------------------------------------------------------------------------ */

struct law_at law_at(const struct law *law, const double *p, const struct law_centre *c)
{
    struct law_at at = {.law = law, .p = p, .centre = *c};
    if (law->id == LAW_REPEAT) {
        at.shared[LN_RATIO] = p[IA] + p[IALPHA] * c->u - p[IB] - p[IBETA] * c->v + log(p[IALPHA] / p[IBETA]);
        at.shared[STAR_N] = exp(p[IRN]);
        at.shared[STAR_D] = exp(p[IRD]);
    }
    return at;
}

void law_at_terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    t[1] = 0;
    switch (at->law->id) {
    case LAW_BNSL:
        t[0] = term_bnsl(at->p, x);
        break;
    case LAW_JOINT:
        t[0] = term_joint(at->p, x);
        break;
    case LAW_REPEAT:
        terms_repeat(t, at, x);
        break;
    default:
        terms_sum(t, at, x);
    }
    for (size_t k = 0; k < 2 && at->law->bent; k++)
        t[k] *= exp(at->p[at->law->n_params - 1] * x->hinge[k]);
}

double law_at_value(const struct law_at *at, const struct law_point *x)
{
    double t[2];
    law_at_terms(t, at, x);
    return (at->law->level >= 0 ? at->p[at->law->level] : 0) + t[0] + t[1];
}

double law_value(const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c)
{
    struct law_at at = law_at(law, p, c);
    return law_at_value(&at, x);
}

void law_at_jet(struct law_jet *out, const struct law_at *at, const struct law_point *x)
{
    size_t n = at->law->n_params;
    out->v = 0;
    memset(out->g, 0, n * sizeof *out->g);
    memset(out->h, 0, n * sizeof *out->h);
    switch (at->law->id) {
    case LAW_BNSL:
        jet_bnsl(out, at, x);
        break;
    case LAW_JOINT:
        jet_joint(out, at, x);
        break;
    case LAW_REPEAT:
        jet_repeat(out, at, x);
        break;
    default:
        jet_sum(out, at, x);
    }
    if (at->law->level >= 0) {
        out->v += at->p[at->law->level];
        out->g[at->law->level] += 1;
    }
}
