#include "harness/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Logits after the window's inputs, all at once, or the last of them after the others; of an ensemble ln of the mean
 * distribution. */
static void look(struct generator *g, bool last_alone)
{
    struct members *e = &g->w->e;
    for (size_t i = 0; i < e->n; i++) {
        float *logits = e->n > 1 ? g->one : g->logits;
        const struct kern_pool pool = {.logit_scale = 1, .member = i, .members = e->n};
        if (last_alone)
            gpt_next(&e->g[i], logits, g->x[g->n - 1], g->n - 1);
        else
            gpt_next_logits(&e->g[i], logits, g->x, g->n);
        if (e->n > 1)
            g->w->k.pool(g->logits, logits, &pool, 1, g->w->shape.V);
    }
}

enum status generator_init(struct generator *g, struct weights *w, const struct generate_how *how, uint64_t seed, int32_t start,
                           const int32_t *prompt, size_t n, struct err *err)
{
    size_t T = w->shape.T, V = w->shape.V;
    *g = (struct generator){.w = w, .how = *how, .rng = rng_make(seed, RNG_SAMPLE, 0, 0), .start = start};
    TRY(size_calloc(&g->x, T, sizeof *g->x, "a window", err));
    TRY(size_calloc(&g->y, T, sizeof *g->y, "a window", err));
    TRY(size_calloc(&g->logits, V, sizeof *g->logits, "logits", err));
    TRY(size_calloc(&g->one, V, sizeof *g->one, "logits", err));
    TRY(size_calloc(&g->share, V, sizeof *g->share, "probabilities", err));
    TRY(size_calloc(&g->order, V, sizeof *g->order, "an order", err));
    g->n = size_min(n, T);
    memcpy(g->x, prompt + (n - g->n), g->n * sizeof *g->x);
    memcpy(g->y, g->x + 1, (g->n - 1) * sizeof *g->y);
    look(g, false);
    return OK;
}

void generator_free(struct generator *g)
{
    free(g->x);
    free(g->y);
    free(g->logits);
    free(g->one);
    free(g->share);
    free(g->order);
    *g = (struct generator){0};
}

static size_t most_probable(const float *logits, size_t V)
{
    size_t best = 0;
    for (size_t i = 1; i < V; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

/* A heap of the candidates whose root is the most probable, of equals the first: as many are taken as are needed. */
static bool before(const struct generator *g, int32_t a, int32_t b)
{
    return g->share[a] > g->share[b] || (g->share[a] == g->share[b] && a < b);
}

static void sink(struct generator *g, size_t i, size_t n)
{
    int32_t *h = g->order;
    for (size_t child = 2 * i + 1; child < n; i = child, child = 2 * i + 1) {
        if (child + 1 < n && before(g, h[child + 1], h[child]))
            child++;
        if (before(g, h[i], h[child]))
            return;
        int32_t swap = h[i];
        h[i] = h[child], h[child] = swap;
    }
}

/* Candidates that are left out have no share any more; returns what is left of all shares. */
static double keep_best(struct generator *g, double total)
{
    size_t V = g->w->shape.V, most = g->how.top_k ? g->how.top_k : V, n = V, taken = 0;
    double kept = 0;
    if (most >= V && g->how.top_p >= 1)
        return total;
    for (size_t i = 0; i < V; i++)
        g->order[i] = (int32_t)i;
    for (size_t i = V / 2; i-- > 0;)
        sink(g, i, V);
    for (; n > 0 && taken < most && (taken == 0 || kept < g->how.top_p * total); taken++) {
        int32_t best = g->order[0];
        kept += g->share[best];
        g->order[0] = g->order[--n];
        g->order[n] = best;
        sink(g, 0, n);
    }
    for (size_t i = 0; i < n; i++)
        g->share[g->order[i]] = 0;
    return kept;
}

enum status generator_draw(struct generator *g, int32_t *token, struct err *err)
{
    size_t V = g->w->shape.V, best = most_probable(g->logits, V), last = best;
    double total = 0, at;
    for (size_t i = 0; i < V && g->how.temperature > 0; i++)
        total += g->share[i] = exp(((double)g->logits[i] - (double)g->logits[best]) / g->how.temperature);
    if (!isfinite(g->logits[best]) || !isfinite(total))
        return err_set(err, E_NUMERIC, "the model says nothing finite of the next token");
    *token = (int32_t)best;
    if (g->how.temperature > 0) {
        at = rng_double(&g->rng) * keep_best(g, total);
        for (size_t i = 0; i < V && at >= 0; i++) {
            at -= g->share[i];
            last = g->share[i] > 0 ? i : last;
        }
        *token = (int32_t)last;
    }
    g->y[g->n - 1] = *token;
    return OK;
}

void generator_feed(struct generator *g)
{
    size_t T = g->w->shape.T, keep = T / 2;
    int32_t token = g->y[g->n - 1];
    if (g->n < T) {
        g->x[g->n++] = token;
        look(g, true);
        return;
    }
    if (g->start >= 0) {
        g->x[0] = g->start;
        g->n = 1;
    } else {
        memmove(g->x, g->x + (T - keep), keep * sizeof *g->x);
        g->x[keep] = token;
        g->n = keep + 1; /* T / 2 < T */
        memcpy(g->y, g->x + 1, (g->n - 1) * sizeof *g->y);
    }
    look(g, false);
}
