/* Runs of one size and budget that differ in what is tuned (rates, batch, decay, ...) tell what is best there, and no law
 * is one of the others: of each such cell the setting with the lowest mean loss is kept. */
#ifndef PLATEAU_FIT_TABLE_TUNED_H
#define PLATEAU_FIT_TABLE_TUNED_H

#include "fit/table.h"

/* Which rows of t stay, into keep (t->n), and *n how many; all where no cell has several settings. Where some go, all are
 * listed in t->tried, and notes and cautions say by which rule. */
enum status tuned_choose(bool *keep, size_t *n, struct fit_table *t, struct err *err) WARN_UNUSED;

#endif
