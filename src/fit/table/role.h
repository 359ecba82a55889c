/* What a column can be, and which column is what. */
#ifndef PLATEAU_FIT_TABLE_ROLE_H
#define PLATEAU_FIT_TABLE_ROLE_H

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

const char *role_name(int role);

#endif
