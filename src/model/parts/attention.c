#include "model/parts/attention.h"

void attention_plan(struct attention *a, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    *a = (struct attention){.NH = s->NH};
    linear_plan(&a->qkv, p, "qkvw", "qkvb", s->C, 3 * s->C, PARAM_HIDDEN);
    linear_plan(&a->out, p, "attw", "attb", s->C, s->C, PARAM_HIDDEN_OUT);
    /* The triangle of scores has T (T+1) / 2 entries, used by two products of 2 C flops each. */
    p->flops += 2 * (double)s->C * (double)(s->T + 1);
    a->wide = planner_keep(p, p->R * a->qkv.ldy);
    a->att = planner_keep(p, p->R * s->C);
    a->lse = planner_keep(p, p->R * s->NH);
    planner_want(&p->scratch.wide, a->qkv.ldy);
    planner_want(&p->scratch.attention, ops_attn_scratch(p->o.threads, s->T, s->C, s->NH));
}

void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_finish *end)
{
    linear_fwd(&a->qkv, p, a->wide, in, NULL);
    ops_attn_fwd(p->o, a->att, a->lse, a->wide, a->qkv.ldy, p->n, p->R / p->n, a->qkv.in, a->NH, p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    linear_fwd(&a->out, p, out, a->att, end);
}

void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in)
{
    linear_bwd(&a->out, p, din, NULL, dout, a->att);
    ops_attn_bwd(p->o, p->s->wide, din, a->att, a->lse, a->wide, a->qkv.ldy, p->n, p->R / p->n, a->qkv.in, a->NH,
                 p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    linear_bwd(&a->qkv, p, din, NULL, p->s->wide, in);
}
