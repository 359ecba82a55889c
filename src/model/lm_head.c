#include "model/lm_head.h"

#include <string.h>

void lm_head_plan(struct lm_head *h, struct planner *p, struct weight token)
{
    const struct gpt_shape *s = p->shape;
    *h = (struct lm_head){.tied = s->tied};
    norm_plan(&h->norm, p, "lnfw", "lnfb");
    struct weight w = h->tied ? token : planner_tensor(p, "headw", s->V, s->C, PARAM_HEAD, false);
    linear_plan_on(&h->out, p, "headw", w, s->C, s->V);
    h->din = planner_scratch(p, "narrow", s->C);
    h->logits = planner_keep(p, p->R * s->V);
    h->losses = planner_keep(p, p->R);
    h->dres = p->forward ? NULL : planner_keep(p, p->R * s->C);
    h->ds = p->forward ? NULL : planner_keep(p, p->R * s->C);
}

void lm_head_fwd(const struct lm_head *h, struct pass *p, const float *top)
{
    h->norm.kind->fwd(&h->norm, p, top);
    linear_fwd(&h->out, p, h->logits, norm_out(&h->norm, top), NULL);
}

static bool is_late(const struct lm_head *h, const struct pass *p)
{
    return p->turn && h->tied;
}

void lm_head_bwd(const struct lm_head *h, struct pass *p, const float *top, float scale, bool first)
{
    float *ds = scale == 1 ? NULL : h->ds, *din = pass_scratch(p, h->din);
    struct pass q = *p;
    q.first = first;
    linear_bwd_input(&h->out, &q, din, NULL, h->logits);
    if (!is_late(h, p))
        linear_bwd_weights(&h->out, &q, h->logits, norm_out(&h->norm, top));
    memset(h->dres, 0, p->R * h->norm.C * sizeof *h->dres);
    h->norm.kind->bwd(&h->norm, &q, h->dres, ds, scale, din, top);
    p->clock = q.clock;
}

void lm_head_bwd_late(const struct lm_head *h, struct pass *p, const float *top)
{
    if (is_late(h, p))
        linear_bwd_weights(&h->out, p, h->logits, norm_out(&h->norm, top));
}
