/* Each head's values times a sigmoid of a product of the block's input (Qiu et al. 2025). */
#include "model/parts/attention.h"

static bool plan(struct attention_term *t, struct attention *a, struct planner *p, const struct attention *first)
{
    const struct gpt_shape *s = p->shape;
    (void)first;
    if (!s->gated_attention)
        return false;
    linear_plan(&t->product, p, "gatew", s->bias ? "gateb" : NULL, s->C, s->NH, PARAM_HIDDEN);
    t->kept = planner_keep(p, p->R * t->product.ldy); /* (R,NH): the gate before its sigmoid */
    t->x = a->att;
    a->att = t->y = planner_keep(p, p->R * s->C);
    t->dproduct = planner_scratch(p, "wide2", t->product.ldy);
    t->din = planner_scratch(p, "narrow2", s->C);
    return true;
}

static struct kern_gate gate_of(const struct attention_term *t, const struct ops_attn *h, const struct pass *p)
{
    return (struct kern_gate){.x = t->x, .ld = h->NH * h->HS, .gate = t->kept, .ld_gate = t->product.ldy, .rows = p->R,
                              .NH = h->NH, .HS = h->HS};
}

static void heads_fwd(const struct attention_term *t, const struct attention *a, struct pass *p, const float *in)
{
    const struct kern_gate g = gate_of(t, &a->heads, p);
    linear_fwd(&t->product, p, t->kept, in, NULL);
    p->o.k->gate_fwd(t->y, &g);
    pass_mark(p, GPT_OP_ATTENTION);
}

static void heads_bwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *d, const float *in)
{
    const struct kern_gate g = gate_of(t, &a->heads, p);
    float *dgate = pass_scratch(p, t->dproduct);
    p->o.k->gate_bwd(d, dgate, d, &g);
    linear_bwd(&t->product, p, pass_scratch(p, t->din), NULL, dgate, in);
}

const struct attention_term_kind attention_gate = {.plan = plan, .heads_fwd = heads_fwd, .heads_bwd = heads_bwd};
