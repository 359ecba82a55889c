#include "model/pass.h"

#include <string.h>

#include "model/gemm.h"

const char *const gpt_op_names[GPT_N_OPS] = {
    "gemm_forward", "gemm_grad_input", "gemm_grad_weight", "attention", "norms",
    "activation",   "loss",            "optimiser",        "pack",      "rest"};

struct weight planner_tensor(struct planner *p, const char *name, size_t rows, size_t cols, enum param_role role,
                             bool summed)
{
    const struct tensor *t = tensors_add(p->tensors, name, p->layer, rows, cols, role, summed);
    if (!p->w)
        return (struct weight){0};
    size_t at = tensor_at(t, t->outside ? 0 : p->layer - t->first);
    return (struct weight){p->w + at, p->grad ? p->grad + at : NULL};
}

struct weight planner_scalars(struct planner *p, const char *name, size_t n, const float *start)
{
    struct weight w = planner_tensor(p, name, 1, n, PARAM_GAIN, true);
    tensors_start(p->tensors, name, start);
    return w;
}

size_t planner_row(const struct planner *p, size_t n)
{
    return n == p->shape->C ? n : gemm_row_floats(n);
}

void planner_product(struct planner *p, const char *tensor, size_t in, size_t out, size_t ldx, size_t ldy)
{
    struct products *all = p->products;
    if (!all)
        return;
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->list[i].tensor, tensor) == 0)
            return;
    CHECK(all->n < PRODUCTS_MAX);
    struct stated_product *next = &all->list[all->n++];
    next->tensor = tensor, next->rows = 1;
    next->in = in, next->out = out;
    next->ldx = ldx, next->ldy = ldy;
}

size_t planner_scratch(struct planner *p, const char *name, size_t row)
{
    struct scratch_floats *s = &p->scratch;
    size_t i = 1;
    while (i <= s->n && strcmp(s->of[i].name, name) != 0)
        i++;
    CHECK(i <= SCRATCH_MAX);
    s->n = i > s->n ? i : s->n;
    s->of[i].name = name;
    planner_want(&s->of[i].row, row);
    return i;
}
