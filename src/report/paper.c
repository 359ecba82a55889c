#include "report/paper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* --- as data ------------------------------------------------------------------------------------------------------- */

void paper_init(struct paper_table *t, const char *name, const struct paper_column *columns, size_t n_columns)
{
    *t = (struct paper_table){.name = name, .columns = columns, .n_columns = n_columns};
}

void paper_free(struct paper_table *t)
{
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t->used);
    *t = (struct paper_table){.name = NULL};
}

enum status paper_row(struct paper_table *t, struct err *err)
{
    const struct paper_cell none = {NULL, {(double)NAN, (double)NAN, (double)NAN, (double)NAN}};
    struct paper_cell *p = realloc(t->cells, (t->n_rows + 1) * t->n_columns * sizeof *p);
    if (p)
        t->cells = p;
    if (p && !t->used)
        t->used = calloc(t->n_columns, sizeof *t->used);
    if (!p || !t->used)
        return err_set(err, E_NOMEM, "out of memory for a table of %zu rows", t->n_rows);
    for (size_t k = 0; k < t->n_columns; k++)
        p[t->n_rows * t->n_columns + k] = none;
    t->n_rows++;
    return OK;
}

static struct paper_cell *cell_of_last(struct paper_table *t, size_t column)
{
    return &t->cells[(t->n_rows - 1) * t->n_columns + column];
}

enum status paper_text(struct paper_table *t, size_t column, const char *text, struct err *err)
{
    struct paper_cell *c = cell_of_last(t, column);
    if (text[0] == '\0')
        return OK;
    free(c->text);
    c->text = strdup(text);
    if (!c->text)
        return err_set(err, E_NOMEM, "out of memory for a table");
    utf8_make_plain(c->text);
    t->used[column] = true;
    return OK;
}

void paper_value(struct paper_table *t, size_t column, struct fit_value v)
{
    cell_of_last(t, column)->value = v;
    t->used[column] |= isfinite(v.value);
}

void paper_number(struct paper_table *t, size_t column, double v)
{
    paper_value(t, column, (struct fit_value){v, (double)NAN, (double)NAN, (double)NAN});
}

/* --- escaping -------------------------------------------------------------------------------------------------------- */

static void put_csv(FILE *out, const char *s)
{
    bool quote = strpbrk(s, ",;\"\t") != NULL || s[0] == ' ' || s[0] == '#';
    if (quote)
        fputc('"', out);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', out);
        fputc(*s, out);
    }
    if (quote)
        fputc('"', out);
}

static void put_json(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

static void put_md(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (strchr("|\\*_`<", *s))
            fputc('\\', out);
        fputc(*s, out);
    }
}

void paper_put_latex(FILE *out, const char *s)
{
    static const struct {
        const char *from, *to;
    } words[] = {{"\\", "\\textbackslash{}"}, {"~", "\\textasciitilde{}"}, {"^", "\\textasciicircum{}"}, {"_", "\\_"}, {"&", "\\&"},
                 {"%", "\\%"}, {"$", "\\$"}, {"#", "\\#"}, {"{", "\\{"}, {"}", "\\}"}, {"<", "\\textless{}"}, {">",
                     "\\textgreater{}"},
                 {"\xc3\x97", "$\\times$"}, {"\xc2\xb1", "$\\pm$"}};
    while (*s) {
        size_t i = 0;
        while (i < sizeof words / sizeof *words && strncmp(s, words[i].from, strlen(words[i].from)) != 0)
            i++;
        if (i < sizeof words / sizeof *words) {
            fputs(words[i].to, out);
            s += strlen(words[i].from);
        } else {
            fputc(*s++, out);
        }
    }
}

/* --- numbers for people ---------------------------------------------------------------------------------------------- */

/* 5.3e12 as LaTeX has it; minus signs too. */
static void put_latex_number(FILE *out, const char *s)
{
    const char *e = strchr(s, 'e');
    bool power = e && e > s && e[1] && strspn(e + 1, "+-0123456789") == strlen(e + 1);
    if (power)
        fprintf(out, "$%.*s\\times10^{%ld}$", (int)(e - s), s, strtol(e + 1, NULL, 10));
    else if (s[0] == '-')
        fprintf(out, "$%s$", s);
    else
        paper_put_latex(out, s);
}

typedef void put_fn(FILE *out, const char *s);

static void say_value(FILE *out, put_fn *put, const struct paper_column *c, const struct fit_value *v)
{
    char x[NUMBER_MAX], lo[NUMBER_MAX], hi[NUMBER_MAX];
    bool low = isfinite(v->lo), high = isfinite(v->hi), copy = put == put_latex_number || c->form == NUMBER_COUNT;
    if (!isfinite(v->value))
        return;
    if (c->form == NUMBER_LOSS && isnan(v->lo) && isnan(v->hi) && fabs(v->value) >= 0.01 && fabs(v->value) < 1000)
        snprintf(x, sizeof x, "%#.4g", v->value); /* 4.810 beside 8.198: four digits are four */
    else
        number_say(x, sizeof x, c->form, v->value, c->kind == PAPER_VALUE ? v : NULL, copy);
    put(out, x);
    if (c->kind != PAPER_VALUE || (!low && !high))
        return;
    number_say(lo, sizeof lo, c->form, v->lo, v, copy);
    number_say(hi, sizeof hi, c->form, v->hi, v, copy);
    fputs(low && high ? " [" : low ? " [above " : " [below ", out);
    if (low)
        put(out, lo);
    if (low && high)
        fputs(", ", out);
    if (high)
        put(out, hi);
    fputs("]", out);
}

/* --- formats ----------------------------------------------------------------------------------------------------------- */

static const struct paper_cell *cell_at(const struct paper_table *t, size_t row, size_t column)
{
    return &t->cells[row * t->n_columns + column];
}

/* Of a table without rows all columns are, so that it has a head. */
static bool is_shown(const struct paper_table *t, size_t column)
{
    return t->n_rows == 0 || (t->used && t->used[column]);
}

static bool for_people(const char *format)
{
    return strcmp(format, "md") == 0 || strcmp(format, "latex") == 0;
}

static void csv_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, "%.9g", v);
}

static void write_csv(FILE *out, const struct paper_table *t)
{
    for (size_t k = 0; k < t->n_columns; k++) {
        fprintf(out, "%s%s", k ? "," : "", t->columns[k].name);
        if (t->columns[k].kind == PAPER_VALUE)
            fprintf(out, ",%s_lo,%s_hi", t->columns[k].name, t->columns[k].name);
    }
    fputc('\n', out);
    for (size_t i = 0; i < t->n_rows; i++) {
        for (size_t k = 0; k < t->n_columns; k++) {
            const struct paper_cell *c = cell_at(t, i, k);
            if (k)
                fputc(',', out);
            if (t->columns[k].kind == PAPER_TEXT && c->text)
                put_csv(out, c->text);
            csv_number(out, c->value.value);
            if (t->columns[k].kind != PAPER_VALUE)
                continue;
            fputc(',', out);
            csv_number(out, c->value.lo);
            fputc(',', out);
            csv_number(out, c->value.hi);
        }
        fputc('\n', out);
    }
}

static void json_number(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, "%.9g", v);
    else
        fputs("null", out);
}

static void json_cell(FILE *out, const struct paper_column *column, const struct paper_cell *c)
{
    if (column->kind == PAPER_TEXT && c->text) {
        put_json(out, c->text);
    } else if (column->kind == PAPER_TEXT) {
        fputs("null", out);
    } else if (column->kind == PAPER_NUMBER) {
        json_number(out, c->value.value);
    } else {
        fputs("{\"value\": ", out);
        json_number(out, c->value.value);
        fputs(", \"ci95\": [", out);
        json_number(out, c->value.lo);
        fputs(", ", out);
        json_number(out, c->value.hi);
        fputs("]}", out);
    }
}

static void write_json(FILE *out, const struct paper_table *t)
{
    fprintf(out, "\"%s\": [", t->name);
    for (size_t i = 0; i < t->n_rows; i++) {
        fputs(i ? ",\n  {" : "\n  {", out);
        for (size_t k = 0; k < t->n_columns; k++) {
            fprintf(out, "%s\"%s\": ", k ? ", " : "", t->columns[k].name);
            json_cell(out, &t->columns[k], cell_at(t, i, k));
        }
        fputs("}", out);
    }
    fputs("\n]", out);
}

static void write_md(FILE *out, const struct paper_table *t)
{
    for (size_t k = 0; k < t->n_columns; k++)
        if (is_shown(t, k)) {
            fputs("| ", out);
            put_md(out, t->columns[k].title);
            fputs(" ", out);
        }
    fputs("|\n", out);
    for (size_t k = 0; k < t->n_columns; k++)
        if (is_shown(t, k))
            fputs(t->columns[k].kind == PAPER_TEXT ? "| :-- " : "| --: ", out);
    fputs("|\n", out);
    for (size_t i = 0; i < t->n_rows; i++) {
        for (size_t k = 0; k < t->n_columns; k++) {
            const struct paper_cell *c = cell_at(t, i, k);
            if (!is_shown(t, k))
                continue;
            fputs("| ", out);
            if (t->columns[k].kind == PAPER_TEXT)
                put_md(out, c->text ? c->text : "");
            else
                say_value(out, put_md, &t->columns[k], &c->value);
            fputs(" ", out);
        }
        fputs("|\n", out);
    }
}

static void write_latex(FILE *out, const struct paper_table *t)
{
    fputs("% needs \\usepackage{booktabs}; in brackets 95 % intervals\n\\begin{tabular}{", out);
    for (size_t k = 0; k < t->n_columns; k++)
        if (is_shown(t, k))
            fputc(t->columns[k].kind == PAPER_TEXT ? 'l' : 'r', out);
    fputs("}\n\\toprule\n", out);
    for (size_t i = 0; i <= t->n_rows; i++) {
        bool first = true;
        for (size_t k = 0; k < t->n_columns; k++) {
            const struct paper_cell *c = i ? cell_at(t, i - 1, k) : NULL;
            if (!is_shown(t, k))
                continue;
            fputs(first ? "" : " & ", out);
            first = false;
            if (!c || t->columns[k].kind == PAPER_TEXT)
                paper_put_latex(out, !c ? t->columns[k].title : c->text ? c->text : "");
            else
                say_value(out, put_latex_number, &t->columns[k], &c->value);
        }
        fputs(" \\\\\n", out);
        if (i == 0)
            fputs("\\midrule\n", out);
    }
    fputs("\\bottomrule\n\\end{tabular}\n", out);
}

const char *const paper_formats[] = {"csv", "json", "md", "latex", NULL};

void paper_write(FILE *out, const char *format, const struct paper_table *tables, size_t n)
{
    static void (*const writers[])(FILE *, const struct paper_table *) = {write_csv, write_json, write_md, write_latex};
    size_t f = 0;
    while (paper_formats[f] && strcmp(paper_formats[f], format) != 0)
        f++;
    CHECK(paper_formats[f]);
    bool json = writers[f] == write_json;
    if (json)
        fputs("{", out);
    for (size_t i = 0, written = 0; i < n; i++) {
        if (n > 1 && tables[i].n_rows == 0 && for_people(format))
            continue;
        if (written++ > 0)
            fputs(json ? ",\n" : "\n", out);
        writers[f](out, &tables[i]);
    }
    if (json)
        fputs("}\n", out);
}
