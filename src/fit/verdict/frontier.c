#include "fit/verdict/frontier.h"

#include <math.h>

#include "base/size.h"

void frontier_cost(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt)
{
    const double *n = t->col[fit_count_column(opt->count)], *d = t->col[FIT_TOKENS];
    const double *c = t->col[FIT_FLOPS];
    double m = 0, mx = 0, my = 0, sxx = 0, sxy = 0;
    r->flops_k = 6;
    r->flops_p = 1;
    r->min_flops = r->max_flops = (double)NAN;
    for (size_t i = 0; i < t->n; i++) {
        if (!(c[i] > 0 && isfinite(c[i])))
            continue;
        r->min_flops = fmin(r->min_flops, c[i]);
        r->max_flops = fmax(r->max_flops, c[i]);
        if (!(n[i] > 0 && d[i] > 0))
            continue;
        m++;
        mx += log(n[i]);
        my += log(c[i] / d[i]);
    }
    if (m == 0)
        return;
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
        r->flops_p = sxy / sxx;
    r->flops_k = exp(my - r->flops_p * mx);
}

/* ln of the number that stands still in a law of one variable on a table of two. */
static double ln_other(const struct fit_law *f)
{
    return f->problem.centre.v;
}

static struct fit_frontier of_two(const struct fit_report *r, const struct law_powers *w)
{
    double p = r->flops_p, lk = log(r->flops_k), g = w->g, alpha = w->alpha / g, beta = w->beta / g;
    double la = log(w->a) / g, lb = log(w->b) / g, sum = alpha + p * beta;
    struct fit_frontier f = {.e = w->e};
    f.n_exp = beta / sum;
    f.ln_n = (log(alpha) + la - log(p * beta) - lb - beta * lk) / sum;
    /* both terms fall as C^-(alpha beta / sum) there; their sum at C = 1, to the power g */
    double ta = la - alpha * f.ln_n, tb = lb + beta * (lk + p * f.ln_n);
    double top = fmax(ta, tb);
    f.ln_k = g * (top + log(exp(ta - top) + exp(tb - top)));
    f.g = g * alpha * beta / sum;
    return f;
}

static struct fit_frontier of_one(const struct fit_report *r, const struct fit_law *law,
                                  const struct law_powers *w)
{
    double ln_k = log(w->a), g = w->alpha, lk = log(r->flops_k);
    struct fit_frontier f = {w->e, ln_k, g, (double)NAN, (double)NAN};
    if (law->x == FIT_TOKENS) { /* C = k N^p x */
        f.ln_k += g * (lk + r->flops_p * ln_other(law));
    } else if (law->x != FIT_FLOPS && law->x != FIT_X) { /* C = k x^p D */
        f.g = g / r->flops_p;
        f.ln_k += f.g * (lk + ln_other(law));
    }
    return f;
}

/* A law without powers in closed form, as the power law that touches it at the largest runs: what it promises of the
 * next doublings, and no more. */
static struct law_powers touching(const struct fit_law *f, const double *inner)
{
    const double step = 1e-3;
    double top = -(double)INFINITY, t[2], u[2];
    for (size_t i = 0; i < f->n; i++)
        top = fmax(top, f->points[i].u);
    for (int k = 0; k < 2; k++) {
        struct law_at at = law_at(f->law, inner, &f->problem.centre);
        struct law_point x = {top + k * step, 0, 0, {0, 0}};
        law_at_terms(t, &at, &x);
        u[k] = log(t[0] + t[1]);
    }
    double g = (u[0] - u[1]) / step;
    return (struct law_powers){.e = f->law->level >= 0 ? inner[f->law->level] : 0,
                               .a = exp(u[0] + g * (top + f->problem.centre.u)), .alpha = g};
}

static struct law_powers powers_of(const struct fit_law *f, const double *inner)
{
    double o[LAW_MAX_PARAMS];
    if (!f->law->powers)
        return touching(f, inner);
    law_external(o, f->law, inner, &f->problem.centre);
    return f->law->powers(o);
}

static struct fit_frontier frontier_of(const struct fit_report *r, const struct fit_law *f, const struct law_powers *w)
{
    return f->law->n_vars == 1 ? of_one(r, f, w) : of_two(r, w);
}

struct fit_frontier frontier_of_law(const struct fit_report *cost, const struct fit_law *f, const double *inner)
{
    const struct law_powers w = powers_of(f, inner);
    return frontier_of(cost, f, &w);
}

/* Beyond a break at x0 a term times (x/x0)^bend is a power again: the frontier of the largest runs. In compute all terms
 * bend alike, which leaves the best size where it was. */
static struct fit_frontier bent_frontier(const struct fit_report *r, const struct fit_law *f, const struct breaks_draw *d)
{
    enum breaks_variable v = r->verdict.brk.variable;
    struct law_powers w = powers_of(f, d->p);
    bool data = f->law->n_vars == 2 && v == BREAKS_DATA, compute = f->law->n_vars == 2 && v == BREAKS_COMPUTE;
    double shift = -d->bend * log(d->place);
    if (data)
        w.b *= exp(shift), w.beta -= d->bend;
    else if (!compute)
        w.a *= exp(shift), w.alpha -= d->bend;
    struct fit_frontier out = frontier_of(r, f, &w);
    if (compute)
        out.ln_k += shift, out.g -= d->bend;
    return out;
}

const struct fit_law *frontier_law_to_bend(const struct fit_report *r)
{
    const struct fit_law *f = fit_report_selected(r);
    for (size_t i = 0; i < r->n_laws && f && (f->law->level < 0 || f->law->bends); i++)
        if (r->laws[i].law->level >= 0 && !r->laws[i].law->bends)
            f = &r->laws[i];
    return f;
}

bool frontier_can_bend(const struct fit_law *f, enum breaks_variable v)
{
    return f->law->n_vars == 1 || v == BREAKS_COMPUTE || f->law->apart;
}

double frontier_loss(const struct fit_frontier *f, double flops)
{
    return f->e + exp(f->ln_k - f->g * log(flops));
}

double frontier_gain(const struct fit_frontier *f, double flops)
{
    return exp(f->ln_k - f->g * log(flops)) * -expm1(-f->g * log(2.0));
}

double frontier_flatten(const struct fit_frontier *f, double sigma)
{
    return exp((f->ln_k + log(-expm1(-f->g * log(2.0))) - log(sigma)) / f->g);
}

enum pick { PICK_E, PICK_K, PICK_G, PICK_N, PICK_LOSS, PICK_GAIN, PICK_PARAMS };

static double pick(const struct fit_frontier *f, enum pick what, double flops)
{
    switch (what) {
    case PICK_E:
        return f->e;
    case PICK_K:
        return exp(f->ln_k);
    case PICK_G:
        return f->g;
    case PICK_N:
        return f->n_exp;
    case PICK_LOSS:
        return frontier_loss(f, flops);
    case PICK_GAIN:
        return frontier_gain(f, flops);
    case PICK_PARAMS:
        return exp(f->ln_n + f->n_exp * log(flops));
    }
    return (double)NAN;
}

/* Positive and over decades, so that its quantiles are stretched as logarithms. */
static bool spans_decades(enum pick what)
{
    return what == PICK_K || what == PICK_GAIN || what == PICK_PARAMS;
}

struct fit_value frontier_spread(const struct fit_report *r, double value, bool decades, bool far)
{
    struct fit_value v;
    double stretch = 1 + (ENSEMBLE_STRETCH - 1) * (far ? 1 : r->lack_of_fit);
    if (!r->frontier_weight)
        return stats_summary(value, r->draws, r->n_frontier_boot, r->frontier_z);
    for (size_t b = 0; b < r->n_frontier_boot; b++)
        r->mixture[b] = (struct stats_draw){decades ? log(r->draws[b]) : r->draws[b], r->frontier_weight[b]};
    v = stats_mixture(decades ? log(value) : value, r->mixture, r->n_frontier_boot, stretch);
    if (!decades)
        return v;
    return (struct fit_value){value, v.se * value, exp(v.lo), exp(v.hi)};
}

static struct fit_value value_of(const struct fit_report *r, enum pick what, double flops)
{
    const double none = (double)NAN;
    struct fit_value v = {none, none, none, none};
    if (!r->has_frontier)
        return v;
    for (size_t b = 0; b < r->n_frontier_boot; b++)
        r->draws[b] = pick(&r->frontier[b + 1], what, flops);
    bool near = what == PICK_LOSS || what == PICK_GAIN || what == PICK_PARAMS;
    v = frontier_spread(r, pick(&r->frontier[0], what, flops), spans_decades(what), !near);
    if ((what == PICK_E || what == PICK_LOSS) && v.lo < 0)
        v.lo = 0; /* NaN stays */
    return v;
}

static enum status room(struct fit_report *r, size_t n, struct err *err)
{
    r->n_frontier_boot = n;
    TRY(size_calloc(&r->frontier, n + 1, sizeof *r->frontier, "frontier", err));
    return size_calloc(&r->draws, n, sizeof *r->draws, "frontier", err);
}

/* The one law's own resamples. */
static enum status from_resamples(struct fit_report *r, const struct fit_law *f, struct err *err)
{
    TRY(room(r, f->n_boot, err));
    struct law_powers w = powers_of(f, f->best.p);
    r->frontier[0] = frontier_of(r, f, &w);
    for (size_t b = 0; b < f->n_boot; b++) {
        w = powers_of(f, f->boot + b * f->law->n_params);
        r->frontier[b + 1] = frontier_of(r, f, &w);
    }
    return OK;
}

static enum status from_ensemble(struct fit_report *r, const struct fit_law *f, struct err *err)
{
    const struct ensemble *e = &r->spread;
    TRY(room(r, e->n_members, err));
    TRY(size_calloc(&r->frontier_weight, e->n_members, sizeof *r->frontier_weight, "frontier", err));
    TRY(size_calloc(&r->mixture, e->n_members, sizeof *r->mixture, "frontier", err));
    struct law_powers w = powers_of(f, f->best.p);
    r->frontier[0] = frontier_of(r, f, &w);
    for (size_t b = 0; b < e->n_members; b++) {
        const struct ensemble_member *m = &e->members[b];
        const struct fit_law *law = &r->laws[e->cells[m->cell].law];
        w = powers_of(law, m->p);
        r->frontier[b + 1] = frontier_of(r, law, &w);
        r->frontier_weight[b] = m->weight;
    }
    return OK;
}

static enum status from_break(struct fit_report *r, const struct fit_law *f, struct err *err)
{
    const struct breaks_out *b = &r->verdict.brk;
    TRY(room(r, b->n_draws - 1, err));
    for (size_t i = 0; i < b->n_draws; i++)
        r->frontier[i] = bent_frontier(r, f, &b->draws[i]);
    return OK;
}

enum status frontier_fill(struct fit_report *r, const struct fit_law *f, struct err *err)
{
    static const double any = 1;
    const struct breaks_out *brk = &r->verdict.brk;
    const struct fit_law *bent = frontier_law_to_bend(r);
    r->bent = brk->bent && brk->n_draws > 0 && !f->law->bends && frontier_can_bend(bent, brk->variable) &&
              bent_frontier(r, bent, &brk->draws[0]).g > 0; /* a loss that rises leads nowhere */
    if (r->bent)
        TRY(from_break(r, bent, err));
    else if (r->spread.n_members > 0)
        TRY(from_ensemble(r, f, err));
    else
        TRY(from_resamples(r, f, err));
    r->frontier_z = f->z;
    r->has_frontier = true;
    r->frontier_of = f->law->n_vars == 2      ? "compute-optimal frontier"
                     : f->x == FIT_TOKENS     ? "one model size, more tokens"
                     : f->x == FIT_FLOPS      ? "best runs by compute"
                     : f->x == FIT_X          ? "the chosen column"
                                              : "one token budget, larger models";
    r->frontier_x = f->x == FIT_X && f->law->n_vars == 1 ? f->x_name : "C";
    r->frontier_e = value_of(r, PICK_E, any);
    r->frontier_k = value_of(r, PICK_K, any);
    r->frontier_g = value_of(r, PICK_G, any);
    r->frontier_n_exponent = value_of(r, PICK_N, any);
    struct fit_value a = r->frontier_n_exponent;
    double p = r->flops_p;
    r->frontier_d_exponent =
        (struct fit_value){1 - p * a.value, p * a.se, 1 - p * a.hi, 1 - p * a.lo};
    return OK;
}

struct fit_value fit_frontier_loss(const struct fit_report *r, double flops)
{
    return value_of(r, PICK_LOSS, flops);
}

struct fit_value fit_frontier_gain(const struct fit_report *r, double flops)
{
    return value_of(r, PICK_GAIN, flops);
}

struct fit_value fit_frontier_params(const struct fit_report *r, double flops)
{
    return value_of(r, PICK_PARAMS, flops);
}

struct fit_value fit_frontier_tokens(const struct fit_report *r, double flops)
{
    struct fit_value n = fit_frontier_params(r, flops), d;
    double k = r->flops_k, p = r->flops_p;
    d.value = flops / (k * pow(n.value, p));
    d.lo = flops / (k * pow(n.hi, p));
    d.hi = flops / (k * pow(n.lo, p));
    d.se = d.value * p * n.se / n.value;
    return d;
}
