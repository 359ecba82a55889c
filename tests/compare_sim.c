#include "compare_sim.h"

#include <math.h>

#include "base/rng.h"
#include "fit/verdict/frontier.h"

enum { SEEDS = 8 };

#define TRUNK 0.002
#define POINT 0.00224

/* A law like zipf-facts' on the demo's grid: E .684, excess .2 to .5. */
#define FACTS {0.684, 11, 260, 0.42, 0.5}
#define CHINCHILLA {1.8, 480, 2100, 0.35, 0.37}

const struct compare_sim compare_sims[] = {
    {.name = "A against A", .law = "chinchilla", .base = FACTS, .variant = FACTS, .sizes = 4, .budgets = 4, .seeds = 2,
     .trunk_noise = TRUNK, .noise = POINT},
    {.name = "A against A, one seed, 3 x 3", .law = "chinchilla", .base = FACTS, .variant = FACTS, .sizes = 3, .budgets = 3,
     .seeds = 1, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "A against A, trajectories' noise", .law = "chinchilla", .base = FACTS, .variant = FACTS, .sizes = 4, .budgets = 4,
     .seeds = 1, .trunk_noise = 0.003, .noise = 0.0005},
    /* a tenth of the variance is what sizes of one seed share */
    {.name = "A against A, sizes of a seed go together", .law = "chinchilla", .base = FACTS, .variant = FACTS, .sizes = 4,
     .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT, .seed_noise = 0.001},
    {.name = "half wasted", .law = "chinchilla", .base = FACTS, .variant = FACTS, .sizes = 4, .budgets = 4, .seeds = 2,
     .trunk_noise = TRUNK, .noise = POINT, .wasted = 0.5},
    {.name = "level, size alone x 1.3", .law = "chinchilla", .base = FACTS, .variant = {0.684, 9.85, 260, 0.42, 0.5}, .sizes = 4,
     .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "exponent of data .5 to .53, pivot D = 1", .law = "chinchilla", .base = FACTS, .variant = {0.684, 11, 260, 0.42, 0.53},
     .sizes = 4, .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "the same, twice the seeds", .law = "chinchilla", .base = FACTS, .variant = {0.684, 11, 260, 0.42, 0.53},
     .sizes = 4, .budgets = 4, .seeds = 4, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "both exponents x 1.1, pivot at the smallest", .law = "chinchilla", .base = FACTS,
     .variant = {0.684, 15.4, 478, 0.462, 0.55}, .sizes = 4, .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "exponents x 1.15, 5 x 5 grid, pivot at the smallest", .law = "chinchilla", .base = FACTS,
     .variant = {0.684, 18.2, 649, 0.483, 0.575}, .sizes = 5, .budgets = 5, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "floor + .05", .law = "chinchilla", .base = FACTS, .variant = {0.734, 11, 260, 0.42, 0.5}, .sizes = 4, .budgets = 4,
     .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "floor - .02", .law = "chinchilla", .base = FACTS, .variant = {0.664, 11, 260, 0.42, 0.5}, .sizes = 4, .budgets = 4,
     .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "floor + .187, excess x .9", .law = "chinchilla", .base = FACTS, .variant = {0.871, 9.9, 234, 0.42, 0.5}, .sizes = 4,
     .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "floor + .05, excess x .97", .law = "chinchilla", .base = FACTS, .variant = {0.734, 10.67, 252.2, 0.42, 0.5},
     .sizes = 4, .budgets = 4, .seeds = 2, .trunk_noise = TRUNK, .noise = POINT},
    /* what noise in the data of a language of many facts does: size costs less, so that no form is quite right */
    {.name = "floor + .187, size costs x .8", .law = "chinchilla", .base = {0.53, 1.28e4, 1240, 1.37, 0.75},
     .variant = {0.717, 1.02e4, 1240, 1.37, 0.75}, .sizes = 4, .budgets = 5, .seeds = 2, .first_size = 5400, .step_size = 1.86,
     .first_budget = 125e3, .trunk_noise = 0.008, .noise = 0.008},
    {.name = "large models, level x 1.5 in data", .law = "chinchilla", .base = CHINCHILLA, .variant = {1.8, 480, 1807, 0.35, 0.37},
     .sizes = 6, .budgets = 6, .seeds = 2, .first_size = 1e5, .first_budget = 2e6, .trunk_noise = TRUNK, .noise = POINT},
    {.name = "large models, exponent of data .37 to .39", .law = "chinchilla", .base = CHINCHILLA,
     .variant = {1.8, 480, 2100, 0.35, 0.39}, .sizes = 6, .budgets = 6, .seeds = 2, .first_size = 1e5, .first_budget = 2e6,
     .trunk_noise = TRUNK, .noise = POINT},
};
const size_t compare_n_sims = sizeof compare_sims / sizeof *compare_sims;

static double or_else(double v, double other)
{
    return v > 0 ? v : other;
}

static enum status sim_side(struct fit_table *t, const struct compare_sim *s, const double *outer, double wasted,
                            struct rng *rng, struct err *err)
{
    const struct law *law = law_find(s->law);
    const struct law_centre c = {log(1e4), log(1e6)};
    double inner[LAW_MAX_PARAMS], shared = 0, of_seed[SEEDS];
    TRY(fit_table_init(t, s->sizes * s->seeds * s->budgets, err));
    law_internal(inner, law, outer, &c);
    t->n_trunks = s->sizes * s->seeds;
    for (size_t k = 0; k < s->seeds && s->seed_noise > 0; k++)
        of_seed[k] = s->seed_noise * rng_normal(rng);
    for (size_t i = 0; i < t->n; i++) {
        size_t trunk = i / s->budgets, size = trunk / s->seeds;
        double n = or_else(s->first_size, 3e3) * pow(or_else(s->step_size, 2.2), (double)size);
        double d = or_else(s->first_budget, 2e5) * pow(or_else(s->step_budget, 2), (double)(i % s->budgets));
        struct law_point x = law_point(law, &c, n, d * (1 - wasted), d * (1 - wasted));
        if (i % s->budgets == 0)
            shared = s->trunk_noise * rng_normal(rng) + (s->seed_noise > 0 ? of_seed[trunk % s->seeds] : 0);
        t->trunk[i] = trunk;
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_SEED][i] = (double)(trunk % s->seeds);
        t->col[FIT_LOSS][i] = law_value(law, inner, &x, &c) * exp(shared + s->noise * rng_normal(rng));
    }
    return OK;
}

/* The frontier of the law as it is, in compute of 6 N D. */
static struct frontier_curve truth_of(const struct compare_sim *s, const double *outer)
{
    const struct fit_cost cost = {.k = 6, .p = 1};
    struct fit_law f = {.law = law_find(s->law)};
    double inner[LAW_MAX_PARAMS];
    law_internal(inner, f.law, outer, &f.problem.centre);
    return frontier_of_law(&cost, &f, inner);
}

static double true_gain(const struct compare_sim *s, double flops)
{
    struct frontier_curve b = truth_of(s, s->base), v = truth_of(s, s->variant);
    double excess = frontier_loss(&v, flops * (1 - s->wasted)) - b.e;
    return excess > 0 ? exp((b.ln_k - log(excess)) / b.g) / flops : (double)INFINITY;
}

static bool holds(const struct fit_value *v, double truth)
{
    return (isnan(v->lo) || v->lo <= truth) && (isnan(v->hi) || truth <= v->hi);
}

static void add(double *width, size_t *n, const struct fit_value *v)
{
    double w = log(v->hi / v->lo);
    if (isfinite(w)) {
        *width += w;
        (*n)++;
    }
}

static enum status one(struct compare_tally *tally, const struct compare_sim *s, size_t i, struct err *err)
{
    struct fit_options o = fit_options_default();
    struct compare_options co = compare_options_default();
    struct fit_table t[2] = {{0}, {0}};
    struct fit_report r[2] = {{0}, {0}};
    struct compare_variant v = {.name = NULL};
    struct rng rng = rng_make(i, RNG_TEST, 77, 0);
    enum status st = OK;
    o.break_sims = 0;
    o.bootstrap = 40; /* all that the ensemble takes of a law in a window */
    o.holdout = 0;
    for (size_t k = 0; k < 2 && st == OK; k++) {
        st = sim_side(&t[k], s, k ? s->variant : s->base, k ? s->wasted : 0, &rng, err);
        if (st == OK)
            st = fit_analyse(&r[k], &t[k], &o, err);
    }
    const struct compare_side base = {.name = "base", .table = &t[0], .report = &r[0]};
    const struct compare_side variant = {.name = "variant", .table = &t[1], .report = &r[1]};
    if (st == OK)
        st = compare_fill(&v, &base, &variant, &co, err);
    if (st == OK) {
        double top = r[0].cost.max_flops;
        tally->n++;
        tally->called[v.changed]++;
        tally->both += compare_moves_both(&v);
        tally->planned += v.changed == COMPARE_OPEN && (isfinite(v.seeds_factor) || isfinite(v.budgets_more));
        tally->planned_gain += v.changed == COMPARE_NOTHING && v.seeds_factor > 1;
        tally->smallest += holds(&v.gains.smallest.value, true_gain(s, r[0].cost.min_flops));
        tally->gain += holds(&v.gains.largest.value, true_gain(s, top));
        tally->gain_10x += holds(&v.gains.at_10x.value, true_gain(s, 10 * top));
        add(&tally->width, &tally->ended, &v.gains.largest.value);
        add(&tally->width_10x, &tally->ended_10x, &v.gains.at_10x.value);
    }
    compare_free(&v);
    for (size_t k = 0; k < 2; k++) {
        fit_report_free(&r[k]);
        fit_table_free(&t[k]);
    }
    return st;
}

enum status compare_sim_run(struct compare_tally *t, const struct compare_sim *s, size_t first, size_t n, struct err *err)
{
    for (size_t i = first; i < first + n; i++)
        TRY(one(t, s, i, err));
    return OK;
}
