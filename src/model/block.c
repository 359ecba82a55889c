#include "model/block.h"

#include <string.h>

#include "model/turn.h"

static void plan_none(struct norm *n, const struct planner *p)
{
    *n = (struct norm){.kind = &norm_none, .C = p->shape->C};
}

static void plan_before(struct branch *b, struct planner *p, const char *gain, const char *bias)
{
    if (p->shape->norm_place != NORM_AFTER)
        norm_plan(&b->before, p, gain, bias);
    else
        plan_none(&b->before, p);
}

static void plan_after(struct branch *b, struct planner *p, const char *gain, const char *bias)
{
    b->raw = NULL;
    plan_none(&b->after, p);
    if (p->shape->norm_place == NORM_BEFORE)
        return;
    norm_plan(&b->after, p, gain, bias);
    b->raw = planner_keep(p, p->R * p->shape->C);
    b->draw = planner_scratch(p, "branch", p->shape->C);
}

static void plan_mix(struct block *b, struct planner *p, const struct block *first)
{
    static const float stream[2] = {1, 0};
    size_t floats = p->R * p->shape->C;
    b->mixed = b->x;
    if (!p->shape->x0_residual)
        return;
    mix2_plan(&b->mix, p, "xmix", stream);
    b->mixed = planner_keep(p, floats);
    b->dx0 = p->layer == 0 ? planner_keep(p, floats) : first->dx0;
    b->x0 = p->layer == 0 ? b->x : first->x;
}

void block_plan(struct block *b, struct planner *p, const struct position *pos, const struct block *first)
{
    const struct gpt_shape *s = p->shape;
    *b = (struct block){.parallel = s->parallel};
    b->x = planner_keep(p, p->R * s->C);
    plan_mix(b, p, first);
    plan_before(&b->b1, p, "ln1w", "ln1b");
    attention_plan(&b->attention, p, pos, &first->attention);
    plan_after(&b->b1, p, "post1w", "post1b");
    b->x_mid = planner_keep(p, p->R * s->C);
    if (b->parallel)
        plan_none(&b->b2.before, p);
    else
        plan_before(&b->b2, p, "ln2w", "ln2b");
    mlp_plan(&b->mlp, p);
    plan_after(&b->b2, p, "post2w", "post2b");
    b->din = planner_scratch(p, "narrow", s->C);
    b->both = b->parallel ? planner_scratch(p, "parallel", s->C) : 0;
}

void block_pack(const struct block *b, struct ops o)
{
    attention_pack(&b->attention, o);
    b->mlp.kind->pack(&b->mlp, o);
}

/* What the MLP reads. */
static const float *mlp_in(const struct block *b)
{
    return b->parallel ? norm_out(&b->b1.before, b->mixed) : norm_out(&b->b2.before, b->x_mid);
}

/* A branch that ended in b->raw joins the stream: out = x + scale norm(raw). */
static void join(const struct branch *b, struct pass *p, float *out, const float *x, float scale)
{
    if (!b->raw)
        return;
    b->after.kind->fwd(&b->after, p, b->raw);
    ops_mix(p->o, out, 1, x, scale, norm_out(&b->after, b->raw), p->R * b->after.C);
    pass_mark(p, GPT_OP_NORM);
}

void block_fwd(const struct block *b, struct pass *p, float *x_out, float scale)
{
    const struct kern_epilogue mid = {.res = b->mixed, .scale = scale}, end = {.res = b->x_mid, .scale = scale};
    size_t C = b->b1.before.C;
    if (b->x0)
        mix2_fwd(&b->mix, p, b->mixed, C, &(struct mix2_terms){b->x, C, b->x0, C, C});
    b->b1.before.kind->fwd(&b->b1.before, p, b->mixed);
    attention_fwd(&b->attention, p, b->b1.raw ? b->b1.raw : b->x_mid, norm_out(&b->b1.before, b->mixed), b->b1.raw ? NULL : &mid);
    join(&b->b1, p, b->x_mid, b->mixed, scale);
    if (!b->parallel)
        b->b2.before.kind->fwd(&b->b2.before, p, b->x_mid);
    b->mlp.kind->fwd(&b->mlp, p, b->b2.raw ? b->b2.raw : x_out, mlp_in(b), b->b2.raw ? NULL : &end);
    join(&b->b2, p, x_out, b->x_mid, scale);
}

/* The gradient of what the branch itself made, from ds, that of what it adds. */
static const float *leave(const struct branch *b, struct pass *p, const float *ds)
{
    if (!b->raw)
        return ds;
    float *d = pass_scratch(p, b->draw);
    memset(d, 0, p->R * b->after.C * sizeof *d);
    b->after.kind->bwd(&b->after, p, d, NULL, 1, ds, b->raw);
    return d;
}

void block_bwd(const struct block *b, struct pass *p, float *dres, float *ds, float scale)
{
    const float *at_end = scale == 1 ? dres : ds;
    float *next = scale == 1 ? NULL : ds, *din = pass_scratch(p, b->din), *both = pass_scratch(p, b->both);
    turn_next(p->turn);
    b->mlp.kind->bwd(&b->mlp, p, b->parallel ? both : din, leave(&b->b2, p, at_end), mlp_in(b));
    if (!b->parallel)
        b->b2.before.kind->bwd(&b->b2.before, p, dres, next, scale, din, b->x_mid);
    turn_next(p->turn);
    attention_bwd(&b->attention, p, din, leave(&b->b1, p, at_end), norm_out(&b->b1.before, b->mixed));
    if (b->parallel)
        ops_mix(p->o, din, 1, din, 1, both, p->R * b->b1.before.C);
    b->b1.before.kind->bwd(&b->b1.before, p, dres, next, scale, din, b->mixed);
    if (!b->x0)
        return;
    size_t C = b->b1.before.C;
    mix2_bwd(&b->mix, p, dres, C, b->dx0, C, &(struct mix2_terms){b->x, C, b->x0, C, C});
    if (next)
        ops_mix(p->o, next, scale, dres, 0, dres, p->R * C);
}
