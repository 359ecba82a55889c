/* Training curves with their envelope, against tokens or against compute. */
#ifndef PLATEAU_REPORT_CHARTS_CURVE_LINES_H
#define PLATEAU_REPORT_CHARTS_CURVE_LINES_H

#include "report/charts/kinds.h"

enum status curve_lines(struct chart *ch, const struct parts *p, bool compute, struct err *err) WARN_UNUSED;

#endif
