/* What theory says of the language, as a line beside the runs. */
#ifndef PLATEAU_REPORT_CHARTS_THEORY_H
#define PLATEAU_REPORT_CHARTS_THEORY_H

#include "report/charts/kinds.h"

/* A dashed line of the excess over p->floor against compute: the shape is theory's, its height is that of the best run of
 * the largest budget, as theory does not tell how many facts a parameter holds. No line where there is no theory, where x
 * is not compute and where that run is not between no fact known and all of them. */
enum status theory_excess(struct chart *ch, const struct parts *p, struct err *err) WARN_UNUSED;

/* What that line is and whose, a sentence that ends in a space; "" where there is none. */
void theory_words(char *out, size_t size, const struct parts *p);

#endif
