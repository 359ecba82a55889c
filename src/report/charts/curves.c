/* Training curves against tokens: those of one size in one colour, the held-out loss where each ends, and the lowest of all
 * at each budget. */
#include "report/charts/curve_lines.h"

enum status curves_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    *drawn = p->in->n_curves > 0;
    return *drawn ? curve_lines(ch, p, false, err) : OK;
}
