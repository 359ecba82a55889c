/* The scaling laws. Each is one file of laws/ and one row of the table in laws/laws.h.
 *
 * Inside, a law works on centred logarithms u = ln N - u0 and v = ln D - v0 (x takes N's place in a law
 * of one variable) and on parameters in which the problem is well conditioned: a coefficient A that
 * multiplies N^-alpha is held as ln of its term at the centre, a = ln A - alpha u0. Outside, users see
 * A, alpha, ... as in the papers: law_external and law_internal convert.
 *
 * To add a law: write laws/NAME.c with its struct law, name the file in meson.build, and give it a row in LAWS
 * (laws/laws.h) at its place in the order in which laws are tried. tests/test_fit_laws.c then checks its derivatives; write
 * its formula out once more there, and give it a design in tests/sim.c. Nobody outside asks which law it is: what a
 * caller must know is a field here. */
#ifndef PLATEAU_FIT_LAW_H
#define PLATEAU_FIT_LAW_H

#include <stdbool.h>
#include <stddef.h>

#define LAW_MAX_PARAMS 8

#define LAW_MAX_AXES 4
/* Laws that are more than a sum of powers cost too much to be tried unasked on longer tables. */
#define LAW_CURVED_RUNS 5000

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
    double middle; /* inner value at the start of a search, where the law's axes leave it out */
};

/* Where the logarithms are centred. */
struct law_centre {
    double u, v;
};

/* One run as a law sees it. */
struct law_point {
    double u, v;      /* centred ln N, ln D */
    double ln_unique; /* ln of unique tokens, for laws of repeated data; not centred */
    double hinge[2];  /* how far beyond a break each term is, in a bent law: max(0, ln C - ln C0) or the like */
};

/* A value with gradient and Hessian (upper triangle: h[a][b], a <= b) in the parameters. */
struct law_jet {
    double v;
    double g[LAW_MAX_PARAMS];
    double h[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
};

struct law;
struct law_at;

/* One axis of the grid on which a search starts: n inner values from lo to hi, evenly, or by a constant factor. */
struct law_axis {
    size_t param;
    double lo, hi;
    size_t n;
    bool geometric;
};

/* Two parameters (LAW_LOG) that are tried at each pair of these outer values after each start of the axes; n = 0: no
 * such parameters. */
struct law_pair {
    size_t a, b;
    const double *values;
    size_t n;
};

/* The law as e + ((a/N^alpha)^(1/g) + (b/D^beta)^(1/g))^g; of one variable e + a/x^alpha. */
struct law_powers {
    double e, a, alpha, b, beta, g;
};

/* What decides whether a law is tried where none is asked for. */
struct law_runs {
    bool two;     /* they are a grid of sizes and data */
    bool repeats; /* some see tokens more than once */
    size_t n;
};

struct law {
    const char *name;
    const char *form;
    unsigned stream; /* its own, of its random starts; changing it moves optima that old tables were given */
    int n_vars;      /* 1: x; 2: N and D */
    size_t n_params;
    struct law_param params[LAW_MAX_PARAMS];
    int level;        /* index of E: 0, the coefficients follow; -1: the law has none and begins with them */
    int n_terms;      /* > 0: [E +] sum of exp(a_j - e_j u_j), in the order E, all a, all e: sums.c's fast path */
    int n_bent_terms; /* of a bent law: those of the law that was bent, whose place they keep */
    const char *ties; /* pairs of parameters that may be held equal, "A=B alpha=beta"; "" where none may */
    bool apart;       /* size and data have a term each: a break in one leaves the other's alone */
    bool bends;       /* has a break of its own: no further one is looked for, exponents may be at their bounds */
    bool rugged;      /* many rows leave many basins too */
    bool rises;        /* x's reciprocal takes its place, so that a power of that which falls rises with x */
    const struct law *rising; /* what stands for it where y rises with x; NULL: nothing does */
    bool bent;        /* by law_bent: term t of the excess over E times exp(bend * hinge[t]); bend comes last */

    /* Where it is tried unasked: see law_suits. */
    size_t min_runs, max_runs; /* 0: any number */
    bool for_repeats;          /* only where tokens repeat */

    /* Values. What all evaluations share goes into at->shared (NULL: nothing). The terms are those of the excess over
     * E, without a bend; t[1] comes as 0. The jet adds them with derivatives (terms_add); the caller adds E. */
    void (*share)(struct law_at *at);
    void (*terms)(double t[2], const struct law_at *at, const struct law_point *x);
    void (*jet)(struct law_jet *out, const struct law_at *at, const struct law_point *x);

    /* The linear part beside E, see law_basis: writes phi, returns how many; and puts coefficients back. */
    size_t (*basis)(double phi[2], const struct law *law, const double *p, const struct law_point *x,
                    const struct law_centre *c);
    void (*set_linear)(double *p, const struct law *law, const double *coef);

    /* Starts. Axes: u of the runs goes from lo to hi; fine asks for the grid out to the bounds; returns how many. */
    size_t (*axes)(struct law_axis ax[LAW_MAX_AXES], double lo, double hi, bool fine);
    struct law_pair pair;
    const struct law *narrower; /* the law that it (nearly) becomes with all further parameters at narrower_at, or NULL */
    double narrower_at;         /* inner */

    /* From outer parameters; NULL where the law has no frontier in closed form. */
    struct law_powers (*powers)(const double *outer);
};

/* Parameters of one law, with what all its evaluations share. */
struct law_at {
    const struct law *law;
    const double *p; /* borrowed */
    struct law_centre centre;
    double shared[4];
};

/* In the order in which they are tried; NULL beyond the last. */
const struct law *law_nth(size_t i);
/* By name; NULL where there is none. */
const struct law *law_find(const char *name);
/* Their names in that order, "a, b, c"; returns names. */
#define LAW_NAMES 128
const char *law_names(char names[LAW_NAMES]);
/* Whether it is tried on such runs where the user names none. */
bool law_suits(const struct law *law, const struct law_runs *runs);
/* Index of a parameter by name, -1 where there is none. */
int law_param_find(const struct law *law, const char *name);

/* The law with one more parameter, the change of slope beyond a break: a bend of b changes the exponent with
 * which a term of the excess falls by -b wherever the points' hinges for it are above 0. */
struct law law_bent(const struct law *base);

/* Size N and D tokens of which the first `unique` are new, as a law of two variables sees them; of one variable x = n
 * counts alone. */
struct law_point law_point(const struct law *law, const struct law_centre *c, double n, double d, double unique);

/* Ready to evaluate at inner parameters p, which must outlive it. */
struct law_at law_at(const struct law *law, const double *p, const struct law_centre *c);
/* Predicted loss (not its log). */
double law_at_value(const struct law_at *at, const struct law_point *x);
/* The terms of the excess over E (two where the law is apart; elsewhere the second is 0). */
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
