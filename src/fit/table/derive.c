#include "fit/table/derive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/size.h"
#include "base/sort.h"
#include "fit/table/roles.h"
#include "fit/table/tuned.h"
#include "fit/unlike.h"

/* A factor between flops and 6 N D beyond this is no convention (attention, embeddings, forward only). */
#define FAR 3.0
/* Its largest over its smallest value where it counts as steady. */
#define STEADY 4.0

void derive_row(double v[FIT_N_COLUMNS], struct derived *made, enum fit_column size)
{
    double *n = &v[size], *d = &v[FIT_TOKENS], *c = &v[FIT_FLOPS], *u = &v[FIT_UNIQUE_TOKENS], *e = &v[FIT_EPOCHS];
    if (isnan(*d) && *c > 0 && *n > 0) {
        *d = *c / (6 * *n);
        made->tokens++;
    } else if (isnan(*n) && *c > 0 && *d > 0) {
        *n = *c / (6 * *d);
        made->sizes++;
    } else if (isnan(*c) && *n > 0 && *d > 0) {
        *c = 6 * *n * *d;
        made->flops++;
    }
    if (isnan(*u) && *e > 0 && *d > 0) {
        *u = *d / fmax(*e, 1.0);
        made->unique++;
    }
}

void derive_notes(struct fit_table *t, const char *name, const struct derived *d)
{
    if (d->tokens)
        fit_lines_add(&t->notes, "%s: tokens = flops / (6 params) for %zu runs", name, d->tokens);
    if (d->sizes)
        fit_lines_add(&t->notes, "%s: params = flops / (6 tokens) for %zu runs", name, d->sizes);
    if (d->flops)
        fit_lines_add(&t->notes, "%s: flops = 6 params x tokens for %zu runs", name, d->flops);
    if (d->unique)
        fit_lines_add(&t->notes, "%s: unique tokens = tokens / epochs for %zu runs", name, d->unique);
}

/* The unit that makes a factor one, roughly; 0 where none does. */
static double unit_for(double factor, const char **name)
{
    static const struct {
        const char *name;
        double flops;
    } units[] = {{"GFLOPs", 1e9}, {"TFLOPs", 1e12}, {"PFLOPs", 1e15}, {"EFLOPs", 1e18}, {"PF-days", 8.64e19},
                 {"ZFLOPs", 1e21}, {"MFLOPs", 1e6}, {"kFLOPs", 1e3}, {"YFLOPs", 1e24}};
    double best = log(FAR), unit = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (fabs(log(factor * units[i].flops)) < best) {
            best = fabs(log(factor * units[i].flops));
            unit = units[i].flops;
            *name = units[i].name;
        }
    return unit;
}

/* Tokens or sizes below one come from numbers in different units. */
static void small_numbers(struct fit_table *t, size_t from, const char *name, enum fit_column size)
{
    size_t few = 0;
    for (size_t i = from; i < t->n; i++)
        few += t->col[FIT_TOKENS][i] < 1 || t->col[size][i] < 1;
    if (few)
        fit_lines_add(&t->careful, "%s: %zu row%s fewer than one token or parameter: flops, params and tokens are in "
                      "different units; --scale flops=PF-days (or another unit or factor) puts that right", name, few,
                      few == 1 ? " has" : "s have");
}

void derive_units(struct fit_table *t, size_t from, const char *name, const struct roles *r,
                  const struct fit_read_options *opt)
{
    enum fit_column size = fit_count_column(opt->count);
    size_t n = 0;
    if (r->of[FIT_X] != ROLE_NO_COLUMN || t->n == from)
        return;
    small_numbers(t, from, name, size);
    double *ratio = malloc((t->n - from) * sizeof *ratio);
    if (r->of[FIT_FLOPS] == ROLE_NO_COLUMN || r->of[size] == ROLE_NO_COLUMN || r->of[FIT_TOKENS] == ROLE_NO_COLUMN || !ratio) {
        free(ratio);
        return;
    }
    double *c = t->col[FIT_FLOPS];
    for (size_t i = from; i < t->n; i++)
        ratio[n++] = c[i] / (6 * t->col[size][i] * t->col[FIT_TOKENS][i]);
    sort_doubles(ratio, n);
    double mid = ratio[n / 2], spread = ratio[n - 1] / ratio[0];
    free(ratio);
    bool far = !(mid <= FAR && mid >= 1 / FAR), steady = spread <= STEADY;
    const char *unit = "";
    double factor = far && steady && !r->flops_scaled ? unit_for(mid, &unit) : 0;
    if (r->flops_doubtful && (!steady || (far && !(factor > 0)))) {
        for (size_t i = from; i < t->n; i++)
            c[i] = 6 * t->col[size][i] * t->col[FIT_TOKENS][i];
        fit_lines_add(&t->notes, "%s: the column taken for flops is not in step with params x tokens, so flops = 6 params x "
                      "tokens (--column flops=NAME takes a column all the same)", name);
    } else if (factor > 0) {
        for (size_t i = from; i < t->n; i++)
            c[i] *= factor;
        fit_lines_add(&t->notes, "%s: flops are a steady %.3g of 6 params x tokens; %s fit, so they are read as %s of %.4g FLOPs "
                      "(--scale flops=1 takes the numbers as they are)", name, mid, unit, unit, factor);
    } else if (far && steady) {
        fit_lines_add(&t->careful, "%s: flops are a steady %.3g times 6 params x tokens, which no way of counting explains; "
                      "--scale flops=%.3g puts them right", name, mid, 1 / mid);
    }
}

/* --- once all rows are there --------------------------------------------------------------------------------- */

struct keyed {
    uint64_t key;
    size_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Trunk names become numbers in the order of their first run. */
static void number_trunks(struct fit_table *t, const uint64_t *trunk, struct keyed *k)
{
    size_t n = t->n;
    for (size_t i = 0; i < n; i++)
        k[i] = (struct keyed){trunk[i], i};
    qsort(k, n, sizeof *k, by_key);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && k[i].key != 0 && k[i].key == k[i - 1].key;
        t->trunk[k[i].row] = same ? t->trunk[k[i - 1].row] : k[i].row;
    }
    t->n_trunks = 0;
    for (size_t i = 0; i < n; i++)
        t->trunk[i] = t->trunk[i] == i ? t->n_trunks++ : t->trunk[t->trunk[i]];
}

static void key_rows(struct keyed *k, const struct fit_table *t, const enum fit_column *cols, size_t n_cols)
{
    for (size_t i = 0; i < t->n; i++) {
        uint64_t h = HASH_SEED;
        for (size_t c = 0; c < n_cols; c++) {
            double v = isnan(t->col[cols[c]][i]) ? (double)NAN : t->col[cols[c]][i]; /* one NaN for all */
            h = hash_bytes(h, &v, sizeof v);
        }
        k[i] = (struct keyed){h, i};
    }
    qsort(k, t->n, sizeof *k, by_key);
}

static void count_duplicates(struct fit_table *t, struct keyed *k)
{
    static const enum fit_column cols[] = {FIT_PARAMS, FIT_TOKENS, FIT_LOSS, FIT_SEED, FIT_X, FIT_ORDER_SEED};
    key_rows(k, t, cols, sizeof cols / sizeof *cols);
    t->n_duplicates = 0;
    for (size_t i = 1; i < t->n; i++)
        t->n_duplicates += k[i].key == k[i - 1].key;
    if (t->n_duplicates)
        fit_lines_add(&t->notes,
                      "%zu rows repeat an earlier run exactly; they are kept, and make intervals too "
                      "narrow if they are copies",
                      t->n_duplicates);
}

/* The rows keep their order. */
static void keep_rows(struct fit_table *t, uint64_t *trunk, const bool *keep)
{
    size_t kept = 0, before = t->n;
    for (size_t i = 0; i < before; i++) {
        if (!keep[i])
            continue;
        for (int c = 0; c < FIT_N_COLUMNS; c++)
            t->col[c][kept] = t->col[c][i];
        trunk[kept++] = trunk[i];
    }
    t->n = kept;
    t->n_beaten = before - kept;
    unlike_keep(t->unlike, keep, before);
    origins_keep(&t->from, keep, before);
}

/* The lowest loss of each size and budget. */
static enum status keep_best(struct fit_table *t, uint64_t *trunk, const struct keyed *k, struct err *err)
{
    size_t before = t->n;
    bool *keep;
    TRY(size_calloc(&keep, t->n, sizeof *keep, "rows", err));
    for (size_t i = 0; i < t->n;) {
        size_t best = i, end = i;
        for (; end < t->n && k[end].key == k[i].key; end++)
            best = t->col[FIT_LOSS][k[end].row] < t->col[FIT_LOSS][k[best].row] ? end : best;
        keep[k[best].row] = true;
        i = end;
    }
    keep_rows(t, trunk, keep);
    free(keep);
    if (t->n_beaten)
        fit_lines_add(&t->notes, "--best: of %zu rows the %zu with the lowest loss at their size and budget are kept",
                      before, t->n);
    return OK;
}

static enum status keep_tuned(struct fit_table *t, uint64_t *trunk, struct err *err)
{
    size_t n;
    bool *keep;
    TRY(size_calloc(&keep, t->n, sizeof *keep, "rows", err));
    enum status st = tuned_choose(keep, &n, t, err);
    if (st == OK && n < t->n)
        keep_rows(t, trunk, keep);
    free(keep);
    return st;
}

/* Several losses at one size, budget and seed are no seeds: settings that were tried, or checkpoints. */
static void offer_best(struct fit_table *t, const struct keyed *k)
{
    size_t cells = 0, largest = 0, run = 0, several = 0;
    for (size_t i = 0; i < t->n; i++) {
        bool same = i > 0 && k[i].key == k[i - 1].key;
        bool differs = same && t->col[FIT_LOSS][k[i].row] != t->col[FIT_LOSS][k[i - 1].row];
        cells += !same;
        run = same ? run + differs : 1;
        several += same && run == 2 && differs;
        largest = size_max(largest, run);
    }
    if (t->n_trunks == t->n && cells >= 3 && 2 * several >= cells && t->n >= 3 * cells)
        fit_lines_add(&t->careful, "%zu rows lie at %zu sizes and budgets, up to %zu different losses each, and no column of seeds "
                      "tells them apart; if settings were tried there, --best fits the lowest of each (it was not asked for)",
                      t->n, cells, largest);
}

enum status derive_finish(struct fit_table *t, uint64_t *trunk, const struct fit_read_options *opt, struct err *err)
{
    static const enum fit_column cell[] = {FIT_PARAMS, FIT_TOKENS, FIT_X, FIT_SEED, FIT_ORDER_SEED};
    struct keyed *k;
    TRY(size_calloc(&k, t->n, sizeof *k, "rows", err));
    key_rows(k, t, cell, opt->best ? 3 : 5);
    enum status st = OK;
    if (opt->best)
        st = keep_best(t, trunk, k, err);
    else
        st = keep_tuned(t, trunk, err);
    if (st != OK) {
        free(k);
        return st;
    }
    number_trunks(t, trunk, k);
    key_rows(k, t, cell, 5);
    if (!opt->best)
        offer_best(t, k);
    count_duplicates(t, k);
    free(k);
    for (size_t c = 0; c < FIT_N_COLUMNS; c++) {
        t->has[c] = t->n > 0;
        for (size_t i = 0; i < t->n && t->has[c]; i++)
            t->has[c] = !isnan(t->col[c][i]);
    }
    if (t->n_diverged + t->n_failed)
        fit_lines_add(&t->notes, "left out: %zu runs that diverged, %zu that failed", t->n_diverged,
                      t->n_failed);
    return OK;
}
