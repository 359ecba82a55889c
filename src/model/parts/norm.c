#include "model/parts/norm.h"

#define X(word, part, what) &part,
static const struct norm_kind *const kinds[] = {NORM_KINDS(X)};
#undef X

void norm_plan(struct norm *n, struct planner *p, const char *gain, const char *bias)
{
    const struct norm_kind *kind = kinds[p->shape->norm];
    *n = (struct norm){.kind = kind, .C = p->shape->C};
    kind->plan(n, p, gain, bias);
}
