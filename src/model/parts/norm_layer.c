/* Layer norm (Ba et al. 2016). */
#include "model/parts/norm.h"

/* A vector that is not trained: its gradient goes where nobody looks. */
static struct weight constant(struct planner *p, size_t C, float value)
{
    struct weight c = {planner_keep(p, C), planner_keep(p, C)};
    for (size_t i = 0; c.w && i < C; i++)
        c.w[i] = value, c.grad[i] = 0;
    return c;
}

static void plan(struct norm *n, struct planner *p, const char *gain, const char *bias)
{
    const struct gpt_shape *s = p->shape;
    n->gain = s->norm_gain ? planner_tensor(p, gain, 1, n->C, PARAM_GAIN, true) : constant(p, n->C, 1);
    n->bias = s->norm_bias ? planner_tensor(p, bias, 1, n->C, PARAM_BIAS, true) : constant(p, n->C, 0);
    n->out = planner_keep(p, p->R * n->C);
    n->mean = planner_keep(p, p->R);
    n->rstd = planner_keep(p, p->R);
    planner_want(&p->scratch.norm, ops_layernorm_bwd_scratch(p->R, n->C));
}

static void fwd(const struct norm *n, struct pass *p, const float *x)
{
    ops_layernorm_fwd(p->o, n->out, n->mean, n->rstd, x, n->gain.w, n->bias.w, p->R, n->C);
    pass_mark(p, GPT_OP_NORM);
}

static void bwd(const struct norm *n, struct pass *p, float *dx, float *ds, float scale, const float *dout, const float *x)
{
    const struct kern_norm_bwd b = {.dx = dx, .ds = ds, .scale = scale, .dw = n->gain.grad, .db = n->bias.grad, .dout = dout,
                                    .x = x, .mean = n->mean, .rstd = n->rstd, .w = n->gain.w, .rows = p->R, .C = n->C};
    ops_layernorm_bwd(p->o, &b, p->s->norm);
    pass_mark(p, GPT_OP_NORM);
}

const struct norm_kind norm_layer = {plan, fwd, bwd};
