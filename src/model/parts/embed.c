#include "model/parts/embed.h"

void embed_plan(struct embed *e, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    *e = (struct embed){.T = s->T, .C = s->C};
    /* The tied head's product writes the gradient of wte; what embed_bwd adds comes after it. */
    e->token = planner_tensor(p, "wte", s->V, s->C, PARAM_EMBED, false);
    e->place = planner_tensor(p, "wpe", s->T, s->C, PARAM_EMBED, true);
}

void embed_fwd(const struct embed *e, struct pass *p, float *x, const int32_t *tokens)
{
    p->o.k->embed_fwd(x, tokens, e->token.w, e->place.w, p->R, e->T, e->C);
    pass_mark(p, GPT_OP_REST);
}

void embed_bwd(const struct embed *e, struct pass *p, const int32_t *tokens, const float *dx)
{
    p->o.k->embed_bwd(e->token.grad, e->place.grad, tokens, dx, p->R, e->T, e->C);
    pass_mark(p, GPT_OP_REST);
}
