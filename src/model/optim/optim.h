/* Optimisers: what they keep between steps, and one step. A kind is a file and a row of OPTIM_OTHERS. */
#ifndef PLATEAU_MODEL_OPTIM_OPTIM_H
#define PLATEAU_MODEL_OPTIM_OPTIM_H

#include <stdint.h>

#include "model/gpt.h"

/* X(word of the config, what it is, with its source): optim_<word> is the kind. The first is the default. */
/* clang-format off */
#define OPTIM_ADAMW(X)                                                                             \
    X(adamw,   "Kingma, Ba 2015, its decay Loshchilov, Hutter 2019")
#define OPTIM_OTHERS(X)                                                                            \
    X(muon,    "orthogonal steps, Jordan et al. 2024")                                             \
    X(normuon, "muon evened out over neurons, Li et al. 2025")                                     \
    X(lion,    "the sign of a momentum, Chen et al. 2023")                                         \
    X(soap,    "Adam in the eigenbasis of Shampoo, Vyas et al. 2024")                              \
    X(sgd,     "with momentum, Sutskever et al. 2013")
/* clang-format on */

/* X(member of struct optim_config): averages of the weights that are kept where it is above 0, and that results have a
 * loss_<member> of.
 *   ema   an exponential one, the share that stays at a step; a running mean at first, so that it forgets the initial weights
 *   tail  of all weights after optim.tail_after steps, each with the same weight */
#define OPTIM_AVERAGES(X) X(ema) X(tail)
#define X(name) OPTIM_AVERAGE_##name,
enum optim_average { OPTIM_AVERAGES(X) OPTIM_N_AVERAGES };
#undef X

/* What the kinds are set by. A kind names the members that it reads in its `keys`. */
struct optim_config {
    size_t kind; /* of optim_kinds */
    double beta1, beta2, eps, weight_decay, clip; /* clip 0: none */
    bool cautious_decay;
    double momentum;
    bool nesterov;
    size_t muon_steps, muon_coefficients; /* enum orthogonal_coefficients */
    size_t muon_block, muon_period; /* muon.h; block 0: whole matrices in every step */
    enum kern_precision muon_precision; /* of Newton-Schulz's products */
    double adam_lr_ratio;
    size_t soap_every, soap_max_dim;
    double ema, tail; /* OPTIM_AVERAGES. tail: share of a run's tokens that it is over; the caller sets tail_after by it */
};

/* The most arrays that a kind keeps, and the averages. */
enum { OPTIM_STATES = 6 + OPTIM_N_AVERAGES };

/* One layer's tensor in one step. */
struct optim_update {
    struct ops o;
    const struct tensor *t;
    const struct optim_config *c;
    int64_t step;      /* from 1 */
    double lr, decay;  /* of this tensor: its rule is in them; decay: the share of w that goes, lr multiplied in */
    double eps;        /* likewise */
    double correct1, correct2; /* 1 / (1 - beta^step) */
    float grad_scale;  /* from clipping */
    float *w, *state[OPTIM_STATES]; /* (tensor_size(t)), (state_floats) */
    const float *grad;
    float *scratch; /* (scratch_floats) */
};

struct optim_kind {
    const char *name; /* the config's word; of a checkpoint */
    const char *keys; /* the section train's keys that only some kinds read, of those that this one reads; blanks between */
    size_t n_states;
    /* Floats of one layer's tensor in that array; 0: none. */
    size_t (*state_floats)(const struct optim_config *c, const struct tensor *t, size_t state);
    /* Floats that an update of the tensor works in. */
    size_t (*scratch_floats)(struct ops o, const struct optim_config *c, const struct tensor *t);
    /* How lr, decay and eps of the tensor follow width and depth. */
    struct param_rule (*rule)(const struct param_rules *r, const struct optim_config *c, const struct tensor *t);
    void (*update)(const struct optim_update *u);
};

#define X(name, what) extern const struct optim_kind optim_##name;
OPTIM_ADAMW(X)
OPTIM_OTHERS(X)
#undef X

#define X(name, what) OPTIM_OTHER_##name,
enum { OPTIM_FIRST, OPTIM_OTHERS(X) OPTIM_N_KINDS };
#undef X
extern const struct optim_kind *const optim_kinds[OPTIM_N_KINDS];

/* Whether a kind that works on matrices as a whole takes this tensor: the hidden layers' (Jordan et al. 2024). */
static inline bool optim_is_matrix(const struct tensor *t)
{
    return (t->role == PARAM_HIDDEN || t->role == PARAM_HIDDEN_OUT) && t->rows > 1 && t->cols > 1;
}

/* What most kinds have: an array the size of the tensor, scratch of that size or none, Adam's rule. */
size_t optim_whole_state(const struct optim_config *c, const struct tensor *t, size_t state);
size_t optim_whole_scratch(struct ops o, const struct optim_config *c, const struct tensor *t);
size_t optim_no_scratch(struct ops o, const struct optim_config *c, const struct tensor *t);
struct param_rule optim_adam_rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t);
/* u (rows, cols), rows ld apart, is what to descend along in the columns from `at` on, `rate` of it. */
void optim_descend(const struct optim_update *u, size_t at, size_t cols, const float *along, size_t ld, double rate);

struct optim {
    const struct optim_kind *kind;
    struct optim_config c;
    const struct gpt *g;
    int64_t tail_after; /* steps before those that c.tail is over; 0 after optim_init */
    size_t n_floats[OPTIM_STATES];
    float *state[OPTIM_STATES]; /* (n_floats): the tensors' in their order, each in whole lines of 64 bytes */
    float *scratch;
    struct arena arena;
};

/* Arrays that it keeps: its kind's, then the averages that there are. */
size_t optim_n_states(const struct optim *o);
/* Floats of one layer's tensor in that array. */
size_t optim_state_floats(const struct optim *o, const struct tensor *t, size_t state);

/* g must outlive it and not move. The state is zero. optim_free releases. */
enum status optim_init(struct optim *o, const struct optim_config *c, const struct gpt *g, struct err *err) WARN_UNUSED;
void optim_free(struct optim *o);
void optim_reset(struct optim *o);
/* Bytes that optim_init asks for, of a model for these kernels and threads. */
size_t optim_bytes(const struct optim_config *c, const struct gpt_shape *s, const struct kern *k, int threads);

/* A walk over every layer's tensor and its state, in the order of checkpoints. */
struct optim_walk {
    size_t tensor, layer, at[OPTIM_STATES], n[OPTIM_STATES]; /* where in each array, and how many floats */
    const struct tensor *t;
};
/* Begin with a walk of zeroes; false at the end. o NULL: the tensors alone. */
bool optim_next(struct optim_walk *w, const struct optim *o, const struct tensors *tensors);

bool optim_has_average(const struct optim *o, enum optim_average which);
/* Exchange the weights for an average that there is, and put them back: g->grad holds them meanwhile. Both pack. */
void optim_use_average(const struct optim *o, enum optim_average which, struct gpt *g);
void optim_use_weights(struct gpt *g);

/* One update of g from g->grad, then the weights are packed again. step counts from 1. Returns the global
 * gradient norm before clipping; where it is not finite nothing is changed. */
double optim_step(struct optim *o, struct gpt *g, double lr, int64_t step);

#endif
