#include "fit/verdict/methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

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
        if (fabs(size[j] - size[i]) <= 1e-3 * size[i] && same_seed)
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

static enum status envelopes(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                             struct err *err)
{
    struct row_curves own = {0};
    const struct envelope_curve *curves = opt->curves;
    size_t n = opt->n_curves;
    enum status st = OK;
    /* finished branches of one trajectory, each with its decay, are better points than a log at full rate */
    r->envelope_of = "training curves";
    if (!curves || t->n_trunks < t->n) {
        if (t->n <= MAX_ROWS)
            st = curves_of_rows(&own, t, err);
        curves = own.items;
        n = own.n;
        r->envelope_of = "final losses of each size by compute";
    }
    for (size_t k = 0; k < r->n_methods && st == OK; k++)
        st = envelope_fit(&r->methods[k].envelope, curves, n, r->methods[k].count,
                          size_min(opt->bootstrap, SIDE_RESAMPLES), opt->seed, err);
    free(own.items);
    free(own.store);
    return st;
}

static void take(struct fit_methods *m, const struct fit_report *r)
{
    m->count = r->count;
    m->law_n = r->frontier_n_exponent;
    m->law_d = r->frontier_d_exponent;
    m->isoflop_n = r->isoflop_n_exponent;
    m->isoflop_d = r->isoflop_d_exponent;
    for (size_t i = 0; i < FIT_METHOD_BUDGETS; i++) {
        double share = (double)i / (FIT_METHOD_BUDGETS - 1);
        m->flops[i] = r->min_flops * pow(10 * r->max_flops / r->min_flops, share);
        m->n_best[i] = fit_frontier_params(r, m->flops[i]);
        m->d_best[i] = fit_frontier_tokens(r, m->flops[i]);
    }
}

static enum status other_count(struct fit_methods *m, const struct fit_report *r, const struct fit_table *t,
                               const struct fit_options *opt, enum fit_count count, struct err *err)
{
    struct fit_options o = *opt;
    struct fit_report side = {0};
    o.count = count;
    o.law = fit_report_selected(r)->law->name;
    o.bootstrap = size_min(opt->bootstrap, SIDE_RESAMPLES);
    o.holdout = 0;
    o.break_sims = 0;
    o.exponents_only = true;
    o.progress = NULL;
    enum status st = fit_analyse(&side, t, &o, err);
    if (st == OK)
        take(m, &side);
    fit_report_free(&side);
    return st;
}

enum status methods_fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                         struct err *err)
{
    const struct fit_law *f = fit_report_selected(r);
    if (!f || f->law->n_vars == 1 || opt->exponents_only)
        return OK;
    for (size_t c = 0; c < FIT_N_COUNTS; c++) {
        struct fit_methods *m = &r->methods[r->n_methods];
        if ((enum fit_count)c == r->count)
            take(m, r);
        else if (t->has[fit_count_column((enum fit_count)c)])
            TRY(other_count(m, r, t, opt, (enum fit_count)c, err));
        else
            continue;
        r->n_methods++;
    }
    return envelopes(r, t, opt, err);
}
