/* The resampled parameters of every law fitted, for programs. */
#ifndef PLATEAU_FIT_DRAWS_H
#define PLATEAU_FIT_DRAWS_H

#include <stdio.h>

#include "fit/analysis.h"

/* CSV: law, resample, then every parameter of the laws, by name; one row a resample, cells of parameters that its law
 * lacks are empty. Laws see the same resamples, which carry the same number. Write errors stay in out. */
void draws_write(FILE *out, const struct fit_report *r);

#endif
