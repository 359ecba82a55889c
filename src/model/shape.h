/* What a model is: its sizes, and which kind of each part it has. */
#ifndef PLATEAU_MODEL_SHAPE_H
#define PLATEAU_MODEL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "model/parts/kinds.h"

/* Of an ensemble. */
enum { GPT_MEMBERS_MAX = 32 };

/* X(name, type, least, most, default, words, meaning): the switches of model.*, from which the members of struct gpt_shape,
 * the config's keys, their documentation and the table of a sweep's columns come. The defaults are GPT-2's. */
/* clang-format off */
#define GPT_SWITCHES(X)                                                                                        \
    X(norm,          ENUM,   0, 0,     0,     NORM_KINDS(KIND_WORD), "of branches and head" NORM_KINDS(KIND_HELP))            \
    X(norm_gain,     BOOL,   0, 1,     1,     "", "norms have a gain, those of q and k too (false: Karpathy 2025, nanochat)") \
    X(norm_bias,     BOOL,   0, 1,     1,     "", "layernorm: norms have a bias (false: Chowdhery et al. 2022)") \
    X(norm_place,    ENUM,   0, 0,     0,     "|before|after|both", "of a branch: before (pre-norm), after it, before it joins the stream (OLMo 2), or both (sandwich, Ding et al. 2021)") \
    X(norm_embed,    BOOL,   0, 1,     0,     "", "a norm after the embeddings (Le Scao et al. 2022)")                \
    X(position,      ENUM,   0, 0,     0,     POSITION_KINDS(KIND_WORD), "how places are told apart" POSITION_KINDS(KIND_HELP)) \
    X(rope_base,     DOUBLE, 1, 1e9,   1e4,   "", "rope: pair i of a head turns by base^(-2 i / head size) a token (Su et al. 2021)") \
    X(mlp,           ENUM,   0, 0,     0,     MLP_KINDS(KIND_WORD), "activation of the MLP" MLP_KINDS(KIND_HELP))            \
    X(mlp_ratio,     DOUBLE, 0, 64,    0,     "", "hidden width over d_model (0: 4, Vaswani et al. 2017; with a gate 8/3, to a multiple of 8: as many parameters, Shazeer 2020)") \
    X(n_expert,      SIZE,   0, 256,   0,     "", "experts in place of each MLP, of that width (Shazeer et al. 2017; 0: no experts)") \
    X(top_k,         SIZE,   1, 256,   2,     "", "n_expert: experts that a token goes to (Shazeer et al. 2017)") \
    X(balance,       DOUBLE, 0, 10,    0.01,  "", "n_expert: weight of the loss that balances them (Fedus et al. 2022)") \
    X(bias,          BOOL,   0, 1,     1,     "", "linear layers have a bias (false: Chowdhery et al. 2022)") \
    X(qk_norm,       BOOL,   0, 1,     0,     "", "an RMS norm of each head's q and k (Henry et al. 2020)")           \
    X(qk_norm_all,   BOOL,   0, 1,     0,     "", "qk_norm: over all heads together (OLMo 2, OLMo Team 2025, arXiv 2501.00656)")                        \
    X(tied,          BOOL,   0, 1,     1,     "", "the head is the embeddings' transpose (Press, Wolf 2017)")         \
    X(n_kv_head,     SIZE,   0, 4096,  0,     "", "heads of keys and values, a divisor of n_head (0: n_head; 1: multi-query, Shazeer 2019; Ainslie et al. 2023)") \
    X(parallel,      BOOL,   0, 1,     0,     "", "attention and MLP side by side, from one norm (Wang, Komatsuzaki 2021)") \
    X(softcap,       DOUBLE, 0, 1e4,   0,     "", "logits are cap tanh(logits / cap) (Gemma Team 2024; 0: as they are)") \
    X(gated_attention, BOOL, 0, 1,     0,     "", "each head's output times a sigmoid of the branch's input (Qiu et al. 2025)") \
    X(value_residual, BOOL,  0, 1,     0,     "", "values are mixed with the first layer's, by trained weights (Zhou et al. 2024)") \
    X(x0_residual,   BOOL,   0, 1,     0,     "", "a layer reads a trained mix of the stream and the embeddings (Jordan et al. 2024)") \
    X(zero_init,     BOOL,   0, 1,     0,     "", "the last matrix of each branch begins at 0 (Goyal et al. 2017)")  \
    X(zero_head,     BOOL,   0, 1,     0,     "", "the head begins at 0, where it is a matrix of its own (Karpathy 2025, nanochat)") \
    X(window,        SIZE,   0, 65536, 0,     "", "a token sees itself and window - 1 before it (Beltagy et al. 2020; 0: all)") \
    X(window_full,   SIZE,   0, 4096,  0,     "", "window: every n-th layer sees all (OLMo Team 2025: 4; 0: none)") \
    X(mtp,           SIZE,   0, 16,    0,     "", "heads for the tokens after the next, one for each further place, a layer beside the last one and the same norm and logits; in training alone (Gloeckle et al. 2024)") \
    X(mtp_weight,    DOUBLE, 0, 100,   1,     "", "mtp: times a head's loss, added to what is trained, not to the loss (Gloeckle et al. 2024)") \
    X(ensemble,      SIZE,   1, GPT_MEMBERS_MAX, 1, "", "models of this shape, trained each by itself and evaluated by the mean of their distributions (Hansen, Salamon 1990)")
/* clang-format on */

#define GPT_SWITCH_ENUM size_t
#define GPT_SWITCH_BOOL size_t
#define GPT_SWITCH_SIZE size_t
#define GPT_SWITCH_DOUBLE double

struct gpt_shape {
    size_t V, T, C, L, NH; /* vocabulary, ctx, d_model, n_layer, n_head */
#define X(name, type, least, most, number, words, help) GPT_SWITCH_##type name;
    GPT_SWITCHES(X)
#undef X
};

/* The defaults, inside an initialiser of struct gpt_shape. */
#define GPT_DEFAULT(name_, type, least, most, number, words, help) .name_ = number,
#define GPT_2 GPT_SWITCHES(GPT_DEFAULT)

enum { NORM_BEFORE, NORM_AFTER, NORM_BOTH };

bool gpt_shape_same(const struct gpt_shape *a, const struct gpt_shape *b);

/* E_CONFIG, naming the keys, where d_model is no multiple of n_head, a size is 0 or overflows, or switches contradict each
 * other. */
enum status gpt_shape_check(const struct gpt_shape *s, struct err *err) WARN_UNUSED;

/* The layers, and the heads for further tokens that lie beside the last of them. */
static inline size_t gpt_shape_blocks(const struct gpt_shape *s)
{
    return s->L + s->mtp;
}

static inline size_t gpt_shape_kv_heads(const struct gpt_shape *s)
{
    return s->n_kv_head ? s->n_kv_head : s->NH;
}

#endif
