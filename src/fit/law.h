/* The scaling laws, as one table.
 *
 * Inside, a law works on centred logarithms u = ln N - u0 and v = ln D - v0 (x takes N's place in a law
 * of one variable) and on parameters in which the problem is well conditioned: a coefficient A that
 * multiplies N^-alpha is held as ln of its term at the centre, a = ln A - alpha u0. Outside, users see
 * A, alpha, ... as in the papers: law_external and law_internal convert. */
#ifndef PLATEAU_FIT_LAW_H
#define PLATEAU_FIT_LAW_H

#include <stdbool.h>
#include <stddef.h>

#define LAW_MAX_PARAMS 8

enum law_id { LAW_POWER, LAW_FLOOR, LAW_BNSL, LAW_CHINCHILLA, LAW_JOINT, LAW_REPEAT, LAW_COUNT };

enum law_kind {
    LAW_LEVEL,    /* E >= 0, as it is */
    LAW_COEF,     /* multiplies var^-partner; inside ln A - exponent * centre */
    LAW_EXPONENT, /* as it is */
    LAW_LOG,      /* positive; inside its logarithm */
    LAW_PLACE,    /* a place on the x axis; inside ln - centre */
};

struct law_param {
    const char *name;
    enum law_kind kind;
    int var;       /* 0: N or x, 1: D (LAW_COEF, LAW_PLACE) */
    int partner;   /* LAW_COEF: index of its exponent */
    double lo, hi; /* bounds on the inner value */
};

/* Where the logarithms are centred. */
struct law_centre {
    double u, v;
};

/* One run as a law sees it. */
struct law_point {
    double u, v;      /* centred ln N, ln D */
    double ln_unique; /* ln of unique tokens, for LAW_REPEAT; not centred */
    double hinge[2];  /* how far beyond a break each term is, in a bent law: max(0, ln C - ln C0) or the like */
};

/* A value with gradient and Hessian (upper triangle: h[a][b], a <= b) in the parameters. */
struct law_jet {
    double v;
    double g[LAW_MAX_PARAMS];
    double h[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
};

struct law {
    enum law_id id;
    const char *name;
    const char *form;
    int n_vars; /* 1: x; 2: N and D */
    size_t n_params;
    struct law_param params[LAW_MAX_PARAMS];
    int level;   /* index of E, -1 where the law has none */
    int n_terms; /* > 0: the law is [E +] sum of exp(a_j - e_j u_j), with a closed fast path */
    const char *ties; /* pairs of parameters that may be held equal, "A=B alpha=beta"; "" where none may */
    bool bent;   /* term t of the excess over E is multiplied by exp(bend * hinge[t]); bend comes last */
};

/* Parameters of one law, with what all its evaluations share. */
struct law_at {
    const struct law *law;
    const double *p; /* borrowed */
    struct law_centre centre;
    double shared[4];
};

const struct law *law_get(enum law_id id);
/* By name; NULL where there is none. */
const struct law *law_find(const char *name);
/* Index of a parameter by name, -1 where there is none. */
int law_param_find(const struct law *law, const char *name);

/* The law with one more parameter, the change of slope beyond a break: a bend of b changes the exponent with
 * which a term of the excess falls by -b wherever the points' hinges for it are above 0. */
struct law law_bent(const struct law *base);

/* Ready to evaluate at inner parameters p, which must outlive it. */
struct law_at law_at(const struct law *law, const double *p, const struct law_centre *c);
/* Predicted loss (not its log). */
double law_at_value(const struct law_at *at, const struct law_point *x);
/* The terms of the excess over E (two in chinchilla and repeat; elsewhere the second is 0). */
void law_at_terms(double t[2], const struct law_at *at, const struct law_point *x);
/* The value with derivatives in all n_params inner parameters. */
void law_at_jet(struct law_jet *out, const struct law_at *at, const struct law_point *x);
/* A single value. */
double law_value(const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c);

/* Inner to outer parameters and back; arrays of n_params, which may not alias. */
void law_external(double *outer, const struct law *law, const double *inner,
                  const struct law_centre *c);
void law_internal(double *inner, const struct law *law, const double *outer,
                  const struct law_centre *c);

/* The basis that the law is linear in once its exponents are chosen (variable projection): writes
 * phi[0..m) and returns m; prediction = sum c_j phi_j with c_j >= 0. */
size_t law_basis(double phi[3], const struct law *law, const double *p, const struct law_point *x,
                 const struct law_centre *c);
/* Put solved coefficients c[0..m) into p, whose exponents stay; all but that of a floor are above 0. */
void law_set_linear(double *p, const struct law *law, const double *coef);

#endif
