#include "fit/law.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/laws/laws.h"

#define ROW(name) &law_##name,
static const struct law *const laws[] = {LAWS(ROW)};
#undef ROW
#define N_LAWS (sizeof laws / sizeof *laws)

const struct law *law_nth(size_t i)
{
    return i < N_LAWS ? laws[i] : NULL;
}

const struct law *law_find(const char *name)
{
    for (size_t i = 0; i < N_LAWS; i++)
        if (strcmp(laws[i]->name, name) == 0)
            return laws[i];
    return NULL;
}

const char *law_names(char names[LAW_NAMES])
{
    size_t at = 0;
    names[0] = '\0';
    for (size_t i = 0; i < N_LAWS && at < LAW_NAMES; i++)
        at += (size_t)snprintf(names + at, LAW_NAMES - at, "%s%s", i ? ", " : "", laws[i]->name);
    return names;
}

bool law_suits(const struct law *law, const struct law_runs *runs)
{
    return law->n_vars == (runs->two ? 2 : 1) && runs->n >= law->min_runs &&
           (law->max_runs == 0 || runs->n <= law->max_runs) && (runs->repeats || !law->for_repeats);
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
    bent.params[bent.n_params++] = (struct law_param){"bend", LAW_EXPONENT, 0, 0, -5.0, 5.0, 0};
    bent.bent = true;
    bent.n_bent_terms = base->n_terms;
    bent.n_terms = 0;
    return bent;
}

struct law_point law_point(const struct law *law, const struct law_centre *c, double n, double d, double unique)
{
    bool two = law->n_vars == 2;
    return (struct law_point){.u = (law->rises ? -log(n) : log(n)) - c->u, .v = two ? log(d) - c->v : 0,
                              .ln_unique = two ? log(fmin(unique, d)) : 0};
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

/* --- the linear part -------------------------------------------------------------------------------- */

size_t law_basis(double phi[3], const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c)
{
    size_t m = 0;
    if (law->level >= 0)
        phi[m++] = 1;
    return m + law->basis(phi + m, law, p, x, c);
}

void law_set_linear(double *p, const struct law *law, const double *coef)
{
    if (law->level >= 0)
        p[law->level] = *coef++;
    law->set_linear(p, law, coef);
}

/* --- values ----------------------------------------------------------------------------------------- */

struct law_at law_at(const struct law *law, const double *p, const struct law_centre *c)
{
    struct law_at at = {.law = law, .p = p, .centre = *c};
    if (law->share)
        law->share(&at);
    return at;
}

void law_at_terms(double t[2], const struct law_at *at, const struct law_point *x)
{
    t[1] = 0;
    at->law->terms(t, at, x);
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
    at->law->jet(out, at, x);
    if (at->law->level >= 0) {
        out->v += at->p[at->law->level];
        out->g[at->law->level] += 1;
    }
}
