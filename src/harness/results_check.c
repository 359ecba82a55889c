#include "harness/results_check.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "harness/results.h"

enum { COLUMNS_MAX = 128, CELL_MAX = 512 };

static const char again[] = "the sweep's command writes the table again";

struct table {
    const char *dir, *path;
    const char *at, *end;
    size_t line;
    size_t n; /* columns */
    char names[COLUMNS_MAX][64];
    bool known[COLUMNS_MAX]; /* some row's result has it */
    size_t runs, unknown;    /* rows; of them those that nothing can be held against */
    char (*seen)[RUN_NAME_MAX]; /* (room) */
    size_t room;
};

/* The next cell of the line, unquoted, "" for one that is too long; *last: the line ends with it. */
static void next_cell(char *out, size_t size, struct table *t, bool *last)
{
    size_t n = 0;
    bool quoted = t->at < t->end && *t->at == '"';
    t->at += quoted;
    for (; t->at < t->end; t->at++) {
        if (quoted && *t->at == '"') {
            quoted = t->at + 1 < t->end && t->at[1] == '"';
            t->at += quoted;
            if (!quoted)
                continue;
        } else if (!quoted && (*t->at == ',' || *t->at == '\n')) {
            break;
        }
        if (n < size)
            out[n++] = *t->at;
    }
    out[n < size ? n : 0] = '\0';
    *last = t->at >= t->end || *t->at == '\n';
    t->at += t->at < t->end;
}

static enum status read_header(struct table *t, struct err *err)
{
    t->line = 1;
    for (bool last = false; !last; t->n++) {
        if (t->n == COLUMNS_MAX)
            return err_set(err, E_DATA, "%s:1: it is damaged: more columns than a sweep's table has; %s", t->path, again);
        next_cell(t->names[t->n], sizeof t->names[t->n], t, &last);
    }
    if (strcmp(t->names[0], "run") == 0)
        return OK;
    return err_set(err, E_DATA, "%s:1: it is damaged: its first column is no run; %s", t->path, again);
}

static enum status check_cell(struct table *t, size_t column, const char *cell, const struct run_row *row, struct err *err)
{
    char want[CELL_MAX];
    bool known = run_row_cell(want, sizeof want, row, t->names[column]);
    t->known[column] = t->known[column] || known;
    if (strcmp(cell, known ? want : "") == 0)
        return OK;
    return err_set(err, E_DATA, "%s:%zu: it is damaged: %.60s is '%.60s', in %s/result.json '%.60s'; %s", t->path, t->line,
                   t->names[column], cell, row->run, known ? want : "", again);
}

/* The row's own result; *whole false where there is none, or one of an older version, which rounded otherwise. */
static enum status read_result(struct run_row *row, bool *whole, const struct table *t, const char *run, struct err *err)
{
    char path[FILE_PATH_MAX];
    *whole = false;
    if (run[0] == '\0' || run[0] == '.' || strchr(run, '/') || strlen(run) >= RUN_NAME_MAX)
        return err_set(err, E_DATA, "%s:%zu: it is damaged: '%.60s' is no run's name; %s", t->path, t->line, run, again);
    TRY(file_join(path, sizeof path, t->dir, run, err));
    TRY(run_row_read(row, whole, path, err));
    *whole = *whole && isfinite(row->log_bytes);
    return OK;
}

static enum status read_row(struct table *t, struct err *err)
{
    char cell[CELL_MAX];
    struct run_row row;
    bool last = false, whole = false;
    size_t i = 0;
    t->line++;
    for (; !last && i < t->n; i++) {
        next_cell(cell, sizeof cell, t, &last);
        if (i == 0) {
            TRY(read_result(&row, &whole, t, cell, err));
            if (t->runs == t->room)
                break;
            snprintf(t->seen[t->runs++], RUN_NAME_MAX, "%s", cell);
            t->unknown += !whole;
        } else if (whole) {
            TRY(check_cell(t, i, cell, &row, err));
        }
    }
    if (last && i == t->n)
        return OK;
    return err_set(err, E_DATA, "%s:%zu: it is damaged: the row has %s cells than the header; %s", t->path, t->line,
                   last ? "fewer" : "more", again);
}

static enum status check_names(const struct table *t, struct err *err)
{
    for (size_t i = 1; i < t->n && t->runs > t->unknown && t->unknown == 0; i++)
        if (!t->known[i])
            return err_set(err, E_DATA, "%s:1: it is damaged: no run has a column '%.60s'; %s", t->path, t->names[i], again);
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum status count_missing(size_t *missing, const struct table *t, struct err *err)
{
    struct file_list list = {0};
    TRY(file_list_dir(&list, t->dir, err));
    enum status st = OK;
    qsort(t->seen, t->runs, sizeof *t->seen, compare_names);
    for (size_t i = 0; i < list.n && st == OK; i++) {
        char path[FILE_PATH_MAX];
        struct run_row row;
        bool found = false;
        st = file_join(path, sizeof path, t->dir, list.names[i], err);
        bool seen = bsearch(list.names[i], t->seen, t->runs, sizeof *t->seen, compare_names) != NULL;
        if (st == OK && !seen && file_is_dir(path) && run_row_read(&row, &found, path, NULL) == OK)
            *missing += found;
    }
    file_list_free(&list);
    return st;
}

static enum status check_text(size_t *missing, struct table *t, const char *text, size_t size, struct err *err)
{
    t->at = text;
    t->end = text + size;
    for (const char *p = text; p < t->end; p++)
        t->room += *p == '\n';
    TRY(size_calloc(&t->seen, t->room + 1, sizeof *t->seen, "the rows of a table", err));
    t->room++;
    TRY(read_header(t, err));
    while (t->at < t->end)
        TRY(read_row(t, err));
    TRY(check_names(t, err));
    TRY(count_missing(missing, t, err));
    if (t->runs > 0 || *missing == 0)
        return OK;
    return err_set(err, E_DATA, "%s: it is damaged: it has no rows, and finished runs are there: %zu; %s", t->path, *missing,
                   again);
}

enum status results_check(size_t *missing, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX], *text;
    size_t size;
    *missing = 0;
    TRY(file_join(path, sizeof path, dir, "results.csv", err));
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &size, path, err));
    struct table *t = calloc(1, sizeof *t);
    enum status st = E_NOMEM;
    if (!t) {
        err_set(err, st, "%s: out of memory", path);
    } else {
        t->dir = dir;
        t->path = path;
        st = check_text(missing, t, text, size, err);
        free(t->seen);
    }
    free(t);
    free(text);
    return st;
}
