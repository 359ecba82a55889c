/* --where: which rows are read. */
#ifndef PLATEAU_FIT_TABLE_WHERE_H
#define PLATEAU_FIT_TABLE_WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/table.h"
#include "fit/table/grid.h"

enum { WHERE_MAX = 32 };

struct where {
    struct {
        const char *text; /* as given */
        size_t column;
        int op;
        const char *value;
        double number;    /* NaN: text */
        size_t matched;   /* rows */
    } items[WHERE_MAX];
    size_t n;
};

/* Conditions column=value, !=, <, <=, > and >=, all of which must hold. E_USAGE where one is malformed, E_DATA where
 * its column is not there. */
enum status where_parse(struct where *w, const struct grid *g, const struct fit_read_options *opt, struct err *err) WARN_UNUSED;
/* The same without a table: what can be told before one is read. */
enum status where_check(const char *const *where, size_t n, struct err *err) WARN_UNUSED;
bool where_matches(struct where *w, const struct grid *g, const struct grid_row *row);
/* E_DATA: no row matches, with the values that come nearest. */
enum status where_nothing(const struct where *w, const struct grid *g, struct err *err);

#endif
