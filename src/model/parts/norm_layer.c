/* Layer norm with gain and bias (Ba et al. 2016). */
#include "model/parts/norm.h"

static void plan(struct norm *n, struct planner *p, const char *gain, const char *bias)
{
    size_t C = p->shape->C;
    *n = (struct norm){.kind = &norm_layer, .C = C};
    n->gain = planner_tensor(p, gain, 1, C, PARAM_GAIN, true);
    n->bias = planner_tensor(p, bias, 1, C, PARAM_BIAS, true);
    n->out = planner_keep(p, p->R * C);
    n->mean = planner_keep(p, p->R);
    n->rstd = planner_keep(p, p->R);
    planner_want(&p->scratch.norm, ops_layernorm_bwd_scratch(p->R, C));
}

static void fwd(const struct norm *n, struct pass *p, const float *x)
{
    ops_layernorm_fwd(p->o, n->out, n->mean, n->rstd, x, n->gain.w, n->bias.w, p->R, n->C);
    pass_mark(p, GPT_OP_NORM);
}

static void bwd(const struct norm *n, struct pass *p, float *dx, float *ds, float by, const float *dout, const float *x)
{
    ops_layernorm_bwd(p->o, dx, ds, by, n->gain.grad, n->bias.grad, dout, x, n->mean, n->rstd, n->gain.w, p->R, n->C,
                      p->s->norm);
    pass_mark(p, GPT_OP_NORM);
}

const struct norm_kind norm_layer = {"layernorm", plan, fwd, bwd};
