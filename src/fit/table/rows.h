/* From cells to numbers: the rows of a grid that are finished runs become rows of a table. */
#ifndef PLATEAU_FIT_TABLE_ROWS_H
#define PLATEAU_FIT_TABLE_ROWS_H

#include <stdint.h>

#include "fit/table.h"
#include "fit/table/grid.h"

/* Hashes of the trunk of each row; 0: a row of its own. */
struct trunks {
    uint64_t *hash; /* (t->n) */
    size_t cap;
};

/* Append the grid's runs; what is derived or left out is noted. */
enum status rows_read(struct fit_table *t, struct trunks *trunks, const struct grid *g,
                      const struct fit_read_options *opt, struct err *err) WARN_UNUSED;

/* Room for n rows. */
enum status rows_reserve(struct fit_table *t, size_t n, struct err *err) WARN_UNUSED;

#endif
