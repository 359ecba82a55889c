#include "fit/table/tuned.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/levels.h"
#include "fit/unlike.h"

struct run {
    double params, tokens, x, loss;
    uint64_t setting;
    size_t row;
};

static int by_cell(const void *a, const void *b)
{
    const struct run *p = a, *q = b;
    const double keys[][2] = {{p->params, q->params}, {p->x, q->x}, {p->tokens, q->tokens}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static int by_setting(const void *a, const void *b)
{
    const struct run *p = a, *q = b;
    if (p->setting != q->setting)
        return p->setting < q->setting ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static double or_zero(double v)
{
    return isnan(v) ? 0 : v;
}

/* Runs by cell, those of one that differ in a setting next to each other; returns how many runs there are. */
static size_t list_runs(struct run *r, const struct fit_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->col[FIT_PARAMS][i] > 0 && t->col[FIT_TOKENS][i] > 0)
            r[n++] = (struct run){t->col[FIT_PARAMS][i], t->col[FIT_TOKENS][i], or_zero(t->col[FIT_X][i]), t->col[FIT_LOSS][i],
                                  unlike_setting(t->unlike, i), i};
    qsort(r, n, sizeof *r, by_cell);
    return n;
}

static size_t end_of_cell(const struct run *r, size_t i, size_t n)
{
    size_t end = i + 1;
    while (end < n && r[end].params == r[i].params && r[end].x == r[i].x && r[end].tokens <= LEVELS_BATCHES * r[i].tokens)
        end++;
    return end;
}

/* The best setting of a cell (n runs), by the mean loss of its seeds; *settings how many there are. */
static uint64_t best_of(size_t *settings, struct run *r, size_t n)
{
    double least = (double)INFINITY;
    uint64_t best = 0;
    *settings = 0;
    qsort(r, n, sizeof *r, by_setting);
    for (size_t i = 0; i < n; ++*settings) {
        double sum = 0;
        size_t first = i;
        for (; i < n && r[i].setting == r[first].setting; i++)
            sum += r[i].loss;
        double mean = sum / (double)(i - first);
        if (mean < least)
            least = mean, best = r[first].setting;
    }
    return best;
}

/* Whether the best rate of a cell is the lowest or the highest that was tried with what else it has. */
static bool rate_at_edge(const struct fit_table *t, const struct run *r, size_t n, uint64_t best)
{
    double at = (double)NAN, lo = (double)INFINITY, hi = 0;
    size_t of = n;
    for (size_t i = 0; i < n; i++)
        if (r[i].setting == best)
            of = r[i].row;
    at = unlike_rate(t->unlike, of);
    for (size_t i = 0; i < n; i++)
        if (unlike_others(t->unlike, r[i].row) == unlike_others(t->unlike, of)) {
            lo = fmin(lo, unlike_rate(t->unlike, r[i].row));
            hi = fmax(hi, unlike_rate(t->unlike, r[i].row));
        }
    return lo < hi && (at <= lo || at >= hi);
}

static enum status list_tried(struct fit_table *t, struct err *err)
{
    TRY(size_calloc(&t->tried, t->n, sizeof *t->tried, "the runs that were tried", err));
    for (size_t i = 0; i < t->n; i++)
        t->tried[t->n_tried++] = (struct fit_tried){
            .params = {t->col[FIT_PARAMS][i], t->col[FIT_PARAMS_NONEMBD][i], t->col[FIT_PARAMS_MATMUL][i]},
            .tokens = t->col[FIT_TOKENS][i], .flops = t->col[FIT_FLOPS][i], .loss = t->col[FIT_LOSS][i],
            .lr = unlike_rate(t->unlike, i),
            .batch = unlike_number(t->unlike, i, unlike_trait("batch_tokens"), "batch_tokens"),
            .warmup = unlike_number(t->unlike, i, unlike_trait("warmup_tokens"), "warmup_tokens"),
            .others = unlike_others(t->unlike, i)};
    return OK;
}

struct tally {
    size_t cells, several, edges;
};

static void choose(bool *keep, struct tally *all, struct fit_table *t, struct run *r, size_t n)
{
    for (size_t i = 0, end; i < n; i = end, all->cells++) {
        size_t settings;
        end = end_of_cell(r, i, n);
        uint64_t best = best_of(&settings, r + i, end - i);
        for (size_t k = i; k < end; k++) {
            keep[r[k].row] = r[k].setting == best;
            unlike_settle(t->unlike, r[i].row, r[k].row);
        }
        all->several += settings > 1;
        all->edges += settings > 1 && rate_at_edge(t, r + i, end - i, best);
    }
}

static void say(struct fit_table *t, const struct tally *all, size_t kept)
{
    char columns[160], example[200];
    unlike_settled(columns, sizeof columns, example, sizeof example, t->unlike);
    fit_lines_add(&t->notes, "of %zu rows %zu are set aside: at %zu of %zu sizes and budgets several values of %s were tried, "
                  "and the one with the lowest mean loss is fitted (--where %s takes one for all)", t->n, t->n - kept, all->several,
                  all->cells, columns, example);
    if (all->edges)
        fit_lines_add(&t->careful, "at %zu of these %zu sizes and budgets the best learning rate is the lowest or the highest "
                      "that was tried: a better one may lie beyond it", all->edges, all->several);
}

enum status tuned_choose(bool *keep, size_t *n, struct fit_table *t, struct err *err)
{
    struct run *r;
    struct tally all = {0, 0, 0};
    *n = t->n;
    for (size_t i = 0; i < t->n; i++)
        keep[i] = true;
    if (!unlike_has_settings(t->unlike))
        return OK;
    TRY(size_calloc(&r, t->n, sizeof *r, "rows", err));
    choose(keep, &all, t, r, list_runs(r, t));
    free(r);
    *n = 0;
    for (size_t i = 0; i < t->n; i++)
        *n += keep[i];
    if (*n == t->n)
        return OK;
    say(t, &all, *n);
    return list_tried(t, err);
}
