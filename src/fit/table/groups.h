/* Several experiments in one table: a column of a few words (dataset, tokenizer, setup) by which the losses differ at
 * one size and budget. */
#ifndef PLATEAU_FIT_TABLE_GROUPS_H
#define PLATEAU_FIT_TABLE_GROUPS_H

#include "fit/table.h"
#include "fit/table/grid.h"

/* row[i] is the row of the grid that became row from + i of the table. The column that tells most is named, with the
 * rows of each value, among t->careful. */
enum status groups_name(struct fit_table *t, size_t from, const struct grid *g, const size_t *row, struct err *err) WARN_UNUSED;

#endif
