/* What each column of a table was taken for, in words: one line a column. */
#ifndef PLATEAU_FIT_TABLE_UNDERSTOOD_H
#define PLATEAU_FIT_TABLE_UNDERSTOOD_H

#include "fit/lines.h"
#include "fit/table/grid.h"
#include "fit/table/role.h"

/* role (n_columns) is what each column's name stands for, -1 for nothing, and against why it is not that here (NULL: it
 * may be). */
void understood_say(struct fit_lines *out, const struct grid *g, const struct roles *r, const int *role,
                    const char *const *against);

#endif
