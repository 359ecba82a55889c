/* The exponents of N* and D* against compute by all three methods (Hoffmann et al. 2022: envelope of curves,
 * IsoFLOP profiles, parametric law) and by all three counts of parameters, side by side: they differ where small
 * models carry much of their size in embeddings (Pearce and Song 2024, Porian et al. 2024). */
#ifndef PLATEAU_FIT_METHODS_H
#define PLATEAU_FIT_METHODS_H

#include "fit/analysis.h"

/* Fill r->methods for every count whose column the table has. The law and its resamples of r->count are taken
 * from the report; the other counts are fitted with the same law. Nothing for laws of one variable. */
enum status methods_fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt,
                         struct err *err) WARN_UNUSED;

#endif
