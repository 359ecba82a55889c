/* Formats of tables, one file each. A reader appends rows to a grid; what a file holds is told by its first
 * characters, its name only decides between forms that begin alike. */
#ifndef PLATEAU_FIT_TABLE_FORMAT_H
#define PLATEAU_FIT_TABLE_FORMAT_H

#include <stdbool.h>

#include "base/status.h"
#include "fit/table/grid.h"

/* A reader takes text of `size` bytes with a '\0' after it, which belongs to the grid and may be overwritten. `file`
 * stands in messages and lives as long as the grid. */

/* Cells between commas, semicolons, tabs, bars (a Markdown table too, and one among text) or runs of blanks, one line a
 * run; lines that begin with # are comments. */
enum status format_delimited(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

/* What a comma in a number is, by all cells of the rows (see delimited.c): sets decimal_comma and comma_open. */
void format_judge_commas(struct grid *g);

/* A LaTeX tabular: cells between &, rows up to \\, rules and type faces aside. */
enum status format_latex(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;
bool format_is_latex(const char *text);

/* JSON: an array of objects, one a run; an object of columns; an object that holds one such array; or one run;
 * what pandas writes in any orientation, and polars. Objects one after the other (JSON lines) too. Nested values are columns
 * named with dots, lists are none. */
enum status format_json(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

/* The file, whatever its format. */
enum status format_read(struct grid *g, const char *file, struct err *err) WARN_UNUSED;
/* The same for what a file holds, which the grid then owns, also on failure; it comes from malloc. */
enum status format_read_text(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

#endif
