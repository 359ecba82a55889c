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
     {COEF("k", 0, 1), EXPONENT("g")}, -1, 1, "", false},
    {LAW_FLOOR, "floor", "E + k x^-g", 1, 3,
     {LEVEL("E"), COEF("k", 0, 2), EXPONENT("g")}, 0, 1, "", false},
    {LAW_BNSL, "bnsl", "a + b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1)", 1, 6,
     {LEVEL("a"), COEF("b", 0, 2), {"c0", LAW_EXPONENT, 0, 0, -2.0, 10.0},
      {"c1", LAW_EXPONENT, 0, 0, -5.0, 50.0}, {"d1", LAW_PLACE, 0, 0, -40.0, 40.0},
      LOGP("f1", -7.0, 4.0)}, 0, 0, "", false},
    {LAW_CHINCHILLA, "chinchilla", "E + A/N^alpha + B/D^beta", 2, 5,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta")}, 0, 2,
     "A=B alpha=beta", false},
    {LAW_JOINT, "joint", "E + ((A/N^alpha)^(1/g) + (B/D^beta)^(1/g))^g", 2, 6,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta"),
      LOGP("g", -5.0, 4.0)}, 0, 0, "A=B alpha=beta g=alpha g=beta", false},
    {LAW_REPEAT, "repeat", "E + A/N'^alpha + B/D'^beta, D' = U_D (1 + R_D* (1 - exp(-R_D/R_D*))), N' alike", 2, 7,
     {LEVEL("E"), COEF("A", 0, 3), COEF("B", 1, 4), EXPONENT("alpha"), EXPONENT("beta"),
      LOGP("RN", -5.0, 9.0), LOGP("RD", -5.0, 9.0)}, 0, 0, "A=B alpha=beta RN=RD", false},
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

struct law law_bent(const struct law *base)
{
    struct law bent = *base;
    bent.params[bent.n_params++] = (struct law_param){"bend", LAW_EXPONENT, 0, 0, -5.0, 5.0};
    bent.bent = true;
    bent.n_terms = 0;
    return bent;
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

void law_set_linear(double *p, const struct law *law, const double *coef)
{
    size_t m = 0, first = law->level >= 0 ? 1 : 0;
    bool two = law->id == LAW_CHINCHILLA || law->id == LAW_REPEAT;
    double ratio = p[2] - p[1];
    if (law->level >= 0)
        p[law->level] = coef[m++];
    p[first] = log(coef[m]);
    if (two)
        p[2] = log(coef[m + 1]);
    if (law->id == LAW_JOINT)
        p[2] = p[1] + ratio;
}
