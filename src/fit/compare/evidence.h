/* How well each kind of change explains the differences of a set of pairs, under all laws that the base's runs allow. */
#ifndef PLATEAU_FIT_COMPARE_EVIDENCE_H
#define PLATEAU_FIT_COMPARE_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"
#include "fit/compare/change.h"
#include "fit/compare/mixed.h"
#include "fit/compare/pairs.h"
#include "fit/compare/side.h"

/* The base's law as it may be. */
struct evidence_member {
    const struct fit_law *law;
    const double *p; /* inner */
};

struct evidence {
    const struct fit_report *base;
    struct evidence_member *members; /* (n_members) all of one weight */
    size_t n_members;
    struct law_point *points;  /* (2, n) base, then variant */
    double *y, *sd, *room;     /* (n), (n), (MIXED_MAX + 1, n) */
    double *left;              /* (n) y less what unlike sizes and data explain, at the base's best law */
    size_t *cluster, *group;   /* (n) trajectories, and seeds */
    struct change_pairs pairs;
    struct mixed mixed;
    struct mixed_posterior *fits; /* (n_members, CHANGE_MAX) */
    double *weight;            /* (n_members, CHANGE_MAX) all sum to 1 */
    struct mixed_posterior none; /* no change, at the base's best law */
};

/* What is borrowed must outlive it. evidence_free also after a failure. */
enum status evidence_fill(struct evidence *e, const struct compare_side *base, const struct compare_side *variant,
                          const struct pairs *pairs, struct err *err) WARN_UNUSED;
void evidence_free(struct evidence *e);

/* The probability of each kind; all sum to 1. *with_level: of the floor's, the share in which the level moves too; NaN where
 * the floor has none. */
void evidence_kinds(double probability[CHANGE_N_KINDS], double *with_level, const struct evidence *e);

/* p[kind]: the share of sims without a change in which this kind explains as much as here; *any: in which some kind
 * stands out as much as the one that does here. Each the larger one of two, of sims by the regression and by the wild bootstrap of
 * trajectories: with errors of real runs, which grow and fade along a trajectory, the first alone calls too much. */
enum status evidence_p(double p[CHANGE_N_KINDS], double *any, struct evidence *e, size_t sims, uint64_t seed,
                       struct err *err) WARN_UNUSED;

/* ln of the smallest factor on compute, spent as the base spends it, that would be seen as a difference at 5 % with a
 * chance of 80 %. */
double evidence_smallest(struct evidence *e);
/* The same were the differences y (q->n), with their errors, those of these pairs; q's room is written to. */
double evidence_smallest_of(const struct evidence *e, const double *y, struct change_pairs *q, struct mixed *m);

/* The sd of one pair's difference of ln losses, about the change that explains the differences best. */
double evidence_sigma(const struct evidence *e);

/* A member and its moved parameters, by weight; *kind (may be NULL): of what change. */
const struct evidence_member *evidence_draw(double moved[LAW_MAX_PARAMS], enum change_kind *kind, const struct evidence *e,
                                            struct rng *rng);

/* The fit of the change that explains the differences best, under the law that does. */
const struct mixed_posterior *evidence_best(const struct evidence *e);

#endif
