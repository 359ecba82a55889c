/* Tables for a paper: cells as data, written as CSV, JSON, Markdown or LaTeX. Text is escaped as the format wants; a number
 * has as many digits as its interval supports (report/number.h) where people read it, and all of them where programs do. */
#ifndef PLATEAU_REPORT_PAPER_H
#define PLATEAU_REPORT_PAPER_H

#include <stdio.h>

#include "base/status.h"
#include "report/number.h"

enum paper_kind {
    PAPER_TEXT,
    PAPER_NUMBER, /* without an interval */
    PAPER_VALUE,  /* with its 95 % interval: in CSV two further columns, NAME_lo and NAME_hi */
};

struct paper_column {
    const char *name, *title; /* for programs; for people */
    enum paper_kind kind;
    enum number_form form;
};

struct paper_cell {
    char *text;            /* owned; NULL: none */
    struct fit_value value; /* NaN: not known, an empty cell */
};

struct paper_table {
    const char *name;                  /* a key in JSON */
    const struct paper_column *columns; /* (n_columns), borrowed */
    size_t n_columns, n_rows;
    struct paper_cell *cells; /* (n_rows, n_columns), owned */
    bool *used;               /* (n_columns) any row has it; others are left out where people read */
};

/* Text as LaTeX has it. */
void paper_put_latex(FILE *out, const char *s);

void paper_init(struct paper_table *t, const char *name, const struct paper_column *columns, size_t n_columns);
void paper_free(struct paper_table *t);
/* A row of empty cells; filled by the two below, in any order. */
enum status paper_row(struct paper_table *t, struct err *err) WARN_UNUSED;
enum status paper_text(struct paper_table *t, size_t column, const char *text, struct err *err) WARN_UNUSED;
void paper_value(struct paper_table *t, size_t column, struct fit_value v);
void paper_number(struct paper_table *t, size_t column, double v);

/* The names of the formats, NULL after the last. */
extern const char *const paper_formats[];
/* One after the other; several tables are one JSON object, and apart by an empty line elsewhere, where people read without those
 * that have no rows. `format` is one of the names. */
void paper_write(FILE *out, const char *format, const struct paper_table *tables, size_t n);

#endif
