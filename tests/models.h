/* What the tests of src/model share: shapes, models that are made and trained, and batches that can be learned. */
#ifndef PLATEAU_TESTS_MODELS_H
#define PLATEAU_TESTS_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/gpt.h"
#include "model/optim/optim.h"

/* Switches are given after the defaults, which they override. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* The small shape, which a reference can follow, and how many sequences it is given. */
#define SMALL .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3
extern const struct gpt_shape small;
enum { BATCH = 4, BASE_C = 8, BASE_L = 2 };

/* Large enough that every operation is split over threads and a step has two chunks. */
extern const struct gpt_shape wide;
enum { WIDE_BATCH = 42, WIDE_TOKENS = WIDE_BATCH * 24 };

extern const struct optim_config adam;

/* Run the body for every instruction set that this machine has, in `k`. */
#define FOR_ISA(k)                                                                                 \
    for (struct kern k, *once_ = (kern_init(&k, KERN_REF), &k); once_; once_ = next_isa(&k))

/* The next set of this machine in k, or NULL. */
struct kern *next_isa(struct kern *k);

/* A model with the weights of one seed, for B sequences a step. */
void make(struct gpt *g, const struct gpt_shape *s, enum param_kind kind, const struct kern *k, size_t B, int threads);
/* Gains and biases off their start values, so that a factor that is missing there shows. */
void perturb(struct gpt *g);
/* x, y (B,T): a batch whose tokens depend on their predecessors. */
void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, size_t B, uint64_t step);
bool same_floats(const float *a, const float *b, size_t n);

/* A model that is trained. */
struct model {
    struct gpt g;
    struct optim o;
};

void make_model(struct model *m, const struct gpt_shape *s, enum param_kind kind, const struct kern *k, size_t B, int threads);
void free_model(struct model *m);
/* Equal bytes of the weights and of all that the optimiser keeps. */
bool same_state(const struct model *a, const struct model *b);
/* One step on the batch of that number, of as many sequences as the model has room for; returns its loss. */
double step_on(struct model *m, uint64_t step);

#endif
