#include "model/parts/experts.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* --- what there is ------------------------------------------------------------------------------------- */

/* Expert e's own arrays, as many rows as go there. */
static struct mlp expert_at(const struct experts *x, size_t e)
{
    struct mlp m = x->expert[e];
    m.act = x->act + x->first[e] * m.down.ldx;
    m.slope = x->slope + x->first[e] * m.up.ldy;
    return m;
}

static void plan(struct mlp *m, struct planner *p)
{
    const struct gpt_shape *s = p->shape;
    struct experts *x = m->experts = planner_take(p, 1, sizeof *x), none;
    struct experts *at = x ? x : &none;
    *at = (struct experts){.E = s->n_expert, .k = s->top_k, .C = s->C, .balance = (float)s->balance};
    p->alone = true;
    double before = p->flops;
    linear_plan(&at->router, p, "routerw", NULL, s->C, s->n_expert, PARAM_HIDDEN);
    double router = p->flops - before;
    at->expert = planner_take(p, at->E, sizeof *at->expert);
    size_t products = p->products ? p->products->n : 0;
    size_t own = p->tensors->n; /* the experts' own begin here, where this is the first layer; else there are no new ones */
    struct mlp one;
    for (size_t e = 0; e < at->E; e++) {
        mlp_plan_expert(&one, p, e);
        if (x)
            at->expert[e] = one;
    }
    /* Every expert stated its FLOPs and tensors; a token goes through k of them. */
    p->flops = before + router + (p->flops - before - router) * (double)at->k / (double)at->E;
    for (size_t i = products; p->products && i < p->products->n; i++)
        p->products->list[i].rows = (double)at->k / (double)at->E;
    tensors_share(p->tensors, own, (double)s->top_k / (double)s->n_expert);
    at->H = m->H = one.H;
    size_t rows = at->k * p->R;
    at->probs = planner_keep(p, p->R * at->router.ldy);
    at->chosen = planner_take(p, rows, sizeof *at->chosen);
    at->row = planner_take(p, rows, sizeof *at->row);
    at->first = planner_take(p, at->E + 1, sizeof *at->first);
    at->in = planner_keep(p, rows * s->C);
    at->out = planner_keep(p, rows * s->C);
    at->act = planner_keep(p, rows * one.down.ldx);
    at->slope = planner_keep(p, rows * one.up.ldy);
    at->dout = planner_scratch(p, "expert", at->k * s->C);
    at->din2 = planner_scratch(p, "narrow2", s->C);
    at->dprobs = planner_scratch(p, "router", at->router.ldy);
}

/* --- routing ------------------------------------------------------------------------------------------- */

static void softmax(float *z, size_t n)
{
    float top = z[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        top = fmaxf(top, z[i]);
    for (size_t i = 0; i < n; i++)
        sum += z[i] = expf(z[i] - top);
    for (size_t i = 0; i < n; i++)
        z[i] /= sum;
}

/* The k most probable, ties to the lower number. */
static void choose(int32_t *chosen, const float *probs, size_t E, size_t k)
{
    for (size_t j = 0; j < k; j++) {
        size_t best = E;
        for (size_t e = 0; e < E; e++) {
            bool taken = false;
            for (size_t i = 0; i < j; i++)
                taken = taken || chosen[i] == (int32_t)e;
            if (!taken && (best == E || probs[e] > probs[best]))
                best = e;
        }
        chosen[j] = (int32_t)best;
    }
}

/* Tokens in the order of their experts. */
static void sort_rows(const struct experts *x, size_t R)
{
    memset(x->first, 0, (x->E + 1) * sizeof *x->first);
    for (size_t i = 0; i < R * x->k; i++)
        x->first[x->chosen[i] + 1]++;
    for (size_t e = 0; e < x->E; e++)
        x->first[e + 1] += x->first[e];
    for (size_t i = 0; i < R * x->k; i++)
        x->row[x->first[x->chosen[i]]++] = (int32_t)(i / x->k);
    for (size_t e = x->E; e > 0; e--) /* each has moved to the next one's begin */
        x->first[e] = x->first[e - 1];
    x->first[0] = 0;
}

static void route(const struct experts *x, struct pass *p, const float *in)
{
    linear_fwd(&x->router, p, x->probs, in, NULL);
    for (size_t r = 0; r < p->R; r++) {
        float *probs = x->probs + r * x->router.ldy;
        softmax(probs, x->E);
        choose(x->chosen + r * x->k, probs, x->E, x->k);
    }
    sort_rows(x, p->R);
    for (size_t i = 0; i < p->R * x->k; i++)
        memcpy(x->in + i * x->C, in + (size_t)x->row[i] * x->C, x->C * sizeof *in);
    pass_mark(p, GPT_OP_REST);
}

/* --- forward and backward ------------------------------------------------------------------------------ */

/* The pass through expert e alone. */
static struct pass pass_of_expert(const struct experts *x, const struct pass *p, size_t e)
{
    struct pass q = *p;
    q.R = x->first[e + 1] - x->first[e];
    return q;
}

static float prob_of(const struct experts *x, size_t e, size_t i)
{
    return x->probs[(size_t)x->row[i] * x->router.ldy + e];
}

static void fwd(const struct mlp *m, struct pass *p, float *out, const float *in, const struct kern_epilogue *end)
{
    const struct experts *x = m->experts;
    const struct kern *k = p->o.k;
    float scale = end ? end->scale : 1;
    route(x, p, in);
    if (end)
        memcpy(out, end->res, p->R * x->C * sizeof *out);
    else
        memset(out, 0, p->R * x->C * sizeof *out);
    for (size_t e = 0; e < x->E; e++) {
        struct pass q = pass_of_expert(x, p, e);
        struct mlp expert = expert_at(x, e);
        size_t at = x->first[e];
        expert.kind->fwd(&expert, &q, x->out + at * x->C, x->in + at * x->C, NULL);
        p->clock = q.clock;
        for (size_t i = at; i < x->first[e + 1]; i++) {
            float *y = out + (size_t)x->row[i] * x->C;
            k->mix(y, 1, y, scale * prob_of(x, e, i), x->out + i * x->C, x->C);
        }
    }
    pass_mark(p, GPT_OP_REST);
}

/* dprobs (R,E), rows ldy apart: what balance adds. The share that went to an expert is a constant. */
static void balance_gradient(const struct experts *x, const struct pass *p, float *dprobs)
{
    double R = (double)p->R;
    for (size_t e = 0; e < x->E; e++) {
        double share = (double)(x->first[e + 1] - x->first[e]) / (R * (double)x->k);
        float d = (float)((double)x->balance * (double)x->E * share / R) * p->chunk_share;
        for (size_t r = 0; r < p->R; r++)
            dprobs[r * x->router.ldy + e] = d;
    }
}

/* Gradients of probabilities to those of logits, in place. */
static void softmax_gradient(const struct experts *x, size_t R, float *d)
{
    size_t ld = x->router.ldy;
    for (size_t r = 0; r < R; r++) {
        const float *probs = x->probs + r * ld;
        float *dr = d + r * ld, mean = 0;
        for (size_t e = 0; e < x->E; e++)
            mean += probs[e] * dr[e];
        for (size_t e = 0; e < x->E; e++)
            dr[e] = probs[e] * (dr[e] - mean);
    }
}

static void bwd(const struct mlp *m, struct pass *p, float *din, const float *dout, const float *in)
{
    const struct experts *x = m->experts;
    const struct kern *k = p->o.k;
    float *dprobs = pass_scratch(p, x->dprobs), *douts = pass_scratch(p, x->dout), *din2 = pass_scratch(p, x->din2);
    balance_gradient(x, p, dprobs);
    memset(din, 0, p->R * x->C * sizeof *din);
    for (size_t e = 0; e < x->E; e++) {
        struct pass q = pass_of_expert(x, p, e);
        struct mlp expert = expert_at(x, e);
        size_t at = x->first[e];
        for (size_t i = at; i < x->first[e + 1]; i++) {
            const float *d = dout + (size_t)x->row[i] * x->C;
            dprobs[(size_t)x->row[i] * x->router.ldy + e] += (float)k->dot(d, x->out + i * x->C, x->C);
            k->mix(douts + i * x->C, prob_of(x, e, i), d, 0, d, x->C);
        }
        expert.kind->bwd(&expert, &q, din2, douts + at * x->C, x->in + at * x->C);
        p->clock = q.clock;
        for (size_t i = at; i < x->first[e + 1]; i++) {
            float *d = din + (size_t)x->row[i] * x->C;
            k->mix(d, 1, d, 1, din2 + (i - at) * x->C, x->C);
        }
    }
    softmax_gradient(x, p->R, dprobs);
    pass_mark(p, GPT_OP_REST);
    linear_bwd(&x->router, p, din2, NULL, dprobs, in);
    ops_mix(p->o, din, 1, din, 1, din2, p->R * x->C);
}

static void pack(const struct mlp *m, struct ops o)
{
    const struct experts *x = m->experts;
    linear_pack(&x->router, o);
    for (size_t e = 0; e < x->E; e++)
        x->expert[e].kind->pack(&x->expert[e], o);
}

const struct mlp_kind mlp_experts = {KERN_ACT_NONE, plan, fwd, bwd, pack};
