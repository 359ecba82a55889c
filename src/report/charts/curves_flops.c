/* The same against compute, where the lowest curve is the frontier that the sizes take turns on. */
#include "report/charts/curve_lines.h"

enum status curves_flops_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    *drawn = p->in->n_curves > 0;
    for (size_t i = 0; i < p->in->n_curves; i++)
        *drawn &= p->in->curves[i].flops != NULL;
    return *drawn ? curve_lines(ch, p, true, err) : OK;
}
