/* Attention with linear biases: head h of n adds -2^(-8 (h+1) / n) times the distance to its scores (Press et al. 2022).
 * Where n is no power of two: the slopes of the largest one below, then every other one of twice that, as in the
 * authors' code. */
#include <math.h>

#include "model/parts/position.h"

static void plan(struct position *pos, struct planner *p)
{
    size_t NH = p->shape->NH, power = 1;
    while (2 * power <= NH)
        power *= 2;
    pos->slopes = planner_keep(p, NH);
    for (size_t h = 0; pos->slopes && h < NH; h++) {
        double exponent = h < power ? 8 * (double)(h + 1) / (double)power : 8 * (double)(2 * (h - power) + 1) / (double)(2 * power);
        pos->slopes[h] = (float)pow(2, -exponent);
    }
}

const struct position_kind position_alibi = {plan, NULL};
