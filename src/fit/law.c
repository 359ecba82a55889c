#include "fit/law.h"

#include <math.h>
#include <string.h>

/* Bounds on inner values. An exponent stays off 0, where its term turns into a second floor; e^+-60
 * around the losses at the centre is as good as no bound on a coefficient. */
#define LEVEL(nm) {nm, LAW_LEVEL, 0, 0, 0.0, 1e6}
#define COEF(nm, var, exponent) {nm, LAW_COEF, var, exponent, -60.0, 60.0}
#define EXPONENT(nm) {nm, LAW_EXPONENT, 0, 0, 1e-3, 10.0}
#define LOGP(nm, lo, hi) {nm, LAW_LOG, 0, 0, lo, hi}

/* clang-format off */
static const struct law laws[LAW_COUNT] = {
    {LAW_POWER, "power", "k x^-g", 1, 2,
     {COEF("k", 0, 1), EXPONENT("g")}, -1, 1},
    {LAW_FLOOR, "floor", "E + k x^-g", 1, 3,
     {LEVEL("E"), COEF("k", 0, 2), EXPONENT("g")}, 0, 1},
    {LAW_BNSL, "bnsl", "a + b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1)", 1, 6,
     {LEVEL("a"), COEF("b", 0, 2), {"c0", LAW_EXPONENT, 0, 0, -2.0, 10.0},
      {"c1", LAW_EXPONENT, 0, 0, -5.0, 50.0}, {"d1", LAW_PLACE, 0, 0, -40.0, 40.0},
      LOGP("f1", -7.0, 4.0)}, 0, 0},
    {LAW_CHINCHILLA, "chinchilla", "E + A/N^alpha + B/D^beta", 2, 5,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta")}, 0, 2},
    {LAW_JOINT, "joint", "E + ((A/N^alpha)^(1/g) + (B/D^beta)^(1/g))^g", 2, 6,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta"),
      LOGP("g", -5.0, 4.0)}, 0, 0},
    {LAW_REPEAT, "repeat", "E + A/N'^alpha + B/D'^beta, D' = U_D (1 + R_D* (1 - exp(-R_D/R_D*))), N' alike", 2, 7,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta"),
      LOGP("RN", -5.0, 9.0), LOGP("RD", -5.0, 9.0)}, 0, 0},
};
/* clang-format on */

const struct law *law_get(enum law_id id)
{
    return &laws[id];
}

const struct law *law_find(const char *name)
{
    for (size_t i = 0; i < LAW_COUNT; i++)
        if (strcmp(laws[i].name, name) == 0)
            return &laws[i];
    return NULL;
}

int law_param_find(const struct law *law, const char *name)
{
    for (size_t i = 0; i < law->n_params; i++)
        if (strcmp(law->params[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* Second-order forward differentiation in k variables; k = 0 leaves plain values. */

static struct law_jet jet_const(double v)
{
    struct law_jet r = {.v = v};
    return r;
}

static struct law_jet jet_var(double v, size_t i, size_t k)
{
    struct law_jet r = {.v = v};
    if (i < k)
        r.g[i] = 1.0;
    return r;
}

/* r = x a + y b */
static struct law_jet jet_lin(double x, const struct law_jet *a, double y, const struct law_jet *b,
                              size_t k)
{
    struct law_jet r;
    r.v = x * a->v + y * b->v;
    for (size_t i = 0; i < k; i++)
        r.g[i] = x * a->g[i] + y * b->g[i];
    for (size_t i = 0; i < k * (k + 1) / 2; i++)
        r.h[i] = x * a->h[i] + y * b->h[i];
    return r;
}

static struct law_jet jet_add_const(struct law_jet a, double c)
{
    a.v += c;
    return a;
}

static struct law_jet jet_mul(const struct law_jet *a, const struct law_jet *b, size_t k)
{
    struct law_jet r;
    r.v = a->v * b->v;
    for (size_t i = 0, q = 0; i < k; i++) {
        r.g[i] = a->v * b->g[i] + b->v * a->g[i];
        for (size_t j = i; j < k; j++, q++)
            r.h[q] = a->v * b->h[q] + b->v * a->h[q] + a->g[i] * b->g[j] + a->g[j] * b->g[i];
    }
    return r;
}

/* A function of one jet, given its value and two derivatives there. */
static struct law_jet jet_chain(const struct law_jet *a, double f, double d1, double d2, size_t k)
{
    struct law_jet r;
    r.v = f;
    for (size_t i = 0, q = 0; i < k; i++) {
        r.g[i] = d1 * a->g[i];
        for (size_t j = i; j < k; j++, q++)
            r.h[q] = d1 * a->h[q] + d2 * a->g[i] * a->g[j];
    }
    return r;
}

static struct law_jet jet_exp(const struct law_jet *a, size_t k)
{
    double e = exp(a->v);
    return jet_chain(a, e, e, e, k);
}

static struct law_jet jet_log(const struct law_jet *a, size_t k)
{
    return jet_chain(a, log(a->v), 1 / a->v, -1 / (a->v * a->v), k);
}

static struct law_jet jet_inv(const struct law_jet *a, size_t k)
{
    double i = 1 / a->v;
    return jet_chain(a, i, -i * i, 2 * i * i * i, k);
}

/* ln(1 + e^a) without overflow. */
static struct law_jet jet_softplus(const struct law_jet *a, size_t k)
{
    double e = exp(-fabs(a->v)), s = a->v > 0 ? 1 / (1 + e) : e / (1 + e);
    return jet_chain(a, fmax(a->v, 0) + log1p(e), s, s * (1 - s), k);
}

/* E + exp(t) */
static void finish(struct law_jet *out, const struct law_jet *level, const struct law_jet *t, size_t k)
{
    struct law_jet e = jet_exp(t, k);
    *out = jet_lin(1, level, 1, &e, k);
}

/* a - exponent * u */
static struct law_jet power_term(const double *p, size_t coef, size_t exponent, double u, size_t k)
{
    struct law_jet a = jet_var(p[coef], coef, k), e = jet_var(p[exponent], exponent, k);
    return jet_lin(1, &a, -u, &e, k);
}

static void jet_bnsl(struct law_jet *out, const double *p, const struct law_point *x, size_t k)
{
    struct law_jet level = jet_var(p[0], 0, k), c1 = jet_var(p[3], 3, k);
    struct law_jet d = jet_var(p[4], 4, k), lf = jet_var(p[5], 5, k), u = jet_const(x->u);
    struct law_jet f = jet_exp(&lf, k), inv = jet_inv(&f, k);
    struct law_jet gap = jet_lin(1, &u, -1, &d, k), z = jet_mul(&gap, &inv, k);
    struct law_jet sp = jet_softplus(&z, k), c1f = jet_mul(&c1, &f, k), bend = jet_mul(&c1f, &sp, k);
    struct law_jet t = power_term(p, 1, 2, x->u, k);
    t = jet_lin(1, &t, -1, &bend, k);
    finish(out, &level, &t, k);
}

/* g ln(e^(s/g) + e^(t/g)) = t + g softplus((s - t)/g) */
static void jet_joint(struct law_jet *out, const double *p, const struct law_point *x, size_t k)
{
    struct law_jet level = jet_var(p[0], 0, k), lg = jet_var(p[5], 5, k);
    struct law_jet s = power_term(p, 1, 3, x->u, k), t = power_term(p, 2, 4, x->v, k);
    struct law_jet g = jet_exp(&lg, k), inv = jet_inv(&g, k), gap = jet_lin(1, &s, -1, &t, k);
    struct law_jet z = jet_mul(&gap, &inv, k), sp = jet_softplus(&z, k), m = jet_mul(&g, &sp, k);
    struct law_jet sum = jet_lin(1, &t, 1, &m, k);
    finish(out, &level, &sum, k);
}

/* ln(1 + R (1 - exp(-r/R))): what r repetitions are worth, R = exp(log_r_star) */
static struct law_jet worth(const struct law_jet *r, const struct law_jet *log_r_star, size_t k)
{
    struct law_jet star = jet_exp(log_r_star, k), inv = jet_inv(&star, k);
    struct law_jet ratio = jet_mul(r, &inv, k), zero = jet_const(0);
    ratio = jet_lin(-1, &ratio, 0, &zero, k);
    struct law_jet decay = jet_exp(&ratio, k), one = jet_const(1);
    struct law_jet left = jet_lin(1, &one, -1, &decay, k), sum = jet_mul(&star, &left, k);
    sum = jet_add_const(sum, 1.0);
    return jet_log(&sum, k);
}

/* ln U_N, the parameters that the unique tokens alone would call for: with the compute-optimal
 * allocation N = G (C/6)^(b/(a+b)), D = (C/6)^(a/(a+b)) / G, G = (alpha A / beta B)^(1/(alpha+beta)),
 * the size whose optimal data is U_D is G (U_D G)^(beta/alpha). */
static struct law_jet ln_useful_size(const double *p, double ln_unique, const struct law_centre *c,
                                     size_t k)
{
    struct law_jet alpha = jet_var(p[3], 3, k), beta = jet_var(p[4], 4, k);
    struct law_jet ln_a = power_term(p, 1, 3, -c->u, k), ln_b = power_term(p, 2, 4, -c->v, k);
    struct law_jet la = jet_log(&alpha, k), lb = jet_log(&beta, k);
    struct law_jet top = jet_lin(1, &ln_a, -1, &ln_b, k), dl = jet_lin(1, &la, -1, &lb, k);
    top = jet_lin(1, &top, 1, &dl, k);
    struct law_jet sum = jet_lin(1, &alpha, 1, &beta, k), inv_sum = jet_inv(&sum, k);
    struct law_jet ln_g = jet_mul(&top, &inv_sum, k), inv_alpha = jet_inv(&alpha, k);
    struct law_jet ratio = jet_mul(&beta, &inv_alpha, k), ud = jet_add_const(ln_g, ln_unique);
    struct law_jet m = jet_mul(&ratio, &ud, k);
    return jet_lin(1, &ln_g, 1, &m, k);
}

/* Muennighoff et al. 2023 (arXiv 2305.16264), equations 5 to 7. */
static void jet_repeat(struct law_jet *out, const double *p, const struct law_point *x,
                       const struct law_centre *c, size_t k)
{
    double ln_n = x->u + c->u, ln_d = x->v + c->v, ln_ud = fmin(x->ln_unique, ln_d);
    struct law_jet un = ln_useful_size(p, ln_ud, c, k), n_const = jet_const(ln_n);
    if (un.v > ln_n)
        un = n_const;
    struct law_jet ratio = jet_lin(1, &n_const, -1, &un, k), rn = jet_exp(&ratio, k);
    rn = jet_add_const(rn, -1.0);
    struct law_jet rd = jet_const(expm1(ln_d - ln_ud));
    struct law_jet lrn = jet_var(p[5], 5, k), lrd = jet_var(p[6], 6, k);
    struct law_jet wn = worth(&rn, &lrn, k), wd = worth(&rd, &lrd, k);
    struct law_jet nu = jet_lin(1, &un, 1, &wn, k), dv = jet_add_const(wd, ln_ud - c->v);
    nu = jet_add_const(nu, -c->u);
    struct law_jet alpha = jet_var(p[3], 3, k), beta = jet_var(p[4], 4, k);
    struct law_jet s = jet_mul(&alpha, &nu, k), t = jet_mul(&beta, &dv, k);
    struct law_jet a = jet_var(p[1], 1, k), b = jet_var(p[2], 2, k), level = jet_var(p[0], 0, k);
    s = jet_lin(1, &a, -1, &s, k);
    t = jet_lin(1, &b, -1, &t, k);
    struct law_jet first;
    finish(&first, &level, &s, k);
    finish(out, &first, &t, k);
}

static void jet_sum(struct law_jet *out, const struct law *law, const double *p,
                    const struct law_point *x, size_t k)
{
    struct law_jet acc = law->level >= 0 ? jet_var(p[law->level], (size_t)law->level, k)
                                         : jet_const(0);
    for (size_t i = 0; i < law->n_params; i++) {
        if (law->params[i].kind != LAW_COEF)
            continue;
        struct law_jet t = power_term(p, i, (size_t)law->params[i].partner,
                                      law->params[i].var ? x->v : x->u, k);
        struct law_jet sum;
        finish(&sum, &acc, &t, k);
        acc = sum;
    }
    *out = acc;
}

static void eval(struct law_jet *out, const struct law *law, const double *p,
                 const struct law_point *x, const struct law_centre *c, size_t k)
{
    switch (law->id) {
    case LAW_BNSL:
        jet_bnsl(out, p, x, k);
        break;
    case LAW_JOINT:
        jet_joint(out, p, x, k);
        break;
    case LAW_REPEAT:
        jet_repeat(out, p, x, c, k);
        break;
    default:
        jet_sum(out, law, p, x, k);
    }
}

double law_value(const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c)
{
    struct law_jet j;
    eval(&j, law, p, x, c, 0);
    return j.v;
}

void law_jet(struct law_jet *out, const struct law *law, const double *p, const struct law_point *x,
             const struct law_centre *c)
{
    eval(out, law, p, x, c, law->n_params);
}

static double centre_of(const struct law_param *q, const struct law_centre *c)
{
    return q->var ? c->v : c->u;
}

void law_external(double *outer, const struct law *law, const double *inner,
                  const struct law_centre *c)
{
    for (size_t i = 0; i < law->n_params; i++) {
        const struct law_param *q = &law->params[i];
        switch (q->kind) {
        case LAW_LEVEL:
        case LAW_EXPONENT:
            outer[i] = inner[i];
            break;
        case LAW_COEF:
            outer[i] = exp(inner[i] + inner[q->partner] * centre_of(q, c));
            break;
        case LAW_LOG:
            outer[i] = exp(inner[i]);
            break;
        case LAW_PLACE:
            outer[i] = exp(inner[i] + centre_of(q, c));
            break;
        }
    }
}

void law_internal(double *inner, const struct law *law, const double *outer,
                  const struct law_centre *c)
{
    for (size_t i = 0; i < law->n_params; i++) {
        const struct law_param *q = &law->params[i];
        switch (q->kind) {
        case LAW_LEVEL:
        case LAW_EXPONENT:
            inner[i] = outer[i];
            break;
        case LAW_COEF:
            inner[i] = log(outer[i]) - outer[q->partner] * centre_of(q, c);
            break;
        case LAW_LOG:
            inner[i] = log(outer[i]);
            break;
        case LAW_PLACE:
            inner[i] = log(outer[i]) - centre_of(q, c);
            break;
        }
    }
}

size_t law_basis(double phi[3], const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c)
{
    double q[LAW_MAX_PARAMS];
    memcpy(q, p, law->n_params * sizeof *q);
    size_t m = 0;
    if (law->level >= 0) {
        q[law->level] = 0;
        phi[m++] = 1;
    }
    if (law->id == LAW_CHINCHILLA || law->id == LAW_REPEAT) {
        phi[m++] = exp(-p[3] * x->u);
        phi[m++] = exp(-p[4] * x->v);
        return m;
    }
    if (law->id == LAW_JOINT) {
        q[2] = p[2] - p[1]; /* the ratio of the two terms stays */
        q[1] = 0;
    } else {
        q[law->level >= 0 ? 1 : 0] = 0;
    }
    phi[m++] = law_value(law, q, x, c);
    return m;
}

/* A coefficient that came out 0 starts at this share of the others: its logarithm must exist. */
#define TINY_SHARE 1e-3

void law_set_linear(double *p, const struct law *law, const double *coef)
{
    size_t m = 0;
    double level = law->level >= 0 ? coef[m++] : 0;
    if (law->level >= 0)
        p[law->level] = level;
    size_t first = law->level >= 0 ? 1 : 0;
    bool two = law->id == LAW_CHINCHILLA || law->id == LAW_REPEAT;
    double least = TINY_SHARE * (level + coef[m] + (two ? coef[m + 1] : 0)) + 1e-12;
    double ratio = p[2] - p[1];
    p[first] = log(fmax(coef[m], least));
    if (two)
        p[2] = log(fmax(coef[m + 1], least));
    if (law->id == LAW_JOINT)
        p[2] = p[1] + ratio;
}
