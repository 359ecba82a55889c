/* max(0, x)^2 (So et al. 2021, Primer). */
#include "model/parts/mlp.h"

const struct mlp_kind mlp_relu2 = {KERN_ACT_RELU2, mlp_plain_plan, mlp_plain_fwd, mlp_plain_bwd, mlp_pack};
