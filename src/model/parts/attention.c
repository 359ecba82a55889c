#include "model/parts/attention.h"

#include <string.h>

/* Every n-th layer sees all; so does a window as long as the context. What lies beside the last layer is as that one. */
static size_t window_of(const struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    bool full = s->window_full && (p->layer < s->L ? p->layer + 1 : s->L) % s->window_full == 0;
    return full || s->window >= s->T ? 0 : s->window;
}

/* Pairs of a query and a key that it sees, a token. */
static double pairs(size_t T, size_t window)
{
    double t = (double)T, w = (double)window;
    return window ? (w * (w + 1) / 2 + (t - w) * w) / t : (t + 1) / 2;
}

static void plan_gate(struct attention *a, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    a->att = a->values;
    a->gated = s->gated_attention;
    if (!a->gated)
        return;
    linear_plan(&a->gate, p, "gatew", s->bias ? "gateb" : NULL, s->C, s->NH, PARAM_HIDDEN);
    a->weights = planner_keep(p, p->R * a->gate.ldy);
    a->att = planner_keep(p, p->R * s->C);
    a->dgate = planner_scratch(p, "wide2", a->gate.ldy);
    a->din2 = planner_scratch(p, "narrow2", s->C);
}

static void plan_values(struct attention *a, struct planner *p, const struct attention *first)
{
    static const float halves[2] = {0.5f, 0.5f};
    size_t n = a->heads.NKV * a->heads.HS;
    if (!p->shape->value_residual)
        return;
    a->top = p->layer + 1 == p->tensors->L;
    if (p->layer == 0) {
        a->dfirst = planner_keep(p, p->R * n);
        return;
    }
    a->first = first;
    mix2_plan(&a->mix, p, "vmix", halves);
    a->own = planner_keep(p, p->R * n);
}

void attention_plan(struct attention *a, struct planner *p, const struct position *pos, const struct attention *first)
{
    const struct gpt_shape *s = p->shape;
    size_t HS = s->C / s->NH, NKV = gpt_shape_kv_heads(s);
    *a = (struct attention){.pos = pos};
    linear_plan(&a->qkv, p, "qkvw", s->bias ? "qkvb" : NULL, s->C, s->C + 2 * NKV * HS, PARAM_HIDDEN);
    tensors_cut(p->tensors, "qkvw", s->C);
    tensors_cut(p->tensors, "qkvw", s->C + NKV * HS);
    a->heads = (struct ops_attn){.T = s->T, .NH = s->NH, .NKV = NKV, .HS = HS, .ld = a->qkv.ldy, .window = window_of(p),
                                 .slopes = pos->slopes};
    linear_plan(&a->out, p, "attw", s->bias ? "attb" : NULL, s->C, s->C, PARAM_HIDDEN_OUT);
    /* Two products of 2 C flops for each pair. */
    p->flops += 4 * (double)s->C * pairs(s->T, a->heads.window);
    a->wide = planner_keep(p, p->R * a->qkv.ldy);
    a->values = planner_keep(p, p->R * s->C);
    a->lse = planner_keep(p, p->R * s->NH);
    qk_norm_plan(&a->qk, p, a->qkv.ldy);
    plan_values(a, p, first);
    plan_gate(a, p);
    a->dwide = planner_scratch(p, "wide", a->qkv.ldy);
    if (s->qk_norm)
        a->dqkv = planner_scratch(p, "wide2", a->qkv.ldy);
    planner_want(&p->scratch.attention, ops_attn_scratch(p->o.threads, s->T, HS));
}

void attention_pack(const struct attention *a, struct ops o)
{
    linear_pack(&a->qkv, o);
    linear_pack(&a->out, o);
    if (a->gated)
        linear_pack(&a->gate, o);
}

static void turn(const struct attention *a, struct pass *p, float *wide, bool back)
{
    if (a->pos->kind->turn)
        a->pos->kind->turn(a->pos, p, &a->heads, wide, back);
}

/* Where a row's values begin, and how many there are. */
static size_t values_at(const struct attention *a)
{
    return (a->heads.NH + a->heads.NKV) * a->heads.HS;
}

static size_t n_values(const struct attention *a)
{
    return a->heads.NKV * a->heads.HS;
}

static void mix_values(const struct attention *a, struct pass *p)
{
    size_t n = n_values(a), ld = a->heads.ld, at = p->at * ld + values_at(a);
    if (!a->first)
        return;
    for (size_t r = 0; r < p->R; r++)
        memcpy(a->own + r * n, a->wide + r * ld + at, n * sizeof *a->own);
    mix2_fwd(&a->mix, p, a->wide + at, ld, &(struct mix2_terms){a->own, n, a->first->wide + at, ld, n});
}

/* dwide's values: a part goes to the first layer's, which takes what came from all others. */
static void unmix_values(const struct attention *a, struct pass *p, float *dwide)
{
    size_t at = values_at(a), n = n_values(a), ld = a->heads.ld;
    float *dfirst = a->first ? a->first->dfirst : a->dfirst;
    if (a->top && dfirst)
        memset(dfirst, 0, p->R * n * sizeof *dfirst);
    if (a->first)
        mix2_bwd(&a->mix, p, dwide + at, ld, dfirst, n, &(struct mix2_terms){a->own, n, a->first->wide + at, ld, n});
    for (size_t r = 0; a->dfirst && r < p->R; r++)
        p->o.k->mix(dwide + r * ld + at, 1, dwide + r * ld + at, 1, a->dfirst + r * n, n);
    if (dfirst)
        pass_mark(p, GPT_OP_REST);
}

static struct kern_gate gate_of(const struct attention *a, const struct pass *p)
{
    const struct ops_attn *h = &a->heads;
    return (struct kern_gate){.x = a->values, .ld = h->NH * h->HS, .gate = a->weights, .ld_gate = a->gate.ldy, .rows = p->R,
                              .NH = h->NH, .HS = h->HS};
}

static struct ops_attn heads_of(const struct attention *a, const struct pass *p)
{
    struct ops_attn h = a->heads;
    h.B = p->n;
    h.T = p->T;
    return h;
}

void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_epilogue *end)
{
    const struct ops_attn h = heads_of(a, p);
    float *wide = a->wide + p->at * h.ld;
    linear_fwd(&a->qkv, p, a->qk.raw ? a->qk.raw : wide, in, NULL);
    if (a->qk.raw)
        qk_norm_fwd(&a->qk, p, wide);
    mix_values(a, p);
    turn(a, p, wide, false);
    if (p->row)
        ops_attn_row(p->o, &h, p->at + 1, a->values, a->wide, p->s->attention);
    else
        ops_attn_fwd(p->o, &h, a->values, a->lse, a->wide, p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    if (a->gated) {
        linear_fwd(&a->gate, p, a->weights, in, NULL);
        const struct kern_gate g = gate_of(a, p);
        p->o.k->gate_fwd(a->att, &g);
        pass_mark(p, GPT_OP_ATTENTION);
    }
    linear_fwd(&a->out, p, out, a->att, end);
}

void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in)
{
    const struct ops_attn h = heads_of(a, p);
    float *wide = pass_scratch(p, a->dwide), *dgate = pass_scratch(p, a->dgate), *din2 = pass_scratch(p, a->din2);
    linear_bwd(&a->out, p, din, NULL, dout, a->att);
    if (a->gated) {
        const struct kern_gate g = gate_of(a, p);
        p->o.k->gate_bwd(din, dgate, din, &g);
        linear_bwd(&a->gate, p, din2, NULL, dgate, in);
    }
    ops_attn_bwd(p->o, &h, wide, din, a->values, a->lse, a->wide, p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    unmix_values(a, p, wide);
    turn(a, p, wide, true);
    pass_mark(p, GPT_OP_ATTENTION);
    if (a->qk.raw) {
        float *dqkv = pass_scratch(p, a->dqkv);
        qk_norm_bwd(&a->qk, p, dqkv, wide);
        wide = dqkv;
    }
    linear_bwd(&a->qkv, p, din, NULL, wide, in);
    if (a->gated)
        ops_mix(p->o, din, 1, din, 1, din2, p->R * a->qkv.in);
}
