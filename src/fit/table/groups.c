#include "fit/table/groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/table/cells.h"

enum { MAX_GROUPS = 12, MIN_ROWS = 3, MAX_ROWS = 20000 };
/* A column tells when it explains this share of what losses differ by at one size and budget, and their spread is
 * more than a per cent, beyond what seeds do. */
#define SHARE 0.8
#define SPREAD 0.01

struct cell {
    double n, d, ln_loss;
    size_t i;
};

struct grouping {
    const char *values[MAX_GROUPS];
    size_t rows[MAX_GROUPS], n;
    unsigned char *of; /* (rows) */
};

static int by_cell(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    if (x->d != y->d)
        return x->d < y->d ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

/* ln loss less its mean over the rows of one size and budget; how many rows have such company. */
static size_t centre_cells(struct cell *c, size_t n)
{
    size_t shared = 0;
    for (size_t i = 0, end; i < n; i = end) {
        double mean = 0;
        for (end = i; end < n && c[end].n == c[i].n && c[end].d == c[i].d; end++)
            mean += c[end].ln_loss;
        mean /= (double)(end - i);
        shared += end - i > 1 ? end - i : 0;
        for (size_t k = i; k < end; k++)
            c[k].ln_loss -= mean;
    }
    return shared;
}

/* The words of a column as groups: false where it holds numbers, too many words, or words of hardly any row. */
static bool take_groups(struct grouping *q, const struct grid *g, const size_t *row, size_t n, size_t column)
{
    q->n = 0;
    for (size_t i = 0; i < n; i++) {
        const char *cell = grid_cell(&g->rows[row[i]], column);
        double v;
        bool scaled;
        size_t k = 0;
        if (cell[0] == '\0' || cell_number(&v, &scaled, cell, g->decimal_comma) == NULL)
            return false;
        while (k < q->n && strcmp(q->values[k], cell) != 0)
            k++;
        if (k == MAX_GROUPS)
            return false;
        if (k == q->n) {
            q->values[q->n] = cell;
            q->rows[q->n++] = 0;
        }
        q->rows[k]++;
        q->of[i] = (unsigned char)k;
    }
    for (size_t k = 0; k < q->n; k++)
        if (q->rows[k] < MIN_ROWS)
            return false;
    return q->n >= 2;
}

/* The share of the spread within cells that the groups' means explain, and the spread itself. */
static double explained(double *spread, const struct grouping *q, const struct cell *c, size_t n)
{
    double mean[MAX_GROUPS] = {0}, all = 0, between = 0;
    for (size_t i = 0; i < n; i++) {
        mean[q->of[c[i].i]] += c[i].ln_loss;
        all += c[i].ln_loss * c[i].ln_loss;
    }
    for (size_t k = 0; k < q->n; k++)
        between += mean[k] * mean[k] / (double)q->rows[k];
    *spread = sqrt(all / (double)n);
    return all > 0 ? between / all : 0;
}

enum status groups_name(struct fit_table *t, size_t from, const struct grid *g, const size_t *row, struct err *err)
{
    size_t n = t->n - from;
    struct cell *c = NULL;
    struct grouping q = {.n = 0};
    double best = SHARE, spread;
    char text[400] = "";
    if (n < 2 * MIN_ROWS || n > MAX_ROWS || t->x_name[0])
        return OK;
    TRY(size_calloc(&c, n, sizeof *c, "rows", err));
    enum status st = size_calloc(&q.of, n, sizeof *q.of, "rows", err);
    for (size_t i = 0; i < n; i++)
        c[i] = (struct cell){t->col[FIT_PARAMS][from + i], t->col[FIT_TOKENS][from + i], log(t->col[FIT_LOSS][from + i]), i};
    qsort(c, n, sizeof *c, by_cell);
    size_t shared = centre_cells(c, n);
    for (size_t k = 0; k < g->n_columns && st == OK && 2 * shared >= n; k++) {
        if (!take_groups(&q, g, row, n, k))
            continue;
        double share = explained(&spread, &q, c, n);
        if (!(share > best && spread > SPREAD))
            continue;
        best = share;
        snprintf(text, sizeof text, "column %.60s holds ", g->columns[k]);
        for (size_t v = 0; v < q.n && strlen(text) < 250; v++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.40s (%zu rows)", v ? ", " : "", q.values[v], q.rows[v]);
        snprintf(text + strlen(text), sizeof text - strlen(text), ": --where '%.40s=%.40s' fits one", g->columns[k], q.values[0]);
    }
    if (text[0])
        fit_lines_add(&t->careful, "at one size and budget losses differ by what they belong to, so that one law through all "
                      "means little: %s", text);
    free(q.of);
    free(c);
    return st;
}
