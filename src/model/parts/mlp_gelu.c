/* GELU in its tanh form between two matrices (Hendrycks and Gimpel 2016; Radford et al. 2019). */
#include "model/parts/mlp.h"

static void plan(struct mlp *m, struct planner *p)
{
    size_t C = p->shape->C;
    *m = (struct mlp){.kind = &mlp_gelu, .H = 4 * C};
    linear_plan(&m->up, p, "upw", "upb", C, m->H, PARAM_HIDDEN);
    linear_plan(&m->down, p, "downw", "downb", m->H, C, PARAM_HIDDEN_OUT);
    m->act = planner_keep(p, p->R * m->up.ldy);
    m->slope = planner_keep(p, p->R * m->up.ldy);
    planner_want(&p->scratch.wide, m->up.ldy);
}

/* GELU runs inside the product, or where the clock is read, after it: the same operations, so the same bits. */
static void fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_finish *end)
{
    float *slope = p->train ? m->slope : NULL;
    linear_fwd(&m->up, p, m->act, in, &(struct kern_finish){.gelu = !p->op_s, .slope = slope});
    if (p->op_s) {
        ops_gelu(p->o, m->act, slope, m->up.ldy, p->R, m->H);
        pass_mark(p, GPT_OP_GELU);
    }
    linear_fwd(&m->down, p, out, m->act, end);
}

static void bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in)
{
    linear_bwd(&m->down, p, p->s->wide, m->slope, dout, m->act);
    linear_bwd(&m->up, p, din, NULL, p->s->wide, in);
}

const struct mlp_kind mlp_gelu = {"gelu", plan, fwd, bwd};
