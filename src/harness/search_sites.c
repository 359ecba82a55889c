/* Where rates are tried, and what that may cost. */
#include "harness/search_internal.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* Of what may be spent, this much is planned: brackets may have to grow. */
#define PLANNED 0.85

static int by_size(const void *a, const void *b)
{
    const struct run *const *x = a, *const *y = b;
    if ((*x)->params != (*y)->params)
        return (*x)->params < (*y)->params ? -1 : 1;
    double s = (*x)->cfg.train.tokens, t = (*y)->cfg.train.tokens;
    return s != t ? (s < t ? -1 : 1) : (*x > *y) - (*x < *y);
}

static bool same_cell(const struct run *a, const struct run *b)
{
    return a->params == b->params && a->cfg.train.tokens == b->cfg.train.tokens;
}

/* The cells of the grid, by size and then budget, a run of the first seed for each. */
static enum status list_cells(const struct run ***out, size_t *n, const struct plan *p, struct err *err)
{
    const struct run **cell;
    TRY(size_calloc(&cell, p->n, sizeof(const struct run *), "the cells of the grid", err));
    for (size_t i = 0; i < p->n; i++)
        cell[i] = &p->runs[i];
    qsort(cell, p->n, sizeof *cell, by_size);
    *n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (*n == 0 || !same_cell(cell[i], cell[*n - 1]))
            cell[(*n)++] = cell[i];
    *out = cell;
    return OK;
}

/* Every value of search.keys makes a config, and at how many settings each site of keys is tried. */
static enum status check_keys(size_t *values, const struct config *c, struct err *err)
{
    *values = 0;
    for (size_t i = 0; i < c->search.keys.n; i++)
        for (size_t v = 0; v < c->search.keys.items[i].n; v++, ++*values) {
            struct config one = *c;
            TRY(config_vary_give(&one, &c->search.keys.items[i], v, err));
            if (config_check(&one, err) != OK)
                return err_wrap(err, "search.keys");
        }
    return OK;
}

static double trials_flops(const struct run *cell, double n)
{
    return cell ? n * cell->flops : 0;
}

/* The corners about the smallest cell that `most` pays for: the smallest budget of as large a size, the largest budget of
 * the smallest size. Each shrinks in turn, the dearer first. */
static bool choose_corners(const struct run *corner[3], const struct run **cell, size_t n, double most)
{
    size_t budgets = 1, size = n;
    while (budgets < n && cell[budgets]->params == cell[0]->params)
        budgets++;
    size_t far = budgets - 1;
    const double first = trials_flops(cell[0], SEARCH_FIRST);
    for (;;) {
        /* the first cell of a size above the smallest, from the largest down; n: none */
        size_t s = size_min(size, n - 1);
        while (s > 0 && cell[s]->params == cell[s - 1]->params)
            s--;
        size = s < budgets ? 0 : s;
        corner[0] = cell[0], corner[1] = size ? cell[size] : NULL, corner[2] = far ? cell[far] : NULL;
        double large = trials_flops(corner[1], SEARCH_LEAST), longest = trials_flops(corner[2], SEARCH_LEAST);
        if (first + large + longest <= most)
            return true;
        if (!size && !far)
            return false;
        if (size && (large >= longest || !far))
            size--;
        else
            far--;
    }
}

static void add(struct search_sites *s, const struct run *cell)
{
    if (!cell)
        return;
    size_t trials = s->n ? SEARCH_LEAST : SEARCH_FIRST;
    s->of[s->n++].at = cell;
    s->flops += trials_flops(cell, (double)trials);
    s->trials += trials;
}

/* The cell beyond the smallest in both, the dearest that can be paid: it tells how the law goes on. */
static const struct run *farthest(const struct run **cell, size_t n, double most)
{
    const struct run *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (cell[i]->params > cell[0]->params && cell[i]->cfg.train.tokens > 1.5 * cell[0]->cfg.train.tokens &&
            trials_flops(cell[i], SEARCH_LEAST) <= most && (!best || cell[i]->flops > best->flops))
            best = cell[i];
    return best;
}

/* Keys are chosen where training is longest, as far as that can be paid. */
static void choose_place_of_keys(struct search_sites *s, size_t values)
{
    for (size_t i = 1; i < s->n; i++)
        if (s->of[i].at->flops > s->of[s->keys].at->flops &&
            s->flops + trials_flops(s->of[i].at, (double)(SEARCH_NEAR * values)) <= PLANNED * s->most_flops)
            s->keys = i;
    s->flops += trials_flops(s->of[s->keys].at, (double)(SEARCH_NEAR * values));
    s->trials += SEARCH_NEAR * values;
}

enum status search_choose(struct search_sites *s, const struct config *c, const struct plan *p, struct err *err)
{
    const struct run **cell, *corner[3], *far;
    size_t n, values;
    *s = (struct search_sites){.n = 0};
    TRY(check_keys(&values, c, err));
    for (size_t i = 0; i < p->n_trajectories; i++)
        s->sweep_flops += p->trajectories[i].flops;
    s->most_flops = c->search.share * s->sweep_flops;
    TRY(list_cells(&cell, &n, p, err));
    double keys = trials_flops(cell[0], (double)(SEARCH_NEAR * values)), most = PLANNED * s->most_flops;
    bool paid = choose_corners(corner, cell, n, most - keys);
    double least = (trials_flops(cell[0], SEARCH_FIRST) + keys) / PLANNED;
    for (int i = 0; i < 3; i++)
        add(s, corner[i]);
    far = paid ? farthest(cell, n, most - keys - s->flops) : NULL;
    if (s->n < SEARCH_SITES && far && far != corner[1] && far != corner[2])
        add(s, far);
    free(cell);
    if (!paid)
        return err_set(err, E_CONFIG, "train.lr auto: %d trials%s of the smallest run take %.2g of the sweep's FLOPs, more than "
                       "search.share=%g", SEARCH_FIRST, values ? " and those of search.keys" : "", least / s->sweep_flops,
                       c->search.share);
    choose_place_of_keys(s, values);
    return OK;
}
