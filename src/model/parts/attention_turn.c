/* q and k turn by their places, where the position scheme has it so. */
#include "model/parts/attention.h"

static bool plan(struct attention_term *t, struct attention *a, struct planner *p, const struct attention *first)
{
    (void)t, (void)p, (void)first;
    return a->pos->kind->turn;
}

static void fwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *qkv)
{
    (void)t;
    a->pos->kind->turn(a->pos, p, &a->heads, qkv, false);
    pass_mark(p, GPT_OP_ATTENTION);
}

static void bwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *dqkv)
{
    (void)t;
    a->pos->kind->turn(a->pos, p, &a->heads, dqkv, true);
    pass_mark(p, GPT_OP_ATTENTION);
}

const struct attention_term_kind attention_turn = {.plan = plan, .fwd = fwd, .bwd = bwd};
