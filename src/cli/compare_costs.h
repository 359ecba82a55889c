/* What a side of a comparison took beside its runs' FLOPs, read from its folder: memory, a teacher, the search of rates. */
#ifndef PLATEAU_CLI_COMPARE_COSTS_H
#define PLATEAU_CLI_COMPARE_COSTS_H

#include "cli/fitted.h"
#include "fit/compare/compare.h"

/* Of the rows of f's table; all is unknown where they are no sweep's folder. Memory is that of a run on one thread, by the
 * plan of its config. A teacher's passes and training are those that the runs' results tell. costs_free also after a failure. */
enum status costs_read(struct compare_costs *c, const struct fitted *f, struct err *err) WARN_UNUSED;
void costs_free(struct compare_costs *c);

#endif
