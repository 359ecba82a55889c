#include "model/parts/attention.h"

#define X(part) &part,
static const struct attention_term_kind *const kinds[] = {ATTENTION_TERMS(X)};
#undef X

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

/* Those of the table that the shape has, in its order. */
static void plan_terms(struct attention *a, struct planner *p, const struct attention *first)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct attention_term *t = &a->terms[a->n_terms];
        *t = (struct attention_term){.kind = kinds[i]};
        a->n_terms += t->kind->plan(t, a, p, first);
    }
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
    a->att = a->values;
    plan_terms(a, p, first);
    a->dqkv = planner_scratch(p, "wide", a->qkv.ldy);
    planner_want(&p->scratch.attention, ops_attn_scratch(p->o.threads, s->T, HS));
}

void attention_pack(const struct attention *a, struct ops o)
{
    linear_pack(&a->qkv, o);
    linear_pack(&a->out, o);
    for (size_t i = 0; i < a->n_terms; i++)
        linear_pack(&a->terms[i].product, o);
}

static struct ops_attn heads_of(const struct attention *a, const struct pass *p)
{
    struct ops_attn h = a->heads;
    h.B = p->n;
    h.T = p->T;
    return h;
}

/* Where q, k, v go that term i reads, or after the last one the scores. */
static float *read_from(const struct attention *a, const struct pass *p, size_t i)
{
    for (; i < a->n_terms; i++)
        if (a->terms[i].raw)
            return a->terms[i].raw;
    return a->wide + p->at * a->heads.ld;
}

void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_epilogue *end)
{
    const struct ops_attn h = heads_of(a, p);
    const struct attention_term *t = a->terms;
    linear_fwd(&a->qkv, p, read_from(a, p, 0), in, NULL);
    for (size_t i = 0; i < a->n_terms; i++)
        if (t[i].kind->fwd)
            t[i].kind->fwd(&t[i], a, p, read_from(a, p, i + 1));
    if (p->row)
        ops_attn_row(p->o, &h, p->at + 1, a->values, a->wide, p->s->attention);
    else
        ops_attn_fwd(p->o, &h, a->values, a->lse, a->wide, p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    for (size_t i = 0; i < a->n_terms; i++)
        if (t[i].kind->heads_fwd)
            t[i].kind->heads_fwd(&t[i], a, p, in);
    linear_fwd(&a->out, p, out, a->att, end);
}

void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in)
{
    const struct ops_attn h = heads_of(a, p);
    const struct attention_term *t = a->terms;
    float *dqkv = pass_scratch(p, a->dqkv);
    linear_bwd(&a->out, p, din, NULL, dout, a->att);
    for (size_t i = a->n_terms; i-- > 0;)
        if (t[i].kind->heads_bwd)
            t[i].kind->heads_bwd(&t[i], a, p, din, in);
    ops_attn_bwd(p->o, &h, dqkv, din, a->values, a->lse, a->wide, p->s->attention);
    pass_mark(p, GPT_OP_ATTENTION);
    for (size_t i = a->n_terms; i-- > 0;) {
        if (t[i].kind->bwd)
            t[i].kind->bwd(&t[i], a, p, dqkv);
        if (t[i].draw)
            dqkv = pass_scratch(p, t[i].draw);
    }
    linear_bwd(&a->qkv, p, din, NULL, dqkv, in);
    for (size_t i = 0; i < a->n_terms; i++)
        if (t[i].din)
            ops_mix(p->o, din, 1, din, 1, pass_scratch(p, t[i].din), p->R * a->qkv.in);
}
