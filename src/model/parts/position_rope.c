/* Rotary embeddings: pair i of a head's HS values turns by place * base^(-2i/HS) (Su et al. 2021, section 3.2.2). Pairs are
 * a head's two halves, as in GPT-NeoX and LLaMA's ports. */
#include <math.h>

#include "model/parts/position.h"

static void plan(struct position *pos, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    size_t HS = s->C / s->NH, half = HS / 2;
    pos->cosines = planner_keep(p, s->T * half);
    pos->sines = planner_keep(p, s->T * half);
    for (size_t t = 0; pos->cosines && t < s->T; t++)
        for (size_t i = 0; i < half; i++) {
            double angle = (double)t * pow(s->rope_base, -2 * (double)i / (double)HS);
            pos->cosines[t * half + i] = (float)cos(angle);
            pos->sines[t * half + i] = (float)sin(angle);
        }
}

static void turn(const struct position *pos, struct pass *p, const struct ops_attn *h, float *rows, bool back)
{
    size_t at = p->at * (h->HS / 2);
    ops_rope(p->o, rows, p->R, &(struct kern_rope){.cosines = pos->cosines + at, .sines = pos->sines + at, .ld = h->ld, .T = p->T,
                                                   .NH = h->NH + h->NKV, .HS = h->HS, .back = back});
}

const struct position_kind position_rope = {plan, turn};
