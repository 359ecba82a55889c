#include "model/distill.h"

/* Run once to plan and once to allocate. */
static void carve(struct distill *d, const struct gpt_shape *s, size_t B, struct arena *a)
{
    size_t floats = gpt_chunk(s, B) * s->T * s->V;
    d->targets.grad = arena_floats(a, floats);
    d->logits = d->n > 1 ? arena_floats(a, floats) : NULL;
}

size_t distill_bytes(const struct gpt_shape *model, size_t B, size_t n)
{
    struct distill d = {.n = n};
    struct arena plan = arena_plan();
    carve(&d, model, B, &plan);
    return plan.used_bytes;
}

static void fill(void *ctx, const struct gpt *g, const int32_t *x, size_t n, float grad_scale)
{
    struct distill *d = ctx;
    float *soft = d->targets.grad;
    size_t R = n * g->shape.T, V = g->shape.V;
    const struct gpt *first = &d->teachers[0];
    struct kern_soft how = {.logit_scale = g->rules.logit_scale, .cap = (float)g->shape.softcap,
                            .teacher_scale = first->rules.logit_scale, .teacher_cap = (float)first->shape.softcap,
                            .temperature = d->temperature, .grad_scale = d->targets.weight * grad_scale};
    for (size_t i = 0; i < d->n; i++) {
        struct gpt *t = &d->teachers[i];
        const struct kern_pool pool = {.logit_scale = t->rules.logit_scale, .cap = (float)t->shape.softcap, .member = i,
                                       .members = d->n};
        gpt_logits(t, d->n > 1 ? d->logits : soft, x, n);
        if (d->n > 1)
            ops_pool(g->ops, soft, d->logits, &pool, R, V);
    }
    if (d->n > 1) /* the mean is a logarithm as it stands */
        how.teacher_scale = 1, how.teacher_cap = 0;
    ops_distill(g->ops, soft, g->head.logits, &how, R, V);
}

enum status distill_init(struct distill *d, struct gpt *teachers, size_t n, float weight, float temperature,
                         const struct gpt_shape *model, size_t B, struct err *err)
{
    CHECK(n > 0 && weight > 0 && weight <= 1 && temperature > 0);
    for (size_t i = 0; i < n; i++)
        CHECK(teachers[i].shape.V == model->V && teachers[i].shape.T == model->T);
    *d = (struct distill){.targets = {.weight = weight, .fill = fill, .ctx = d}, .teachers = teachers, .n = n,
                          .temperature = temperature};
    TRY(arena_init(&d->arena, distill_bytes(model, B, n), err));
    carve(d, model, B, &d->arena);
    return OK;
}

void distill_free(struct distill *d)
{
    arena_free(&d->arena);
    *d = (struct distill){0};
}
