/* What follows from the numbers of a table: the third of params, tokens and flops, the unit that flops are in, rows
 * that repeat each other. */
#ifndef PLATEAU_FIT_TABLE_DERIVE_H
#define PLATEAU_FIT_TABLE_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include "fit/table.h"

struct roles;

/* Runs in which each was derived. */
struct derived {
    size_t tokens, sizes, flops, unique;
};

/* Of one row, in place. */
void derive_row(double v[FIT_N_COLUMNS], struct derived *d, enum fit_column size);
void derive_notes(struct fit_table *t, const char *name, const struct derived *d);

/* Flops of the rows from `from` on against 6 N D: numbers that are off by a unit are scaled, which is noted; other
 * steady factors are told. */
void derive_units(struct fit_table *t, size_t from, const char *name, const struct roles *r,
                  const struct fit_read_options *opt);

/* Once all rows are there: trunks numbered, the lowest loss kept of each size and budget where that is asked, copies
 * counted. */
enum status derive_finish(struct fit_table *t, uint64_t *trunk, const struct fit_read_options *opt, struct err *err) WARN_UNUSED;

#endif
