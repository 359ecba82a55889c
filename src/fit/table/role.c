#include "fit/table/role.h"

const char *role_name(int role)
{
    static const char *const names[ROLE_COUNT] = {
        [FIT_PARAMS] = "params", [FIT_PARAMS_NONEMBD] = "params_nonembd", [FIT_PARAMS_MATMUL] = "params_matmul",
        [FIT_TOKENS] = "tokens", [FIT_FLOPS] = "flops", [FIT_LOSS] = "loss", [FIT_LOSS_SE] = "loss_se",
        [FIT_UNIQUE_TOKENS] = "unique_tokens", [FIT_EPOCHS] = "epochs", [FIT_SEED] = "seed", [FIT_X] = "x",
        [FIT_ORDER_SEED] = "order_seed",
        [FIT_TOKENS_PER_S] = "tokens_per_s", [ROLE_TRUNK] = "trunk", [ROLE_RUN] = "run", [ROLE_STATUS] = "status",
    };
    return names[role];
}
