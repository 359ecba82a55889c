/* A vector for each place, added to the token's (Radford et al. 2019). */
#include "model/parts/position.h"

static void plan(struct position *pos, struct planner *p)
{
    pos->table = planner_tensor(p, "wpe", p->shape->T, p->shape->C, PARAM_EMBED, true);
}

const struct position_kind position_learned = {plan, NULL};
