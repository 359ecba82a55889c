#include "fit/table/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/table/cells.h"

struct reader {
    const char *file;
    char *p, *end;
    char sep;
    size_t line; /* that p is in, from 1 */
    char *fields[GRID_MAX_COLUMNS];
    size_t n;
    bool bars; /* a Markdown table: bars at both ends */
};

/* The separator of the header: a tab where there is one, else the most frequent of the others outside quotes. */
static char find_separator(const char *p, const char *end)
{
    static const char marks[] = "\t;|,";
    size_t count[4] = {0}, best = 3;
    bool in_quotes = false;
    for (; p < end && (in_quotes || (*p != '\n' && *p != '\r')); p++) {
        const char *m = strchr(marks, *p);
        in_quotes ^= *p == '"';
        if (m && *p && !in_quotes)
            count[m - marks]++;
    }
    if (count[0] > 0)
        return '\t';
    for (size_t i = 1; i < 4; i++)
        best = count[i] > count[best] ? i : best;
    return marks[best];
}

/* A quoted field, "" standing for one quote; unquoted in place. */
static enum status quoted(struct reader *r, const char *start, struct err *err)
{
    size_t at = (size_t)(r->p - start) + 1, line = r->line;
    char *out = ++r->p;
    r->fields[r->n - 1] = out;
    for (;; r->p++) {
        if (r->p >= r->end)
            return err_set(err, E_DATA, "%s:%zu:%zu: a quote is opened and not closed", r->file, line, at);
        if (*r->p == '"') {
            if (r->p + 1 < r->end && r->p[1] == '"')
                r->p++;
            else
                break;
        }
        r->line += *r->p == '\n';
        *out++ = *r->p;
    }
    r->p++;
    while (r->p < r->end && *r->p == ' ' && r->sep != ' ')
        r->p++;
    if (r->p < r->end && *r->p != r->sep && *r->p != '\n' && *r->p != '\r')
        return err_set(err, E_DATA, "%s:%zu:%zu: text follows a closing quote", r->file, r->line, at);
    *out = '\0';
    return OK;
}

/* The next line's fields; *more is false at the end. Empty lines are passed over. *start is its first character. */
static enum status next_line(struct reader *r, const char **start, size_t *line, bool *more, struct err *err)
{
    while (r->p < r->end && (*r->p == '\n' || *r->p == '\r'))
        r->line += *r->p++ == '\n';
    *more = r->p < r->end;
    *start = r->p;
    *line = r->line;
    r->n = 0;
    while (*more) {
        if (r->n == GRID_MAX_COLUMNS)
            return err_set(err, E_DATA, "%s:%zu: more than %d columns", r->file, r->line, GRID_MAX_COLUMNS);
        r->n++;
        if (r->p < r->end && *r->p == '"') {
            TRY(quoted(r, *start, err));
        } else {
            r->fields[r->n - 1] = r->p;
            while (r->p < r->end && *r->p != r->sep && *r->p != '\n' && *r->p != '\r')
                r->p++;
        }
        char stop = r->p < r->end ? *r->p : '\n';
        *r->p = '\0'; /* the buffer has one byte after its end */
        r->p += r->p < r->end;
        if (stop == r->sep)
            continue;
        if (stop == '\r' && r->p < r->end && *r->p == '\n')
            r->p++;
        r->line++;
        break;
    }
    for (size_t i = 0; i < r->n; i++)
        r->fields[i] = grid_trim(r->fields[i]);
    if (r->bars && r->n > 1) { /* what stands before the first bar and after the last */
        if (r->fields[0][0] == '\0')
            memmove(r->fields, r->fields + 1, --r->n * sizeof *r->fields);
        if (r->n > 1 && r->fields[r->n - 1][0] == '\0')
            r->n--;
    }
    return OK;
}

static enum status read_header(struct grid *g, struct reader *r, size_t line, struct err *err)
{
    while (r->n > 1 && r->fields[r->n - 1][0] == '\0')
        r->n--; /* trailing separators */
    for (size_t i = 0; i < r->n; i++) {
        size_t at;
        char unnamed[32];
        const char *name = r->fields[i];
        if (name[0] == '\0') { /* pandas writes its row numbers so */
            snprintf(unnamed, sizeof unnamed, "column %zu", i + 1);
            name = unnamed;
        }
        TRY(grid_column(&at, g, name, i, err));
        if (at != i)
            return err_set(err, E_DATA, "%s:%zu: column '%.80s' appears twice", r->file, line, name);
    }
    return OK;
}

/* The line of dashes below the header of a Markdown table. */
static bool is_rule(const struct reader *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->fields[i][0] == '\0' || r->fields[i][strspn(r->fields[i], "-:")] != '\0' || strchr(r->fields[i], '-') == NULL)
            return false;
    return r->bars;
}

static enum status read_row(struct grid *g, struct reader *r, const char *start, size_t line, struct err *err)
{
    while (r->n > g->n_columns && r->fields[r->n - 1][0] == '\0')
        r->n--;
    if (r->n > g->n_columns)
        return err_set(err, E_DATA, "%s:%zu: %zu fields, but the header has %zu columns%s", r->file, line, r->n,
                       g->n_columns, r->sep == ',' ? " (numbers with commas stand in quotes, or between semicolons)" : "");
    if (r->n == 1 && r->fields[0][0] == '\0')
        return OK; /* a line of blanks */
    struct grid_row *row;
    TRY(grid_add_row(&row, g, r->file, line, err));
    row->start = start;
    row->cells = malloc(r->n * sizeof *row->cells);
    if (!row->cells)
        return err_set(err, E_NOMEM, "%s: out of memory for %zu rows", r->file, g->n_rows);
    memcpy(row->cells, r->fields, r->n * sizeof *row->cells);
    row->n_cells = r->n;
    return OK;
}

/* Whether a comma in a number stands for a point or groups its thousands. One cell may be read either way (3,123), so
 * all are looked at: 4,21 and 0,123 can only be decimals, 1,000,000 only thousands. Undecided, a table with
 * semicolons comes from where commas are decimal. */
static bool commas_are_points(const struct grid *g, char sep)
{
    bool seen = false, decimal = false;
    for (size_t i = 0; i < g->n_rows; i++)
        for (size_t k = 0; k < g->rows[i].n_cells; k++) {
            const char *cell = g->rows[i].cells[k];
            enum cell_comma c = strchr(cell, ',') ? cell_comma(cell) : CELL_NO_COMMA;
            if (c == CELL_THOUSANDS || (sep == ',' && strchr(cell, '.')))
                return false; /* between commas, points are points */
            decimal |= c == CELL_DECIMAL;
            seen |= c == CELL_EITHER;
        }
    return decimal || (seen && sep == ';');
}

enum status format_delimited(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    struct reader *r = calloc(1, sizeof *r);
    const char *start;
    size_t line;
    bool more;
    if (!r)
        return err_set(err, E_NOMEM, "%s: out of memory", file);
    text[size] = '\0';
    char *first = text + strspn(text, "\r\n");
    *r = (struct reader){.file = file, .p = text, .end = text + size, .line = 1};
    r->sep = find_separator(first, r->end);
    r->bars = r->sep == '|' && first[strspn(first, " ")] == '|';
    g->place = "line";
    enum status st = next_line(r, &start, &line, &more, err);
    if (st == OK)
        st = read_header(g, r, line, err);
    for (bool second = true; st == OK; second = false) {
        st = next_line(r, &start, &line, &more, err);
        if (st != OK || !more)
            break;
        if (!second || !is_rule(r))
            st = read_row(g, r, start, line, err);
    }
    if (st == OK)
        g->decimal_comma = commas_are_points(g, r->sep);
    free(r);
    return st;
}
