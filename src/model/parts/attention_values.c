/* Values are mixed with the first layer's, by trained weights (Zhou et al. 2024). */
#include "model/parts/attention.h"

#include <string.h>

/* Where a row's values begin, and how many there are. */
static size_t values_at(const struct attention *a)
{
    return (a->heads.NH + a->heads.NKV) * a->heads.HS;
}

static size_t n_values(const struct attention *a)
{
    return a->heads.NKV * a->heads.HS;
}

static bool plan(struct attention_term *t, struct attention *a, struct planner *p, const struct attention *first)
{
    static const float halves[2] = {0.5f, 0.5f};
    if (!p->shape->value_residual)
        return false;
    float *floats = planner_keep(p, p->R * n_values(a));
    t->top = p->layer + 1 == p->tensors->L;
    if (p->layer == 0) {
        t->dfirst = floats;
        return true;
    }
    mix2_plan(&t->mix, p, "vmix", halves);
    t->kept = floats; /* values as they were */
    t->first = first;
    t->dfirst = first->terms[t - a->terms].dfirst;
    return true;
}

/* The layer's own values, and the first layer's, from row p->at on. */
static struct mix2_terms mixed(const struct attention_term *t, const struct attention *a, const struct pass *p)
{
    size_t ld = a->heads.ld, n = n_values(a);
    return (struct mix2_terms){t->kept, n, t->first->wide + p->at * ld + values_at(a), ld, n};
}

static void fwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *qkv)
{
    size_t n = n_values(a), ld = a->heads.ld;
    float *v = qkv + values_at(a);
    if (!t->first)
        return;
    for (size_t r = 0; r < p->R; r++)
        memcpy(t->kept + r * n, v + r * ld, n * sizeof *v);
    const struct mix2_terms both = mixed(t, a, p);
    mix2_fwd(&t->mix, p, v, ld, &both);
}

/* A part goes to the first layer's values, which take what came from all others. */
static void bwd(const struct attention_term *t, const struct attention *a, struct pass *p, float *dqkv)
{
    size_t n = n_values(a), ld = a->heads.ld;
    float *dv = dqkv + values_at(a);
    if (t->top)
        memset(t->dfirst, 0, p->R * n * sizeof *dv);
    if (t->first) {
        const struct mix2_terms both = mixed(t, a, p);
        mix2_bwd(&t->mix, p, dv, ld, t->dfirst, n, &both);
        return;
    }
    for (size_t r = 0; r < p->R; r++)
        p->o.k->mix(dv + r * ld, 1, dv + r * ld, 1, t->dfirst + r * n, n);
    pass_mark(p, GPT_OP_REST);
}

const struct attention_term_kind attention_values = {.plan = plan, .fwd = fwd, .bwd = bwd};
