/* Formats of tables, one file each. A reader appends rows to a grid; what a file holds is told by its first
 * characters, its name only decides between forms that begin alike. */
#ifndef PLATEAU_FIT_TABLE_FORMAT_H
#define PLATEAU_FIT_TABLE_FORMAT_H

#include "base/status.h"
#include "fit/table/grid.h"

/* A reader takes text of `size` bytes with a '\0' after it, which belongs to the grid and may be overwritten. `file`
 * stands in messages and lives as long as the grid. */

/* Cells between commas, semicolons, tabs or bars (a Markdown table too), one line a run. */
enum status format_delimited(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

/* JSON: an array of objects, one a run; an object of columns; an object that holds one such array; or one run.
 * Objects one after the other (JSON lines) too. Nested values are columns named with dots, lists are none. */
enum status format_json(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

/* The file, whatever its format. */
enum status format_read(struct grid *g, const char *file, struct err *err) WARN_UNUSED;
/* The same for text in memory, which the grid then owns. */
enum status format_read_text(struct grid *g, const char *file, char *text, size_t size, struct err *err) WARN_UNUSED;

#endif
