#include "model/parts/mlp.h"

#include <math.h>

#define X(word, part, what) &part,
static const struct mlp_kind *const kinds[] = {MLP_KINDS(X)};
#undef X

void mlp_plan(struct mlp *m, struct planner *p)
{
    *m = (struct mlp){.kind = p->shape->n_expert ? &mlp_experts : kinds[p->shape->mlp], .n = 1};
    m->kind->plan(m, p);
}

void mlp_plan_expert(struct mlp *m, struct planner *p, size_t e)
{
    *m = (struct mlp){.kind = kinds[p->shape->mlp], .n = p->shape->n_expert, .e = e};
    m->kind->plan(m, p);
}

void mlp_pack(const struct mlp *m, struct ops o)
{
    linear_pack(&m->up, o);
    linear_pack(&m->down, o);
}

/* mlp_ratio times the width; of its own accord `usual` times, where `unit` divides it. */
static size_t hidden_width(const struct gpt_shape *s, double usual, double unit)
{
    double C = (double)s->C;
    return (size_t)fmax(1, s->mlp_ratio > 0 ? round(s->mlp_ratio * C)
                           : C < unit       ? round(usual * C)
                                            : unit * round(usual * C / unit));
}

static void plan_products(struct mlp *m, struct planner *p, size_t up)
{
    const struct gpt_shape *s = p->shape;
    linear_plan_of(&m->up, p, "upw", s->bias ? "upb" : NULL, s->C, up, PARAM_HIDDEN, m->e, m->n);
    linear_plan_of(&m->down, p, "downw", s->bias ? "downb" : NULL, m->H, s->C, PARAM_HIDDEN_OUT, m->e, m->n);
    if (m->n == 1) {
        m->act = planner_keep(p, p->R * m->down.ldx);
        m->slope = planner_keep(p, p->R * m->up.ldy);
    }
    m->dup = planner_scratch(p, "wide", m->up.ldy);
}

void mlp_plain_plan(struct mlp *m, struct planner *p)
{
    m->H = hidden_width(p->shape, 4, 1);
    plan_products(m, p, m->H);
}

/* The activation runs inside the product, or where the clock is read, after it: the same operations, so the same bits. */
void mlp_plain_fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end)
{
    float *slope = p->train ? m->slope : NULL;
    enum kern_act act = m->kind->act;
    linear_fwd(&m->up, p, m->act, in, &(struct kern_epilogue){.act = p->op_s ? KERN_ACT_NONE : act, .slope = slope});
    if (p->op_s) {
        ops_act(p->o, m->act, slope, m->up.ldy, p->R, m->H, act);
        pass_mark(p, GPT_OP_ACTIVATION);
    }
    linear_fwd(&m->down, p, out, m->act, end);
}

void mlp_plain_bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in)
{
    float *dup = pass_scratch(p, m->dup);
    linear_bwd(&m->down, p, dup, m->slope, dout, m->act);
    linear_bwd(&m->up, p, din, NULL, dup, in);
}

/* Two thirds of the plain width: the same parameters in three matrices; in whole lines of the products. */
void mlp_gated_plan(struct mlp *m, struct planner *p)
{
    m->H = hidden_width(p->shape, 8.0 / 3, 8);
    plan_products(m, p, 2 * m->H);
    tensors_cut(p->tensors, "upw", m->H);
    m->dact = planner_scratch(p, "wide2", m->down.ldx);
}

void mlp_gated_fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end)
{
    linear_fwd(&m->up, p, m->slope, in, NULL);
    ops_glu_fwd(p->o, m->act, m->down.ldx, m->slope, m->up.ldy, p->R, m->H, m->kind->act, p->train);
    pass_mark(p, GPT_OP_ACTIVATION);
    linear_fwd(&m->down, p, out, m->act, end);
}

void mlp_gated_bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in)
{
    float *dup = pass_scratch(p, m->dup), *dact = pass_scratch(p, m->dact);
    linear_bwd(&m->down, p, dact, NULL, dout, m->act);
    ops_glu_bwd(p->o, dup, m->slope, m->up.ldy, dact, m->down.ldx, p->R, m->H);
    pass_mark(p, GPT_OP_ACTIVATION);
    linear_bwd(&m->up, p, din, NULL, dup, in);
}
