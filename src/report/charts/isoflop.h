/* IsoFLOP profiles of a grid that has no budgets of compute. */
#ifndef PLATEAU_REPORT_CHARTS_ISOFLOP_H
#define PLATEAU_REPORT_CHARTS_ISOFLOP_H

#include "report/charts/kinds.h"

/* Slices through the fitted law at budgets of compute, with the runs about each brought to it along the law. */
enum status isoflop_slices(struct chart *ch, const struct parts *p, bool *drawn, struct err *err) WARN_UNUSED;

#endif
