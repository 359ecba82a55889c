/* A decoder with the switches of shape.h, GPT-2's by default, with the backward pass written by hand.
 *
 * A step runs over chunks of whole sequences, so that activations stay in cache for small models and
 * memory stays bounded for large ones; gradients accumulate over the chunks. The chunk depends on the
 * shape alone. All memory is planned by gpt_init: nothing allocates in a step. */
#ifndef PLATEAU_MODEL_GPT_H
#define PLATEAU_MODEL_GPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "kernels/kern.h"
#include "model/block.h"
#include "model/mtp.h"
#include "model/param.h"
#include "model/parts/embed.h"

/* Counts of DESIGN section 5, from what the parts state: of an ensemble those of all its members. */
struct gpt_count {
    double params, params_nonembd, params_matmul;
    double params_active; /* those that one token meets: of a mixture of experts those of top_k of them, else all */
    double flops; /* matrix products of training per token, forward + backward = 3 x forward, attention counted causally,
                     head included */
};
/* Every tensor, without memory. */
void gpt_tensors(struct tensors *t, const struct gpt_shape *s);
/* Every kind of matrix product of a forward pass. */
void gpt_products(struct products *out, const struct gpt_shape *s);
struct gpt_count gpt_count(const struct gpt_shape *s);
double gpt_params(const struct gpt_shape *s);
double gpt_params_nonembd(const struct gpt_shape *s);
double gpt_params_matmul(const struct gpt_shape *s);
double gpt_params_active(const struct gpt_shape *s);
double gpt_flops_per_token(const struct gpt_shape *s);
/* Sequences that a step of B takes at a time; divides B. */
size_t gpt_chunk(const struct gpt_shape *s, size_t B);
/* Bytes that gpt_init will ask for with this batch. */
size_t gpt_bytes(const struct gpt_shape *s, const struct kern *k, size_t B, int threads);

struct gpt;

/* Soft targets beside the given ones, a share `weight` of what is trained. */
struct soft_targets {
    float weight;
    float *grad; /* (R,V) of a chunk, which `fill` overwrites */
    /* The gradient with respect to g->head.logits, of n sequences x, of grad_scale times the sum of the soft share. */
    void (*fill)(void *ctx, const struct gpt *g, const int32_t *x, size_t n, float grad_scale);
    void *ctx;
};

struct gpt {
    struct gpt_shape shape; /* of an ensemble one member's */
    struct param_rules rules;
    const struct kern *k;
    struct ops ops;
    size_t B;     /* sequences of a step */
    size_t chunk; /* sequences of a chunk: R = chunk * T rows */

    struct tensors tensors;
    float *w, *grad; /* (tensors.n_flat); grad NULL without a backward pass */

    struct embed embed;
    struct block *layers; /* (L) */
    struct mtp mtp;
    struct lm_head head;
    float *x_top;         /* (R,C): output of the last layer */
    struct scratch scratch;

    float z_loss; /* weight of the z-loss in the gradient (kern.h); 0 after gpt_init */
    const struct soft_targets *soft; /* borrowed; NULL after gpt_init: targets alone */
    bool forward;                    /* it has no backward pass: gpt_init_forward */
    struct gpt *lanes; /* (n_lanes - 1): beside this one, for chunks side by side; they have no lanes and no arena */
    size_t n_lanes;
    bool stale;        /* of a lane: the weights have changed since it packed them */
    struct turn *turns; /* (B / chunk); NULL without lanes */
    double *op_s; /* (GPT_N_OPS) seconds, added to; NULL: no clock is read */
    struct arena arena;
};

/* k must outlive the model, which may not be moved. B: sequences of a training step. threads >= 1. Weights are zero until
 * gpt_init_weights or a checkpoint fills them. gpt_free releases. */
enum status gpt_init(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules,
                     const struct kern *k, size_t B, int threads, struct err *err) WARN_UNUSED;
/* The same for who only asks: less than half the memory, and gpt_forward_backward is none of its calls. */
enum status gpt_init_forward(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules, const struct kern *k,
                             size_t B, int threads, struct err *err) WARN_UNUSED;
void gpt_free(struct gpt *g);

/* Normal draws with the role's standard deviation, gains 1, biases 0; grad zero. */
void gpt_init_weights(struct gpt *g, uint64_t seed);

/* After the weights changed by other means than optim_step: repack them for the products. */
void gpt_pack(struct gpt *g);

/* Mean loss in nats per token over B sequences x, y (B,T); gradients of that mean are left in g->grad
 * (overwritten). */
double gpt_forward_backward(struct gpt *g, const int32_t *x, const int32_t *y);
/* The same over n <= B sequences. */
double gpt_forward_backward_of(struct gpt *g, const int32_t *x, const int32_t *y, size_t n);

/* Logits of n sequences as the head gives them, unscaled and without a cap: logits (n,T,V). n may be any number. */
void gpt_logits(struct gpt *g, float *logits, const int32_t *x, size_t n);

/* The forward pass of n <= g->chunk sequences x (n,T) alone: what it leaves in the layers, in g->x_top (n T,C) and in
 * g->head.logits (n T,V; before logit_scale) stands until the next call. */
void gpt_forward(struct gpt *g, const int32_t *x, size_t n);

/* Losses in nats of n sequences, without gradients: losses (n,T). n may be any number. */
void gpt_losses(struct gpt *g, float *losses, const int32_t *x, const int32_t *y, size_t n);

/* Logits of the last of n <= T tokens of one sequence, scaled as the loss sees them: logits (V). */
void gpt_next_logits(struct gpt *g, float *logits, const int32_t *x, size_t n);
/* The same of one token more, at place `at` < T of a sequence whose tokens before it went through gpt_next_logits and this,
 * and nothing else since. Their keys and values are still there, so that it costs one row: equal to gpt_next_logits of
 * them all to rounding. */
void gpt_next(struct gpt *g, float *logits, int32_t token, size_t at);

#endif
