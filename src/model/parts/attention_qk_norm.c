/* An RMS norm of q and k before they meet: of each head's (Henry et al. 2020), or of all heads' together (OLMo 2). */
#include "model/parts/attention.h"

#include <string.h>

static bool plan(struct attention_term *t, struct attention *a, struct planner *p, const struct attention *first)
{
    const struct gpt_shape *s = p->shape;
    const struct ops_attn *h = &a->heads;
    (void)first;
    if (!s->qk_norm)
        return false;
    t->all = s->qk_norm_all;
    if (s->norm_gain) {
        t->gain[0] = planner_tensor(p, "qnw", 1, t->all ? h->NH * h->HS : h->HS, PARAM_GAIN, true);
        t->gain[1] = planner_tensor(p, "knw", 1, t->all ? h->NKV * h->HS : h->HS, PARAM_GAIN, true);
    }
    t->raw = planner_keep(p, p->R * h->ld);
    t->kept = planner_keep(p, p->R * (t->all ? 2 : h->NH + h->NKV)); /* (n,R): rstd of n heads, or of q and of k */
    t->draw = planner_scratch(p, "wide2", h->ld);
    planner_want(&p->scratch.norm, ops_rmsnorm_bwd_scratch(p->R, h->NH * h->HS));
    return true;
}

/* Stretch i of a row that is normalised by itself. */
struct stretch {
    size_t at, width;
    struct weight gain;
};

static bool stretch_at(struct stretch *s, const struct attention_term *t, const struct ops_attn *h, size_t i)
{
    size_t heads = t->all ? (i == 0 ? h->NH : h->NKV) : 1, n_q = t->all ? 1 : h->NH, count = t->all ? 2 : h->NH + h->NKV;
    s->at = i < n_q ? i * heads * h->HS : h->NH * h->HS + (i - n_q) * heads * h->HS;
    s->width = heads * h->HS;
    s->gain = t->gain[i >= n_q];
    return i < count;
}

/* v of each row. */
static void copy_values(const struct ops_attn *h, size_t R, float *out, const float *in)
{
    size_t at = (h->NH + h->NKV) * h->HS;
    for (size_t r = 0; r < R; r++)
        memcpy(out + r * h->ld + at, in + r * h->ld + at, h->NKV * h->HS * sizeof *out);
}

static void fwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *qkv)
{
    const struct ops_attn *h = &a->heads;
    struct stretch s;
    for (size_t i = 0; stretch_at(&s, t, h, i); i++)
        ops_rmsnorm_fwd(p->o, qkv + s.at, t->kept + i * p->R, t->raw + s.at, s.gain.w, h->ld, p->R, s.width);
    copy_values(h, p->R, qkv, t->raw);
    pass_mark(p, GPT_OP_NORM);
}

static void bwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *dqkv)
{
    const struct ops_attn *h = &a->heads;
    float *draw = pass_scratch(p, t->draw);
    struct stretch s;
    for (size_t r = 0; r < p->R; r++)
        memset(draw + r * h->ld, 0, (h->NH + h->NKV) * h->HS * sizeof *draw);
    for (size_t i = 0; stretch_at(&s, t, h, i); i++) {
        const struct kern_norm_bwd b = {.dx = draw + s.at, .dw = s.gain.grad, .dout = dqkv + s.at, .x = t->raw + s.at,
                                        .rstd = t->kept + i * p->R, .w = s.gain.w, .ld = h->ld, .rows = p->R, .C = s.width};
        ops_rmsnorm_bwd(p->o, &b, p->s->norm);
    }
    copy_values(h, p->R, draw, dqkv);
    pass_mark(p, GPT_OP_NORM);
}

const struct attention_term_kind attention_qk_norm = {.plan = plan, .fwd = fwd, .bwd = bwd};
