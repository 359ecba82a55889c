#include "cli/lab/figure.h"

#include <math.h>
#include <stdio.h>

enum status figure_add(struct chart *c, const struct figure_series *f, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, c, f->n, f->lo != NULL, err));
    snprintf(s->label, sizeof s->label, "%s", f->label);
    s->color = f->color;
    s->marker = f->marker;
    s->width = f->width;
    s->dash = s->gap = f->dash;
    s->band = f->band;
    s->radius = 5;
    for (size_t i = 0; i < f->n; i++) {
        s->x[i] = f->x[i], s->y[i] = f->y[i];
        if (f->lo)
            s->lo[i] = f->lo[i], s->hi[i] = f->hi[i];
    }
    return OK;
}

double figure_step(double lo, double hi, size_t i, size_t n)
{
    return lo * pow(hi / lo, (double)i / (double)(n - 1));
}

bool figure_power(double *a, double *b, const double *x, const double *y, size_t n)
{
    double m = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0 && y[i] > 0 && isfinite(x[i]) && isfinite(y[i])))
            continue;
        double u = log(x[i]), v = log(y[i]);
        m++, sx += u, sy += v, sxx += u * u, sxy += u * v;
    }
    double det = m * sxx - sx * sx;
    if (!(m >= 2 && det > 1e-12))
        return false;
    *b = (m * sxy - sx * sy) / det;
    *a = exp((sy - *b * sx) / m);
    return true;
}
