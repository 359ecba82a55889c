/* What the tests of optimisers share: small models that are trained by any of them. */
#ifndef PLATEAU_TESTS_OPTIMS_H
#define PLATEAU_TESTS_OPTIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/gpt.h"
#include "model/optim/optim.h"

extern const struct gpt_shape small;
enum { BATCH = 4, BASE_C = 8, BASE_L = 1 };

/* Run the body for every instruction set that this machine has, in `k`. */
#define FOR_ISA(k) for (struct kern k, *once_ = (kern_init(&k, KERN_REF), &k); once_; once_ = next_isa(&k))

/* The next set of this machine in k, or NULL. */
struct kern *next_isa(struct kern *k);

struct optim_config config_of(size_t kind);

struct model {
    struct gpt g;
    struct optim o;
};

/* Weights of one seed, room for BATCH sequences. */
void make(struct model *m, const struct gpt_shape *s, const struct optim_config *c, const struct kern *k, int threads);
void release(struct model *m);
/* x, y (BATCH,T): a batch that can be learned. */
void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, uint64_t step);
/* One step on the batch of that number, of at most 24 tokens a sequence; returns its loss. */
double train_step(struct model *m, uint64_t step, double lr);
/* Equal bytes of the weights and of all that the optimiser keeps. */
bool same_state(const struct model *a, const struct model *b);

#endif
