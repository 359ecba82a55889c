/* GELU in its tanh form (Hendrycks and Gimpel 2016), as GPT-2 has it (Radford et al. 2019). */
#include "model/parts/mlp.h"

const struct mlp_kind mlp_gelu = {KERN_ACT_GELU, mlp_plain_plan, mlp_plain_fwd, mlp_plain_bwd, mlp_pack};
