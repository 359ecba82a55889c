#include "model/parts/mix2.h"

void mix2_plan(struct mix2 *x, struct planner *p, const char *name, const float start[2])
{
    x->m = planner_scalars(p, name, 2, start);
}

void mix2_fwd(const struct mix2 *x, struct pass *p, float *y, size_t ldy, const struct mix2_terms *t)
{
    for (size_t r = 0; r < p->R; r++)
        p->o.k->mix(y + r * ldy, x->m.w[0], t->a + r * t->lda, x->m.w[1], t->b + r * t->ldb, t->n);
    pass_mark(p, GPT_OP_REST);
}

void mix2_bwd(const struct mix2 *x, struct pass *p, float *dy, size_t ldy, float *db, size_t lddb, const struct mix2_terms *t)
{
    const struct kern *k = p->o.k;
    double sum[2] = {0, 0}; /* in the order of the rows, whatever the number of threads */
    for (size_t r = 0; r < p->R; r++) {
        float *d = dy + r * ldy;
        sum[0] += k->dot(d, t->a + r * t->lda, t->n);
        sum[1] += k->dot(d, t->b + r * t->ldb, t->n);
        k->mix(db + r * lddb, 1, db + r * lddb, x->m.w[1], d, t->n);
        k->mix(d, x->m.w[0], d, 0, d, t->n);
    }
    for (int i = 0; i < 2; i++)
        x->m.grad[i] += (float)sum[i];
    pass_mark(p, GPT_OP_REST);
}
