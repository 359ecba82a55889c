#include "fit/table/format.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_memory.h"
#include "base/size.h"
#include "fit/table/names.h"
#include "fit/table/roles.h"

/* Nested deeper than this is no table. */
#define MAX_DEPTH 8
#define MAX_NAME 256

static size_t line_of(const char *text, const char *at)
{
    size_t line = 1;
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* Python writes NaN and Infinity, which are no JSON: an empty text (no value) and the word take their place. A NUL
 * written as \u0000 would end its text early. */
static enum status prepare(char *text, const char *file, struct err *err)
{
    static const struct {
        const char *from, *to;
    } words[] = {{"-Infinity", "\"-inf\"   "}, {"Infinity", "\"inf\"   "}, {"-NaN", "\"\"  "}, {"NaN", "\"\" "}};
    bool in_text = false;
    for (char *p = text; *p; p++) {
        if (in_text && *p == '\\' && p[1]) {
            if (strncmp(p + 1, "u0000", 5) == 0)
                return err_set(err, E_DATA, "%s:%zu: a zero byte (\\u0000) in a text", file, line_of(text, p));
            p++;
        } else if (*p == '"') {
            in_text = !in_text;
        } else if (!in_text && (*p == 'N' || *p == 'I' || (*p == '-' && (p[1] == 'I' || p[1] == 'N')))) {
            for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (strncmp(p, words[i].from, strlen(words[i].from)) == 0) {
                    memcpy(p, words[i].to, strlen(words[i].from));
                    p += strlen(words[i].from) - 1;
                    break;
                }
        }
    }
    return OK;
}

static char *keep_text(struct grid *g, const char *text, struct err *err, enum status *st)
{
    char *copy = strdup(text);
    if (!copy)
        *st = err_set(err, E_NOMEM, "%s: out of memory", g->name);
    else
        *st = grid_own(g, copy, err);
    return copy;
}

/* A scalar as the text of a cell; NULL for null. */
static enum status cell_text(char **out, struct grid *g, const cJSON *v, struct err *err)
{
    static char yes[] = "true", no[] = "false";
    char number[40];
    enum status st = OK;
    *out = NULL;
    if (cJSON_IsBool(v)) {
        *out = cJSON_IsTrue(v) ? yes : no;
    } else if (cJSON_IsNumber(v)) {
        snprintf(number, sizeof number, "%.17g", v->valuedouble);
        if (!isfinite(v->valuedouble)) /* as the reader of JSON has made of 1e999 */
            snprintf(number, sizeof number, "%s", v->valuedouble > 0 ? "above 1.8e308" : "below -1.8e308");
        if (v->valuedouble == floor(v->valuedouble) && fabs(v->valuedouble) < 1e15)
            snprintf(number, sizeof number, "%.0f", v->valuedouble);
        *out = keep_text(g, number, err, &st);
    } else if (cJSON_IsString(v)) {
        *out = keep_text(g, v->valuestring, err, &st);
        if (st == OK)
            *out = grid_trim(*out);
    }
    return st;
}

/* One object as a row: nested scalars are columns named with dots, lists are none. *at is the place where the next key
 * is likely to stand. */
static enum status fill_row(struct grid *g, struct grid_row *row, const cJSON *o, const char *prefix, size_t *at,
                            int depth, struct err *err)
{
    char name[MAX_NAME];
    for (const cJSON *v = o->child; v; v = v->next) {
        int n = snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", v->string);
        if (n < 0 || (size_t)n >= sizeof name || depth > MAX_DEPTH)
            continue; /* no name that a law's column has */
        if (cJSON_IsObject(v)) {
            TRY(fill_row(g, row, v, name, at, depth + 1, err));
            continue;
        }
        if (cJSON_IsArray(v))
            continue;
        size_t column;
        char *cell, place[256];
        TRY(grid_column(&column, g, name, *at, err));
        *at = column + 1;
        if (column < row->n_cells && row->cells[column])
            return err_set(err, E_DATA, "%s: key '%.80s' stands there twice", grid_where(place, sizeof place, g, row), name);
        TRY(cell_text(&cell, g, v, err));
        static char nothing[] = "";
        TRY(grid_set(g, row, column, cell ? cell : nothing, err));
    }
    return OK;
}

static enum status add_object(struct grid *g, const char *file, const cJSON *o, size_t line, struct err *err)
{
    struct grid_row *row;
    size_t at = 0;
    if (!cJSON_IsObject(o))
        return err_set(err, E_DATA, "%s: %s %zu is not an object", file, g->place, line);
    TRY(grid_add_row(&row, g, file, line, err));
    return fill_row(g, row, o, "", &at, 0, err);
}

static enum status add_array(struct grid *g, const char *file, const cJSON *a, struct err *err)
{
    size_t k = 0;
    if (!a->child || !cJSON_IsObject(a->child))
        return err_set(err, E_DATA, "%s: expected an array of objects, one a run", file);
    for (const cJSON *o = a->child; o; o = o->next)
        TRY(add_object(g, file, o, ++k, err));
    return OK;
}

/* --- an object of columns ---------------------------------------------------------------------------- */

static bool is_scalar(const cJSON *v)
{
    return v && !cJSON_IsObject(v) && !cJSON_IsArray(v);
}

/* Lists have no labels; those of objects are the same in every column ({"0": ..., "1": ...}). */
static bool same_labels(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child, *y = b->child;
    for (; x && y && x->string && y->string; x = x->next, y = y->next)
        if (strcmp(x->string, y->string) != 0)
            return false;
    return true;
}

/* How many entries each column has, where all members are columns of scalars of one length; 0 where they are not. */
static size_t columns_of(const cJSON *o)
{
    size_t n = 0;
    for (const cJSON *c = o->child; c; c = c->next) {
        size_t m = 0;
        if (is_scalar(c))
            return 0;
        for (const cJSON *v = c->child; v; v = v->next, m++)
            if (!is_scalar(v))
                return 0;
        if (m == 0 || (n > 0 && m != n) || !same_labels(o->child, c))
            return 0;
        n = m;
    }
    /* a single nested object of settings is a run, not a table of one column */
    return o->child && o->child->next ? n : 0;
}

static enum status add_columns(struct grid *g, const char *file, const cJSON *o, size_t n, struct err *err)
{
    size_t first = g->n_rows;
    for (size_t i = 0; i < n; i++) {
        struct grid_row *row;
        TRY(grid_add_row(&row, g, file, i + 1, err));
    }
    for (const cJSON *c = o->child; c; c = c->next) {
        size_t column, i = first;
        TRY(grid_column(&column, g, c->string, 0, err));
        for (const cJSON *v = c->child; v; v = v->next, i++) {
            char *cell;
            TRY(cell_text(&cell, g, v, err));
            TRY(grid_set(g, &g->rows[i], column, cell, err));
        }
    }
    return OK;
}

/* The one member that is an array of objects, where no number stands beside it: {"runs": [...]}. */
static const cJSON *only_array(const cJSON *o)
{
    const cJSON *found = NULL;
    for (const cJSON *v = o->child; v; v = v->next) {
        if (cJSON_IsNumber(v))
            return NULL;
        if (cJSON_IsArray(v) && cJSON_IsObject(v->child)) {
            if (found)
                return NULL;
            found = v;
        }
    }
    return found;
}

/* --- names once, then rows of values: pandas' orient="split", [[names], [values], ...] of spreadsheets ---------------- */

static bool all_strings(const cJSON *a)
{
    bool all = cJSON_IsArray(a) && a->child;
    for (const cJSON *v = all ? a->child : NULL; v; v = v->next)
        all = all && cJSON_IsString(v);
    return all;
}

static enum status add_value_rows(struct grid *g, const char *file, const cJSON *names, const cJSON *first, struct err *err)
{
    size_t k = 0;
    for (const cJSON *values = first; values; values = values->next) {
        struct grid_row *row;
        size_t at = 0;
        const cJSON *name = names->child;
        if (!cJSON_IsArray(values))
            return err_set(err, E_DATA, "%s: row %zu is no array of values", file, k + 1);
        TRY(grid_add_row(&row, g, file, ++k, err));
        for (const cJSON *v = values->child; v; v = v->next, name = name->next, at++) {
            size_t column;
            char *cell;
            if (!name)
                return err_set(err, E_DATA, "%s: row %zu has more values than there are names", file, k);
            TRY(grid_column(&column, g, name->valuestring, at, err));
            TRY(cell_text(&cell, g, v, err));
            TRY(grid_set(g, row, column, cell, err));
        }
    }
    return OK;
}

/* What polars once wrote: {"columns": [{"name": "params", "values": [...]}, ...]}. */
static enum status add_named_columns(struct grid *g, const char *file, const cJSON *columns, struct err *err)
{
    size_t first = g->n_rows;
    for (const cJSON *c = columns->child; c; c = c->next) {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(c, "name"), *values = cJSON_GetObjectItemCaseSensitive(c, "values");
        size_t column, i = first;
        if (!cJSON_IsString(name) || !cJSON_IsArray(values))
            return err_set(err, E_DATA, "%s: a column without name and values", file);
        TRY(grid_column(&column, g, name->valuestring, 0, err));
        for (const cJSON *v = values->child; v; v = v->next, i++) {
            struct grid_row *row;
            char *cell;
            if (i == g->n_rows)
                TRY(grid_add_row(&row, g, file, i - first + 1, err));
            TRY(cell_text(&cell, g, v, err));
            TRY(grid_set(g, &g->rows[i], column, cell, err));
        }
    }
    return OK;
}

/* --- an object of runs ---------------------------------------------------------------------------------------------- */

static int role_of(const char *key)
{
    struct column_name name;
    int rank;
    names_take_apart(&name, key);
    return names_role(&rank, &name);
}

/* Whether these members tell of a run: a loss, and a size, tokens or compute, here or nested. */
static void find_roles(bool *loss, bool *size, const cJSON *o, int depth)
{
    for (const cJSON *v = o->child; v; v = v->next) {
        if (cJSON_IsObject(v) && depth < MAX_DEPTH)
            find_roles(loss, size, v, depth + 1);
        int role = is_scalar(v) ? role_of(v->string) : -1;
        *loss |= role == FIT_LOSS;
        *size |= role == FIT_PARAMS || role == FIT_PARAMS_NONEMBD || role == FIT_TOKENS || role == FIT_FLOPS;
    }
}

/* {"run-a": {"params": ...}, "run-b": {...}}: pandas' orient="index". One run in sections (model, train, eval) has its
 * loss in one of them and its size in another. */
static bool is_object_of_runs(const cJSON *o)
{
    size_t runs = 0;
    for (const cJSON *v = o->child; v; v = v->next) {
        bool loss = false, size = false;
        if (!cJSON_IsObject(v))
            return false;
        find_roles(&loss, &size, v, 0);
        runs += loss && size;
    }
    return runs >= 2;
}

static enum status add_runs(struct grid *g, const char *file, const cJSON *o, struct err *err)
{
    static const char *const taken[] = {"run", "run_id", "run_name", "name", "Name", "id"};
    size_t k = 0, first = g->n_rows;
    bool named = false;
    for (const cJSON *v = o->child; v; v = v->next)
        TRY(add_object(g, file, v, ++k, err));
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        named |= grid_find(g, taken[i]) < g->n_columns;
    k = first;
    for (const cJSON *v = o->child; v && !named; v = v->next, k++) {
        size_t column;
        enum status st = OK;
        TRY(grid_column(&column, g, "run", g->n_columns, err));
        char *name = keep_text(g, v->string, err, &st);
        TRY(st);
        TRY(grid_set(g, &g->rows[k], column, name, err));
    }
    return OK;
}

/* --- the root --------------------------------------------------------------------------------------------------------- */

static enum status add_root(struct grid *g, const char *file, const cJSON *root, struct err *err)
{
    g->place = "element";
    if (cJSON_IsArray(root) && all_strings(root->child) && root->child->next)
        return add_value_rows(g, file, root->child, root->child->next, err);
    if (cJSON_IsArray(root) && cJSON_IsArray(root->child))
        return err_set(err, E_DATA, "%s: rows without names: put an array of the columns' names first, or write objects "
                       "(pandas: to_json(orient=\"records\"))", file);
    if (cJSON_IsArray(root))
        return add_array(g, file, root, err);
    if (!cJSON_IsObject(root) || !root->child)
        return err_set(err, E_DATA, "%s: expected an array of objects, one a run", file);
    const cJSON *columns = cJSON_GetObjectItemCaseSensitive(root, "columns"), *data = cJSON_GetObjectItemCaseSensitive(root,
        "data");
    if (all_strings(columns) && cJSON_IsArray(data))
        return add_value_rows(g, file, columns, data->child, err);
    if (cJSON_IsArray(columns) && cJSON_IsObject(columns->child) && cJSON_GetObjectItemCaseSensitive(columns->child, "values"))
        return add_named_columns(g, file, columns, err);
    if (is_object_of_runs(root))
        return add_runs(g, file, root, err);
    size_t n = columns_of(root);
    const cJSON *rows = only_array(root);
    if (n > 0)
        return add_columns(g, file, root, n, err);
    if (rows)
        return add_array(g, file, rows, err);
    g->one_run = true;
    return add_object(g, file, root, 1, err);
}

/* failures: of memory, before it was read. */
static enum status invalid(const char *file, const char *text, const char *end, size_t failures, struct err *err)
{
    if (json_memory_failures() != failures)
        return err_set(err, E_NOMEM, "out of memory reading %s", file);
    const char *start = end ? end : text;
    while (start > text && start[-1] != '\n')
        start--;
    return err_set(err, E_DATA, "%s:%zu:%zu: this is not valid JSON", file, line_of(text, end ? end : text),
                   (size_t)((end ? end : text) - start) + 1);
}

/* Objects one after the other, each on a line of its own. */
static enum status read_lines(struct grid *g, const char *file, const char *text, struct err *err)
{
    const char *p = text, *counted = text;
    size_t line = 1;
    g->place = "line";
    for (p += strspn(p, " \t\r\n"); *p; p += strspn(p, " \t\r\n")) {
        const char *end = NULL;
        line += line_of(counted, p) - 1;
        counted = p;
        size_t failures = json_memory_failures();
        cJSON *o = cJSON_ParseWithOpts(p, &end, 0);
        if (!o)
            return invalid(file, text, end, failures, err);
        enum status st = add_object(g, file, o, line, err);
        cJSON_Delete(o);
        TRY(st);
        p = end;
    }
    return OK;
}

enum status format_json(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    const char *end = NULL;
    (void)size;
    TRY(prepare(text, file, err));
    const char *first = text + strspn(text, " \t\r\n");
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_ParseWithOpts(text, &end, 0);
    if (!root)
        return invalid(file, text, end, failures, err);
    const char *rest = end + strspn(end, " \t\r\n");
    enum status st;
    if (*rest && *first == '{' && *rest == '{')
        st = read_lines(g, file, text, err);
    else if (*rest)
        st = err_set(err, E_DATA, "%s:%zu: text follows the end of the JSON", file, line_of(text, rest));
    else
        st = add_root(g, file, root, err);
    cJSON_Delete(root);
    return st;
}
