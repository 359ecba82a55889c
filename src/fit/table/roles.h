/* Which column is what. Names are compared without case, blanks, dashes, and what stands in brackets; a full name
 * wins over a letter, a held-out loss over a plain one over a training loss. What was chosen among columns that
 * differ is noted, and --column settles it. */
#ifndef PLATEAU_FIT_TABLE_ROLES_H
#define PLATEAU_FIT_TABLE_ROLES_H

#include "base/status.h"
#include "fit/table.h"
#include "fit/table/grid.h"
#include "fit/table/role.h"

/* E_DATA for a column that is asked for or needed and not there, E_USAGE for a role that is none. Notes go to t. */
enum status roles_choose(struct roles *r, struct fit_table *t, const struct grid *g, const struct fit_read_options *opt,
                         struct err *err) WARN_UNUSED;

/* E_USAGE where a --column or --scale is malformed: what can be told before a table is read. */
enum status roles_check(const struct fit_read_options *opt, struct err *err) WARN_UNUSED;

#endif
