/* What stands in a cell: a number as people write them, or nothing. */
#ifndef PLATEAU_FIT_TABLE_CELLS_H
#define PLATEAU_FIT_TABLE_CELLS_H

#include <stdbool.h>
#include <stddef.h>

/* Empty, or a word for "no value": nan, n/a, null, none, -, ... */
bool cell_is_missing(const char *cell);

/* How the commas of a number may be read; CELL_NO_COMMA also for text. */
enum cell_comma { CELL_NO_COMMA, CELL_DECIMAL, CELL_THOUSANDS, CELL_EITHER };
enum cell_comma cell_comma(const char *cell);

/* A number: 1e6, 1M, 250k, 1.3 B, 1,000,000 and 1_000_000; 4,21 where decimal_comma. *scaled tells of a suffix.
 * NULL, or why it is none ("is not a number"). Hexadecimal, inf and what overflows are no numbers. */
const char *cell_number(double *out, bool *scaled, const char *cell, bool decimal_comma);

/* yes, true, 1 / no, false, 0 in any case: 1, 0, and -1 for other text. */
int cell_truth(const char *cell);

/* The factor that a unit in a column's name stands for: M, billions, GFLOPs, PF-days, 1e9; 0 where it is none. */
double cell_unit(const char *unit);

#endif
