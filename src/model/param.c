#include "model/param.h"

#include <math.h>

static const double base_std = 0.02; /* Radford et al. 2019 */

static struct param_rules standard(double n_layer)
{
    struct param_rules r = {.residual_scale = 1, .logit_scale = 1};
    for (int i = 0; i < PARAM_N_ROLES; i++)
        r.role[i] = (struct param_rule){.lr = 1, .decay = 1, .eps = 1};
    r.role[PARAM_EMBED].init_std = (float)base_std;
    r.role[PARAM_HEAD].init_std = (float)base_std;
    r.role[PARAM_HIDDEN].init_std = (float)base_std;
    r.role[PARAM_HIDDEN_OUT].init_std = (float)(base_std / sqrt(2 * n_layer));
    return r;
}

static struct param_rules completep(double d_model, double mN, double mL)
{
    struct param_rules r = {.residual_scale = (float)(1 / mL), .logit_scale = (float)(1 / mN)};
    struct param_rule embed = {
        .init_std = (float)base_std, .lr = 1, .decay = 1, .eps = (float)(1 / mN)};
    /* Variance falls with the width; at d_model 768 this is GPT-2's 0.02. */
    struct param_rule hidden = {.init_std = (float)(base_std * sqrt(768 / d_model)),
                                .lr = (float)(1 / mN),
                                .decay = (float)mN,
                                .eps = (float)(1 / (mN * mL))};
    struct param_rule vector = {.lr = 1, .decay = 1, .eps = (float)(1 / (mN * mL))};
    r.role[PARAM_EMBED] = embed;
    r.role[PARAM_HEAD] = embed; /* logit_scale has the head's 1/mN */
    r.role[PARAM_HIDDEN] = hidden;
    r.role[PARAM_HIDDEN_OUT] = hidden;
    r.role[PARAM_GAIN] = vector;
    r.role[PARAM_BIAS] = vector;
    return r;
}

struct param_rules param_rules_make(enum param_kind kind, size_t d_model, size_t n_layer,
                                    size_t base_d_model, size_t base_n_layer)
{
    if (kind == PARAM_STANDARD)
        return standard((double)n_layer);
    return completep((double)d_model, (double)d_model / (double)base_d_model,
                     (double)n_layer / (double)base_n_layer);
}
