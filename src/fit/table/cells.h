/* What stands in a cell: a number as people write them, or nothing. */
#ifndef PLATEAU_FIT_TABLE_CELLS_H
#define PLATEAU_FIT_TABLE_CELLS_H

#include <stdbool.h>
#include <stddef.h>

/* Empty, or a word for "no value": nan, n/a, null, none, -, ... */
bool cell_is_missing(const char *cell);
/* "inf" and its like: the loss of a run that diverged. */
bool cell_is_infinite(const char *cell);

/* How the commas of a number may be read; CELL_NO_COMMA also for text. */
enum cell_comma { CELL_NO_COMMA, CELL_DECIMAL, CELL_THOUSANDS, CELL_EITHER };
enum cell_comma cell_comma(const char *cell);

/* Why a cell is no number, where callers look again. */
#define CELL_NO_NUMBER "is not a number"
#define CELL_DOUBTFUL "may be a thousand or one beside decimal commas"

/* A number: 1e6, 1M, 250k, 1.3 B, 70M params, 2 PF-days, 1,000,000, 1_000_000, 1 000 000 and 1'000'000; 2.5 x 10^9 with
 * any sign for times; 4,21 where decimal_comma; of 3.2 +- 0.1 the first. *scaled tells of a suffix or unit.
 * NULL, or why it is none. Hexadecimal, inf and what overflows are no numbers. */
const char *cell_number(double *out, bool *scaled, const char *cell, bool decimal_comma);

/* 3.2 +- 0.1. */
bool cell_has_spread(const char *cell);
/* 1.000.000: at least two marks, which can only be thousands. */
bool cell_is_grouped(const char *cell, char mark);

/* yes, true, 1 / no, false, 0 in any case: 1, 0, and -1 for other text. */
int cell_truth(const char *cell);

/* The factor that a unit stands for, in a column's name or after a number: M, billions, B tokens, GFLOPs, PF-days, 1e9;
 * 0 where it is none. */
double cell_unit(const char *unit);

#endif
