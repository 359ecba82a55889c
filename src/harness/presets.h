/* Architectures of the field as rows of the model's switches: model.preset. */
#ifndef PLATEAU_HARNESS_PRESETS_H
#define PLATEAU_HARNESS_PRESETS_H

#include <stddef.h>

#define PRESETS(X)                                                                                 \
    X(gpt2, "Radford et al. 2019: the defaults")                                                   \
    X(llama, "Touvron et al. 2023")                                                                \
    X(olmo3, "OLMo Team 2025, with OLMo 2's norms after the branches")                             \
    X(nanochat, "Karpathy 2025, as of October, whose head begins at 0, too: model.zero_head sets that beside it")

/* The i-th "key=value" of a preset, NULL at the end. All other switches have their defaults. */
const char *preset_setting(size_t preset, size_t i);

#endif
