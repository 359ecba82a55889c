#include "fit/verdict/serial.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* Budgets of one size beyond which they look like a log of one run; grids have three to seven. */
#define MANY_BUDGETS 8
/* Pairs, and a correlation, that chance or a slight lack of fit do not give: 20 pairs of independent residuals exceed
 * 0.5 once in 80. */
#define MIN_PAIRS 20
#define STRONG 0.5

struct point {
    double size, tokens, residual;
};

static int by_size_and_tokens(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (x->tokens > y->tokens) - (x->tokens < y->tokens);
}

/* One point for each size and budget, the mean of its rows (several runs of one size log the same budgets); returns how
 * many. p is sorted. */
static size_t merge_budgets(struct point *p, size_t n)
{
    size_t m = 0;
    for (size_t i = 0, end; i < n; i = end) {
        double sum = 0;
        for (end = i; end < n && p[end].size == p[i].size && p[end].tokens == p[i].tokens; end++)
            sum += p[end].residual;
        p[m++] = (struct point){p[i].size, p[i].tokens, sum / (double)(end - i)};
    }
    return m;
}

enum status serial_correlation(double *r, size_t *pairs, const struct fit_law *f, const struct fit_table *t,
                               enum fit_count count, struct err *err)
{
    struct point *p;
    double product = 0, square = 0;
    *r = (double)NAN;
    *pairs = 0;
    if (f->law->n_vars != 2 || t->n_trunks != t->n)
        return OK;
    TRY(size_calloc(&p, f->n, sizeof *p, "residuals", err));
    for (size_t i = 0; i < f->n; i++)
        p[i] = (struct point){t->col[fit_count_column(count)][f->rows[i]], t->col[FIT_TOKENS][f->rows[i]],
                              f->ln_loss[i] - log(law_value(f->law, f->best.p, &f->points[i], &f->problem.centre))};
    qsort(p, f->n, sizeof *p, by_size_and_tokens);
    size_t n = merge_budgets(p, f->n);
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        while (end < n && p[end].size == p[i].size)
            end++;
        for (size_t k = i + 1; k < end && end - i >= MANY_BUDGETS; k++) {
            product += p[k].residual * p[k - 1].residual;
            square += (p[k].residual * p[k].residual + p[k - 1].residual * p[k - 1].residual) / 2;
            (*pairs)++;
        }
    }
    free(p);
    if (*pairs >= MIN_PAIRS && square > 0)
        *r = product / square;
    return OK;
}

enum status serial_warn(struct fit_lines *warnings, const struct fit_law *f, const struct fit_table *t, enum fit_count count,
                        struct err *err)
{
    double c;
    size_t pairs;
    TRY(serial_correlation(&c, &pairs, f, t, count, err));
    if (c >= STRONG)
        fit_lines_add(warnings,
                      "residuals of neighbouring rows of one size go together (correlation %.2f over %zu pairs), as those of "
                      "checkpoints of one run do: intervals that take the rows for runs of their own are too narrow; name the "
                      "column that tells the runs apart with --column trunk=NAME",
                      c, pairs);
    return OK;
}
