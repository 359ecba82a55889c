#include "model/parts/embed.h"

#include <string.h>

void embed_plan(struct embed *e, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    *e = (struct embed){.C = s->C};
    /* A tied head's product writes the gradient of wte; what embed_bwd adds comes after it. */
    e->token = planner_tensor(p, "wte", s->V, s->C, PARAM_EMBED, !s->tied);
    position_plan(&e->pos, p);
    if (!s->norm_embed)
        return;
    norm_plan(&e->norm, p, "lnew", "lneb");
    e->raw = planner_keep(p, p->R * s->C);
    e->draw = planner_scratch(p, "narrow", s->C);
}

void embed_fwd(const struct embed *e, struct pass *p, float *x, const int32_t *tokens)
{
    const float *places = e->pos.table.w ? e->pos.table.w + p->at * e->C : NULL;
    p->o.k->embed_fwd(e->raw ? e->raw : x, tokens, e->token.w, places, p->R, p->T, e->C);
    pass_mark(p, GPT_OP_REST);
    if (!e->raw)
        return;
    e->norm.kind->fwd(&e->norm, p, e->raw);
    memcpy(x, norm_out(&e->norm, e->raw), p->R * e->C * sizeof *x);
}

void embed_bwd(const struct embed *e, struct pass *p, const int32_t *tokens, const float *dx)
{
    if (e->raw) {
        float *d = pass_scratch(p, e->draw);
        memset(d, 0, p->R * e->C * sizeof *d);
        e->norm.kind->bwd(&e->norm, p, d, NULL, 1, dx, e->raw);
        dx = d;
    }
    p->o.k->embed_bwd(e->token.grad, e->pos.table.grad, tokens, dx, p->R, p->T, e->C);
    pass_mark(p, GPT_OP_REST);
}
