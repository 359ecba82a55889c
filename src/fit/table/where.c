#include "fit/table/where.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fit/table/cells.h"

static const char *const ops[] = {"!=", "<=", ">=", "==", "=", "<", ">"};
enum { NE, LE, GE, EQ2, EQ, LT, GT, N_OPS };

/* The first operator in text, the longer where two begin at one place. */
static int find_op(const char *text, const char **at)
{
    *at = text + strcspn(text, "!<>=");
    for (int i = 0; i < N_OPS; i++)
        if (strncmp(*at, ops[i], strlen(ops[i])) == 0)
            return i;
    return -1;
}

static bool orders(int op)
{
    return op == LE || op == GE || op == LT || op == GT;
}

static double as_number(const char *text, bool decimal_comma)
{
    double v;
    bool scaled;
    return text[0] && cell_number(&v, &scaled, text, decimal_comma) == NULL ? v : (double)NAN;
}

static enum status check_one(const char *text, int op, const char *at, struct err *err)
{
    if (op < 0 || at == text)
        return err_set(err, E_USAGE, "--where %s: expected column=value, or one of != < <= > >= in place of =", text);
    if (orders(op) && isnan(as_number(at + strlen(ops[op]), false)))
        return err_set(err, E_USAGE, "--where %s: '%s' is not a number, which %s needs", text, at + strlen(ops[op]), ops[op]);
    return OK;
}

enum status where_check(const char *const *where, size_t n, struct err *err)
{
    if (n > WHERE_MAX)
        return err_set(err, E_USAGE, "--where: at most %d times", WHERE_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *at;
        int op = find_op(where[i], &at);
        TRY(check_one(where[i], op, at, err));
    }
    return OK;
}

enum status where_parse(struct where *w, const struct grid *g, const struct fit_read_options *opt, struct err *err)
{
    TRY(where_check(opt->where, opt->n_where, err));
    w->n = opt->n_where;
    for (size_t i = 0; i < w->n; i++) {
        char name[256];
        const char *text = opt->where[i], *at;
        int op = find_op(text, &at);
        while (at > text && at[-1] == ' ')
            at--;
        snprintf(name, sizeof name, "%.*s", (int)(at - text), text);
        size_t column = grid_find(g, name);
        for (size_t k = 0; k < g->n_columns && column == g->n_columns; k++)
            column = strcasecmp(g->columns[k], name) == 0 ? k : column;
        if (column == g->n_columns)
            return grid_no_column(g, name, err);
        const char *value = strpbrk(text, "!<>=") + strlen(ops[op]);
        value += strspn(value, " ");
        w->items[i].text = text;
        w->items[i].column = column;
        w->items[i].op = op;
        w->items[i].value = value;
        w->items[i].number = as_number(value, false);
        w->items[i].matched = 0;
    }
    return OK;
}

static bool holds(int op, const char *value, double want, const char *cell, bool decimal_comma)
{
    double have = as_number(cell, decimal_comma);
    bool numbers = !isnan(have) && !isnan(want);
    bool same = strcmp(cell, value) == 0 || (numbers && have == want);
    switch (op) {
    case NE:
        return !same;
    case LE:
        return numbers && have <= want;
    case GE:
        return numbers && have >= want;
    case LT:
        return numbers && have < want;
    case GT:
        return numbers && have > want;
    default:
        return same;
    }
}

bool where_matches(struct where *w, const struct grid *g, const struct grid_row *row)
{
    bool all = true;
    for (size_t i = 0; i < w->n; i++) {
        const char *cell = grid_cell(row, w->items[i].column);
        bool yes = holds(w->items[i].op, w->items[i].value, w->items[i].number, cell, g->decimal_comma);
        w->items[i].matched += yes;
        all = all && yes;
    }
    return all;
}

/* Up to four values that the column takes. */
static void list_values(char *buf, size_t size, const struct grid *g, size_t column)
{
    const char *seen[5];
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < g->n_rows && n < 5; i++) {
        const char *cell = grid_cell(&g->rows[i], column);
        size_t k = 0;
        while (k < n && strcmp(seen[k], cell) != 0)
            k++;
        if (k == n)
            seen[n++] = cell;
    }
    for (size_t k = 0; k < n; k++)
        snprintf(buf + strlen(buf), size - strlen(buf), "%s%.40s", k ? ", " : "", k < 4 ? seen[k] : "...");
}

static void nearest(char *buf, size_t size, const struct grid *g, size_t column, double want)
{
    const char *best = NULL;
    double distance = (double)INFINITY;
    for (size_t i = 0; i < g->n_rows && !isnan(want); i++) {
        const char *cell = grid_cell(&g->rows[i], column);
        double d = fabs(as_number(cell, g->decimal_comma) - want);
        if (d < distance) {
            distance = d;
            best = cell;
        }
    }
    if (best)
        snprintf(buf, size, "nearest: %.40s", best);
    else {
        char values[240];
        list_values(values, sizeof values, g, column);
        snprintf(buf, size, "it holds %s", values);
    }
}

enum status where_nothing(const struct where *w, const struct grid *g, struct err *err)
{
    char near[300], all[300] = "";
    for (size_t i = 0; i < w->n; i++) {
        if (w->items[i].matched > 0 || g->n_rows == 0) {
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%.60s", i ? " and " : "", w->items[i].text);
            continue;
        }
        nearest(near, sizeof near, g, w->items[i].column, w->items[i].number);
        return err_set(err, E_DATA, "%s: no row has %s (%s)", g->name, w->items[i].text, near);
    }
    return err_set(err, E_DATA, "%s: no row matches --where %s", g->name, all);
}
