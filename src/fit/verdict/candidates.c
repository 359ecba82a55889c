#include "fit/verdict/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"

/* Levels further apart than this leave room for one between them. */
#define ROOM 1.5
/* Steps beyond the largest level are as long as those below it, within these. */
#define STEP_MIN 1.3
#define STEP_MAX 2.0
/* Levels of the runs that are left, so that there is room for those between and beyond; and so many sizes are enough, without
 * such: docs/designs.md has what a size with a run or two of its own does to the intervals. */
enum { OWN_LEVELS = 6, ENOUGH_SIZES = 4 };

static double step_of(const double *levels, size_t n)
{
    double step = n > 1 ? pow(levels[n - 1] / levels[0], 1 / (double)(n - 1)) : STEP_MAX;
    return fmin(STEP_MAX, fmax(STEP_MIN, step));
}

/* The runs' levels, so many at most. */
static size_t thin(double *own, size_t n, size_t most)
{
    double factor = LEVELS_MET;
    while (n > most) {
        double top = own[n - 1];
        n = levels_distinct(own, own, n, factor *= 1.1);
        own[n - 1] = top; /* the largest matters most */
    }
    return n;
}

/* The runs' levels, thinned; then those beyond the largest; then those between. */
static size_t make_levels(double *out, double *own, size_t n_own, double reach)
{
    size_t n = thin(own, n_own, OWN_LEVELS), m = n;
    memcpy(out, own, n * sizeof *out);
    double step = step_of(own, n);
    for (double x = own[n - 1] * step; x <= own[n - 1] * reach * LEVELS_MET && m < CANDIDATES_LEVELS; x *= step)
        out[m++] = x;
    for (size_t i = 1; i < n && m < CANDIDATES_LEVELS; i++)
        if (own[i] > own[i - 1] * ROOM)
            out[m++] = sqrt(own[i] * own[i - 1]);
    sort_doubles(out, m);
    return m;
}

static bool same(double a, double b)
{
    return fabs(log(a / b)) < log(LEVELS_MET);
}

size_t candidates_seeds(double *out, const struct fit_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (!isnan(t->col[FIT_SEED][i]))
            out[n++] = t->col[FIT_SEED][i];
    sort_doubles(out, n);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (m == 0 || out[i] > out[m - 1])
            out[m++] = out[i];
    return m;
}

/* Whether the table has that cell with that seed; where it tells no seeds, so many runs of the cell stand for as many. */
static bool has_run(const struct fit_table *t, enum fit_column size, double n, double d, const double *seeds, size_t n_seeds,
                    size_t seed)
{
    size_t there = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!same(t->col[size][i], n) || !same(t->col[FIT_TOKENS][i], d))
            continue;
        if (seed < n_seeds && t->col[FIT_SEED][i] == seeds[seed])
            return true;
        there++;
    }
    return n_seeds == 0 && seed < there;
}

static void add(struct candidates *c, const struct fit_report *r, size_t size, size_t budget, size_t seed, size_t n_seeds)
{
    double n = c->sizes[size], d = c->budgets[budget];
    c->items[c->n] = (struct candidate){size, budget, seed};
    c->runs[c->n++] = (struct worth_run){n, d, r->cost.k * pow(n, r->cost.p) * d, size * (n_seeds + 2) + seed};
}

static enum status fill(struct candidates *c, const struct fit_report *r, const struct fit_table *t, double reach,
                        double *room, struct err *err)
{
    enum fit_column size = fit_count_column(r->count);
    double *own = room, *seeds = room + t->n;
    size_t n_own = levels_distinct(own, t->col[size], t->n, LEVELS_MET), n_seeds;
    if (n_own < ENOUGH_SIZES) {
        c->n_sizes = make_levels(c->sizes, own, n_own, reach);
    } else {
        c->n_sizes = thin(own, n_own, CANDIDATES_LEVELS);
        memcpy(c->sizes, own, c->n_sizes * sizeof *own);
    }
    n_own = levels_distinct(own, t->col[size], t->n, LEVELS_MET);
    for (size_t s = 0; s < c->n_sizes; s++)
        for (size_t i = 0; i < n_own; i++)
            c->ran[s] |= same(c->sizes[s], own[i]);
    n_own = levels_distinct(own, t->col[FIT_TOKENS], t->n, LEVELS_MET);
    c->n_budgets = make_levels(c->budgets, own, n_own, reach);
    n_seeds = candidates_seeds(seeds, t);
    TRY(size_calloc(&c->items, c->n_sizes * c->n_budgets * 2, sizeof *c->items, "the candidates", err));
    TRY(size_calloc(&c->runs, c->n_sizes * c->n_budgets * 2, sizeof *c->runs, "the candidates", err));
    for (size_t s = 0; s < c->n_sizes; s++)
        for (size_t b = 0; b < c->n_budgets; b++) {
            double flops = r->cost.k * pow(c->sizes[s], r->cost.p) * c->budgets[b];
            size_t made = 0;
            if (flops > reach * r->cost.max_flops * LEVELS_MET)
                continue;
            for (size_t seed = 0; seed < n_seeds + 2 && made < 2; seed++)
                if (!has_run(t, size, c->sizes[s], c->budgets[b], seeds, n_seeds, seed)) {
                    add(c, r, s, b, seed, n_seeds);
                    made++;
                }
        }
    return OK;
}

enum status candidates_make(struct candidates *c, const struct fit_report *r, const struct fit_table *t, double reach,
                            struct err *err)
{
    double *room;
    *c = (struct candidates){.n = 0};
    TRY(size_calloc(&room, 2 * t->n, sizeof *room, "the candidates", err));
    enum status st = fill(c, r, t, reach, room, err);
    free(room);
    return st;
}

/* Of this size, to 3 %; 0 where there is none. */
static double longest_run(const struct fit_table *t, enum fit_column size, double n)
{
    double d = 0;
    for (size_t i = 0; i < t->n; i++)
        if (same(t->col[size][i], n))
            d = fmax(d, t->col[FIT_TOKENS][i]);
    return d;
}

static size_t level_of(const double *levels, size_t n, double x)
{
    size_t i = 0;
    while (i + 1 < n && x >= levels[i + 1])
        i++;
    return i;
}

/* Whether at least half of all cells of the runs' sizes and budgets have runs; *middle: the smallest size of the upper half. Of
 * fewer than four sizes, never. */
static enum status is_rectangle(bool *yes, double *middle, const struct fit_table *t, enum fit_column size, struct err *err)
{
    double *sizes;
    bool *has = NULL;
    size_t filled = 0;
    *yes = false;
    TRY(size_calloc(&sizes, 2 * t->n, sizeof *sizes, "the candidates", err));
    double *budgets = sizes + t->n;
    size_t n_sizes = levels_distinct(sizes, t->col[size], t->n, LEVELS_MET);
    size_t n_budgets = levels_distinct(budgets, t->col[FIT_TOKENS], t->n, LEVELS_MET), cells = n_sizes * n_budgets;
    *middle = sizes[n_sizes / 2];
    enum status st = OK;
    if (n_sizes >= ENOUGH_SIZES && cells <= 2 * t->n) {
        st = size_calloc(&has, cells, sizeof *has, "the candidates", err);
        for (size_t i = 0; i < t->n && st == OK; i++) {
            bool *h = &has[level_of(sizes, n_sizes, t->col[size][i]) * n_budgets +
                           level_of(budgets, n_budgets, t->col[FIT_TOKENS][i])];
            filled += !*h;
            *h = true;
        }
        *yes = 2 * filled >= cells;
    }
    free(has);
    free(sizes);
    return st;
}

enum status candidates_lengthen(struct candidates *c, const struct fit_report *r, const struct fit_table *t, size_t k,
                                struct err *err)
{
    const enum fit_column size = fit_count_column(r->count);
    bool keep[2 * CANDIDATES_LEVELS * CANDIDATES_LEVELS], rectangle;
    double middle;
    size_t n = 0;
    CHECK(c->n <= sizeof keep);
    TRY(is_rectangle(&rectangle, &middle, t, size, err));
    for (size_t i = 0; i < c->n; i++) {
        const struct worth_run *x = &c->runs[i];
        keep[i] = x->n * LEVELS_MET >= middle && x->d > longest_run(t, size, x->n) * LEVELS_MET && c->items[i].seed == 0;
        n += keep[i];
    }
    if (!rectangle || n < k)
        return OK;
    n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (keep[i]) {
            c->items[n] = c->items[i];
            c->runs[n++] = c->runs[i];
        }
    c->n = n;
    return OK;
}

void candidates_free(struct candidates *c)
{
    free(c->items);
    free(c->runs);
    *c = (struct candidates){.n = 0};
}
