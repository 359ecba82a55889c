#include "report/charts/bottoms.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/levels.h"
#include "report/number.h"

enum { LEAST_RATES = 3 };

static int by_cell(const void *a, const void *b)
{
    const struct fit_tried *x = a, *y = b;
    if (x->params[0] != y->params[0])
        return x->params[0] < y->params[0] ? -1 : 1;
    if (x->others != y->others)
        return x->others < y->others ? -1 : 1;
    if (x->tokens != y->tokens)
        return x->tokens < y->tokens ? -1 : 1;
    return (x->lr > y->lr) - (x->lr < y->lr);
}

static int by_compute(const void *a, const void *b)
{
    const struct bottom *x = a, *y = b;
    if (x->flops != y->flops)
        return x->flops < y->flops ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static bool same_cell(const struct fit_tried *x, const struct fit_tried *y)
{
    return x->params[0] == y->params[0] && x->others == y->others && y->tokens <= LEVELS_BATCHES * x->tokens;
}

static void fit(struct bottoms *all, struct bottom *b)
{
    struct bowl_point points[4 * BOWL_MAX];
    size_t n = size_min(b->n, 4 * BOWL_MAX);
    for (size_t i = 0; i < n; i++)
        points[i] = (struct bowl_point){all->items[b->first + i].lr, all->items[b->first + i].loss};
    bowl_fit(&b->bowl, points, n, all->noise, all->df);
}

static void find(struct bottoms *all, const struct parts *p)
{
    for (size_t i = 0, end; i < all->n_items; i = end) {
        const struct fit_tried *x = &all->items[i];
        for (end = i + 1; end < all->n_items && same_cell(x, &all->items[end]);)
            end++;
        struct bottom *b = &all->of[all->n];
        *b = (struct bottom){.first = i, .n = end - i, .params = x->params[p->r->count], .tokens = x->tokens, .flops = x->flops};
        fit(all, b);
        all->n += b->bowl.n >= LEAST_RATES && b->params > 0 && b->flops > 0;
    }
}

/* What losses scatter by about all bowls tells more than one bowl does. */
static enum status share_noise(struct bottoms *all, struct err *err)
{
    struct bowl *bowls;
    TRY(size_calloc(&bowls, all->n, sizeof *bowls, "the bowls", err));
    for (size_t i = 0; i < all->n; i++)
        bowls[i] = all->of[i].bowl;
    all->noise = bowl_pool(&all->df, bowls, all->n);
    free(bowls);
    for (size_t i = 0; i < all->n; i++)
        fit(all, &all->of[i]);
    return OK;
}

static double lowest(const struct bowl *b)
{
    double least = b->state == BOWL_FOUND ? b->loss : (double)INFINITY;
    for (size_t i = 0; i < b->n; i++)
        least = fmin(least, b->mean[i]);
    return least;
}

static bool same_place(const struct bottom *a, const struct bottom *b)
{
    return a->params == b->params && fabs(log(a->tokens / b->tokens)) < log(LEVELS_BATCHES);
}

/* Where more was tried than rates, the bowl of a size and budget is the deepest one. The order is that of cells still. */
static void keep_deepest(struct bottoms *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->n; i++) {
        size_t k = 0;
        while (k < kept && !same_place(&all->of[k], &all->of[i]))
            k++;
        all->deepest |= k < kept;
        if (k == kept)
            all->of[kept++] = all->of[i];
        else if (lowest(&all->of[i].bowl) < lowest(&all->of[k].bowl))
            all->of[k] = all->of[i];
    }
    all->n = kept;
}

enum status bottoms_find(struct bottoms *b, const struct parts *p, struct err *err)
{
    *b = (struct bottoms){.noise = (double)NAN, .df = (double)NAN};
    TRY(size_calloc(&b->items, p->in->n_trials, sizeof *b->items, "the rates that were tried", err));
    for (size_t i = 0; i < p->in->n_trials; i++)
        if (p->in->trials[i].lr > 0 && p->in->trials[i].params[0] > 0)
            b->items[b->n_items++] = p->in->trials[i];
    qsort(b->items, b->n_items, sizeof *b->items, by_cell);
    TRY(size_calloc(&b->of, b->n_items, sizeof *b->of, "the bowls", err));
    find(b, p);
    TRY(share_noise(b, err));
    keep_deepest(b);
    qsort(b->of, b->n, sizeof *b->of, by_compute);
    return OK;
}

void bottoms_free(struct bottoms *b)
{
    free(b->items);
    free(b->of);
    *b = (struct bottoms){.n = 0};
}

void bottoms_label(char *out, size_t size, const struct bottom *b)
{
    char n[NUMBER_MAX], d[NUMBER_MAX];
    number_bare(n, sizeof n, NUMBER_COUNT, b->params, 3, false);
    number_bare(d, sizeof d, NUMBER_COUNT, b->tokens, 3, false);
    parts_say(out, size, "N = %s, D = %s", n, d);
}
