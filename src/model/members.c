#include "model/members.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"

enum status members_init(struct members *e, const struct gpt_shape *s, const struct param_rules *rules,
                          const struct optim_config *c, const struct kern *k, size_t B, int threads, struct err *err)
{
    *e = (struct members){.n = s->ensemble};
    CHECK(e->n >= 1);
    TRY(size_calloc(&e->g, e->n, sizeof *e->g, "the ensemble", err));
    if (c)
        TRY(size_calloc(&e->optim, e->n, sizeof *e->optim, "the ensemble", err));
    for (size_t i = 0; i < e->n; i++) {
        TRY(gpt_init(&e->g[i], s, rules, k, B, threads, err));
        if (c)
            TRY(optim_init(&e->optim[i], c, &e->g[i], err));
    }
    return OK;
}

enum status members_init_forward(struct members *e, const struct gpt_shape *s, const struct param_rules *rules,
                                 const struct kern *k, size_t B, int threads, struct err *err)
{
    *e = (struct members){.n = s->ensemble};
    TRY(size_calloc(&e->g, e->n, sizeof *e->g, "the ensemble", err));
    for (size_t i = 0; i < e->n; i++)
        TRY(gpt_init_forward(&e->g[i], s, rules, k, B, threads, err));
    return OK;
}

void members_free(struct members *e)
{
    for (size_t i = 0; e->optim && i < e->n; i++)
        optim_free(&e->optim[i]);
    for (size_t i = 0; e->g && i < e->n; i++)
        gpt_free(&e->g[i]);
    free(e->optim);
    free(e->g);
    *e = (struct members){0};
}

double members_bytes(const struct gpt_shape *s, const struct optim_config *c, const struct kern *k, size_t B, int threads)
{
    double own = (double)gpt_bytes(s, k, B, threads);
    return (double)s->ensemble * (c ? own + (double)optim_bytes(c, s, k, threads) : own);
}

void members_threads(struct members *e, int threads)
{
    for (size_t i = 0; i < e->n; i++)
        e->g[i].ops.threads = threads;
}

uint64_t members_seed(uint64_t seed, size_t member)
{
    return member == 0 ? seed : rng_mix(seed ^ rng_mix(member));
}

void members_begin(struct members *e, uint64_t seed)
{
    for (size_t i = 0; i < e->n; i++) {
        gpt_init_weights(&e->g[i], members_seed(seed, i));
        optim_reset(&e->optim[i]);
    }
}

/* -ln of the mean of e^-loss: as the least loss is the largest term, the sum is at least 1. */
static float pooled(const float *loss, size_t n, size_t apart)
{
    float least = loss[0];
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        least = fminf(least, loss[i * apart]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(least - loss[i * apart]));
    return (float)((double)least - log(sum / (double)n));
}

void members_losses(struct members *e, float *losses, float *own, const int32_t *x, const int32_t *y, size_t n)
{
    size_t tokens = n * e->g[0].shape.T;
    for (size_t i = 0; i < e->n; i++)
        gpt_losses(&e->g[i], own ? own + i * tokens : losses, x, y, n);
    for (size_t j = 0; own && j < tokens; j++)
        losses[j] = e->n > 1 ? pooled(own + j, e->n, tokens) : own[j];
}
