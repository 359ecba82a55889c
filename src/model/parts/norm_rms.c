/* Root mean square norm: no mean, no bias (Zhang and Sennrich 2019). */
#include "model/parts/norm.h"

static void plan(struct norm *n, struct planner *p, const char *gain, const char *bias)
{
    (void)bias;
    if (p->shape->norm_gain)
        n->gain = planner_tensor(p, gain, 1, n->C, PARAM_GAIN, true);
    n->out = planner_keep(p, p->R * n->C);
    n->rstd = planner_keep(p, p->R);
    planner_want(&p->scratch.norm, ops_rmsnorm_bwd_scratch(p->R, n->C));
}

static void fwd(const struct norm *n, struct pass *p, const float *x)
{
    ops_rmsnorm_fwd(p->o, n->out, n->rstd, x, n->gain.w, n->C, p->R, n->C);
    pass_mark(p, GPT_OP_NORM);
}

static void bwd(const struct norm *n, struct pass *p, float *dx, float *ds, float scale, const float *dout, const float *x)
{
    const struct kern_norm_bwd b = {.dx = dx, .ds = ds, .scale = scale, .dw = n->gain.grad, .dout = dout, .x = x,
                                    .rstd = n->rstd, .w = n->gain.w, .ld = n->C, .rows = p->R, .C = n->C};
    ops_rmsnorm_bwd(p->o, &b, p->s->norm);
    pass_mark(p, GPT_OP_NORM);
}

const struct norm_kind norm_rms = {plan, fwd, bwd};
