#include "fit/verdict/methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"

/* Resamples of the counts that the report itself is not about. */
#define SIDE_RESAMPLES 100

/* Curves made of a table's rows, with the memory that they point into. */
struct row_curves {
    struct envelope_curve *items;
    size_t n;
    double *store; /* (3, rows) */
};

struct row {
    size_t group, row;
    double tokens;
};

static int by_group(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->tokens != y->tokens)
        return x->tokens < y->tokens ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows of one trajectory are one group; where none is shared, those of one size and seed. Quadratic in the number
 * of sizes, of which there are few. */
static size_t group_of(const struct fit_table *t, const struct row *before, size_t n_before, size_t i)
{
    if (t->n_trunks < t->n)
        return t->trunk[i];
    const double *size = t->col[FIT_PARAMS], *seed = t->col[FIT_SEED], *order = t->col[FIT_ORDER_SEED];
    size_t groups = 0;
    for (size_t k = 0; k < n_before; k++) {
        size_t j = before[k].row;
        bool same_seed = (seed[j] == seed[i] || (isnan(seed[j]) && isnan(seed[i]))) &&
                         (order[j] == order[i] || (isnan(order[j]) && isnan(order[i])));
        if (fabs(size[j] - size[i]) <= LEVELS_WRITTEN * size[i] && same_seed)
            return before[k].group;
        groups = size_max(groups, before[k].group + 1);
    }
    return groups;
}

static enum status curves_of_rows(struct row_curves *c, const struct fit_table *t, struct err *err)
{
    struct row *rows;
    size_t n = t->n;
    TRY(size_calloc(&rows, n, sizeof *rows, "curves", err));
    enum status st = size_calloc(&c->items, n, sizeof *c->items, "curves", err);
    if (st == OK)
        st = size_calloc(&c->store, 3 * n, sizeof *c->store, "curves", err);
    for (size_t i = 0; i < n && st == OK; i++)
        rows[i] = (struct row){group_of(t, rows, i, i), i, t->col[FIT_TOKENS][i]};
    if (st == OK)
        qsort(rows, n, sizeof *rows, by_group);
    for (size_t i = 0; i < n && st == OK; i++) {
        size_t k = rows[i].row;
        if (i == 0 || rows[i].group != rows[i - 1].group)
            c->items[c->n++] = (struct envelope_curve){
                .params = {t->col[FIT_PARAMS][k], t->col[FIT_PARAMS_NONEMBD][k], t->col[FIT_PARAMS_MATMUL][k]},
                .tokens = c->store + i, .flops = c->store + n + i, .loss = c->store + 2 * n + i};
        c->store[i] = t->col[FIT_TOKENS][k];
        c->store[n + i] = t->col[FIT_FLOPS][k];
        c->store[2 * n + i] = t->col[FIT_LOSS][k];
        c->items[c->n - 1].n++;
    }
    free(rows);
    return st;
}

/* The largest table whose rows are looked through for curves. */
#define MAX_ROWS 20000

enum status methods_envelopes(struct fit_method_counts *m, const struct fit_table *t, const struct fit_options *opt,
                              struct err *err)
{
    struct row_curves own = {0};
    const struct envelope_curve *curves = opt->curves;
    size_t n = opt->n_curves;
    enum status st = OK;
    /* finished branches of one trajectory, each with its decay, are better points than a log at full rate */
    m->envelope_of = "training curves";
    if (!curves || t->n_trunks < t->n) {
        if (t->n <= MAX_ROWS)
            st = curves_of_rows(&own, t, err);
        curves = own.items;
        n = own.n;
        m->envelope_of = "final losses of each size by compute";
    }
    for (size_t k = 0; k < m->n && st == OK; k++)
        st = envelope_fit(&m->at[k].envelope, curves, n, m->at[k].count,
                          size_min(opt->bootstrap, SIDE_RESAMPLES), opt->seed, err);
    free(own.items);
    free(own.store);
    return st;
}

void methods_add(struct fit_method_counts *all, enum fit_count count, const struct fit_cost *cost,
                 const struct fit_frontier *frontier, const struct fit_isoflops *isoflop)
{
    struct fit_methods *m = &all->at[all->n++];
    m->count = count;
    m->law_n = frontier->n_exponent;
    m->law_d = frontier->d_exponent;
    m->isoflop_n = isoflop->n_exponent;
    m->isoflop_d = isoflop->d_exponent;
    for (size_t i = 0; i < FIT_METHOD_BUDGETS; i++) {
        double share = (double)i / (FIT_METHOD_BUDGETS - 1);
        m->flops[i] = cost->min_flops * pow(10 * cost->max_flops / cost->min_flops, share);
        m->n_best[i] = fit_frontier_params(frontier, m->flops[i]);
        m->d_best[i] = fit_frontier_tokens(frontier, m->flops[i]);
    }
}

struct fit_options methods_side(const struct fit_options *opt, const char *law, enum fit_count count)
{
    struct fit_options o = *opt;
    o.count = count;
    o.law = law;
    o.bootstrap = size_min(opt->bootstrap, SIDE_RESAMPLES);
    o.holdout = 0;
    o.break_sims = 0;
    o.exponents_only = true;
    o.progress = NULL;
    return o;
}
