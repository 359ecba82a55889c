/* What the kinds that orthogonalise a momentum have in common: Muon and what is built on it. */
#ifndef PLATEAU_MODEL_OPTIM_MUON_H
#define PLATEAU_MODEL_OPTIM_MUON_H

#include "model/optim/optim.h"
#include "model/optim/orthogonal.h"

/* Matrices lie (in, out) here, and in the sources (out, in): their rows are the columns here. */

/* As in struct optim_kind. */
#define MUON_KEYS                                                                                  \
    "beta1 beta2 eps momentum nesterov muon_steps muon_coefficients muon_block muon_period muon_precision adam_lr_ratio"
size_t muon_scratch_floats(struct ops o, const struct optim_config *c, const struct tensor *t);
struct param_rule muon_rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t);

/* The matrices of a step: the tensor's, or blocks of their columns. Whole ones in every muon_period-th step from the first
 * on, blocks of muon_block columns in the others, the last of a matrix narrower (Khaled et al. 2025, arXiv 2510.16981). */
struct muon_walk {
    size_t at, cols; /* columns at .. at + cols - 1 */
    size_t piece, end;
};
/* Begin with a walk of zeroes; false at the end. */
bool muon_next(struct muon_walk *w, const struct optim_update *u);

/* The momentum of the matrix in columns `at` on becomes *z, orthogonal but for the factor that is returned. */
double muon_direction(struct orthogonal *z, const struct optim_update *u, size_t at, size_t cols);

/* The rate at which to descend along a matrix of singular values near 1: sqrt(max(1, out/in)) lr. */
double muon_rate(const struct optim_update *u, size_t cols);

#endif
