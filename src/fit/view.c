#include "fit/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"

#define SAME_LEVEL (1 + LEVELS_WRITTEN)

static size_t count_levels(const double *x, const bool *use, size_t n, double *scratch)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!use || use[i])
            scratch[m++] = x[i];
    return levels_distinct(scratch, scratch, m, SAME_LEVEL);
}

static const char *column_name(enum fit_column c, const struct fit_table *t)
{
    return c == FIT_X ? t->x_name : c == FIT_TOKENS ? "tokens" : c == FIT_FLOPS ? "flops" : "params";
}

static size_t mark_level(struct view *v, const double *x, double level, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        v->use[i] = x[i] <= level * SAME_LEVEL && x[i] >= level / SAME_LEVEL;
        m += v->use[i];
    }
    return m;
}

/* Keep the runs that share one level of `fixed`, the one where `varied` takes most values (the larger
 * level where several do). `fixed` has few levels, so walking them is cheap. */
static void keep_one_level(struct view *v, const struct fit_table *t, const double *fixed,
                           const double *varied)
{
    size_t most = 0;
    double best = 0, last = 0, *sorted = v->scratch + t->n;
    memcpy(sorted, fixed, t->n * sizeof *sorted);
    sort_doubles(sorted, t->n);
    for (size_t i = 0; i < t->n; i++) {
        if (i > 0 && sorted[i] <= last * SAME_LEVEL)
            continue;
        last = sorted[i];
        mark_level(v, fixed, last, t->n);
        size_t levels = count_levels(varied, v->use, t->n, v->scratch);
        if (levels >= most) {
            most = levels;
            best = last;
        }
    }
    v->n = mark_level(v, fixed, best, t->n);
}

struct by_compute {
    double c, loss;
    size_t row;
};

static int compare_compute(const void *a, const void *b)
{
    const struct by_compute *x = a, *y = b;
    if (x->c != y->c)
        return x->c < y->c ? -1 : 1;
    if (x->loss != y->loss)
        return x->loss < y->loss ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Runs that no run of equal or less compute beats: the envelope that a law in compute describes. */
static enum status keep_envelope(struct view *v, const struct fit_table *t, struct err *err)
{
    struct by_compute *k;
    double best = (double)INFINITY;
    TRY(size_calloc(&k, t->n, sizeof *k, "rows", err));
    for (size_t i = 0; i < t->n; i++) {
        k[i] = (struct by_compute){t->col[FIT_FLOPS][i], t->col[FIT_LOSS][i], i};
        v->use[i] = false;
    }
    qsort(k, t->n, sizeof *k, compare_compute);
    v->n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!(k[i].loss < best))
            continue;
        best = k[i].loss;
        v->use[k[i].row] = true;
        v->n++;
    }
    free(k);
    return OK;
}

static enum status view_one(struct view *v, struct fit_lines *notes, const struct fit_table *t,
                            const double *n, size_t sizes, size_t budgets, bool asked,
                            struct err *err)
{
    const double *d = t->col[FIT_TOKENS];
    v->two = false;
    if (sizes == 1 || budgets == 1) {
        v->x = budgets > 1 || sizes == 1 ? FIT_TOKENS : FIT_PARAMS;
        fit_lines_add(notes, "all runs have one %s, so laws are fitted in %s alone",
                      sizes == 1 ? "size" : "token budget", column_name(v->x, t));
    } else if (asked && sizes >= VIEW_MIN_LEVELS && budgets >= VIEW_MIN_LEVELS) {
        v->x = FIT_FLOPS;
        TRY(keep_envelope(v, t, err));
        fit_lines_add(notes,
                      "a law of one variable on runs that vary two: fitted against flops on the %zu runs "
                      "that none of equal or less compute beats (the envelope)",
                      v->n);
    } else {
        v->x = budgets >= sizes ? FIT_TOKENS : FIT_PARAMS;
        keep_one_level(v, t, v->x == FIT_TOKENS ? n : d, v->x == FIT_TOKENS ? d : n);
        fit_lines_add(notes,
                      "%zu sizes and %zu token budgets are too few for a law of both (three of each are "
                      "needed), so laws are fitted in %s alone, on %zu runs",
                      sizes, budgets, column_name(v->x, t), v->n);
    }
    return OK;
}

/* How closely ln y follows ln x, from -1 to 1. */
static double correlation(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += log(x[i]) / (double)n;
        my += log(y[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double a = log(x[i]) - mx, b = log(y[i]) - my;
        xx += a * a;
        xy += a * b;
        yy += b * b;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* A loss that rises is no law's; another quantity may rise as a power. So clearly that its exponent is no matter of luck. */
#define RISES 0.7

enum status view_choose(struct view *v, struct fit_lines *notes, const struct fit_table *t,
                        const struct fit_options *opt, struct err *err)
{
    const struct law *law = opt->law ? law_find(opt->law) : NULL;
    const double *n = t->col[fit_count_column(opt->count)];
    *v = (struct view){.n = t->n};
    TRY(size_calloc(&v->use, t->n, sizeof *v->use, "rows", err));
    TRY(size_calloc(&v->scratch, 2 * t->n, sizeof *v->scratch, "rows", err));
    for (size_t i = 0; i < t->n; i++)
        v->use[i] = true;
    v->x = FIT_X;
    if (t->x_name[0] == '\0') {
        size_t sizes = count_levels(n, NULL, t->n, v->scratch);
        size_t budgets = count_levels(t->col[FIT_TOKENS], NULL, t->n, v->scratch);
        v->two = sizes >= VIEW_MIN_LEVELS && budgets >= VIEW_MIN_LEVELS && (!law || law->n_vars == 2);
        if (!v->two)
            TRY(view_one(v, notes, t, n, sizes, budgets, law && law->n_vars == 1, err));
        v->levels = size_min(sizes, budgets);
    } else {
        v->rises = t->loss_unit[0] == '\0' && correlation(t->col[FIT_X], t->col[FIT_LOSS], t->n) > RISES;
    }
    v->x_name = v->two ? "" : column_name(v->x, t);
    if (!v->two && v->x == FIT_PARAMS)
        v->x = fit_count_column(opt->count);
    if (!v->two)
        v->levels = count_levels(t->col[v->x], v->use, t->n, v->scratch);
    return OK;
}

void view_free(struct view *v)
{
    free(v->use);
    free(v->scratch);
    *v = (struct view){0};
}
