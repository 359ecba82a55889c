/* Sines and cosines of the place, each pair of columns at a frequency of its own, 1 down to 1/10000 (Vaswani et al. 2017,
 * section 3.5): column 2i is sin(t w_i), 2i+1 cos(t w_i), w_i = 10000^(-2i/C). The authors multiply embeddings by sqrt(C)
 * before they add these. Here the table has the root mean square of embeddings as they are drawn, so that neither drowns the
 * other at any width. */
#include <math.h>

#include "model/parts/position.h"

#define DRAWN 0.02 /* sd of the initial embeddings, param.h */

static void plan(struct position *pos, struct planner *p)
{
    size_t T = p->shape->T, C = p->shape->C;
    float *table = planner_keep(p, T * C);
    for (size_t i = 0; table && i < T * C; i++) {
        size_t t = i / C, c = i % C;
        double angle = (double)t * pow(10000, -(double)(c - c % 2) / (double)C);
        table[i] = (float)(DRAWN * sqrt(2) * (c % 2 ? cos(angle) : sin(angle)));
    }
    pos->table = (struct weight){.w = table};
}

const struct position_kind position_sinusoidal = {plan, NULL};
