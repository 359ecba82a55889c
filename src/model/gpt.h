/* A GPT-2 style decoder: pre-norm blocks, learned positions, tanh GELU, tied head, fp32, with the
 * backward pass written by hand.
 *
 * A step runs over chunks of whole sequences, so that activations stay in cache for small models and
 * memory stays bounded for large ones; gradients accumulate over the chunks. The chunk depends on the
 * shape alone. All memory is planned by gpt_init: nothing allocates in a step. */
#ifndef PLATEAU_MODEL_GPT_H
#define PLATEAU_MODEL_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "kernels/kern.h"
#include "model/ops.h"
#include "model/param.h"

struct gpt_shape {
    size_t V, T, C, L, NH; /* vocabulary, ctx, d_model, n_layer, n_head */
};

static inline bool gpt_shape_same(const struct gpt_shape *a, const struct gpt_shape *b)
{
    return a->V == b->V && a->T == b->T && a->C == b->C && a->L == b->L && a->NH == b->NH;
}

/* E_CONFIG, naming the keys, where d_model is no multiple of n_head or a size is 0 or overflows. */
enum status gpt_shape_check(const struct gpt_shape *s, struct err *err) WARN_UNUSED;

/* Counts of DESIGN section 5. flops: matrix products of training per token, forward + backward =
 * 3 x forward, attention counted causally, head included. */
double gpt_params(const struct gpt_shape *s);
double gpt_params_nonembd(const struct gpt_shape *s);
double gpt_params_matmul(const struct gpt_shape *s);
double gpt_flops_per_token(const struct gpt_shape *s);
/* Sequences that a step of B takes at a time; divides B. */
size_t gpt_chunk(const struct gpt_shape *s, size_t B);
/* Bytes that gpt_init will ask for with this batch. */
size_t gpt_bytes(const struct gpt_shape *s, const struct kern *k, size_t B, int threads);

/* X(name, rows, columns, role, per layer): every tensor, once. Matrices are (in, out). */
#define GPT_TENSORS(X)                                                                             \
    X(wte, V, C, PARAM_EMBED, 0)                                                                   \
    X(wpe, T, C, PARAM_EMBED, 0)                                                                   \
    X(ln1w, 1, C, PARAM_GAIN, 1)                                                                   \
    X(ln1b, 1, C, PARAM_BIAS, 1)                                                                   \
    X(qkvw, C, 3 * C, PARAM_HIDDEN, 1)                                                             \
    X(qkvb, 1, 3 * C, PARAM_BIAS, 1)                                                               \
    X(attw, C, C, PARAM_HIDDEN_OUT, 1)                                                             \
    X(attb, 1, C, PARAM_BIAS, 1)                                                                   \
    X(ln2w, 1, C, PARAM_GAIN, 1)                                                                   \
    X(ln2b, 1, C, PARAM_BIAS, 1)                                                                   \
    X(upw, C, 4 * C, PARAM_HIDDEN, 1)                                                              \
    X(upb, 1, 4 * C, PARAM_BIAS, 1)                                                                \
    X(downw, 4 * C, C, PARAM_HIDDEN_OUT, 1)                                                        \
    X(downb, 1, C, PARAM_BIAS, 1)                                                                  \
    X(lnfw, 1, C, PARAM_GAIN, 0)                                                                   \
    X(lnfb, 1, C, PARAM_BIAS, 0)

enum gpt_tensor {
#define X(name, rows, cols, role, per_layer) GPT_##name,
    GPT_TENSORS(X)
#undef X
        GPT_N_TENSORS
};

/* One tensor of one layer inside the flat arrays. */
struct gpt_slot {
    const char *name;
    size_t layer; /* 0 for tensors outside the layers */
    size_t rows, cols;
    enum param_role role;
    size_t offset; /* in floats, a multiple of 16; the gap behind a tensor stays zero */
};

/* Where a step's time goes; the sum of all is close to the step. */
enum gpt_op {
    GPT_OP_GEMM_FWD,
    GPT_OP_GEMM_DX,
    GPT_OP_GEMM_DW,
    GPT_OP_ATTENTION,
    GPT_OP_NORM,
    GPT_OP_GELU,
    GPT_OP_LOSS,
    GPT_OP_OPTIMISER,
    GPT_OP_PACK,
    GPT_OP_REST,
    GPT_N_OPS
};
extern const char *const gpt_op_names[GPT_N_OPS];

struct gpt_layer_act; /* activations that backward needs */

struct gpt {
    struct gpt_shape shape;
    struct param_rules rules;
    const struct kern *k;
    struct ops ops;
    size_t B;     /* sequences of a step */
    size_t chunk; /* sequences of a chunk */

    size_t n_slots;
    struct gpt_slot *slots;
    size_t n_flat;            /* floats in each of the arrays below, gaps included */
    float *w, *grad, *m, *v; /* (n_flat) */

    struct gpt_layer_act *acts; /* (L) */
    float *packed_fwd, *packed_bwd; /* the weights in the order of the products */
    size_t packed_layers; /* 0 for large models: their products pack on the way */
    size_t packed_layer_floats;
    float *x_top, *lnf, *lnf_mean, *lnf_rstd; /* (R,C), R = chunk * T rows */
    float *logits, *losses;                   /* (R,V), (R) */
    float *dres, *ds, *dwide, *dnorm;         /* (R,C), (R,C), (R,4C), (R,C) */
    float *scratch_ln, *scratch_attn, *scratch_gemm;

    double *op_s; /* (GPT_N_OPS) seconds, added to; NULL: no clock is read */
    struct arena arena;
};

/* k must outlive the model. B: sequences of a training step. threads >= 1. Weights are zero until
 * gpt_init_weights or a checkpoint fills them. gpt_free releases. */
enum status gpt_init(struct gpt *g, const struct gpt_shape *s, const struct param_rules *rules,
                     const struct kern *k, size_t B, int threads, struct err *err) WARN_UNUSED;
void gpt_free(struct gpt *g);

/* Normal draws with the role's standard deviation, gains 1, biases 0; m, v, grad zero. */
void gpt_init_weights(struct gpt *g, uint64_t seed);

/* The slot of a tensor; layer 0 for those outside the layers. */
const struct gpt_slot *gpt_slot(const struct gpt *g, enum gpt_tensor t, size_t layer);

/* After the weights changed by other means than optim_step: repack them for the products. */
void gpt_pack(struct gpt *g);

/* Mean loss in nats per token over B sequences x, y (B,T); gradients of that mean are left in g->grad
 * (overwritten). */
double gpt_forward_backward(struct gpt *g, const int32_t *x, const int32_t *y);

/* Losses in nats of n sequences, without gradients: losses (n,T). n may be any number. */
void gpt_losses(struct gpt *g, float *losses, const int32_t *x, const int32_t *y, size_t n);

/* Logits of the last of n <= T tokens of one sequence, scaled as the loss sees them: logits (V). */
void gpt_next_logits(struct gpt *g, float *logits, const int32_t *x, size_t n);

#endif
