#include "model/mtp.h"

#include <string.h>

void mtp_plan(struct mtp *m, struct planner *p, const struct position *pos, const struct block *first)
{
    const struct gpt_shape *s = p->shape;
    struct block none = {0};
    *m = (struct mtp){.n = s->mtp, .weight = (float)s->mtp_weight};
    if (m->n == 0)
        return;
    p->alone = true;
    m->blocks = planner_take(p, m->n, sizeof *m->blocks);
    for (size_t k = 0; k < m->n; k++) {
        p->layer = s->L + k;
        block_plan(m->blocks ? &m->blocks[k] : &none, p, pos, first ? first : &none);
    }
    p->flops += 2 * (double)m->n * (double)s->C * (double)s->V; /* of the model's logits, once more for each */
    m->x = planner_keep(p, p->R * s->C);
    m->dx = planner_keep(p, p->R * s->C);
    m->targets = planner_take(p, p->R, sizeof *m->targets);
}

void mtp_pack(const struct mtp *m, struct ops o)
{
    for (size_t k = 0; k < m->n; k++)
        block_pack(&m->blocks[k], o);
}

/* What stands `ahead` places after the targets y; places that have no such token get any. */
static void look_ahead(const struct mtp *m, const struct pass *p, const int32_t *y, size_t ahead)
{
    for (size_t r = 0; r < p->R; r++)
        m->targets[r] = r % p->T + ahead < p->T ? y[r + ahead] : 0;
}

/* Places without a target teach nothing. */
static void forget_ends(const struct pass *p, float *logits, size_t V, size_t ahead)
{
    for (size_t b = 0; b < p->n; b++)
        memset(logits + ((b + 1) * p->T - ahead) * V, 0, ahead * V * sizeof *logits);
}

/* From the last one on, for that is where backward begins. */
bool mtp_train(const struct mtp *m, struct pass *p, const struct lm_head *h, const float *trunk, const int32_t *y,
               const struct kern_xent *how, float scale)
{
    size_t V = h->out.out, n = p->R * h->norm.C;
    struct kern_xent weighted = *how;
    weighted.grad_scale *= m->weight;
    weighted.soft = 0; /* teachers speak of the next token alone */
    if (m->n > 0)
        memset(m->dx, 0, n * sizeof *m->dx);
    for (size_t k = m->n; k > 0; k--) {
        const struct block *b = &m->blocks[k - 1];
        memcpy(b->x, trunk, n * sizeof *b->x);
        block_fwd(b, p, m->x, scale);
        lm_head_fwd(h, p, m->x);
        look_ahead(m, p, y, k);
        ops_xent(p->o, h->losses, h->logits, m->targets, &weighted, p->R, V);
        forget_ends(p, h->logits, V, k);
        pass_mark(p, GPT_OP_LOSS);
        lm_head_bwd(h, p, m->x, scale, p->first && k == m->n);
        block_bwd(b, p, h->dres, h->ds, scale);
        ops_mix(p->o, m->dx, 1, m->dx, 1, h->dres, n);
        pass_mark(p, GPT_OP_REST);
    }
    return m->n > 0;
}

void mtp_join(const struct mtp *m, struct pass *p, const struct lm_head *h, float scale)
{
    size_t n = p->R * h->norm.C;
    if (m->n == 0)
        return;
    ops_mix(p->o, h->dres, 1, h->dres, 1, m->dx, n);
    if (scale != 1)
        ops_mix(p->o, h->ds, scale, h->dres, 0, h->dres, n);
}
