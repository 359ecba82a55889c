#include "models.h"
#include "test.h"

#include <string.h>

const struct gpt_shape small = {GPT_2 .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3};
const struct gpt_shape wide = {GPT_2 .V = 70, .T = 24, .C = 48, .L = 2, .NH = 4};
const struct optim_config adam = {
    .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6, .weight_decay = 0.1, .clip = 0.3};

struct kern *next_isa(struct kern *k)
{
    return kern_next(k) ? k : NULL;
}

void make(struct gpt *g, const struct gpt_shape *s, enum param_kind kind, const struct kern *k, size_t B, int threads)
{
    struct err err;
    struct param_rules rules = param_rules_make(kind, s->C, s->L, BASE_C, BASE_L);
    EXPECT_OK(gpt_init(g, s, &rules, k, B, threads, &err));
    gpt_init_weights(g, 7);
}

void perturb(struct gpt *g)
{
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        for (size_t l = 0; l < t->n; l++)
            for (size_t j = 0; j < tensor_size(t); j++)
                g->w[tensor_at(t, l) + j] += (float)(0.1 * rng_normal(test_rng()));
    }
    gpt_pack(g);
}

void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, size_t B, uint64_t step)
{
    struct rng rng = rng_make(5, RNG_TEST, step, 1);
    for (size_t b = 0; b < B; b++) {
        int32_t token = (int32_t)rng_below(&rng, s->V);
        for (size_t t = 0; t < s->T; t++) {
            x[b * s->T + t] = token;
            token = rng_below(&rng, 4) ? (int32_t)(((size_t)token + 1) % s->V)
                                       : (int32_t)rng_below(&rng, s->V);
            y[b * s->T + t] = token;
        }
    }
}

void make_model(struct model *m, const struct gpt_shape *s, enum param_kind kind, const struct kern *k, size_t B, int threads)
{
    struct err err;
    make(&m->g, s, kind, k, B, threads);
    EXPECT_OK(optim_init(&m->o, &adam, &m->g, &err));
}

void free_model(struct model *m)
{
    optim_free(&m->o);
    gpt_free(&m->g);
}

bool same_floats(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

bool same_state(const struct model *a, const struct model *b)
{
    bool same = same_floats(a->g.w, b->g.w, a->g.tensors.n_flat);
    for (size_t i = 0; i < optim_n_states(&a->o); i++)
        same = same && a->o.n_floats[i] == b->o.n_floats[i] && same_floats(a->o.state[i], b->o.state[i], a->o.n_floats[i]);
    return same;
}

double step_on(struct model *m, uint64_t step)
{
    struct gpt *g = &m->g;
    int32_t x[WIDE_TOKENS], y[WIDE_TOKENS];
    CHECK(g->B * g->shape.T <= WIDE_TOKENS);
    batch(x, y, &g->shape, g->B, step);
    double loss = gpt_forward_backward(g, x, y);
    optim_step(&m->o, g, 0.01, (int64_t)step);
    return loss;
}
