#include "ref_gpt.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Node i has value val[i] and the edges edge_end[i-1] .. edge_end[i]: d val[i] / d val[parent]. The
 * first r->n nodes are the weights. Arrays of nodes are runs of consecutive indices. */
struct ref_tape {
    size_t n, cap, n_edges, cap_edges;
    double *val, *adj, *partial;
    size_t *edge_end;
    uint32_t *parent;
};

static void *grow(void *p, size_t n, size_t elem_size)
{
    void *q = realloc(p, n * elem_size);
    CHECK(q != NULL);
    return q;
}

static size_t node(struct ref_tape *t, double val)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 4096;
        t->val = grow(t->val, t->cap, sizeof *t->val);
        t->adj = grow(t->adj, t->cap, sizeof *t->adj);
        t->edge_end = grow(t->edge_end, t->cap, sizeof *t->edge_end);
    }
    t->val[t->n] = val;
    t->edge_end[t->n] = t->n_edges;
    return t->n++;
}

/* An edge of the newest node. */
static void edge(struct ref_tape *t, size_t parent, double partial)
{
    if (t->n_edges == t->cap_edges) {
        t->cap_edges = t->cap_edges ? 2 * t->cap_edges : 65536;
        t->parent = grow(t->parent, t->cap_edges, sizeof *t->parent);
        t->partial = grow(t->partial, t->cap_edges, sizeof *t->partial);
    }
    t->parent[t->n_edges] = (uint32_t)parent;
    t->partial[t->n_edges++] = partial;
    t->edge_end[t->n - 1] = t->n_edges;
}

static size_t unary(struct ref_tape *t, size_t a, double val, double partial)
{
    size_t i = node(t, val);
    edge(t, a, partial);
    return i;
}

static size_t mul(struct ref_tape *t, size_t a, size_t b)
{
    double va = t->val[a], vb = t->val[b];
    size_t i = node(t, va * vb);
    edge(t, a, vb);
    edge(t, b, va);
    return i;
}

/* a + scale b */
static size_t add(struct ref_tape *t, size_t a, size_t b, double scale)
{
    size_t i = node(t, t->val[a] + scale * t->val[b]);
    edge(t, a, 1);
    edge(t, b, scale);
    return i;
}

/* scale * sum_k a[k sa] b[k sb] + bias (SIZE_MAX: none) */
static size_t dot(struct ref_tape *t, size_t a, size_t sa, size_t b, size_t sb, size_t n,
                  double scale, size_t bias)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += t->val[a + k * sa] * t->val[b + k * sb];
    size_t i = node(t, scale * sum + (bias == SIZE_MAX ? 0 : t->val[bias]));
    for (size_t k = 0; k < n; k++) {
        edge(t, a + k * sa, scale * t->val[b + k * sb]);
        edge(t, b + k * sb, scale * t->val[a + k * sa]);
    }
    if (bias != SIZE_MAX)
        edge(t, bias, 1);
    return i;
}

static size_t sum(struct ref_tape *t, size_t a, size_t n, double scale)
{
    double s = 0;
    for (size_t k = 0; k < n; k++)
        s += t->val[a + k];
    size_t i = node(t, scale * s);
    for (size_t k = 0; k < n; k++)
        edge(t, a + k, scale);
    return i;
}

/* y (rows,N) = x (rows,K) W (K,N) + b */
static size_t linear(struct ref_tape *t, size_t x, size_t w, size_t b, size_t rows, size_t K,
                     size_t N)
{
    size_t first = t->n;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < N; j++)
            (void)dot(t, x + r * K, 1, w + j, N, K, 1, b + j);
    return first;
}

static size_t layernorm(struct ref_tape *t, size_t x, size_t w, size_t b, size_t rows, size_t C)
{
    size_t *out = grow(NULL, rows * C, sizeof *out);
    for (size_t r = 0; r < rows; r++) {
        size_t mean = sum(t, x + r * C, C, 1.0 / (double)C), centred = t->n;
        for (size_t c = 0; c < C; c++)
            (void)add(t, x + r * C + c, mean, -1);
        size_t var = dot(t, centred, 1, centred, 1, C, 1.0 / (double)C, SIZE_MAX);
        double rstd = 1 / sqrt(t->val[var] + 1e-5);
        size_t norm = unary(t, var, rstd, -0.5 * rstd * rstd * rstd);
        for (size_t c = 0; c < C; c++)
            out[r * C + c] = add(t, mul(t, mul(t, centred + c, norm), w + c), b + c, 1);
    }
    size_t first = t->n;
    for (size_t i = 0; i < rows * C; i++)
        (void)unary(t, out[i], t->val[out[i]], 1);
    free(out);
    return first;
}

static size_t gelu(struct ref_tape *t, size_t x, size_t n)
{
    size_t *out = grow(NULL, n, sizeof *out);
    double s = sqrt(2 / acos(-1));
    for (size_t i = 0; i < n; i++) {
        double v = t->val[x + i];
        size_t u = unary(t, x + i, s * (v + 0.044715 * v * v * v), s * (1 + 3 * 0.044715 * v * v));
        double h = tanh(t->val[u]);
        size_t gate = unary(t, u, 0.5 * (1 + h), 0.5 * (1 - h * h));
        out[i] = mul(t, x + i, gate);
    }
    size_t first = t->n;
    for (size_t i = 0; i < n; i++)
        (void)unary(t, out[i], t->val[out[i]], 1);
    free(out);
    return first;
}

/* The probabilities e^score / sum of position i over 0 .. i. */
static size_t softmax_row(struct ref_tape *t, size_t q, size_t k, size_t ld, size_t i, size_t HS)
{
    size_t score = t->n;
    for (size_t j = 0; j <= i; j++)
        (void)dot(t, q + i * ld, 1, k + j * ld, 1, HS, 1 / sqrt((double)HS), SIZE_MAX);
    size_t first = t->n;
    for (size_t j = 0; j <= i; j++) {
        double v = exp(t->val[score + j]);
        (void)unary(t, score + j, v, v);
    }
    size_t total = sum(t, first, i + 1, 1);
    double s = t->val[total];
    size_t inverse = unary(t, total, 1 / s, -1 / (s * s)), p = t->n;
    for (size_t j = 0; j <= i; j++)
        (void)mul(t, first + j, inverse);
    return p;
}

static size_t attention(struct ref_tape *t, size_t qkv, size_t T, size_t C, size_t NH)
{
    size_t HS = C / NH, *out = grow(NULL, T * C, sizeof *out);
    for (size_t i = 0; i < T; i++)
        for (size_t h = 0; h < NH; h++) {
            size_t q = qkv + h * HS, p = softmax_row(t, q, q + C, 3 * C, i, HS);
            for (size_t d = 0; d < HS; d++)
                out[i * C + h * HS + d] =
                    dot(t, p, 1, q + 2 * C + d, 3 * C, i + 1, 1, SIZE_MAX);
        }
    size_t first = t->n;
    for (size_t i = 0; i < T * C; i++)
        (void)unary(t, out[i], t->val[out[i]], 1);
    free(out);
    return first;
}

/* Tensors in an order of our own: the two embeddings, each layer whole, the last norm. */
enum { WTE, WPE, LAYER, PER_LAYER = 12 };

static const char *const layer_tensors[PER_LAYER] = {"ln1w", "ln1b", "qkvw", "qkvb", "attw",  "attb",
                                                     "ln2w", "ln2b", "upw",  "upb",  "downw", "downb"};

static size_t at(const struct ref_gpt *r, size_t layer, size_t i)
{
    return r->tensors[LAYER + layer * PER_LAYER + i].at;
}

static size_t residual(struct ref_tape *t, size_t x, size_t branch, size_t n, double scale)
{
    size_t first = t->n;
    for (size_t i = 0; i < n; i++)
        (void)add(t, x + i, branch + i, scale);
    return first;
}

static size_t block(struct ref_gpt *r, size_t x, size_t l)
{
    struct ref_tape *t = r->tape;
    size_t T = r->T, C = r->C;
    size_t a = layernorm(t, x, at(r, l, 0), at(r, l, 1), T, C);
    a = linear(t, a, at(r, l, 2), at(r, l, 3), T, C, 3 * C);
    a = attention(t, a, T, C, r->NH);
    a = linear(t, a, at(r, l, 4), at(r, l, 5), T, C, C);
    x = residual(t, x, a, T * C, r->residual_scale);
    a = layernorm(t, x, at(r, l, 6), at(r, l, 7), T, C);
    a = gelu(t, linear(t, a, at(r, l, 8), at(r, l, 9), T, C, 4 * C), T * 4 * C);
    a = linear(t, a, at(r, l, 10), at(r, l, 11), T, 4 * C, C);
    return residual(t, x, a, T * C, r->residual_scale);
}

/* A fresh tape with the scaled logits (T,V) of one sequence. */
static size_t forward(struct ref_gpt *r, const int32_t *tokens)
{
    struct ref_tape *t = r->tape;
    size_t T = r->T, C = r->C, V = r->V;
    t->n = t->n_edges = 0;
    for (size_t i = 0; i < r->n; i++)
        (void)node(t, r->w[i]);
    size_t x = t->n;
    for (size_t i = 0; i < T; i++)
        for (size_t c = 0; c < C; c++)
            (void)add(t, r->tensors[WTE].at + (size_t)tokens[i] * C + c,
                      r->tensors[WPE].at + i * C + c, 1);
    for (size_t l = 0; l < r->L; l++)
        x = block(r, x, l);
    x = layernorm(t, x, at(r, r->L, 0), at(r, r->L, 1), T, C);
    size_t logits = t->n;
    for (size_t i = 0; i < T; i++)
        for (size_t v = 0; v < V; v++)
            (void)dot(t, x + i * C, 1, r->tensors[WTE].at + v * C, 1, C, r->logit_scale, SIZE_MAX);
    return logits;
}

/* The last node of the tape: scale times the sum of losses of one sequence. */
static double sequence_loss(struct ref_gpt *r, const int32_t *x, const int32_t *y, double scale)
{
    struct ref_tape *t = r->tape;
    size_t logits = forward(r, x), V = r->V, *loss = grow(NULL, r->T, sizeof *loss);
    for (size_t i = 0; i < r->T; i++) {
        size_t e = t->n;
        for (size_t v = 0; v < V; v++) {
            double p = exp(t->val[logits + i * V + v]);
            (void)unary(t, logits + i * V + v, p, p);
        }
        size_t total = sum(t, e, V, 1);
        size_t lse = unary(t, total, log(t->val[total]), 1 / t->val[total]);
        loss[i] = add(t, lse, logits + i * V + (size_t)y[i], -1);
    }
    double s = 0;
    for (size_t i = 0; i < r->T; i++)
        s += scale * t->val[loss[i]];
    (void)node(t, s);
    for (size_t i = 0; i < r->T; i++)
        edge(t, loss[i], scale);
    free(loss);
    return s;
}

double ref_loss(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B)
{
    double s = 0;
    for (size_t b = 0; b < B; b++)
        s += sequence_loss(r, x + b * r->T, y + b * r->T, 1 / (double)(B * r->T));
    return s;
}

double ref_loss_grad(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B)
{
    struct ref_tape *t = r->tape;
    double s = 0;
    memset(r->grad, 0, r->n * sizeof *r->grad);
    for (size_t b = 0; b < B; b++) {
        s += sequence_loss(r, x + b * r->T, y + b * r->T, 1 / (double)(B * r->T));
        memset(t->adj, 0, t->n * sizeof *t->adj);
        t->adj[t->n - 1] = 1;
        for (size_t i = t->n; i-- > r->n;)
            for (size_t e = t->edge_end[i - 1]; e < t->edge_end[i]; e++)
                t->adj[t->parent[e]] += t->adj[i] * t->partial[e];
        for (size_t i = 0; i < r->n; i++)
            r->grad[i] += t->adj[i];
    }
    return s;
}

void ref_logits(struct ref_gpt *r, double *logits, const int32_t *x)
{
    size_t first = forward(r, x);
    memcpy(logits, r->tape->val + first, r->T * r->V * sizeof *logits);
}

double ref_adamw(struct ref_gpt *r, double lr, double beta1, double beta2, double eps, double decay,
                 double clip, int step)
{
    double sq = 0;
    for (size_t i = 0; i < r->n; i++)
        sq += r->grad[i] * r->grad[i];
    double norm = sqrt(sq), shrink = clip > 0 && norm > clip ? clip / norm : 1;
    for (size_t k = 0; k < r->n_tensors; k++) {
        const struct ref_tensor *t = &r->tensors[k];
        for (size_t i = t->at; i < t->at + t->n; i++) {
            double g = shrink * r->grad[i];
            r->m[i] += (1 - beta1) * (g - r->m[i]);
            r->v[i] += (1 - beta2) * (g * g - r->v[i]);
            double m = r->m[i] / (1 - pow(beta1, step)), v = r->v[i] / (1 - pow(beta2, step));
            double old = r->w[i];
            r->w[i] -= lr * t->lr * m / (sqrt(v) + eps * t->eps);
            r->w[i] -= lr * t->lr * decay * t->decay * old;
        }
    }
    return norm;
}

/* The multipliers of Dey et al. 2025, table 1 with alpha = 1, of one tensor. */
static struct ref_tensor multipliers(bool embedding, bool in_block, size_t rows, double mN,
                                     double mL)
{
    struct ref_tensor t = {.lr = 1, .decay = 1, .eps = 1 / mN};
    if (in_block) {
        t.eps /= mL;
        if (rows > 1) {
            t.lr = 1 / mN;
            t.decay = mN;
        }
    }
    if (!embedding && rows == 1)
        t.decay = 0;
    return t;
}

static void take(struct ref_gpt *r, const struct gpt *g, const char *name, size_t layer,
                 bool in_block, double mN, double mL)
{
    const struct tensor *tensor = tensors_find(&g->tensors, name);
    struct ref_tensor *t = &r->tensors[r->n_tensors++];
    CHECK(tensor != NULL);
    *t = multipliers(name[0] == 'w', in_block, tensor->rows, mN, mL);
    t->at = r->n;
    t->n = tensor_size(tensor);
    t->model_offset = tensor_at(tensor, layer);
    r->n += t->n;
    r->w = grow(r->w, r->n, sizeof *r->w);
    for (size_t i = 0; i < t->n; i++)
        r->w[t->at + i] = (double)g->w[t->model_offset + i];
}

void ref_init(struct ref_gpt *r, const struct gpt *g, size_t base_d_model, size_t base_n_layer)
{
    const struct gpt_shape *s = &g->shape;
    *r = (struct ref_gpt){.V = s->V, .T = s->T, .C = s->C, .L = s->L, .NH = s->NH};
    double mN = base_d_model ? (double)s->C / (double)base_d_model : 1;
    double mL = base_n_layer ? (double)s->L / (double)base_n_layer : 1;
    r->residual_scale = 1 / mL;
    r->logit_scale = 1 / mN;
    r->tensors = grow(NULL, LAYER + s->L * PER_LAYER + 2, sizeof *r->tensors);
    take(r, g, "wte", 0, false, mN, mL);
    take(r, g, "wpe", 0, false, mN, mL);
    for (size_t l = 0; l < s->L; l++)
        for (size_t i = 0; i < PER_LAYER; i++)
            take(r, g, layer_tensors[i], l, true, mN, mL);
    take(r, g, "lnfw", 0, false, mN, mL);
    take(r, g, "lnfb", 0, false, mN, mL);
    double **arrays[] = {&r->grad, &r->m, &r->v};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = calloc(r->n, sizeof(double));
        CHECK(*arrays[i] != NULL);
    }
    r->tape = calloc(1, sizeof *r->tape);
    CHECK(r->tape != NULL);
}

void ref_free(struct ref_gpt *r)
{
    void *owned[] = {r->w, r->grad, r->m, r->v, r->tensors, r->tape->val, r->tape->adj,
                     r->tape->partial, r->tape->edge_end, r->tape->parent, r->tape};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    *r = (struct ref_gpt){0};
}
