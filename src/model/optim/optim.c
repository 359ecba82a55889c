#include "model/optim/optim.h"

#include <math.h>
#include <string.h>

bool optim_next(struct optim_walk *w, const struct optim_kind *kind, const struct tensors *tensors)
{
    size_t line = ARENA_ALIGN / sizeof(float);
    if (w->t && w->layer + 1 < w->t->n)
        w->layer++;
    else if (w->t)
        w->tensor++, w->layer = 0;
    for (size_t s = 0; w->t && s < kind->n_states; s++)
        w->at[s] += (w->n[s] + line - 1) / line * line;
    if (w->tensor >= tensors->n)
        return false;
    w->t = &tensors->list[w->tensor];
    for (size_t s = 0; s < kind->n_states; s++)
        w->n[s] = kind->state_floats(w->t, s);
    return true;
}

/* Run once to plan and once to allocate. */
static void carve(struct optim *o, const struct tensors *tensors, struct arena *a)
{
    struct optim_walk w = {0};
    while (optim_next(&w, o->kind, tensors))
        ;
    for (size_t s = 0; s < o->kind->n_states; s++) {
        o->n_floats[s] = w.at[s];
        o->state[s] = arena_floats(a, w.at[s]);
    }
}

static size_t bytes_of(const struct optim_kind *kind, const struct tensors *tensors)
{
    struct optim o = {.kind = kind};
    struct arena plan = arena_plan();
    carve(&o, tensors, &plan);
    return plan.used_bytes;
}

size_t optim_bytes(const struct optim_config *c, const struct gpt_shape *s)
{
    struct tensors t;
    (void)c;
    gpt_tensors(&t, s);
    return bytes_of(&optim_adamw, &t);
}

enum status optim_init(struct optim *o, const struct optim_config *c, const struct gpt *g, struct err *err)
{
    *o = (struct optim){.kind = &optim_adamw, .c = *c, .g = g};
    TRY(arena_init(&o->arena, bytes_of(o->kind, &g->tensors), err));
    carve(o, &g->tensors, &o->arena);
    optim_reset(o);
    return OK;
}

void optim_free(struct optim *o)
{
    arena_free(&o->arena);
    *o = (struct optim){0};
}

void optim_reset(struct optim *o)
{
    for (size_t s = 0; s < o->kind->n_states; s++)
        memset(o->state[s], 0, o->n_floats[s] * sizeof(float));
}

double optim_step(struct optim *o, struct gpt *g, double lr, int64_t step)
{
    struct pass p = {.op_s = g->op_s, .clock = g->op_s ? clock_now_s() : 0};
    const struct optim_config *c = &o->c;
    double norm = sqrt(ops_sumsq(g->ops, g->grad, g->tensors.n_flat));
    if (!isfinite(norm))
        return norm;
    struct optim_update u = {.o = g->ops, .c = c, .step = step};
    u.correct1 = 1 / (1 - pow(c->beta1, (double)step));
    u.correct2 = 1 / (1 - pow(c->beta2, (double)step));
    u.grad_scale = c->clip > 0 && norm > c->clip ? (float)(c->clip / norm) : 1.0f;
    for (struct optim_walk w = {0}; optim_next(&w, o->kind, &g->tensors);) {
        const struct param_rule *rule = &g->rules.role[w.t->role];
        size_t at = tensor_at(w.t, w.layer);
        u.t = w.t;
        u.lr = lr * (double)rule->lr;
        u.eps = c->eps * (double)rule->eps;
        /* Gains and biases are not decayed (Radford et al. 2019). */
        bool decays = w.t->role != PARAM_GAIN && w.t->role != PARAM_BIAS;
        u.decay = decays ? lr * (double)rule->lr * c->weight_decay * (double)rule->decay : 0;
        u.w = g->w + at;
        u.grad = g->grad + at;
        for (size_t s = 0; s < o->kind->n_states; s++)
            u.state[s] = o->state[s] + w.at[s];
        o->kind->update(&u);
    }
    pass_mark(&p, GPT_OP_OPTIMISER);
    gpt_pack(g);
    return norm;
}
