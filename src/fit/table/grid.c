#include "fit/table/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/size.h"

void grid_free(struct grid *g)
{
    for (size_t i = 0; i < g->n_rows; i++)
        free(g->rows[i].cells);
    for (size_t i = 0; i < g->n_columns; i++)
        free(g->columns[i]);
    for (size_t i = 0; i < g->n_texts; i++)
        free(g->texts[i]);
    free(g->rows);
    free(g->columns);
    free(g->texts);
    *g = (struct grid){0};
}

static enum status no_memory(const struct grid *g, struct err *err)
{
    return err_set(err, E_NOMEM, "%s: out of memory for %zu rows", g->name, g->n_rows);
}

enum status grid_own(struct grid *g, char *text, struct err *err)
{
    if ((g->n_texts & (g->n_texts - 1)) == 0) { /* room doubles at powers of two */
        char **p = realloc(g->texts, size_max(1, 2 * g->n_texts) * sizeof *p);
        if (!p) {
            free(text);
            return no_memory(g, err);
        }
        g->texts = p;
    }
    g->texts[g->n_texts++] = text;
    return OK;
}

enum status grid_column(size_t *i, struct grid *g, const char *name, size_t hint, struct err *err)
{
    *i = hint;
    if (hint < g->n_columns && strcmp(g->columns[hint], name) == 0)
        return OK;
    *i = grid_find(g, name);
    if (*i < g->n_columns)
        return OK;
    if (g->n_columns == GRID_MAX_COLUMNS)
        return err_set(err, E_DATA, "%s: more than %d columns", g->name, GRID_MAX_COLUMNS);
    char **p = realloc(g->columns, (g->n_columns + 1) * sizeof *p);
    if (!p)
        return no_memory(g, err);
    g->columns = p;
    p[g->n_columns] = strdup(name);
    if (!p[g->n_columns])
        return no_memory(g, err);
    g->n_columns++;
    return OK;
}

enum status grid_add_row(struct grid_row **row, struct grid *g, const char *file, size_t line, struct err *err)
{
    TRY(size_reserve(&g->rows, &g->cap, g->n_rows + 1, sizeof *g->rows, "the rows of a table", err));
    *row = &g->rows[g->n_rows++];
    **row = (struct grid_row){.file = file, .line = line};
    return OK;
}

enum status grid_set(struct grid *g, struct grid_row *row, size_t column, char *cell, struct err *err)
{
    if (column >= row->n_cells) {
        size_t n = size_max(column + 1, g->n_columns);
        char **p = realloc(row->cells, n * sizeof *p);
        if (!p)
            return no_memory(g, err);
        memset(p + row->n_cells, 0, (n - row->n_cells) * sizeof *p);
        row->cells = p;
        row->n_cells = n;
    }
    row->cells[column] = cell;
    return OK;
}

const char *grid_cell(const struct grid_row *row, size_t column)
{
    return column < row->n_cells && row->cells[column] ? row->cells[column] : "";
}

size_t grid_find(const struct grid *g, const char *name)
{
    size_t i = 0;
    while (i < g->n_columns && strcmp(g->columns[i], name) != 0)
        i++;
    return i;
}

enum status grid_no_column(const struct grid *g, const char *name, struct err *err)
{
    const char *best = NULL;
    size_t distance = NEAREST_MAX, at = 0;
    char list[400] = "";
    for (size_t i = 0; i < g->n_columns; i++) {
        nearest_consider(&best, &distance, name, g->columns[i]);
        int wrote = snprintf(list + at, sizeof list - at, "%s%.60s", i ? ", " : "", g->columns[i]);
        if (wrote < 0 || (size_t)wrote >= sizeof list - at - 6) {
            snprintf(list + at, sizeof list - at, ", ...");
            break;
        }
        at += (size_t)wrote;
    }
    return err_set(err, E_DATA, "%s: no column '%.60s'%s%s%s (the columns are: %s)", g->name, name,
                   best ? " (did you mean " : "", best ? best : "", best ? "?)" : "", list);
}

char *grid_where(char *buf, size_t size, const struct grid *g, const struct grid_row *row)
{
    if (strcmp(g->place, "line") == 0)
        snprintf(buf, size, "%s:%zu", row->file, row->line);
    else
        snprintf(buf, size, "%s: %s %zu", row->file, g->place, row->line);
    return buf;
}

enum status grid_cell_error(const struct grid *g, const struct grid_row *row, size_t column, const char *why,
                            struct err *err)
{
    char place[512], at[32] = "";
    const char *cell = grid_cell(row, column);
    if (row->start && cell >= row->start && *cell)
        snprintf(at, sizeof at, ":%zu", (size_t)(cell - row->start) + 1);
    return err_set(err, E_DATA, "%s%s: column %.80s: '%.60s' %s", grid_where(place, sizeof place, g, row), at,
                   g->columns[column], cell, why);
}

char *grid_trim(char *s)
{
    while (*s == ' ' || *s == '\t' || (s[0] == '\xc2' && s[1] == '\xa0'))
        s += *s == '\xc2' ? 2 : 1;
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || (n > 1 && s[n - 1] == '\xa0' && s[n - 2] == '\xc2')))
        n -= s[n - 1] == '\xa0' ? 2 : 1;
    s[n] = '\0';
    return s;
}
