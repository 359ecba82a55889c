#include "model/turn.h"

#include <limits.h>
#include <stddef.h>

#include "model/team.h"

void turn_next(struct turn *t)
{
    if (!t)
        return;
    atomic_store_explicit(&t->done, t->at++, memory_order_release);
    if (t->before)
        team_await(&t->before->done, t->at);
}

void turn_end(struct turn *t)
{
    if (t)
        atomic_store_explicit(&t->done, INT_MAX, memory_order_release);
}
