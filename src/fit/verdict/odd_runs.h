/* The runs that no law follows (fit/verdict/outliers.h), as the report names them. */
#ifndef PLATEAU_FIT_ODD_RUNS_H
#define PLATEAU_FIT_ODD_RUNS_H

#include "fit/analysis.h"

/* Fill r->off, r->outliers and r->top_off from the laws fitted; without a law nothing is. */
enum status odd_runs_fill(struct fit_report *r, const struct fit_table *t, struct err *err) WARN_UNUSED;

#endif
