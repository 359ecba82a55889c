#include "model/parts/position.h"

#define X(word, part, what) &part,
static const struct position_kind *const kinds[] = {POSITION_KINDS(X)};
#undef X

void position_plan(struct position *pos, struct planner *p)
{
    *pos = (struct position){.kind = kinds[p->shape->position]};
    pos->kind->plan(pos, p);
}
