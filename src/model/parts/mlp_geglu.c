/* A gate with GELU (Shazeer 2020). */
#include "model/parts/mlp.h"

const struct mlp_kind mlp_geglu = {KERN_ACT_GELU, mlp_gated_plan, mlp_gated_fwd, mlp_gated_bwd, mlp_pack};
