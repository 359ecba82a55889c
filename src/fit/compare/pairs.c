#include "fit/compare/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"

/* One run on its way into a cell. */
struct place {
    size_t size, data; /* levels */
    double n, d, c;    /* what they are levels of: size, tokens, FLOPs */
    bool variant;
    size_t at;         /* index into its design */
    double seed;
};

struct room {
    struct place *all;
    size_t n;
    double *value; /* (2, n) */
    bool *taken;
};

/* --- levels --------------------------------------------------------------------------------------------- */

enum side { BASE, VARIANT, BOTH };
enum axis { SIZE, TOKENS, FLOPS };

static double along(const struct place *p, enum axis axis)
{
    return axis == SIZE ? p->n : axis == TOKENS ? p->d : p->c;
}

static size_t level_of(const double *levels, size_t n, double x)
{
    size_t k = 0;
    while (k + 1 < n && levels[k + 1] <= x)
        k++;
    return k;
}

#define ANY_SIZE ((size_t)-1)

static bool is_of(const struct place *p, enum side side, size_t size)
{
    return (side == BOTH || p->variant == (side == VARIANT)) && (size == ANY_SIZE || p->size == size);
}

/* Levels of those runs into out (n); returns how many. */
static size_t levels_of(double *out, const struct room *r, enum side side, size_t size, enum axis axis)
{
    size_t m = 0;
    for (size_t i = 0; i < r->n; i++)
        if (is_of(&r->all[i], side, size))
            out[m++] = along(&r->all[i], axis);
    return levels_distinct(out, out, m, LEVELS_MET);
}

/* Number those runs by their levels: sizes, or data where the axis is another. Returns how many levels there are. */
static size_t number_levels(struct room *r, enum side side, size_t size, enum axis axis)
{
    size_t n = levels_of(r->value, r, side, size, axis);
    for (size_t i = 0; i < r->n; i++) {
        struct place *p = &r->all[i];
        if (is_of(p, side, size))
            *(axis == SIZE ? &p->size : &p->data) = level_of(r->value, n, along(p, axis));
    }
    return n;
}

/* --- do they meet --------------------------------------------------------------------------------------- */

/* Levels of the base beside those of the variant, in one list or several. */
struct meeting {
    size_t met, fewer; /* levels with one of the other side, and of the side that has fewer */
    bool exact;        /* some are one number */
    bool crossed;      /* some meet one of another rank */
    bool one_form;     /* as many on both sides, in every list */
};

static void add_meeting(struct meeting *m, const struct room *r, size_t size, enum axis axis)
{
    double *a = r->value, *b = r->value + r->n;
    size_t n = levels_of(a, r, BASE, size, axis), k = levels_of(b, r, VARIANT, size, axis);
    m->fewer += size_min(n, k);
    m->one_form = m->one_form && n == k;
    for (size_t i = 0, j = 0; i < n && j < k;) {
        double far = log(b[j] / a[i]);
        if (fabs(far) <= log(LEVELS_MET)) {
            m->met++;
            m->exact = m->exact || fabs(far) < 1e-9;
            m->crossed = m->crossed || i != j;
            i++, j++;
        } else if (far > 0) {
            i++;
        } else {
            j++;
        }
    }
}

/* A few may be missing, as where runs diverged. */
static bool most_meet(const struct meeting *m)
{
    return 5 * m->met >= 4 * m->fewer;
}

/* That many that meet at unlike ranks are one grid that begins elsewhere. */
static bool shifted(const struct meeting *m)
{
    return m->crossed && 2 * m->met >= m->fewer;
}

/* A tweak that changes the number of parameters changes it at every size: where one size is the same to the digit, sizes are what
 * they seem. */
static bool sizes_by_value(const struct meeting *m)
{
    return m->exact || most_meet(m) || shifted(m) || !m->one_form;
}

static double first_of(const struct room *r, enum side side, size_t size)
{
    for (size_t i = 0; i < r->n; i++)
        if (is_of(&r->all[i], side, size))
            return r->all[i].n;
    return (double)NAN;
}

/* Whether budgets of one rank differ by no more than sizes of that rank do: those that are so many tokens a parameter, or so many
 * FLOPs counted in another way. */
static bool budgets_follow(const struct room *r, size_t sizes)
{
    double *a = r->value, *b = r->value + r->n;
    for (size_t s = 0; s < sizes; s++) {
        size_t n = levels_of(a, r, BASE, s, TOKENS), k = levels_of(b, r, VARIANT, s, TOKENS);
        double most = fabs(log(first_of(r, VARIANT, s) / first_of(r, BASE, s))) + log(LEVELS_MET);
        for (size_t i = 0; i < n; i++)
            if (n != k || !(fabs(log(b[i] / a[i])) <= most))
                return false;
    }
    return true;
}

static bool flops_known(const struct room *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!(r->all[i].c > 0 && isfinite(r->all[i].c)))
            return false;
    return true;
}

static enum pairs_budgets judge_budgets(struct pairs *out, const struct room *r, size_t sizes)
{
    struct meeting tokens = {.one_form = true}, flops = {.one_form = true};
    for (size_t s = 0; s < sizes; s++) {
        add_meeting(&tokens, r, s, TOKENS);
        if (flops_known(r))
            add_meeting(&flops, r, s, FLOPS);
    }
    if (tokens.fewer == 0)
        add_meeting(&tokens, r, ANY_SIZE, TOKENS);
    out->budgets_differ = !most_meet(&tokens);
    if (most_meet(&tokens) || shifted(&tokens))
        return PAIRS_TOKENS;
    if (flops.fewer > 0 && (most_meet(&flops) || shifted(&flops)))
        return PAIRS_FLOPS;
    if (out->how == PAIRS_RANK && budgets_follow(r, sizes))
        return PAIRS_ORDER;
    return flops.met > tokens.met ? PAIRS_FLOPS : PAIRS_TOKENS;
}

/* Sizes first, then the budgets of those that stand beside each other. */
static void number_cells(struct pairs *out, struct room *r)
{
    struct meeting sizes = {.one_form = true};
    add_meeting(&sizes, r, ANY_SIZE, SIZE);
    out->sizes_differ = !most_meet(&sizes);
    out->how = sizes_by_value(&sizes) ? PAIRS_VALUE : PAIRS_RANK;
    size_t n = out->how == PAIRS_VALUE ? number_levels(r, BOTH, ANY_SIZE, SIZE) : number_levels(r, BASE, ANY_SIZE, SIZE);
    if (out->how == PAIRS_RANK)
        number_levels(r, VARIANT, ANY_SIZE, SIZE);
    out->budgets = judge_budgets(out, r, n);
    if (out->budgets != PAIRS_ORDER)
        number_levels(r, BOTH, ANY_SIZE, out->budgets == PAIRS_TOKENS ? TOKENS : FLOPS);
    for (size_t s = 0; s < n && out->budgets == PAIRS_ORDER; s++) {
        number_levels(r, BASE, s, TOKENS);
        number_levels(r, VARIANT, s, TOKENS);
    }
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
                                .c = d->scale[i], .variant = variant, .at = i, .seed = seed[d->rows[i]]};
}

/* Runs that both sides have: of one size, budget, seed and loss. */
static size_t count_same(const struct pairs *p, const struct fit_design *base, const double *base_seed,
                         const struct fit_design *variant, const double *variant_seed)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t b = p->items[i].base, v = p->items[i].variant;
        double a = base_seed[base->rows[b]], c = variant_seed[variant->rows[v]];
        double size = base->points[b].u + base->centre.u - variant->points[v].u - variant->centre.u;
        double data = base->points[b].v + base->centre.v - variant->points[v].v - variant->centre.v;
        n += (a == c || (isnan(a) && isnan(c))) && base->loss[b] == variant->loss[v] && fabs(size) < 1e-9 &&
             (!base->two || fabs(data) < 1e-9);
    }
    return n;
}

static void match(struct pairs *out, struct room *r, const struct fit_design *base, const double *base_seed,
                  const struct fit_design *variant, const double *variant_seed)
{
    take(r->all, base, base_seed, false);
    take(r->all + base->n, variant, variant_seed, true);
    number_cells(out, r);
    pair_all(out, r->all, r->n, r->taken);
    if (out->n_cells < PAIRS_MIN_CELLS)
        out->how = PAIRS_NONE;
    out->lone_base = base->n - out->n;
    out->lone_variant = variant->n - out->n;
    out->same_run = count_same(out, base, base_seed, variant, variant_seed);
    number_seeds(out, base, base_seed, r->value);
    number_clusters(out, base, base_seed, variant);
}

enum status pairs_make(struct pairs *out, const struct fit_design *base, const double *base_seed,
                       const struct fit_design *variant, const double *variant_seed, struct err *err)
{
    size_t n = base->n + variant->n;
    struct room r = {.n = n};
    *out = (struct pairs){.how = PAIRS_NONE};
    enum status st = size_calloc(&out->items, n, sizeof *out->items, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.all, n, sizeof *r.all, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.value, 2 * n, sizeof *r.value, "pairs", err);
    if (st == OK)
        st = size_calloc(&r.taken, n, sizeof *r.taken, "pairs", err);
    if (st == OK)
        match(out, &r, base, base_seed, variant, variant_seed);
    free(r.all);
    free(r.value);
    free(r.taken);
    return st;
}

void pairs_free(struct pairs *p)
{
    free(p->items);
    *p = (struct pairs){.n = 0};
}
