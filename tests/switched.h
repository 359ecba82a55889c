/* Each switch of a shape alone, and many at once: what the tests of a model's gradients and of its counts go through. */
#ifndef PLATEAU_TESTS_SWITCHED_H
#define PLATEAU_TESTS_SWITCHED_H

#include "models.h"

static const struct {
    const char *name;
    struct gpt_shape shape;
} switched[] = {
    {"rmsnorm", {GPT_2 SMALL, .norm = 1}},
    {"no norm", {GPT_2 SMALL, .norm = 2}},
    {"no gain", {GPT_2 SMALL, .norm_gain = 0}},
    {"no norm's bias", {GPT_2 SMALL, .norm_bias = 0}},
    {"rmsnorm without gain", {GPT_2 SMALL, .norm = 1, .norm_gain = 0}},
    {"norms after", {GPT_2 SMALL, .norm_place = NORM_AFTER}},
    {"norms before and after", {GPT_2 SMALL, .norm_place = NORM_BOTH, .norm = 1}},
    {"norm of the embeddings", {GPT_2 SMALL, .norm_embed = 1}},
    {"rope", {GPT_2 SMALL, .position = 1}},
    {"rope of odd heads", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .position = 1, .rope_base = 100}},
    {"alibi", {GPT_2 SMALL, .position = 2}},
    {"no places", {GPT_2 SMALL, .position = 3}},
    {"waves", {GPT_2 SMALL, .position = 4}},
    {"waves, odd width", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .position = 4, .norm_embed = true}},
    {"relu", {GPT_2 SMALL, .mlp = 1}},
    {"relu2", {GPT_2 SMALL, .mlp = 2}},
    {"swiglu", {GPT_2 SMALL, .mlp = 3}},
    {"geglu", {GPT_2 SMALL, .mlp = 4}},
    {"swiglu of odd sizes", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 2, .NH = 3, .mlp = 3}},
    {"mlp_ratio", {GPT_2 SMALL, .mlp_ratio = 1.3}},
    {"no biases", {GPT_2 SMALL, .bias = 0}},
    {"qk_norm", {GPT_2 SMALL, .qk_norm = 1}},
    {"qk_norm over all", {GPT_2 SMALL, .qk_norm = 1, .qk_norm_all = 1, .n_kv_head = 1}},
    {"untied", {GPT_2 SMALL, .tied = 0}},
    {"multi-query", {GPT_2 SMALL, .n_kv_head = 1}},
    {"grouped queries", {GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 6, .n_kv_head = 2, .position = 1}},
    {"parallel", {GPT_2 SMALL, .parallel = 1}},
    {"parallel and sandwiched", {GPT_2 SMALL, .parallel = 1, .norm_place = NORM_BOTH}},
    {"softcap", {GPT_2 SMALL, .softcap = 1.5}},
    {"gated attention", {GPT_2 SMALL, .gated_attention = 1}},
    {"value residual", {GPT_2 SMALL, .value_residual = 1}},
    {"value residual of one layer", {GPT_2 .V = 17, .T = 12, .C = 24, .L = 1, .NH = 3, .value_residual = 1}},
    {"x0 residual", {GPT_2 SMALL, .x0_residual = 1}},
    {"experts", {GPT_2 SMALL, .n_expert = 4, .balance = 0}},
    {"one expert of three, gated", {GPT_2 SMALL, .n_expert = 3, .top_k = 1, .balance = 0, .mlp = 3, .bias = 0}},
    {"all experts, side by side", {GPT_2 SMALL, .n_expert = 2, .balance = 0, .parallel = 1, .norm_place = NORM_BOTH}},
    {"one further token", {GPT_2 SMALL, .mtp = 1}},
    {"three further tokens", {GPT_2 SMALL, .mtp = 3, .mtp_weight = 0.3, .tied = 0}},
    {"further tokens of one layer", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 1, .NH = 3, .mtp = 4, .value_residual = 1,
                                     .x0_residual = 1, .norm = 2}},
    {"further tokens beside a window", {GPT_2 SMALL, .mtp = 2, .window = 4, .window_full = 3, .softcap = 5,
                                        .norm_place = NORM_AFTER}},
    {"window", {GPT_2 SMALL, .window = 4}},
    {"window of most layers", {GPT_2 SMALL, .window = 4, .window_full = 2}},
    {"many", {GPT_2 .V = 33, .T = 19, .C = 40, .L = 2, .NH = 4, .norm = 1, .norm_place = NORM_AFTER, .position = 1, .mlp = 3,
              .bias = 0, .qk_norm = 1, .qk_norm_all = 1, .tied = 0, .n_kv_head = 2, .softcap = 15, .gated_attention = 1,
              .window = 7, .norm_embed = 1, .value_residual = 1, .x0_residual = 1,
              .n_expert = 5, .top_k = 3, .balance = 0, .mtp = 2}},
};

#endif
