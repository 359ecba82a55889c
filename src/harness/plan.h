/* From a sweep's config to its runs: shapes, token budgets, names, and which runs share a trunk. */
#ifndef PLATEAU_HARNESS_PLAN_H
#define PLATEAU_HARNESS_PLAN_H

#include "harness/teacher.h"

struct run {
    struct config cfg; /* resolved: shape, tokens, seed and warm-up filled in, no grid */
    const struct config_vary *varied; /* keys of grid.vary, whose values cfg holds; of the plan's config */
    char name[RUN_NAME_MAX], trunk[RUN_NAME_MAX];
    struct gpt_shape shape;
    double params, params_nonembd, params_matmul;
    double params_active; /* that a token meets; params where there are no experts */
    double flops, flops_6nd; /* of the whole run */
    double epochs;           /* passes over the corpus, of a mixture over the first source's; NaN where it has no end */
    const struct teacher *teacher; /* NULL: none; borrowed */
    double teacher_flops;    /* of its forward passes in this run; NaN without one */
};

/* Runs that one process trains one after the other: a trunk and its branches, smallest budget first,
 * or a single run where the schedule shares nothing. */
struct trajectory {
    size_t first, n; /* runs first .. first+n-1 of the plan */
    double tokens;   /* that are really trained */
    double flops;
    double cost;     /* of one token, in arbitrary units of time: see plan_cost */
};

struct plan {
    struct run *runs; /* (n), trajectories contiguous */
    size_t n;
    struct run **sorted; /* (n) the same by their names, in the order of strcmp */
    struct trajectory *trajectories;
    size_t n_trajectories;
    double tokens_separate; /* what the runs would train without shared trunks */
};

/* vocab and train_tokens (0: unlimited) as the data says. c outlives the plan, whose runs borrow its strings. plan_free
 * also after a failure. */
enum status plan_make(struct plan *p, const struct config *c, size_t vocab, size_t train_tokens,
                      struct err *err) WARN_UNUSED;
/* The plan of one run whose shape and tokens the config gives. */
enum status plan_single(struct plan *p, const struct config *c, size_t vocab, size_t train_tokens,
                        struct err *err) WARN_UNUSED;
/* Give all runs that have soft targets this teacher, which outlives the plan. */
void plan_teach(struct plan *p, const struct teacher *t);
/* The most that a teacher's forward passes take in one of the runs, in flops; NaN where none has one. */
double plan_teacher_flops(const struct plan *p);
/* The plan of these n runs, each a config with its own shape, tokens and seed, which must outlive it; those of one trunk
 * must be neighbours, smallest budget first. varied: the keys that tell them apart beside size, budget and seed. */
enum status plan_list(struct plan *p, const struct config *runs, size_t n, const struct config_vary *varied, size_t vocab,
                      size_t train_tokens, struct err *err) WARN_UNUSED;
/* E_CONFIG naming the run and its budget where a warm-up leaves it no training at the full rate. */
enum status plan_check_warmup(const struct plan *p, struct err *err) WARN_UNUSED;
/* Leave out the runs that are not wanted. The plan is to be freed also after a failure. */
typedef bool plan_wanted_fn(const void *ctx, const struct run *r);
enum status plan_keep(struct plan *p, plan_wanted_fn *wanted, const void *ctx, struct err *err) WARN_UNUSED;
void plan_free(struct plan *p);

bool plan_has(const struct plan *p, const char *name);
/* The first place of `sorted` whose name is not before this one; p->n where there is none. */
size_t plan_first_from(const struct plan *p, const char *name);

/* Tokens that run i adds to its trajectory t: all of the trunk's, of a branch those after the fork. */
double plan_own_tokens(const struct plan *p, const struct trajectory *t, size_t i);

/* What a training token of this shape takes, of all members of an ensemble, in flops: its matrix products, and for the work
 * beside them about as long per layer as 27,000 flops take (measured from d_model 16 to 512). For ordering runs and
 * guessing the time left, where a factor of all does not matter. */
double plan_cost(const struct gpt_shape *s);
/* What the evaluation of a result on a held-out set of that many tokens takes, in tokens of training: a forward
 * pass takes 1 / 2.6 of a training step (measured from d_model 16 to 64). */
double plan_eval_tokens(double held_out);

/* The shape nearest to `params` parameters whose d_model / n_layer is near aspect. */
struct config_shape plan_shape(double params, const struct config *c, size_t vocab);

/* The same with parameters counted so (gpt_params, gpt_params_nonembd, gpt_params_matmul), of the shapes whose d_model
 * and n_layer lie within these; d_model 0 where none does. */
typedef double plan_count_fn(const struct gpt_shape *s);
struct plan_shapes {
    size_t d_model[2], n_layer[2];
};
extern const struct plan_shapes plan_all_shapes;
struct config_shape plan_shape_within(const struct plan_shapes *w, plan_count_fn *count, double params,
                                      const struct config *c, size_t vocab);

#endif
