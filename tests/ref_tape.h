/* Reverse mode on a tape of scalars, in double: what the reference model is written in. */
#ifndef PLATEAU_TESTS_REF_TAPE_H
#define PLATEAU_TESTS_REF_TAPE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"

#define NONE SIZE_MAX

/* Node i has value val[i] and the edges edge_end[i-1] .. edge_end[i]: d val[i] / d val[parent]. The
 * first r->n nodes are the weights. Arrays of nodes are runs of consecutive indices. */
struct ref_tape {
    size_t n, cap, n_edges, cap_edges;
    double *val, *adj, *partial;
    size_t *edge_end;
    uint32_t *parent;
};

static inline void *grow(void *p, size_t n, size_t elem_size)
{
    void *q = realloc(p, n * elem_size);
    CHECK(q != NULL);
    return q;
}

static inline size_t node(struct ref_tape *t, double val)
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
static inline void edge(struct ref_tape *t, size_t parent, double partial)
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

static inline size_t unary(struct ref_tape *t, size_t a, double val, double partial)
{
    size_t i = node(t, val);
    edge(t, a, partial);
    return i;
}

static inline size_t mul(struct ref_tape *t, size_t a, size_t b)
{
    double va = t->val[a], vb = t->val[b];
    size_t i = node(t, va * vb);
    edge(t, a, vb);
    edge(t, b, va);
    return i;
}

/* a + scale b */
static inline size_t add(struct ref_tape *t, size_t a, size_t b, double scale)
{
    size_t i = node(t, t->val[a] + scale * t->val[b]);
    edge(t, a, 1);
    edge(t, b, scale);
    return i;
}

/* scale * sum_k a[k sa] b[k sb] + bias (NONE: none) */
static inline size_t dot(struct ref_tape *t, size_t a, size_t sa, size_t b, size_t sb, size_t n,
                  double scale, size_t bias)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += t->val[a + k * sa] * t->val[b + k * sb];
    size_t i = node(t, scale * sum + (bias == NONE ? 0 : t->val[bias]));
    for (size_t k = 0; k < n; k++) {
        edge(t, a + k * sa, scale * t->val[b + k * sb]);
        edge(t, b + k * sb, scale * t->val[a + k * sa]);
    }
    if (bias != NONE)
        edge(t, bias, 1);
    return i;
}

static inline size_t sum(struct ref_tape *t, size_t a, size_t n, double scale)
{
    double s = 0;
    for (size_t k = 0; k < n; k++)
        s += t->val[a + k];
    size_t i = node(t, scale * s);
    for (size_t k = 0; k < n; k++)
        edge(t, a + k, scale);
    return i;
}

static inline size_t exponentials(struct ref_tape *t, size_t z, size_t n)
{
    size_t e = t->n;
    for (size_t i = 0; i < n; i++)
        (void)unary(t, z + i, exp(t->val[z + i]), exp(t->val[z + i]));
    return e;
}

static inline size_t softmax(struct ref_tape *t, size_t z, size_t n)
{
    size_t e = exponentials(t, z, n), total = sum(t, e, n, 1);
    double all = t->val[total];
    size_t inverse = unary(t, total, 1 / all, -1 / (all * all)), p = t->n;
    for (size_t i = 0; i < n; i++)
        (void)mul(t, e + i, inverse);
    return p;
}

/* y (rows,N) = x (rows,K) W (K,N) + b; b may be NONE */
static inline size_t linear(struct ref_tape *t, size_t x, size_t w, size_t b, size_t rows, size_t K,
                     size_t N)
{
    size_t first = t->n;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < N; j++)
            (void)dot(t, x + r * K, 1, w + j, N, K, 1, b == NONE ? NONE : b + j);
    return first;
}

/* The nodes named in `out`, as a run of consecutive ones; frees it. */
static inline size_t gather(struct ref_tape *t, size_t *out, size_t n)
{
    size_t first = t->n;
    for (size_t i = 0; i < n; i++)
        (void)unary(t, out[i], t->val[out[i]], 1);
    free(out);
    return first;
}

#endif
