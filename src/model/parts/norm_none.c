/* No norm: what goes in comes out. Also where a branch has none at its start. */
#include "model/parts/norm.h"

static void plan(struct norm *n, struct planner *p, const char *gain, const char *bias)
{
    (void)n, (void)p, (void)gain, (void)bias;
}

static void fwd(const struct norm *n, struct pass *p, const float *x)
{
    (void)n, (void)p, (void)x;
}

static void bwd(const struct norm *n, struct pass *p, float *dx, float *ds, float scale, const float *dout, const float *x)
{
    (void)x;
    ops_mix(p->o, dx, 1, dx, 1, dout, p->R * n->C);
    if (ds)
        ops_mix(p->o, ds, scale, dx, 0, dx, p->R * n->C);
    pass_mark(p, GPT_OP_NORM);
}

const struct norm_kind norm_none = {plan, fwd, bwd};
