#include "fit/verdict/cost.h"

#include <math.h>

struct fit_cost cost_fit(const struct fit_table *t, enum fit_count count)
{
    const double *n = t->col[fit_count_column(count)], *d = t->col[FIT_TOKENS];
    const double *c = t->col[FIT_FLOPS];
    double m = 0, mx = 0, my = 0, sxx = 0, sxy = 0;
    struct fit_cost out = {6, 1, (double)NAN, (double)NAN};
    for (size_t i = 0; i < t->n; i++) {
        if (!(c[i] > 0 && isfinite(c[i])))
            continue;
        out.min_flops = fmin(out.min_flops, c[i]);
        out.max_flops = fmax(out.max_flops, c[i]);
        if (!(n[i] > 0 && d[i] > 0))
            continue;
        m++;
        mx += log(n[i]);
        my += log(c[i] / d[i]);
    }
    if (m == 0)
        return out;
    mx /= m;
    my /= m;
    for (size_t i = 0; i < t->n; i++) {
        if (!(c[i] > 0 && isfinite(c[i]) && n[i] > 0 && d[i] > 0))
            continue;
        double x = log(n[i]) - mx;
        sxx += x * x;
        sxy += x * (log(c[i] / d[i]) - my);
    }
    /* sizes within 5 % of each other say nothing about p */
    if (sxx > 0.0025 * m && sxy / sxx > 0.2)
        out.p = sxy / sxx;
    out.k = exp(my - out.p * mx);
    return out;
}

struct fit_value cost_tokens(const struct fit_cost *c, double flops, struct fit_value n)
{
    struct fit_value d;
    d.value = flops / (c->k * pow(n.value, c->p));
    d.lo = flops / (c->k * pow(n.hi, c->p));
    d.hi = flops / (c->k * pow(n.lo, c->p));
    d.se = d.value * c->p * n.se / n.value;
    return d;
}

struct fit_value cost_data_exponent(const struct fit_cost *c, struct fit_value n_exponent)
{
    const struct fit_value a = n_exponent;
    return (struct fit_value){1 - c->p * a.value, c->p * a.se, 1 - c->p * a.hi, 1 - c->p * a.lo};
}
