/* Reads what a model's activations are, for a coordinate check (Yang et al. 2022, "Tensor Programs V", appendix D.1).
 *
 * Nothing in a step knows of it: a forward pass leaves every layer's activations in arrays of their own, and the probe
 * copies them from there afterwards. */
#ifndef PLATEAU_MODEL_PROBE_H
#define PLATEAU_MODEL_PROBE_H

#include "model/gpt.h"

/* X(name, words, in every block): what is read. */
#define PROBE_KINDS(X)                                                                             \
    X(stream,    "residual stream",  1) /* (R,C) after the block */                                \
    X(scores,    "attention logits", 1) /* (n,NH,T): q k / sqrt(HS) of each sequence's last token, over the tokens that it sees */ \
    X(attention, "attention output", 1) /* (R,C): what the branch adds to the stream, over residual_scale */ \
    X(mlp,       "MLP output",       1) /* (R,C): likewise */                                      \
    X(logits,    "logits",           0) /* (R,V): as the loss sees them, before a soft cap */

#define X(name, words, in_block) PROBE_##name,
enum probe_kind { PROBE_KINDS(X) PROBE_N_KINDS };
#undef X

const char *probe_name(enum probe_kind kind);  /* "stream" */
const char *probe_words(enum probe_kind kind); /* "residual stream" */

/* One reading of n sequences. */
struct probe {
    size_t n, L;
    size_t floats[PROBE_N_KINDS]; /* of one block, or of the model */
    float *values[PROBE_N_KINDS]; /* (blocks, floats) */
    struct arena arena;
};

/* Blocks that have this quantity: the model's, or 1. */
size_t probe_blocks(const struct probe *p, enum probe_kind kind);

/* Room for n sequences of a model of this shape. probe_free releases. */
enum status probe_init(struct probe *p, const struct gpt_shape *s, size_t n, struct err *err) WARN_UNUSED;
void probe_free(struct probe *p);

/* Forward passes of x (n,T), and what they left. Weights and gradients stay as they are. */
void probe_read(struct probe *p, struct gpt *g, const int32_t *x);

/* The root mean square of a quantity in a block, and of its difference from an earlier reading of the same x. */
double probe_scale(const struct probe *p, enum probe_kind kind, size_t block);
double probe_change(const struct probe *p, const struct probe *before, enum probe_kind kind, size_t block);

#endif
