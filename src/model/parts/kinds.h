/* The kinds of each part: a row is the config's word, the part's table of functions, and what it is, with its source.
 * The first is the default. */
#ifndef PLATEAU_MODEL_PARTS_KINDS_H
#define PLATEAU_MODEL_PARTS_KINDS_H

/* clang-format off */
#define NORM_KINDS(X)                                                                              \
    X(layernorm, norm_layer,       "Ba et al. 2016")                                               \
    X(rmsnorm,   norm_rms,         "Zhang, Sennrich 2019")                                         \
    X(none,      norm_none,        "as it is")

#define POSITION_KINDS(X)                                                                          \
    X(learned,   position_learned, "a table, Radford et al. 2019")                                 \
    X(rope,      position_rope,    "q and k turn, Su et al. 2021")                                 \
    X(alibi,     position_alibi,   "scores fall with the distance, Press et al. 2022")             \
    X(none,      position_none,    "nothing but the causal mask, Kazemnejad et al. 2023")         \
    X(sinusoidal, position_sinusoidal, "a fixed table of waves, Vaswani et al. 2017")

#define MLP_KINDS(X)                                                                               \
    X(gelu,      mlp_gelu,         "tanh form, Hendrycks, Gimpel 2016")                            \
    X(relu,      mlp_relu,         "max(0, x), Vaswani et al. 2017")                              \
    X(relu2,     mlp_relu2,        "its square, So et al. 2021")                                   \
    X(swiglu,    mlp_swiglu,       "Shazeer 2020")                                                 \
    X(geglu,     mlp_geglu,        "Shazeer 2020")

/* Terms of attention, each on or off as the shape has it: a row is the table of functions alone. Rows stand in the order in which a
 * forward pass comes to them, and their tensors in a checkpoint. */
#define ATTENTION_TERMS(X)                                                                         \
    X(attention_qk_norm)           /* Henry et al. 2020 */                                         \
    X(attention_turn)              /* as the position scheme has it */                             \
    X(attention_values)            /* Zhou et al. 2024 */                                          \
    X(attention_gate)              /* Qiu et al. 2025 */
/* clang-format on */

/* "|a|b|c" and "; a: what it is; ...". */
#define KIND_WORD(word, part, what) "|" #word
#define KIND_HELP(word, part, what) "; " #word ": " what

#endif
