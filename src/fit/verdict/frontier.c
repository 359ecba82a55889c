#include "fit/verdict/frontier.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* ln of the number that stands still in a law of one variable on a table of two. */
static double ln_other(const struct fit_law *f)
{
    return f->problem.centre.v;
}

static struct frontier_curve of_two(const struct fit_cost *c, const struct law_powers *w)
{
    double p = c->p, lk = log(c->k), g = w->g, alpha = w->alpha / g, beta = w->beta / g;
    double la = log(w->a) / g, lb = log(w->b) / g, sum = alpha + p * beta;
    struct frontier_curve f = {.e = w->e};
    f.n_exp = beta / sum;
    f.ln_n = (log(alpha) + la - log(p * beta) - lb - beta * lk) / sum;
    /* both terms fall as C^-(alpha beta / sum) there; their sum at C = 1, to the power g */
    double ta = la - alpha * f.ln_n, tb = lb + beta * (lk + p * f.ln_n);
    double top = fmax(ta, tb);
    f.ln_k = g * (top + log(exp(ta - top) + exp(tb - top)));
    f.g = g * alpha * beta / sum;
    return f;
}

static struct frontier_curve of_one(const struct fit_cost *c, const struct fit_law *law, const struct law_powers *w)
{
    double ln_k = log(w->a), g = w->alpha, lk = log(c->k);
    struct frontier_curve f = {w->e, ln_k, g, (double)NAN, (double)NAN};
    if (law->x == FIT_TOKENS) { /* C = k N^p x */
        f.ln_k += g * (lk + c->p * ln_other(law));
    } else if (law->x != FIT_FLOPS && law->x != FIT_X) { /* C = k x^p D */
        f.g = g / c->p;
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

static struct frontier_curve frontier_of(const struct fit_cost *c, const struct fit_law *f, const struct law_powers *w)
{
    return f->law->n_vars == 1 ? of_one(c, f, w) : of_two(c, w);
}

struct frontier_curve frontier_of_law(const struct fit_cost *cost, const struct fit_law *f, const double *inner)
{
    const struct law_powers w = powers_of(f, inner);
    return frontier_of(cost, f, &w);
}

/* Beyond a break at x0 a term times (x/x0)^bend is a power again: the frontier of the largest runs. In compute all terms
 * bend alike, which leaves the best size where it was. */
static struct frontier_curve bent_frontier(const struct fit_cost *c, const struct fit_law *f, enum breaks_variable v,
                                           const struct breaks_draw *d)
{
    struct law_powers w = powers_of(f, d->p);
    bool data = f->law->n_vars == 2 && v == BREAKS_DATA, compute = f->law->n_vars == 2 && v == BREAKS_COMPUTE;
    double shift = -d->bend * log(d->place);
    if (data)
        w.b *= exp(shift), w.beta -= d->bend;
    else if (!compute)
        w.a *= exp(shift), w.alpha -= d->bend;
    struct frontier_curve out = frontier_of(c, f, &w);
    if (compute)
        out.ln_k += shift, out.g -= d->bend;
    return out;
}

const struct fit_law *frontier_law_to_bend(const struct fit_laws *laws)
{
    const struct fit_law *f = fit_laws_selected(laws);
    for (size_t i = 0; i < laws->n && f && (f->law->level < 0 || f->law->bends); i++)
        if (laws->at[i].law->level >= 0 && !laws->at[i].law->bends)
            f = &laws->at[i];
    return f;
}

bool frontier_can_bend(const struct fit_law *f, enum breaks_variable v)
{
    return f->law->n_vars == 1 || v == BREAKS_COMPUTE || f->law->apart;
}

double frontier_loss(const struct frontier_curve *f, double flops)
{
    return f->e + exp(f->ln_k - f->g * log(flops));
}

double frontier_gain(const struct frontier_curve *f, double flops)
{
    return exp(f->ln_k - f->g * log(flops)) * -expm1(-f->g * log(2.0));
}

double frontier_flatten(const struct frontier_curve *f, double sigma)
{
    return exp((f->ln_k + log(-expm1(-f->g * log(2.0))) - log(sigma)) / f->g);
}

enum pick { PICK_E, PICK_K, PICK_G, PICK_N, PICK_LOSS, PICK_GAIN, PICK_PARAMS };

static double pick(const struct frontier_curve *f, enum pick what, double flops)
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

struct fit_value frontier_spread(const struct fit_frontier *fr, double value, bool decades, bool far)
{
    struct fit_value v;
    double stretch = 1 + (ENSEMBLE_STRETCH - 1) * (far ? 1 : fr->lack_of_fit);
    if (!fr->weight)
        return stats_summary(value, fr->draws, fr->n_boot, fr->z);
    for (size_t b = 0; b < fr->n_boot; b++)
        fr->mixture[b] = (struct stats_draw){decades ? log(fr->draws[b]) : fr->draws[b], fr->weight[b]};
    v = stats_mixture(decades ? log(value) : value, fr->mixture, fr->n_boot, stretch);
    if (!decades)
        return v;
    return (struct fit_value){value, v.se * value, exp(v.lo), exp(v.hi)};
}

static struct fit_value value_of(const struct fit_frontier *fr, enum pick what, double flops)
{
    const double none = (double)NAN;
    struct fit_value v = {none, none, none, none};
    if (!fr->holds)
        return v;
    for (size_t b = 0; b < fr->n_boot; b++)
        fr->draws[b] = pick(&fr->curves[b + 1], what, flops);
    bool near = what == PICK_LOSS || what == PICK_GAIN || what == PICK_PARAMS;
    v = frontier_spread(fr, pick(&fr->curves[0], what, flops), spans_decades(what), !near);
    if ((what == PICK_E || what == PICK_LOSS) && v.lo < 0)
        v.lo = 0; /* NaN stays */
    return v;
}

static enum status room(struct fit_frontier *fr, size_t n, struct err *err)
{
    fr->n_boot = n;
    TRY(size_calloc(&fr->curves, n + 1, sizeof *fr->curves, "frontier", err));
    return size_calloc(&fr->draws, n, sizeof *fr->draws, "frontier", err);
}

/* The one law's own resamples. */
static enum status from_resamples(struct fit_frontier *fr, const struct fit_law *f, struct err *err)
{
    TRY(room(fr, f->n_boot, err));
    fr->curves[0] = frontier_of_law(&fr->cost, f, f->best.p);
    for (size_t b = 0; b < f->n_boot; b++)
        fr->curves[b + 1] = frontier_of_law(&fr->cost, f, f->boot + b * f->law->n_params);
    return OK;
}

static enum status from_ensemble(struct fit_frontier *fr, const struct frontier_in *in, struct err *err)
{
    const struct ensemble *e = in->spread;
    const struct fit_law *f = fit_laws_selected(in->laws);
    TRY(room(fr, e->n_members, err));
    TRY(size_calloc(&fr->weight, e->n_members, sizeof *fr->weight, "frontier", err));
    TRY(size_calloc(&fr->mixture, e->n_members, sizeof *fr->mixture, "frontier", err));
    fr->curves[0] = frontier_of_law(&fr->cost, f, f->best.p);
    for (size_t b = 0; b < e->n_members; b++) {
        const struct ensemble_member *m = &e->members[b];
        fr->curves[b + 1] = frontier_of_law(&fr->cost, &in->laws->at[e->cells[m->cell].law], m->p);
        fr->weight[b] = m->weight;
    }
    return OK;
}

static enum status from_break(struct fit_frontier *fr, const struct fit_law *f, const struct breaks_out *b, struct err *err)
{
    TRY(room(fr, b->n_draws - 1, err));
    for (size_t i = 0; i < b->n_draws; i++)
        fr->curves[i] = bent_frontier(&fr->cost, f, b->variable, &b->draws[i]);
    return OK;
}

void frontier_none(struct fit_frontier *fr)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    *fr = (struct fit_frontier){.n_exponent = unknown, .d_exponent = unknown, .e = unknown, .k = unknown, .g = unknown};
}

void frontier_free(struct fit_frontier *fr)
{
    free(fr->curves);
    free(fr->weight);
    free(fr->mixture);
    free(fr->draws);
    *fr = (struct fit_frontier){.n_boot = 0};
}

enum status frontier_fill(struct fit_frontier *fr, const struct frontier_in *in, struct err *err)
{
    static const double any = 1;
    const struct breaks_out *brk = in->brk;
    const struct fit_law *f = fit_laws_selected(in->laws), *bent = frontier_law_to_bend(in->laws);
    fr->cost = *in->cost;
    fr->lack_of_fit = in->lack_of_fit;
    fr->bent = brk->bent && brk->n_draws > 0 && !f->law->bends && frontier_can_bend(bent, brk->variable) &&
              bent_frontier(&fr->cost, bent, brk->variable, &brk->draws[0]).g > 0; /* a loss that rises leads nowhere */
    if (fr->bent)
        TRY(from_break(fr, bent, brk, err));
    else if (in->spread->n_members > 0)
        TRY(from_ensemble(fr, in, err));
    else
        TRY(from_resamples(fr, f, err));
    fr->z = f->z;
    fr->holds = true;
    fr->of = f->law->n_vars == 2      ? "compute-optimal frontier"
            : f->x == FIT_TOKENS     ? "one model size, more tokens"
            : f->x == FIT_FLOPS      ? "best runs by compute"
            : f->x == FIT_X          ? "the chosen column"
                                     : "one token budget, larger models";
    fr->x = f->x == FIT_X && f->law->n_vars == 1 ? f->x_name : "C";
    fr->e = value_of(fr, PICK_E, any);
    fr->k = value_of(fr, PICK_K, any);
    fr->g = value_of(fr, PICK_G, any);
    fr->n_exponent = value_of(fr, PICK_N, any);
    fr->d_exponent = cost_data_exponent(&fr->cost, fr->n_exponent);
    return OK;
}

struct fit_value fit_frontier_loss(const struct fit_frontier *fr, double flops)
{
    return value_of(fr, PICK_LOSS, flops);
}

struct fit_value fit_frontier_gain(const struct fit_frontier *fr, double flops)
{
    return value_of(fr, PICK_GAIN, flops);
}

struct fit_value fit_frontier_params(const struct fit_frontier *fr, double flops)
{
    return value_of(fr, PICK_PARAMS, flops);
}

struct fit_value fit_frontier_tokens(const struct fit_frontier *fr, double flops)
{
    return cost_tokens(&fr->cost, flops, fit_frontier_params(fr, flops));
}
