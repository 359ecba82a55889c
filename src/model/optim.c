#include "model/optim.h"

#include <math.h>

#include "base/clock.h"

double schedule_branch_tokens(const struct schedule *s)
{
    if (s->kind != SCHEDULE_WSD)
        return 0;
    double at = (1 - s->cooldown) * s->total;
    return at > s->warmup ? at : s->warmup;
}

double schedule_lr(const struct schedule *s, double tokens)
{
    if (tokens < s->warmup)
        return s->peak * tokens / s->warmup;
    double from = s->kind == SCHEDULE_WSD ? schedule_branch_tokens(s) : s->warmup;
    /* Also where nothing lies behind `from`: a cooldown of 0, or a warm-up up to total. */
    if (tokens <= from)
        return s->peak;
    double share = s->total > from ? fmin(1, (tokens - from) / (s->total - from)) : 1;
    double f = 1;
    if (s->kind == SCHEDULE_WSD)
        f = 1 - sqrt(share);
    else if (s->kind == SCHEDULE_COSINE)
        f = 0.5 * (1 + cos(3.14159265358979323846 * share));
    else if (s->kind == SCHEDULE_LINEAR)
        f = 1 - share;
    return s->peak * (s->min_lr + (1 - s->min_lr) * f);
}

double optim_step(struct gpt *g, const struct optim *o, double lr, int64_t step)
{
    double start = g->op_s ? clock_now_s() : 0;
    double norm = sqrt(ops_sumsq(g->ops, g->grad, g->n_flat));
    if (!isfinite(norm))
        return norm;
    struct kern_adamw base = {
        .beta1 = (float)o->beta1,
        .beta2 = (float)o->beta2,
        .correct1 = (float)(1 / (1 - pow(o->beta1, (double)step))),
        .correct2 = (float)(1 / (1 - pow(o->beta2, (double)step))),
        .grad_scale = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1.0f,
    };
    for (size_t i = 0; i < g->n_slots; i++) {
        const struct gpt_slot *slot = &g->slots[i];
        const struct param_rule *rule = &g->rules.role[slot->role];
        struct kern_adamw a = base;
        a.lr = (float)(lr * (double)rule->lr);
        a.eps = (float)(o->eps * (double)rule->eps);
        /* Gains and biases are not decayed (Radford et al. 2019). */
        if (slot->role != PARAM_GAIN && slot->role != PARAM_BIAS)
            a.decay = (float)(lr * (double)rule->lr * o->weight_decay * (double)rule->decay);
        size_t at = slot->offset;
        ops_adamw(g->ops, g->w + at, g->grad + at, g->m + at, g->v + at, &a,
                  slot->rows * slot->cols);
    }
    if (g->op_s)
        g->op_s[GPT_OP_OPTIMISER] += clock_now_s() - start;
    gpt_pack(g);
    return norm;
}
