/* What a variant may have changed of a law, and how well each such change explains the differences from the base.
 *
 * A change moves some of the law's inner parameters: its level (the coefficients: as if sizes or data counted f times, arXiv
 * 2602.07712), its exponents, or its floor. Each comes in narrower and wider forms, since nobody knows beforehand whether a
 * tweak acts through size, through data or both. Forms are compared by BIC, kinds by the sum of their forms. */
#ifndef PLATEAU_FIT_COMPARE_CHANGE_H
#define PLATEAU_FIT_COMPARE_CHANGE_H

#include "fit/compare/mixed.h"
#include "fit/law.h"

/* One word each, as DESIGN section 9 has them. */
#define CHANGE_KINDS(X) X(LEVEL, "level") X(EXPONENT, "exponent") X(FLOOR, "floor")
enum change_kind {
#define X(id, word) CHANGE_##id,
    CHANGE_KINDS(X)
#undef X
    CHANGE_N_KINDS
};
const char *change_word(enum change_kind kind);

/* Parameters p become p + sum_j b_j dir_j. */
struct change {
    enum change_kind kind;
    size_t k;
    double dir[MIXED_MAX][LAW_MAX_PARAMS];
    bool with_level; /* the level moves too, or alone */
    double prior; /* of this form within its kind */
};

enum { CHANGE_MAX = 13 };
/* The forms for a law about this centre; returns how many. Kinds that the law lacks have none. */
size_t change_forms(struct change out[CHANGE_MAX], const struct law *law, const struct law_centre *c);

/* Pairs of a base's and a variant's run, as a law sees them. */
struct change_pairs {
    size_t n;
    const struct law_point *base, *variant; /* (n) about the law's centre */
    const double *y;                        /* (n) ln loss of the variant less that of the base */
    double *x, *r;                          /* (MIXED_MAX, n), (n) room */
};

void change_apply(double moved[LAW_MAX_PARAMS], const struct change *c, const struct law *law, const double *p,
                  const double *b);

/* This form's prior, with these b: next to nothing where they take a parameter to where the law has none, or an exponent to less
 * than half or more than twice itself. */
double change_prior(const struct change *c, const struct law *law, const double *p, const double *b);

/* The best b for this form, by Gauss and Newton from none; what is not ok explains nothing. With c NULL: no change, but
 * unlike sizes and data. */
void change_fit(struct mixed_posterior *out, const struct change *c, const struct law *law, const double *p,
                const struct law_centre *centre, struct change_pairs *pairs, struct mixed *m);

#endif
