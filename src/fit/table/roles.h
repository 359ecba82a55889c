/* Which column is what. Names are compared without case, blanks, dashes, and what stands in brackets; a full name
 * wins over a letter, a held-out loss over a plain one over a training loss. What was chosen among columns that
 * differ is noted, and --column settles it. */
#ifndef PLATEAU_FIT_TABLE_ROLES_H
#define PLATEAU_FIT_TABLE_ROLES_H

#include <stdbool.h>
#include <stddef.h>

#include "fit/table.h"
#include "fit/table/grid.h"

/* Beside the columns of numbers of enum fit_column. */
enum { ROLE_TRUNK = FIT_N_COLUMNS, ROLE_RUN, ROLE_STATUS, ROLE_COUNT };
enum { ROLE_NO_COLUMN = GRID_MAX_COLUMNS, ROLES_MAX_FLAGS = 4 };

struct roles {
    size_t of[ROLE_COUNT];      /* index of the column, or ROLE_NO_COLUMN */
    double factor[ROLE_COUNT];  /* of its numbers, from the unit in its name or --scale */
    struct {
        size_t column;
        bool good;              /* true in it means done; else that the run is lost */
    } flags[ROLES_MAX_FLAGS];   /* columns like converged or diverged */
    size_t n_flags;
    const char *loss_unit;      /* "nats", "bits per byte", ...; "" where the name does not tell */
    bool log_loss;              /* perplexity: its logarithm is the loss */
    bool flops_doubtful;        /* a letter, or a name that may be a speed: only where it agrees with 6 N D */
    bool scaled[ROLE_COUNT];    /* its unit is settled, by name or by --scale */
    bool flops_scaled;
};

/* E_DATA for a column that is asked for or needed and not there, E_USAGE for a role that is none. Notes go to t. */
enum status roles_choose(struct roles *r, struct fit_table *t, const struct grid *g, const struct fit_read_options *opt,
                         struct err *err) WARN_UNUSED;

const char *role_name(int role);
/* E_USAGE where a --column or --scale is malformed: what can be told before a table is read. */
enum status roles_check(const struct fit_read_options *opt, struct err *err) WARN_UNUSED;

#endif
