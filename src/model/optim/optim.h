/* Optimisers: what they keep between steps, and one step. A kind is a file and a row of optim_kinds. */
#ifndef PLATEAU_MODEL_OPTIM_OPTIM_H
#define PLATEAU_MODEL_OPTIM_OPTIM_H

#include <stdint.h>

#include "model/gpt.h"

struct optim_config {
    double beta1, beta2, eps, weight_decay, clip; /* clip 0: none */
};

/* The most arrays that a kind keeps. */
enum { OPTIM_STATES = 2 };

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
};

struct optim_kind {
    const char *name; /* the config's word; of a checkpoint */
    size_t n_states;
    /* Floats of one layer's tensor in that array; 0: none. */
    size_t (*state_floats)(const struct tensor *t, size_t state);
    void (*update)(const struct optim_update *u);
};

extern const struct optim_kind optim_adamw;

struct optim {
    const struct optim_kind *kind;
    struct optim_config c;
    const struct gpt *g;
    size_t n_floats[OPTIM_STATES];
    float *state[OPTIM_STATES]; /* (n_floats): the tensors' in their order, each in whole lines of 64 bytes */
    struct arena arena;
};

/* g must outlive it and not move. The state is zero. optim_free releases. */
enum status optim_init(struct optim *o, const struct optim_config *c, const struct gpt *g, struct err *err) WARN_UNUSED;
void optim_free(struct optim *o);
void optim_reset(struct optim *o);
/* Bytes that optim_init asks for. */
size_t optim_bytes(const struct optim_config *c, const struct gpt_shape *s);

/* A walk over every layer's tensor and its state, in the order of checkpoints. */
struct optim_walk {
    size_t tensor, layer, at[OPTIM_STATES], n[OPTIM_STATES]; /* where in each array, and how many floats */
    const struct tensor *t;
};
/* Begin with a walk of zeroes; false at the end. */
bool optim_next(struct optim_walk *w, const struct optim_kind *kind, const struct tensors *tensors);

/* One update of g from g->grad, then the weights are packed again. step counts from 1. Returns the global
 * gradient norm before clipping; where it is not finite nothing is changed. */
double optim_step(struct optim *o, struct gpt *g, double lr, int64_t step);

#endif
