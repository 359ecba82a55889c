/* How initial scales, learning rates and multipliers follow width and depth.
 *
 * completep: Dey et al. 2025, "Don't be lazy: CompleteP enables compute-efficient deep transformers",
 * table 1 with alpha = 1: one learning rate tuned at the base shape serves all widths and depths.
 * With mN = d_model / base_d_model and mL = n_layer / base_n_layer:
 *   hidden weights: init variance / mN, learning rate / mN, weight decay * mN
 *   residual branches * 1/mL, logits * 1/mN, Adam's eps / (mN mL) inside blocks, / mN outside
 * standard: GPT-2's rules (std 0.02, residual outputs / sqrt(2 n_layer)), one rate for all. */
#ifndef PLATEAU_MODEL_PARAM_H
#define PLATEAU_MODEL_PARAM_H

#include <stddef.h>

enum param_kind { PARAM_COMPLETEP, PARAM_STANDARD };

enum param_role { PARAM_EMBED, PARAM_HIDDEN, PARAM_HIDDEN_OUT, PARAM_GAIN, PARAM_BIAS, PARAM_HEAD, PARAM_N_ROLES };

struct param_rule {
    float init_std; /* 0: constant (gains 1, biases 0) */
    float lr, decay, eps; /* multipliers of the run's lr, weight_decay, eps */
};

struct param_rules {
    struct param_rule role[PARAM_N_ROLES];
    float residual_scale, logit_scale;
};

struct param_rules param_rules_make(enum param_kind kind, size_t d_model, size_t n_layer,
                                    size_t base_d_model, size_t base_n_layer);

#endif
