/* A gate with SiLU (Shazeer 2020). */
#include "model/parts/mlp.h"

const struct mlp_kind mlp_swiglu = {KERN_ACT_SILU, mlp_gated_plan, mlp_gated_fwd, mlp_gated_bwd, mlp_pack};
