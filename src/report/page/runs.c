/* The table of runs as it lies in the folder, with what the law says of each: to be sorted and filtered. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/table/cells.h"
#include "fit/table/format.h"
#include "report/page/kinds.h"

/* More rows than anybody reads are for the CSV. */
enum { MOST_ROWS = 2000 };

struct runs {
    const struct page *p;
    struct page_fit f;
    struct grid grid;
    size_t *column; /* (n_columns) those that are shown, in this order */
    size_t n_columns;
    size_t run;     /* the column of names; grid.n_columns: there is none */
    size_t off;     /* what the law says stands after so many columns; SIZE_MAX: nowhere */
};

/* --- which columns ---------------------------------------------------------------------------- */

/* Whether rows differ in it. */
static bool varies(const struct grid *g, size_t column)
{
    for (size_t i = 1; i < g->n_rows; i++)
        if (strcmp(grid_cell(&g->rows[i], column), grid_cell(&g->rows[0], column)) != 0)
            return true;
    return false;
}

static bool is_taken(const struct runs *r, size_t column)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (r->column[i] == column)
            return true;
    return false;
}

/* What one looks for first, then what else differs. */
static enum status choose(struct runs *r, struct err *err)
{
    static const char *const first[] = {"run", "status", "params", "tokens", "flops", "loss"};
    const struct grid *g = &r->grid;
    TRY(size_calloc(&r->column, g->n_columns + 1, sizeof *r->column, "the columns of a table", err));
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (grid_find(g, first[i]) < g->n_columns)
            r->column[r->n_columns++] = grid_find(g, first[i]);
    size_t first_columns = r->n_columns;
    for (size_t i = 0; i < g->n_columns; i++)
        if (!is_taken(r, i) && varies(g, i))
            r->column[r->n_columns++] = i;
    r->run = grid_find(g, "run");
    r->off = r->run < g->n_columns && r->f.law && r->f.law->law->n_vars == 2 ? first_columns : SIZE_MAX;
    return OK;
}

/* --- cells ------------------------------------------------------------------------------------ */

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

static enum number_form form_of(const char *column)
{
    if (starts(column, "params") || strstr(column, "tokens") == column || strcmp(column, "batch_tokens") == 0 ||
        strcmp(column, "warmup_tokens") == 0 || strcmp(column, "unique_tokens") == 0)
        return strcmp(column, "tokens_per_s") == 0 ? NUMBER_PLAIN : NUMBER_COUNT;
    if (starts(column, "flops"))
        return NUMBER_COMPUTE;
    return starts(column, "loss") && strcmp(column, "loss_se") != 0 ? NUMBER_LOSS : NUMBER_PLAIN;
}

static void put_cell(FILE *out, const struct runs *r, const struct grid_row *row, size_t column)
{
    const char *cell = grid_cell(row, column);
    char text[NUMBER_MAX];
    double v;
    bool scaled;
    if (cell_is_missing(cell)) {
        fputs("<td></td>", out);
    } else if (cell_number(&v, &scaled, cell, r->grid.decimal_comma) == NULL) {
        enum number_form form = form_of(r->grid.columns[column]);
        fprintf(out, "<td class=\"n\" data-s=\"%.10g\">", v);
        html_text(out, number_bare(text, sizeof text, form, v, form == NUMBER_COUNT || form == NUMBER_COMPUTE ? 3 : 4, false));
        fputs("</td>", out);
    } else {
        fputs("<td>", out);
        html_text(out, cell);
        fputs("</td>", out);
    }
}

/* What the law says of the run of this name; NaN where it is not one that was fitted. */
static double expected(const struct runs *r, const char *run, double *loss)
{
    const struct fit_table *t = r->p->charts ? r->p->charts->table : NULL;
    if (!t || !r->f.law || r->f.law->law->n_vars != 2)
        return (double)NAN;
    for (size_t i = 0; i < t->n; i++) {
        const char *name = origins_run(&t->from, i);
        if (!name || strcmp(name, run) != 0)
            continue;
        *loss = t->col[FIT_LOSS][i];
        return fit_predict_repeated(r->f.law, t->col[fit_count_column(r->f.report->count)][i], t->col[FIT_TOKENS][i],
                                    t->col[FIT_UNIQUE_TOKENS][i]).value;
    }
    return (double)NAN;
}

static void put_off(FILE *out, const struct runs *r, const struct grid_row *row)
{
    double loss = (double)NAN, says = expected(r, grid_cell(row, r->run), &loss), off = 100 * (loss / says - 1);
    if (isfinite(off))
        fprintf(out, "<td class=\"n\" data-s=\"%.6g\">%+.2f %%</td>", off, off);
    else
        fputs("<td></td>", out);
}

/* --- the table -------------------------------------------------------------------------------- */

static void put_heading(FILE *out, const char *words)
{
    fputs("<th scope=\"col\" aria-sort=\"none\"><button type=\"button\" class=\"sort\">", out);
    html_text(out, words);
    fputs("</button></th>", out);
}

static void put_head(FILE *out, const struct runs *r)
{
    fputs("<thead><tr>", out);
    for (size_t i = 0; i < r->n_columns; i++) {
        put_heading(out, r->grid.columns[r->column[i]]);
        if (i + 1 == r->off)
            put_heading(out, "off the law");
    }
    fputs("</tr></thead>\n", out);
}

static void put_table(FILE *out, const struct runs *r)
{
    size_t shown = size_min(r->grid.n_rows, MOST_ROWS);
    fputs("<p><label>Filter <input type=\"search\" id=\"runs-filter\" placeholder=\"d32 s1, or loss&lt;0.9\" "
        "autocomplete=\"off\">"
          "</label> <span id=\"runs-count\" role=\"status\"></span></p>\n"
          "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-label=\"Table of runs\"><table "
          "id=\"runs-table\">\n", out);
    put_head(out, r);
    fputs("<tbody>\n", out);
    for (size_t i = 0; i < shown; i++) {
        fputs("<tr>", out);
        for (size_t j = 0; j < r->n_columns; j++) {
            put_cell(out, r, &r->grid.rows[i], r->column[j]);
            if (j + 1 == r->off)
                put_off(out, r, &r->grid.rows[i]);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    if (shown < r->grid.n_rows)
        html_line(out, "note", "The first %zu of %zu rows; all are in the CSV.", shown, r->grid.n_rows);
}

/* A number that a program wrote with all its digits, 0.0080000000000000002, with as few as give the same one. */
static const char *shorter(char *buf, size_t size, const char *cell)
{
    char *end;
    const double v = strtod(cell, &end);
    if (strlen(cell) < 16 || *end != '\0' || !isfinite(v))
        return cell;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    return buf;
}

static void put_same(FILE *out, const struct runs *r)
{
    const struct grid *g = &r->grid;
    bool any = false;
    for (size_t i = 0; i < g->n_columns; i++) {
        const char *cell = g->n_rows ? grid_cell(&g->rows[0], i) : "";
        char number[40];
        if (is_taken(r, i) || cell_is_missing(cell))
            continue;
        fputs(any ? ", " : "<p class=\"note\">The same in all: ", out);
        html_say(out, "%s %s", g->columns[i], shorter(number, sizeof number, cell));
        any = true;
    }
    if (any)
        fputs(".</p>\n", out);
}

static enum status read(struct runs *r, struct err *err)
{
    const struct page_text *t = &r->p->results;
    char *copy = malloc(t->size + 1);
    if (!copy)
        return err_set(err, E_NOMEM, "out of memory for the table of runs");
    memcpy(copy, t->data, t->size);
    copy[t->size] = '\0';
    TRY(format_read_text(&r->grid, "results.csv", copy, t->size, err));
    return choose(r, err);
}

enum status runs_section(FILE *out, const struct page *p, struct err *err)
{
    struct runs r = {.p = p, .f = html_fit(p)};
    struct err why = {0};
    if (!p->results.data) {
        html_line(out, "missing", p->charts ? "They are of several tables: each has its own." : "No run has ended yet.");
        return OK;
    }
    enum status st = read(&r, &why);
    if (st == OK) {
        put_table(out, &r);
        put_same(out, &r);
    } else if (st != E_NOMEM) {
        html_line(out, "missing", "The table cannot be read: %s", why.msg);
        st = OK;
    }
    if (st != OK && err)
        *err = why;
    free(r.column);
    grid_free(&r.grid);
    return st;
}
