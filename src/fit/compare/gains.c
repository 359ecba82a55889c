#include "fit/compare/gains.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"

const char *compare_trend_word(enum compare_trend t)
{
    static const char *const words[] = {"grows", "holds", "fades", "open"};
    return words[t];
}

struct compare_gains gains_none(void)
{
    const double none = (double)NAN;
    const struct fit_value nothing = {none, none, none, none};
    const struct compare_gain gain = {none, nothing};
    return (struct compare_gains){.smallest = gain, .largest = gain, .at_10x = gain, .time_smallest = gain, .time_largest = gain,
                                  .memory_smallest = gain, .memory_largest = gain, .passes_largest = gain,
                                  .teacher_largest = gain, .search_largest = gain, .teacher_share = none, .tokens = nothing,
                                  .params = nothing, .trend = COMPARE_TREND_OPEN, .trend_factor = nothing,
                                  .loss_difference = nothing};
}

bool gains_are_handicap(const struct compare_gains *g)
{
    return log(g->smallest.value.value) + log(g->largest.value.value) < 0;
}

void gains_of_pairs(struct gains_draw *out, size_t n, const struct evidence *e, const struct fit_report *variant,
                    uint64_t seed)
{
    struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 7102, 0);
    for (size_t i = 0; i < n; i++) {
        struct gains_draw *d = &out[i];
        d->member = evidence_draw(d->moved, NULL, e, &rng);
        d->base = frontier_of_law(&e->base->cost, d->member->law, d->member->p);
        d->variant = frontier_of_law(&variant->cost, d->member->law, d->moved);
    }
}

/* One of the resampled frontiers of a fit, by weight. */
static struct frontier_curve any_frontier(const struct fit_report *r, struct rng *rng)
{
    double u = rng_double(rng);
    size_t b = 0, n = r->frontier.n_boot;
    if (n == 0)
        return r->frontier.curves[0];
    if (!r->frontier.weight)
        return r->frontier.curves[1 + size_min(n - 1, (size_t)(u * (double)n))];
    for (; b + 1 < n && u >= r->frontier.weight[b]; b++)
        u -= r->frontier.weight[b];
    return r->frontier.curves[1 + b];
}

void gains_of_fits(struct gains_draw *out, size_t n, const struct fit_report *base, const struct fit_report *variant,
                   uint64_t seed)
{
    struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 7103, 0);
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct gains_draw){.member = NULL};
        out[i].base = any_frontier(base, &rng);
        out[i].variant = any_frontier(variant, &rng);
    }
}

/* --- one number of one draw ------------------------------------------------------------------------------- */

/* Gains beyond this, or below its inverse, are as good as without end. */
#define ENDLESS 1e9

static double bounded(double ln)
{
    return isnan(ln) ? ln : fmin(fmax(ln, -log(ENDLESS)), log(ENDLESS));
}

/* ln of what the base needs for the loss that the variant has at this compute, over that compute:
 * ((L_v - E_b) / k_b)^(-1/g_b) / C. */
static double ln_gain(const struct gains_draw *d, double flops)
{
    double excess = frontier_loss(&d->variant, flops) - d->base.e;
    if (!(d->base.g > 0 && d->variant.g > 0))
        return (double)NAN;
    return excess > 0 ? bounded((d->base.ln_k - log(excess)) / d->base.g - log(flops)) : log(ENDLESS);
}

/* The same in tokens at the base's best size there, or in parameters at its best data. */
static double ln_equal(const struct gains_draw *d, double flops, bool tokens)
{
    double outer[LAW_MAX_PARAMS], moved[LAW_MAX_PARAMS];
    const struct fit_law *f = d->member ? d->member->law : NULL;
    if (!f || f->law->n_vars != 2 || !f->law->powers || !(d->base.g > 0))
        return (double)NAN;
    law_external(outer, f->law, d->member->p, &f->problem.centre);
    law_external(moved, f->law, d->moved, &f->problem.centre);
    struct law_powers b = f->law->powers(outer), v = f->law->powers(moved);
    double ln_n = d->base.ln_n + d->base.n_exp * log(flops);
    /* data that the base has there: both terms' balance along the frontier */
    double ta = log(b.a) - b.alpha * ln_n, excess = exp(d->base.ln_k - d->base.g * log(flops));
    double rest = pow(excess, 1 / b.g) - exp(ta / b.g);
    if (!(rest > 0))
        return (double)NAN;
    double tb = b.g * log(rest), ln_d = (log(b.b) - tb) / b.beta;
    double va = exp((log(v.a) - v.alpha * ln_n) / v.g), vb = exp((log(v.b) - v.beta * ln_d) / v.g);
    double loss = v.e + pow(va + vb, v.g) - b.e;
    if (!(loss > 0))
        return log(ENDLESS);
    double need = pow(loss, 1 / b.g) - exp((tokens ? ta : tb) / b.g);
    if (!(need > 0))
        return log(ENDLESS);
    return tokens ? bounded((log(b.b) - b.g * log(need)) / b.beta - ln_d)
                  : bounded((log(b.a) - b.g * log(need)) / b.alpha - ln_n);
}

/* --- what else a run takes --------------------------------------------------------------------------------- */

/* ln of something of each row, as a line in ln N. */
struct line {
    bool known;
    double mean_n, at, slope;
};

typedef double row_fn(const struct compare_side *s, size_t row);

static double flops_per_s(const struct compare_side *s, size_t i)
{
    return s->table->col[FIT_FLOPS][i] / s->table->col[FIT_TOKENS][i] * s->table->col[FIT_TOKENS_PER_S][i];
}

static double memory_of(const struct compare_side *s, size_t i)
{
    return s->costs.memory ? s->costs.memory[i] : (double)NAN;
}

/* With its teacher's passes, over its own FLOPs. */
static double passes_of(const struct compare_side *s, size_t i)
{
    return s->costs.teacher ? 1 + s->costs.teacher[i] : 1;
}

static struct line line_of(const struct compare_side *s, row_fn *f)
{
    const double *n = s->table->col[fit_count_column(s->report->count)];
    struct line v = {.known = false};
    double m = 0, mx = 0, my = 0, sxx = 0, sxy = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->table->n; i++) {
            double y = log(f(s, i)), x = log(n[i]);
            if (!isfinite(x) || !isfinite(y))
                continue;
            m += pass == 0;
            mx += pass == 0 ? x : 0;
            my += pass == 0 ? y : 0;
            sxx += pass ? (x - mx) * (x - mx) : 0;
            sxy += pass ? (x - mx) * (y - my) : 0;
        }
        mx = pass == 0 && m > 0 ? mx / m : mx;
        my = pass == 0 && m > 0 ? my / m : my;
    }
    v.known = m > 0;
    v.mean_n = mx;
    v.at = my;
    v.slope = sxx > 0.01 * m ? sxy / sxx : 0;
    return v;
}

/* Along the frontier, at this ln of a compute. */
static double ln_line(const struct line *l, const struct frontier_curve *f, double ln_flops)
{
    double ln_n = f->ln_n + f->n_exp * ln_flops;
    return l->known ? l->at + (isfinite(ln_n) ? l->slope * (ln_n - l->mean_n) : 0) : (double)NAN;
}

/* --- summaries ------------------------------------------------------------------------------------------------ */

enum what { GAIN, TIME, MEMORY, PASSES, TEACHER, SEARCH, TOKENS, PARAMS, TREND, LOSS };

/* Of the base, then of the variant. */
struct both {
    struct line base, variant;
};

struct asked {
    const struct gains_draw *draws;
    size_t n;
    struct both speed, memory;
    struct line passes;      /* of the variant; the base has no teacher */
    double teacher_train;    /* FLOPs */
    double ln_search;        /* ln of what the trials add to a run of the base, less that of the variant */
    double smallest, largest;
    double *room; /* (n) */
};

/* The base's bytes at the compute that it needs for the loss, over the variant's. */
static double ln_memory(const struct asked *a, const struct gains_draw *d, double flops)
{
    double ln_c = log(flops), gain = ln_gain(d, flops);
    if (!isfinite(d->base.ln_n) || !isfinite(d->variant.ln_n)) /* a law of one variable knows no best size */
        return (double)NAN;
    if (fabs(gain) >= log(ENDLESS)) /* no size is that large */
        return a->memory.base.known && a->memory.variant.known ? gain : (double)NAN;
    return ln_line(&a->memory.base, &d->base, ln_c + gain) - ln_line(&a->memory.variant, &d->variant, ln_c);
}

/* A gain and what else a run pays for; one without end stays that. */
static double ln_paid(double gain, double more)
{
    return fabs(gain) >= log(ENDLESS) ? gain : bounded(gain + more);
}

/* Of one run that pays for its teacher's passes and, where asked, for its training. */
static double ln_taught(const struct asked *a, const struct gains_draw *d, double flops, bool training)
{
    double passes = exp(ln_line(&a->passes, &d->variant, log(flops)));
    return ln_paid(ln_gain(d, flops), -log(passes + (training ? a->teacher_train / flops : 0)));
}

static double number(const struct asked *a, size_t i, enum what what, double flops)
{
    const struct gains_draw *d = &a->draws[i];
    switch (what) {
    case GAIN:
        return ln_gain(d, flops);
    case TIME:
        return ln_paid(ln_gain(d, flops), ln_line(&a->speed.variant, &d->variant, log(flops)) -
                                              ln_line(&a->speed.base, &d->base, log(flops)));
    case MEMORY:
        return bounded(ln_memory(a, d, flops));
    case PASSES:
    case TEACHER:
        return ln_taught(a, d, flops, what == TEACHER);
    case SEARCH:
        return ln_paid(ln_gain(d, flops), a->ln_search);
    case TOKENS:
    case PARAMS:
        return ln_equal(d, flops, what == TOKENS);
    case TREND:
        return bounded(ln_gain(d, a->largest) - ln_gain(d, a->smallest));
    case LOSS:
        return frontier_loss(&d->variant, flops) - frontier_loss(&d->base, flops);
    }
    return (double)NAN;
}

/* Median and 95 % of the draws; of a gain, which is a factor, with no end where draws are without. */
static struct fit_value summary(const struct asked *a, enum what what, double flops)
{
    const double none = (double)NAN;
    for (size_t i = 0; i < a->n; i++)
        a->room[i] = number(a, i, what, flops);
    struct fit_value v = stats_summary(0, a->room, a->n, STATS_Z95); /* sorts them */
    size_t m = 0;
    while (m < a->n && !isnan(a->room[m]))
        m++;
    if (isnan(v.lo) || m == 0 || m < a->n / 2)
        return (struct fit_value){none, none, none, none};
    v.value = stats_quantile(a->room, m, 0.5);
    if (what == LOSS)
        return v;
    bool lo = v.lo > -log(ENDLESS) * 0.999, hi = v.hi < log(ENDLESS) * 0.999;
    bool middle = fabs(v.value) < log(ENDLESS) * 0.999;
    return (struct fit_value){middle ? exp(v.value) : none, none, lo ? exp(v.lo) : none, hi ? exp(v.hi) : none};
}

static struct compare_gain gain_at(const struct asked *a, enum what what, double flops)
{
    return (struct compare_gain){flops, summary(a, what, flops)};
}

/* Within a quarter of each other at both ends of the budgets, gains are the same. */
#define SAME_GAIN 1.25

static enum compare_trend trend_of(const struct compare_gains *v)
{
    struct fit_value t = v->trend_factor;
    if (isnan(t.lo) || isnan(t.hi) || isnan(v->smallest.value.value) || isnan(v->largest.value.value))
        return COMPARE_TREND_OPEN;
    if (t.lo > 1 || t.hi < 1)
        return gains_are_handicap(v) == (t.hi < 1) ? COMPARE_GROWS : COMPARE_FADES;
    return t.hi < SAME_GAIN && t.lo > 1 / SAME_GAIN ? COMPARE_HOLDS : COMPARE_TREND_OPEN;
}

/* What trials add to each run of a side, 1 where there were none; NaN: not known. */
static double with_search(const struct compare_costs *c)
{
    return c->search == 0 ? 1 : c->sweep > 0 ? 1 + c->search / c->sweep : (double)NAN;
}

static void fill_costs(struct compare_gains *v, struct asked *a, const struct compare_side *variant)
{
    v->time_smallest = gain_at(a, TIME, a->smallest);
    v->time_largest = gain_at(a, TIME, a->largest);
    v->memory_smallest = gain_at(a, MEMORY, a->smallest);
    v->memory_largest = gain_at(a, MEMORY, a->largest);
    if (isfinite(a->ln_search))
        v->search_largest = gain_at(a, SEARCH, a->largest);
    if (!variant->costs.teacher)
        return;
    v->passes_largest = gain_at(a, PASSES, a->largest);
    v->teacher_largest = gain_at(a, TEACHER, a->largest);
    for (size_t i = 0; i < a->n; i++)
        a->room[i] = exp(ln_line(&a->passes, &a->draws[i].variant, log(a->largest))) - 1;
    sort_doubles(a->room, a->n);
    v->teacher_share = stats_quantile(a->room, a->n, 0.5);
}

enum status gains_fill(struct compare_gains *v, const struct gains_draw *draws, size_t n, const struct compare_side *base,
                       const struct compare_side *variant, struct err *err)
{
    struct asked a = {.draws = draws, .n = n,
                      .speed = {line_of(base, flops_per_s), line_of(variant, flops_per_s)},
                      .memory = {line_of(base, memory_of), line_of(variant, memory_of)},
                      .passes = line_of(variant, passes_of), .teacher_train = variant->costs.teacher_train,
                      .ln_search = log(with_search(&base->costs) / with_search(&variant->costs)),
                      .smallest = base->report->cost.min_flops, .largest = base->report->cost.max_flops};
    TRY(size_calloc(&a.room, n, sizeof *a.room, "gains", err));
    v->smallest = gain_at(&a, GAIN, a.smallest);
    v->largest = gain_at(&a, GAIN, a.largest);
    v->at_10x = gain_at(&a, GAIN, 10 * a.largest);
    fill_costs(v, &a, variant);
    v->tokens = summary(&a, TOKENS, a.largest);
    v->params = summary(&a, PARAMS, a.largest);
    v->trend_factor = summary(&a, TREND, a.largest);
    v->loss_difference = summary(&a, LOSS, a.largest);
    v->trend = trend_of(v);
    for (size_t i = 0; i < COMPARE_STEPS; i++) {
        double share = (double)i / (COMPARE_STEPS - 1);
        v->curve[i] = gain_at(&a, GAIN, a.smallest * pow(10 * a.largest / a.smallest, share));
        v->loss_curve[i] = gain_at(&a, LOSS, a.smallest * pow(a.largest / a.smallest, share));
    }
    free(a.room);
    return OK;
}
