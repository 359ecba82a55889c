/* A table as text: named columns and rows of cells, whatever file it came from. Every format fills one, and only the
 * steps after it (roles.h, rows.h) know what the columns are for. */
#ifndef PLATEAU_FIT_TABLE_GRID_H
#define PLATEAU_FIT_TABLE_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define GRID_MAX_COLUMNS 1024

struct grid_row {
    char **cells;     /* (n_cells) trimmed; NULL: the row does not have this one */
    size_t n_cells;   /* cells after it are absent */
    size_t line;      /* in its file, from 1 (of a JSON array: its element) */
    const char *file; /* borrowed from the grid */
    const char *start; /* of the line, for the place of a cell in it; NULL: not known */
};

struct grid {
    const char *name; /* of the source, for messages */
    const char *place; /* what row.line counts: "line" or "element" */
    char **columns;   /* (n_columns) */
    size_t n_columns;
    struct grid_row *rows; /* (n_rows) */
    size_t n_rows, cap;
    char **texts;     /* (n_texts) buffers that cells point into, owned */
    size_t n_texts;
    bool decimal_comma; /* 4,21 is 4.21: set by the format where its cells show it */
    bool comma_open;  /* every comma in a number may be either: 1,234 */
    bool own;         /* a sweep's own results: nobody needs to be told what their columns are */
    char separator;   /* between the cells; '\0': JSON */
    size_t n_comments; /* lines that begin with # */
    bool one_run;     /* a JSON file that holds a single run */
};

void grid_free(struct grid *g);
/* The grid frees `text` (also on failure). */
enum status grid_own(struct grid *g, char *text, struct err *err) WARN_UNUSED;
/* Index of the column, which is added where it is new (its name is copied); `hint` is looked at first. */
enum status grid_column(size_t *i, struct grid *g, const char *name, size_t hint, struct err *err) WARN_UNUSED;
/* A row without cells yet. */
enum status grid_add_row(struct grid_row **row, struct grid *g, const char *file, size_t line, struct err *err) WARN_UNUSED;
enum status grid_set(struct grid *g, struct grid_row *row, size_t column, char *cell, struct err *err) WARN_UNUSED;

/* The cell, "" where the row has none. */
const char *grid_cell(const struct grid_row *row, size_t column);
/* Index of the column of just this name; n_columns where there is none. */
size_t grid_find(const struct grid *g, const char *name);
/* E_DATA that names the columns, and the nearest. */
enum status grid_no_column(const struct grid *g, const char *name, struct err *err);
/* "t.csv:3:7: column loss: 'x' WHY". */
enum status grid_cell_error(const struct grid *g, const struct grid_row *row, size_t column, const char *why,
                            struct err *err);
/* "t.csv:3" or "t.json: element 3". Returns buf. */
char *grid_where(char *buf, size_t size, const struct grid *g, const struct grid_row *row);

/* A copy of text without blanks at its ends; in place. */
char *grid_trim(char *text);

#endif
