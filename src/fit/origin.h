/* Where the rows of a table come from, to name one: its run's name, or file and line. */
#ifndef PLATEAU_FIT_ORIGIN_H
#define PLATEAU_FIT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/lines.h"

struct origin {
    char *run;        /* owned; NULL: the table has no names */
    size_t file, line; /* index into the files, and from 1 */
};

struct origins {
    struct origin *row; /* (n) of the first n rows; later ones have none */
    size_t n, cap;
    struct fit_lines files;
};

/* Row number `row` stood in this file and line; `run` may be NULL or empty. */
enum status origins_set(struct origins *o, size_t row, const char *file, size_t line, const char *run,
                        struct err *err) WARN_UNUSED;
/* The table keeps the rows of which keep (n) says so, and numbers them anew. */
void origins_keep(struct origins *o, const bool *keep, size_t n);
void origins_free(struct origins *o);

/* The run's name, NULL where there is none; the line, 0 where the row was made by the caller. */
const char *origins_run(const struct origins *o, size_t row);
size_t origins_line(const struct origins *o, size_t row);
/* A row as tables and messages name it. */
struct origin_name {
    char text[96]; /* "run d64-l4", "t.csv:12" */
    bool is_run;   /* the text is a run's */
    size_t line;   /* in its file; 0: made by the caller */
};
struct origin_name origins_told(const struct origins *o, size_t row);
/* "run d64-l4" or "runs.csv:12", at worst "row 3". Returns buf. */
char *origins_name(char *buf, size_t size, const struct origins *o, size_t row);

#endif
