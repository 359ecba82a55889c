#include "model/parts/qk_norm.h"

#include <string.h>

void qk_norm_plan(struct qk_norm *n, struct planner *p, size_t ld)
{
    const struct gpt_shape *s = p->shape;
    *n = (struct qk_norm){.NH = s->NH, .NKV = gpt_shape_kv_heads(s), .HS = s->C / s->NH, .ld = ld, .all = s->qk_norm_all};
    if (!s->qk_norm)
        return;
    if (s->norm_gain) {
        n->q = planner_tensor(p, "qnw", 1, n->all ? n->NH * n->HS : n->HS, PARAM_GAIN, true);
        n->k = planner_tensor(p, "knw", 1, n->all ? n->NKV * n->HS : n->HS, PARAM_GAIN, true);
    }
    n->raw = planner_keep(p, p->R * ld);
    n->rstd = planner_keep(p, p->R * (n->all ? 2 : n->NH + n->NKV));
    planner_want(&p->scratch.norm, ops_rmsnorm_bwd_scratch(p->R, n->NH * n->HS));
}

/* Stretch i of a row that is normalised by itself. */
struct stretch {
    size_t at, width;
    struct weight gain;
};

static bool stretch_at(struct stretch *s, const struct qk_norm *n, size_t i)
{
    size_t heads = n->all ? (i == 0 ? n->NH : n->NKV) : 1, n_q = n->all ? 1 : n->NH, count = n->all ? 2 : n->NH + n->NKV;
    s->at = i < n_q ? i * heads * n->HS : n->NH * n->HS + (i - n_q) * heads * n->HS;
    s->width = heads * n->HS;
    s->gain = i < n_q ? n->q : n->k;
    return i < count;
}

/* v of each row. */
static void copy_values(const struct qk_norm *n, size_t R, float *out, const float *in)
{
    size_t at = (n->NH + n->NKV) * n->HS;
    for (size_t r = 0; r < R; r++)
        memcpy(out + r * n->ld + at, in + r * n->ld + at, n->NKV * n->HS * sizeof *out);
}

void qk_norm_fwd(const struct qk_norm *n, struct pass *p, float *out)
{
    struct stretch s;
    for (size_t i = 0; stretch_at(&s, n, i); i++)
        ops_rmsnorm_fwd(p->o, out + s.at, n->rstd + i * p->R, n->raw + s.at, s.gain.w, n->ld, p->R, s.width);
    copy_values(n, p->R, out, n->raw);
    pass_mark(p, GPT_OP_NORM);
}

void qk_norm_bwd(const struct qk_norm *n, struct pass *p, float *din, const float *dout)
{
    struct stretch s;
    for (size_t r = 0; r < p->R; r++)
        memset(din + r * n->ld, 0, (n->NH + n->NKV) * n->HS * sizeof *din);
    for (size_t i = 0; stretch_at(&s, n, i); i++) {
        const struct kern_norm_bwd b = {.dx = din + s.at, .dw = s.gain.grad, .dout = dout + s.at, .x = n->raw + s.at,
                                        .rstd = n->rstd + i * p->R, .w = s.gain.w, .ld = n->ld, .rows = p->R, .C = s.width};
        ops_rmsnorm_bwd(p->o, &b, p->s->norm);
    }
    copy_values(n, p->R, din, dout);
    pass_mark(p, GPT_OP_NORM);
}
