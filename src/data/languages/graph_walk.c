/* graph-walk: a random walk on a fixed graph, a ring plus random chords, from its stationary law. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "data/data_internal.h"

struct graph {
    size_t n_ends;       /* twice the number of edges */
    unsigned char *edge; /* (nodes, nodes) 1 where joined */
    int32_t *end;        /* (n_ends) neighbours, node by node */
    int32_t *owner;      /* (n_ends) the node of each: a uniform draw is the stationary law */
    size_t *start;       /* (nodes + 1) */
};

static void join_nodes(struct graph *g, size_t n, size_t a, size_t b)
{
    g->edge[a * n + b] = g->edge[b * n + a] = 1;
}

static void build(struct graph *g, const struct data_spec *s)
{
    size_t n = s->nodes, at = 0;
    struct rng r = rng_make(s->seed, RNG_LANGUAGE, DATA_GRAPH_WALK, 0);
    for (size_t i = 0; i < n; i++)
        join_nodes(g, n, i, (i + 1) % n);
    for (size_t left = g->n_ends / 2 - n; left > 0;) {
        size_t a = (size_t)rng_below(&r, n), b = (size_t)rng_below(&r, n);
        if (a == b || g->edge[a * n + b])
            continue;
        join_nodes(g, n, a, b);
        left--;
    }
    for (size_t i = 0; i < n; i++) {
        g->start[i] = at;
        for (size_t j = 0; j < n; j++)
            if (g->edge[i * n + j]) {
                g->end[at] = (int32_t)j;
                g->owner[at++] = (int32_t)i;
            }
    }
    g->start[n] = at;
}

static double degree_of(const struct graph *g, int32_t node)
{
    return (double)(g->start[node + 1] - g->start[node]);
}

static enum status walk_open(struct data *d, struct err *err)
{
    size_t n = d->spec.nodes, degree = d->spec.degree;
    TRY(data_check_size("degree", degree, 2, size_max(2, n / 2), err));
    struct graph *g;
    TRY(size_calloc(&g, 1, sizeof *g, "graph", err));
    d->state = g;
    g->n_ends = 2 * (n * degree / 2);
    TRY(size_calloc(&g->edge, n * n, 1, "graph", err));
    TRY(size_calloc(&g->end, g->n_ends, sizeof *g->end, "graph", err));
    TRY(size_calloc(&g->owner, g->n_ends, sizeof *g->owner, "graph", err));
    TRY(size_calloc(&g->start, n + 1, sizeof *g->start, "graph", err));
    build(g, &d->spec);
    d->vocab = n;
    d->floor = 0;
    for (size_t i = 0; i < n; i++)
        d->floor += degree_of(g, (int32_t)i) / (double)g->n_ends * log(degree_of(g, (int32_t)i));
    return OK;
}

static void walk_close(void *state)
{
    struct graph *g = state;
    free(g->edge);
    free(g->end);
    free(g->owner);
    free(g->start);
    free(g);
}

static void walk_draw(const struct data *d, int32_t *x, int32_t *y, struct rng *r)
{
    const struct graph *g = d->state;
    int32_t at = g->owner[rng_below(r, g->n_ends)];
    for (size_t i = 0; i < d->ctx; i++) {
        x[i] = at;
        at = g->end[g->start[at] + rng_below(r, g->start[at + 1] - g->start[at])];
        y[i] = at;
    }
}

static double walk_log_prob(const struct data *d, const int32_t *x, const int32_t *y)
{
    const struct graph *g = d->state;
    double sum = 0;
    for (size_t i = 0; i < d->ctx; i++)
        sum += g->edge[(size_t)x[i] * d->vocab + (size_t)y[i]] ? -log(degree_of(g, x[i]))
                                                                : (double)-INFINITY;
    return sum;
}

static struct data_marks walk_marks(const struct data *d)
{
    (void)d;
    return (struct data_marks){"steps along an edge", 1};
}

static enum data_mark walk_mark(const struct data *d, const int32_t *x, const int32_t *y, size_t i)
{
    const struct graph *g = d->state;
    return g->edge[(size_t)x[i] * d->vocab + (size_t)y[i]] ? DATA_RIGHT : DATA_WRONG;
}

static void walk_text(const struct data *d, char *buf, size_t size, int32_t token)
{
    (void)d;
    snprintf(buf, size, "%d ", (int)token);
}

static void walk_theory(struct data_theory *t, const struct data *d)
{
    (void)d;
    snprintf(t->says, sizeof t->says, "none known for a walk on a graph");
}

const struct data_source data_source_graph_walk = {
    .open = walk_open,
    .close = walk_close,
    .draw = walk_draw,
    .token_text = walk_text,
    .marks = walk_marks,
    .mark = walk_mark,
    .log_prob = walk_log_prob,
    .theory = walk_theory,
};
