#include "optims.h"
#include "test.h"

#include <string.h>

const struct gpt_shape small = {GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 3};

struct kern *next_isa(struct kern *k)
{
    return kern_next(k) ? k : NULL;
}

struct optim_config config_of(size_t kind)
{
    return (struct optim_config){.kind = kind, .beta1 = 0.9, .beta2 = 0.97, .eps = 1e-8, .weight_decay = 0.3, .clip = 2,
                                 .momentum = 0.95, .nesterov = true, .muon_steps = 5, .adam_lr_ratio = 0.5,
                                 .soap_every = 3, .soap_max_dim = 24};
}

void make(struct model *m, const struct gpt_shape *s, const struct optim_config *c, const struct kern *k, int threads)
{
    struct err err;
    struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s->C, s->L, BASE_C, BASE_L);
    EXPECT_OK(gpt_init(&m->g, s, &rules, k, BATCH, threads, &err));
    gpt_init_weights(&m->g, 7);
    EXPECT_OK(optim_init(&m->o, c, &m->g, &err));
}

void release(struct model *m)
{
    optim_free(&m->o);
    gpt_free(&m->g);
}

void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, uint64_t step)
{
    struct rng rng = rng_make(5, RNG_TEST, step, 1);
    for (size_t b = 0; b < BATCH; b++) {
        int32_t token = (int32_t)rng_below(&rng, s->V);
        for (size_t t = 0; t < s->T; t++) {
            x[b * s->T + t] = token;
            token = rng_below(&rng, 8) ? (int32_t)(((size_t)token + 1) % s->V) : (int32_t)rng_below(&rng, s->V);
            y[b * s->T + t] = token;
        }
    }
}

double train_step(struct model *m, uint64_t step, double lr)
{
    int32_t x[BATCH * 24], y[BATCH * 24];
    CHECK(m->g.shape.T <= 24);
    batch(x, y, &m->g.shape, step);
    double loss = gpt_forward_backward(&m->g, x, y);
    optim_step(&m->o, &m->g, lr, (int64_t)step);
    return loss;
}

bool same_state(const struct model *a, const struct model *b)
{
    bool same = memcmp(a->g.w, b->g.w, a->g.tensors.n_flat * sizeof(float)) == 0;
    for (size_t i = 0; i < optim_n_states(&a->o); i++)
        same = same && a->o.n_floats[i] == b->o.n_floats[i] &&
               memcmp(a->o.state[i], b->o.state[i], a->o.n_floats[i] * sizeof(float)) == 0;
    return same;
}
