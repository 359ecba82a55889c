/* How large the lab's runs are: what fits into the minutes, at the speed that step a measured.
 *
 * Budgets of compute stand a constant factor apart. Which size is best at a budget nobody knows before step d: sizes are laid
 * around the one that has LAB_RATIO tokens a parameter, and each budget gets those nearest to it. */
#ifndef PLATEAU_CLI_LAB_SCALE_H
#define PLATEAU_CLI_LAB_SCALE_H

#include <cjson/cJSON.h>

#include "harness/config.h"

enum { LAB_BUDGETS = 5, LAB_SHAPES = 16, LAB_CELLS = 64 };
/* As harness/pick.h has it; sweeps of 1e10 to 1e11 FLOPs on zipf-facts and on a text had their best sizes at 10 to 50. */
#define LAB_RATIO 30.0
#define LAB_AHEAD 10.0 /* the run that is predicted has so many times the largest budget */

struct lab_scale {
    double flops_per_s; /* of one process while all cores are at work */
    size_t n_budgets, n_shapes;
    double budgets[LAB_BUDGETS]; /* FLOPs, rising */
    struct config_shape shapes[LAB_SHAPES];
    size_t per_budget; /* sizes that a budget gets */
    size_t rates;      /* learning rates of a bowl, before it grows */
    size_t windows;    /* of a batch */
    double eval_tokens;
    size_t bootstrap;
};

/* A size at a budget. */
struct lab_cell {
    struct config_shape shape;
    double params, tokens;
    size_t budget, seed;
};

/* What the form of the lab, by its minutes, has before its speed is known. */
void scale_form(struct lab_scale *s, double minutes);
/* The budgets and sizes. c: the config that all runs share. */
void scale_make(struct lab_scale *s, double minutes, size_t jobs, const struct config *c, size_t vocab);
/* FLOPs that step's runs take, in units of the largest budget: of those that are trained side by side, and of the one run
 * of step g. */
void scale_work(double *beside, double *alone, const struct lab_scale *s);

/* The sizes nearest to what is best at budget k; returns how many (at most LAB_SHAPES). */
size_t scale_cells(struct lab_cell *cells, const struct lab_scale *s, size_t k, const struct config *c, size_t vocab);
/* The one nearest. */
struct lab_cell scale_middle(const struct lab_scale *s, size_t k, const struct config *c, size_t vocab);
/* Budgets that steps h and i train again: all but the largest, where there are enough. */
size_t scale_lower(const struct lab_scale *s);

/* Two layers of that width, in heads of 8, or of 4 where the width asks for it; and that of nearly so many parameters. */
struct config_shape scale_shape_of(size_t d_model);
struct config_shape scale_shape(double params, const struct config *c, size_t vocab);

/* The shape's own numbers. */
double scale_params(const struct config_shape *shape, const struct config *c, size_t vocab);
double scale_flops_per_token(const struct config_shape *shape, const struct config *c, size_t vocab);

cJSON *scale_json(const struct lab_scale *s);
/* False where it is none. */
bool scale_read(struct lab_scale *s, const cJSON *json);

#endif
