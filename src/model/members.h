/* Models of one shape that are trained each by itself and evaluated as one: the mean of their distributions (Hansen and
 * Salamon 1990, "Neural network ensembles"). They differ in initial weights and in the order of their data. An ensemble of
 * one is a model. */
#ifndef PLATEAU_MODEL_MEMBERS_H
#define PLATEAU_MODEL_MEMBERS_H

#include "model/optim/optim.h"

struct members {
    size_t n;
    struct gpt *g;       /* (n) */
    struct optim *optim; /* (n); NULL: they are not trained */
};

/* s->ensemble models and their optimisers (c NULL: none); batches of B sequences each, k outlives it. Weights are zero.
 * members_free releases, also after a failure. */
enum status members_init(struct members *e, const struct gpt_shape *s, const struct param_rules *rules,
                          const struct optim_config *c, const struct kern *k, size_t B, int threads,
                          struct err *err) WARN_UNUSED;
/* The same for who only asks: gpt_init_forward. */
enum status members_init_forward(struct members *e, const struct gpt_shape *s, const struct param_rules *rules,
                                 const struct kern *k, size_t B, int threads, struct err *err) WARN_UNUSED;
void members_free(struct members *e);
/* Bytes that members_init asks for. */
double members_bytes(const struct gpt_shape *s, const struct optim_config *c, const struct kern *k, size_t B, int threads);

void members_threads(struct members *e, int threads);

/* What a member's weights and order of data are drawn from: the first member is the model that this seed gives alone. */
uint64_t members_seed(uint64_t seed, size_t member);

/* Initial weights, and optimisers that have done nothing. */
void members_begin(struct members *e, uint64_t seed);

/* Losses in nats of n sequences, under the members' mean distribution: losses (n,T). own (e->n,n,T): each member's; of an
 * ensemble of one it may be NULL. */
void members_losses(struct members *e, float *losses, float *own, const int32_t *x, const int32_t *y, size_t n);

#endif
