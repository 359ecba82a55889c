#include "fit/compare/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"

/* One run on its way into a cell. */
struct place {
    size_t size, data; /* levels */
    double n, d;       /* what they are levels of */
    bool variant;
    size_t at;         /* index into its design */
    double seed;
};

/* --- cells ---------------------------------------------------------------------------------------------- */

static size_t level_of(const double *levels, size_t n, double x)
{
    size_t k = 0;
    while (k + 1 < n && levels[k + 1] <= x)
        k++;
    return k;
}

/* Levels of the runs in all[0..n), of size or, where `data`, of data; room (n). */
static size_t levels_of(double *room, const struct place *all, size_t n, bool data)
{
    for (size_t i = 0; i < n; i++)
        room[i] = data ? all[i].d : all[i].n;
    return levels_distinct(room, room, n, LEVELS_MET);
}

static void by_value(struct place *all, size_t n, double *room)
{
    size_t levels = levels_of(room, all, n, false);
    for (size_t i = 0; i < n; i++)
        all[i].size = level_of(room, levels, all[i].n);
    levels = levels_of(room, all, n, true);
    for (size_t i = 0; i < n; i++)
        all[i].data = level_of(room, levels, all[i].d);
}

/* Data of the runs of one size that are next to each other; returns how many levels. */
static size_t rank_data(struct place *all, size_t n, double *room)
{
    size_t levels = levels_of(room, all, n, true);
    for (size_t i = 0; i < n; i++)
        all[i].data = level_of(room, levels, all[i].d);
    return levels;
}

static int by_size(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->n > y->n) - (x->n < y->n);
}

/* Ranks within one side. budgets[size]: how many levels of data it has; returns the number of sizes. */
static size_t by_rank(struct place *all, size_t n, double *room, size_t *budgets)
{
    size_t levels = levels_of(room, all, n, false);
    qsort(all, n, sizeof *all, by_size);
    for (size_t i = 0; i < n; i++)
        all[i].size = level_of(room, levels, all[i].n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && all[end].size == all[i].size; end++)
            ;
        budgets[all[i].size] = rank_data(all + i, end - i, room);
    }
    return levels;
}

/* --- partners ------------------------------------------------------------------------------------------- */

static int by_cell(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->variant != y->variant)
        return x->variant ? 1 : -1;
    if (x->seed != y->seed && !isnan(x->seed) && !isnan(y->seed))
        return x->seed < y->seed ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static bool same_cell(const struct place *a, const struct place *b)
{
    return a->size == b->size && a->data == b->data;
}

static void put(struct pairs *out, const struct place *b, const struct place *v, size_t cell)
{
    out->items[out->n++] = (struct pair){.base = b->at, .variant = v->at, .size = b->size, .cell = cell};
    out->same_seed += b->seed == v->seed;
}

/* Those of one seed, then the others in order. taken (n) is room. */
static void pair_cell(struct pairs *out, const struct place *base, size_t n, const struct place *variant, size_t m,
                      bool *taken, size_t cell)
{
    bool *base_taken = taken, *variant_taken = taken + n;
    memset(taken, 0, (n + m) * sizeof *taken);
    for (int any = 0; any < 2; any++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m && !base_taken[i]; j++)
                if (!variant_taken[j] && (any || base[i].seed == variant[j].seed)) {
                    put(out, &base[i], &variant[j], cell);
                    base_taken[i] = variant_taken[j] = true;
                }
}

static void pair_all(struct pairs *out, struct place *all, size_t n, bool *taken)
{
    qsort(all, n, sizeof *all, by_cell);
    out->n = out->n_cells = out->same_seed = 0;
    for (size_t i = 0, middle, end; i < n; i = end) {
        for (middle = i; middle < n && same_cell(&all[middle], &all[i]) && !all[middle].variant; middle++)
            ;
        for (end = middle; end < n && same_cell(&all[end], &all[i]); end++)
            ;
        size_t before = out->n;
        pair_cell(out, all + i, middle - i, all + middle, end - middle, taken, out->n_cells);
        out->n_cells += out->n > before;
    }
}

static int by_cluster(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

static int by_cell_and_run(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->cell != y->cell)
        return x->cell < y->cell ? -1 : 1;
    return (x->base > y->base) - (x->base < y->base);
}

/* Pairs of one seed of the base share a number, which stands for one order of data. */
static void number_seeds(struct pairs *out, const struct fit_design *base, const double *seed, double *room)
{
    out->n_seeds = 0;
    for (size_t i = 0; i < out->n; i++) {
        double own = seed[base->rows[out->items[i].base]];
        size_t k = 0;
        while (k < out->n_seeds && room[k] != own && !(isnan(room[k]) && isnan(own)))
            k++;
        if (k == out->n_seeds)
            room[out->n_seeds++] = own;
        out->items[i].seed = k;
    }
}

/* Pairs of runs of one size and one seed share a number: of one trajectory, or of several that begin with the same weights and
 * see the same data (budgets of unlike warm-up have trunks of their own, and go together no less). Where seeds are not known, the
 * two trajectories tell. */
static void number_clusters(struct pairs *out, const struct fit_design *base, const double *seed,
                            const struct fit_design *variant)
{
    size_t trunks = base->n_clusters * variant->n_clusters;
    for (size_t i = 0; i < out->n; i++) {
        struct pair *p = &out->items[i];
        p->cluster = trunks + p->size * out->n_seeds + p->seed;
        if (isnan(seed[base->rows[p->base]]))
            p->cluster = base->cluster[p->base] * variant->n_clusters + variant->cluster[p->variant];
    }
    qsort(out->items, out->n, sizeof *out->items, by_cluster);
    out->n_clusters = 0;
    for (size_t i = 0, end; i < out->n; i = end) {
        size_t both = out->items[i].cluster;
        for (end = i; end < out->n && out->items[end].cluster == both; end++)
            ;
        for (size_t k = i; k < end; k++)
            out->items[k].cluster = out->n_clusters;
        out->n_clusters++;
    }
    qsort(out->items, out->n, sizeof *out->items, by_cell_and_run);
}

static void take(struct place *out, const struct fit_design *d, const double *seed, bool variant)
{
    for (size_t i = 0; i < d->n; i++)
        out[i] = (struct place){.n = exp(d->points[i].u + d->centre.u),
                                .d = d->two ? exp(d->points[i].v + d->centre.v) : 1,
                                .variant = variant, .at = i, .seed = seed[d->rows[i]]};
}

struct room {
    struct place *all;
    double *value;
    size_t *budgets; /* (2, n) */
    bool *taken;
};

/* Whether grids of unlike sizes have one form, and if so their ranks as cells. */
static bool rank_both(struct room *r, size_t n_base, size_t n_variant)
{
    size_t *base = r->budgets, *variant = r->budgets + n_base + n_variant;
    size_t sizes = by_rank(r->all, n_base, r->value, base);
    return sizes == by_rank(r->all + n_base, n_variant, r->value, variant) &&
           memcmp(base, variant, sizes * sizeof *base) == 0;
}

static void match(struct pairs *out, struct room *r, const struct fit_design *base, const double *base_seed,
                  const struct fit_design *variant, const double *variant_seed)
{
    size_t n = base->n + variant->n, fewer = size_min(base->n, variant->n);
    take(r->all, base, base_seed, false);
    take(r->all + base->n, variant, variant_seed, true);
    bool ranked = rank_both(r, base->n, variant->n);
    by_value(r->all, n, r->value);
    pair_all(out, r->all, n, r->taken);
    out->how = PAIRS_VALUE;
    if (ranked && (double)out->n < 0.8 * (double)fewer) {
        take(r->all, base, base_seed, false);
        take(r->all + base->n, variant, variant_seed, true);
        (void)rank_both(r, base->n, variant->n);
        pair_all(out, r->all, n, r->taken);
        out->how = PAIRS_RANK;
    }
    if (out->n_cells < PAIRS_MIN_CELLS)
        out->how = PAIRS_NONE;
    out->lone_base = base->n - out->n;
    out->lone_variant = variant->n - out->n;
    number_seeds(out, base, base_seed, r->value);
    number_clusters(out, base, base_seed, variant);
}

enum status pairs_make(struct pairs *out, const struct fit_design *base, const double *base_seed,
                       const struct fit_design *variant, const double *variant_seed, struct err *err)
{
    size_t n = base->n + variant->n;
    struct room r = {.all = NULL};
    *out = (struct pairs){.how = PAIRS_NONE};
    enum status st = size_calloc(&out->items, n, sizeof *out->items, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.all, n, sizeof *r.all, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.value, n, sizeof *r.value, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.budgets, 2 * n, sizeof *r.budgets, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.taken, n, sizeof *r.taken, "pairs", err);
    if (st == OK)
        match(out, &r, base, base_seed, variant, variant_seed);
    free(r.all);
    free(r.value);
    free(r.budgets);
    free(r.taken);
    return st;
}

void pairs_free(struct pairs *p)
{
    free(p->items);
    *p = (struct pairs){.n = 0};
}
