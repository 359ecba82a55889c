#include "model/optim/optim.h"

#include <math.h>
#include <string.h>

#define X(name, what) &optim_##name,
const struct optim_kind *const optim_kinds[OPTIM_N_KINDS] = {&optim_adamw, OPTIM_OTHERS(X)};
#undef X

size_t optim_whole_state(const struct optim_config *c, const struct tensor *t, size_t state)
{
    (void)c, (void)state;
    return tensor_size(t);
}

size_t optim_whole_scratch(struct ops o, const struct optim_config *c, const struct tensor *t)
{
    (void)o, (void)c;
    return tensor_size(t);
}

size_t optim_no_scratch(struct ops o, const struct optim_config *c, const struct tensor *t)
{
    (void)o, (void)c, (void)t;
    return 0;
}

struct param_rule optim_adam_rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t)
{
    (void)c;
    return r->role[t->role];
}

void optim_descend(const struct optim_update *u, size_t at, size_t cols, const float *along, size_t ld, double rate)
{
    struct kern_descent d = {.rate = (float)rate, .decay = (float)u->decay, .cautious = u->c->cautious_decay};
    ops_descend(u->o, u->w + at, u->t->cols, along, ld, u->t->rows, cols, &d);
}

bool optim_has_average(const struct optim *o, enum optim_average which)
{
#define X(name) o->c.name > 0,
    return (const bool[]){OPTIM_AVERAGES(X)}[which];
#undef X
}

/* The place of an average among the arrays; of OPTIM_N_AVERAGES, how many arrays there are. */
static size_t average_at(const struct optim *o, enum optim_average which)
{
    size_t at = o->kind->n_states;
    for (enum optim_average a = 0; a < which; a++)
        at += optim_has_average(o, a);
    return at;
}

size_t optim_n_states(const struct optim *o)
{
    return average_at(o, OPTIM_N_AVERAGES);
}

size_t optim_state_floats(const struct optim *o, const struct tensor *t, size_t state)
{
    const struct tensor one = tensor_one(t);
    return state < o->kind->n_states ? t->stack * o->kind->state_floats(&o->c, &one, state) : tensor_size(t);
}

bool optim_next(struct optim_walk *w, const struct optim *o, const struct tensors *tensors)
{
    size_t line = ARENA_ALIGN / sizeof(float), n_states = o ? optim_n_states(o) : 0;
    if (w->t && w->layer + 1 < w->t->n)
        w->layer++;
    else if (w->t)
        w->tensor++, w->layer = 0;
    for (size_t s = 0; w->t && s < n_states; s++)
        w->at[s] += (w->n[s] + line - 1) / line * line;
    if (w->tensor >= tensors->n)
        return false;
    w->t = &tensors->list[w->tensor];
    for (size_t s = 0; s < n_states; s++)
        w->n[s] = optim_state_floats(o, w->t, s);
    return true;
}

/* Run once to plan and once to allocate. */
static void carve(struct optim *o, const struct tensors *tensors, struct ops ops, struct arena *a)
{
    struct optim_walk w = {0};
    size_t scratch = 0;
    while (optim_next(&w, o, tensors)) {
        struct tensor one = tensor_one(w.t);
        size_t wanted = o->kind->scratch_floats(ops, &o->c, &one);
        scratch = wanted > scratch ? wanted : scratch;
    }
    for (size_t s = 0; s < optim_n_states(o); s++) {
        o->n_floats[s] = w.at[s];
        o->state[s] = arena_floats(a, w.at[s]);
    }
    o->scratch = scratch ? arena_floats(a, scratch) : NULL;
}

static size_t bytes_of(const struct optim_config *c, const struct tensors *tensors, struct ops ops)
{
    struct optim o = {.kind = optim_kinds[c->kind], .c = *c};
    struct arena plan = arena_plan();
    carve(&o, tensors, ops, &plan);
    return plan.used_bytes;
}

size_t optim_bytes(const struct optim_config *c, const struct gpt_shape *s, const struct kern *k, int threads)
{
    struct tensors t;
    gpt_tensors(&t, s);
    return bytes_of(c, &t, (struct ops){.k = k, .threads = threads});
}

enum status optim_init(struct optim *o, const struct optim_config *c, const struct gpt *g, struct err *err)
{
    CHECK(c->kind < OPTIM_N_KINDS);
    *o = (struct optim){.kind = optim_kinds[c->kind], .c = *c, .g = g};
    TRY(arena_init(&o->arena, bytes_of(c, &g->tensors, g->ops), err));
    carve(o, &g->tensors, g->ops, &o->arena);
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
    for (size_t s = 0; s < optim_n_states(o); s++)
        memset(o->state[s], 0, o->n_floats[s] * sizeof(float));
}

/* Where the walk stands, under the tensor's rule: each matrix of a stack by itself. */
static void step_tensor(const struct optim *o, struct gpt *g, struct optim_update *u, const struct optim_walk *w, double lr)
{
    const struct tensor one = tensor_one(w->t);
    struct param_rule rule = o->kind->rule(&g->rules, &o->c, &one);
    size_t at = tensor_at(w->t, w->layer);
    u->t = &one;
    u->lr = lr * (double)rule.lr;
    u->eps = o->c.eps * (double)rule.eps;
    /* Gains and biases are not decayed (Radford et al. 2019). */
    bool decays = w->t->role != PARAM_GAIN && w->t->role != PARAM_BIAS;
    u->decay = decays ? lr * (double)rule.lr * o->c.weight_decay * (double)rule.decay : 0;
    for (size_t i = 0; i < w->t->stack; i++) {
        u->w = g->w + at + i * tensor_size(&one);
        u->grad = g->grad + at + i * tensor_size(&one);
        for (size_t s = 0; s < o->kind->n_states; s++)
            u->state[s] = o->state[s] + w->at[s] + i * (w->n[s] / w->t->stack);
        o->kind->update(u);
    }
}

/* The share of an average that stays at a step. The exponential one begins as TensorFlow's ExponentialMovingAverage. */
static double kept_share(const struct optim *o, enum optim_average which, int64_t step)
{
    if (which == OPTIM_AVERAGE_ema)
        return fmin(o->c.ema, (double)(step - 1) / (double)(step + 9));
    int64_t n = step - o->tail_after;
    return n < 1 ? 1 : (double)(n - 1) / (double)n;
}

/* The arrays of averages have the places of the weights. */
static void average(const struct optim *o, const struct gpt *g, int64_t step)
{
    for (enum optim_average a = 0; a < OPTIM_N_AVERAGES; a++) {
        double keep = kept_share(o, a, step);
        if (!optim_has_average(o, a) || keep == 1)
            continue;
        float *mean = o->state[average_at(o, a)];
        CHECK(o->n_floats[average_at(o, a)] == g->tensors.n_flat);
        ops_mix(g->ops, mean, (float)keep, mean, (float)(1 - keep), g->w, g->tensors.n_flat);
    }
}

void optim_use_average(const struct optim *o, enum optim_average which, struct gpt *g)
{
    size_t bytes = g->tensors.n_flat * sizeof(float);
    CHECK(optim_has_average(o, which));
    memcpy(g->grad, g->w, bytes);
    memcpy(g->w, o->state[average_at(o, which)], bytes);
    gpt_pack(g);
}

void optim_use_weights(struct gpt *g)
{
    memcpy(g->w, g->grad, g->tensors.n_flat * sizeof(float));
    gpt_pack(g);
}

double optim_step(struct optim *o, struct gpt *g, double lr, int64_t step)
{
    struct pass p = {.op_s = g->op_s, .clock = g->op_s ? clock_now_s() : 0};
    const struct optim_config *c = &o->c;
    double norm = sqrt(ops_sumsq(g->ops, g->grad, g->tensors.n_flat));
    if (!isfinite(norm))
        return norm;
    struct optim_update u = {.o = g->ops, .c = c, .step = step, .scratch = o->scratch};
    u.correct1 = 1 / (1 - pow(c->beta1, (double)step));
    u.correct2 = 1 / (1 - pow(c->beta2, (double)step));
    u.grad_scale = c->clip > 0 && norm > c->clip ? (float)(c->clip / norm) : 1.0f;
    for (struct optim_walk w = {0}; optim_next(&w, o, &g->tensors);)
        step_tensor(o, g, &u, &w, lr);
    average(o, g, step);
    pass_mark(&p, GPT_OP_OPTIMISER);
    gpt_pack(g);
    return norm;
}
