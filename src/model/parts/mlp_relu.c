/* max(0, x). */
#include "model/parts/mlp.h"

const struct mlp_kind mlp_relu = {KERN_ACT_RELU, mlp_plain_plan, mlp_plain_fwd, mlp_plain_bwd, mlp_pack};
