#include "harness/pick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"

enum { SIZES = 5, SIZES_MIN = 3, CORE = 5, BEYOND = 6, SEEDS = 2, SEEDS_MAX = 6 };
/* From one size to the next, and from one budget to the next. */
#define SIZE_STEP 2.0
#define BUDGET_STEP 1.4142135623730951
/* Where the smallest budget has fewer tokens a parameter, its warm-up is its own, and so is its trunk; more passes than that
 * over a corpus teach little (Muennighoff et al.
 * 2023, arXiv 2305.16264). */
#define RATIO_MIN 5.0
#define EPOCHS_MAX 4.0
/* Steps of the smallest budget. */
#define STEPS_MIN 50.0
#define PARAMS_MIN 1e3
/* For an end to the search: a core does not do more FLOP/s than this, and a grid whose largest size is N takes about so many
 * FLOPs in units of N^2: 6 N for a token, PICK_RATIO N tokens, ten trajectories, half as much again for their branches. */
#define CORE_FLOPS 1e11
#define GRID_FLOPS (6 * PICK_RATIO * 10 * 1.5)
/* Time is filled where this share of it is. */
#define ENOUGH 0.97
enum { MORE_SEEDS = 4, LADDER_MAX = 24 };

/* A grid in the making. */
struct grid {
    struct config_shape shapes[SIZES]; /* smallest first */
    double token_s[SIZES];
    size_t n;
    double params; /* of the largest size */
    double core;   /* largest budget that all sizes have */
    size_t seeds;
};

/* Larger ones take longer to look through than they are worth: these go to a hundred million parameters. */
static const struct plan_shapes shapes = {{1, 1024}, {1, 8}};

static struct config_shape shape_at(const struct pick_in *in, double params)
{
    return plan_shape_within(&shapes, gpt_params, params, in->c, in->vocab);
}

static struct gpt_shape gpt_of(const struct pick_in *in, const struct config_shape *s)
{
    struct gpt_shape g = config_gpt_shape(in->c, in->vocab);
    g.C = s->d_model, g.L = s->n_layer, g.NH = s->n_head;
    return g;
}

/* Sizes a factor apart up to this one; those that have one shape are one. */
static void make_sizes(struct grid *g, const struct pick_in *in, double params)
{
    g->n = 0;
    for (size_t i = SIZES; i-- > 0;) {
        struct config_shape s = shape_at(in, params / pow(SIZE_STEP, (double)i));
        const struct config_shape *last = g->n ? &g->shapes[g->n - 1] : NULL;
        if (s.d_model == 0 || (last && last->d_model == s.d_model && last->n_layer == s.n_layer))
            continue;
        struct gpt_shape shape = gpt_of(in, &s);
        if (last) {
            struct gpt_shape before = gpt_of(in, last);
            if (gpt_params(&shape) < 1.1 * gpt_params(&before))
                continue;
        }
        g->token_s[g->n] = in->token_s(in->ctx, &shape);
        g->shapes[g->n++] = s;
        g->params = gpt_params(&shape);
    }
}

static double limit_tokens(const struct pick_in *in, double epochs)
{
    return in->corpus > 0 ? in->corpus * epochs : (double)INFINITY;
}

/* Budgets of a size, rising, into out (CORE + BEYOND); returns how many. */
static size_t budgets_of(double *out, const struct grid *g, const struct pick_in *in, size_t size)
{
    double most = g->core * g->token_s[g->n - 1] / g->token_s[size], batch = (double)in->c->train.batch_tokens;
    double end = fmax(g->core, fmin(limit_tokens(in, 1), fmin(most, g->core * pow(BUDGET_STEP, BEYOND))));
    size_t n = 0;
    for (size_t i = 0; i < CORE + BEYOND; i++) {
        double d = round(g->core * pow(BUDGET_STEP, (double)i - (CORE - 1)) / batch) * batch;
        if (d <= end * 1.01 && d >= batch && (n == 0 || d > out[n - 1]))
            out[n++] = d;
    }
    return n;
}

static bool shares_trunks(const struct config *c)
{
    return c->train.schedule == SCHEDULE_WSD;
}

static double seconds_of(const struct grid *g, const struct pick_in *in)
{
    double sum = 0, d[CORE + BEYOND];
    for (size_t s = 0; s < g->n; s++) {
        size_t n = budgets_of(d, g, in, s);
        double tokens = 0;
        for (size_t i = 0; i < n; i++)
            tokens += (i + 1 == n || !shares_trunks(in->c) ? 1 : in->c->train.cooldown) * d[i] + plan_eval_tokens(in->eval_tokens);
        sum += tokens * g->token_s[s] * (double)g->seeds;
    }
    return sum;
}

/* Budgets for the time, with these sizes: between lo and hi tokens, the nearest end where it cannot be met. */
static void fit_core(struct grid *g, const struct pick_in *in, double lo, double hi)
{
    for (int i = 0; i < 60; i++) {
        g->core = sqrt(lo * hi);
        if (seconds_of(g, in) > in->core_s)
            hi = g->core;
        else
            lo = g->core;
    }
}

static double least_core(const struct pick_in *in)
{
    return (double)in->c->train.batch_tokens * STEPS_MIN * pow(BUDGET_STEP, CORE - 1);
}

/* A grid whose largest size is about this, at PICK_RATIO tokens a parameter where the corpus has them; whether the time is
 * enough for it. */
static bool grid_at(struct grid *g, const struct pick_in *in, double params)
{
    make_sizes(g, in, params);
    g->core = fmax(least_core(in), fmin(limit_tokens(in, 1), PICK_RATIO * g->params));
    return seconds_of(g, in) <= in->core_s;
}

/* The three smallest sizes at the least budgets, with two seeds, or where there is no time with one. */
static enum status smallest(struct grid *g, double *params, const struct pick_in *in, struct err *err)
{
    char least[32], left[32];
    *g = (struct grid){.n = 0};
    for (*params = PARAMS_MIN; g->n < SIZES_MIN; *params *= 1.2)
        make_sizes(g, in, *params);
    g->core = least_core(in);
    for (g->seeds = SEEDS; g->seeds > 1 && seconds_of(g, in) > in->core_s;)
        g->seeds--;
    if (seconds_of(g, in) <= in->core_s)
        return OK;
    return err_set(err, E_CONFIG, "--time: too short: %d sizes at %d budgets take about %s here, and %s are left for them beside "
                   "reading, fits and charts", SIZES_MIN, CORE,
                   count_format_seconds(least, sizeof least, ceil(1.2 * seconds_of(g, in) / (double)in->jobs)),
                   count_format_seconds(left, sizeof left, in->core_s / (double)in->jobs));
}

/* What nobody can train in the time, and a corpus has no tokens for. */
static double params_most(const struct pick_in *in)
{
    double corpus_has = limit_tokens(in, 1) / (RATIO_MIN * pow(BUDGET_STEP, CORE - 1));
    return fmax(4 * PARAMS_MIN, fmin(sqrt(in->core_s * CORE_FLOPS / GRID_FLOPS), corpus_has));
}

/* The largest sizes that the time is enough for, then the budgets that fill it; where they would go beyond the corpus, more
 * seeds and then repeats. */
static enum status choose(struct grid *g, const struct pick_in *in, struct err *err)
{
    double lo, hi = params_most(in), once = fmax(least_core(in), limit_tokens(in, 1));
    TRY(smallest(g, &lo, in, err));
    for (int i = 0; i < 14 && hi > lo * 1.02; i++) {
        double mid = sqrt(lo * hi);
        if (grid_at(g, in, mid))
            lo = mid;
        else
            hi = mid;
    }
    (void)grid_at(g, in, lo);
    double least = fmin(least_core(in), g->core), most = fmin(once, 1e15);
    fit_core(g, in, least, most);
    while (seconds_of(g, in) < ENOUGH * in->core_s && g->seeds < SEEDS_MAX) {
        g->seeds++;
        fit_core(g, in, least, most);
    }
    if (seconds_of(g, in) < ENOUGH * in->core_s)
        fit_core(g, in, least, fmin(once * EPOCHS_MAX, 1e15));
    return OK;
}

enum status pick_grid(struct config_cell *cells, size_t *n, const struct pick_in *in, struct err *err)
{
    struct grid g;
    double d[CORE + BEYOND];
    *n = 0;
    TRY(choose(&g, in, err));
    for (size_t seed = 1; seed <= g.seeds; seed++)
        for (size_t s = 0; s < g.n; s++) {
            size_t budgets = budgets_of(d, &g, in, s);
            for (size_t i = 0; i < budgets; i++)
                cells[(*n)++] = (struct config_cell){g.shapes[s], d[i], seed};
        }
    return OK;
}

size_t pick_more(struct config_cell *cells, size_t n)
{
    size_t first = SIZE_MAX, last = 0, all = n;
    for (size_t i = 0; i < n; i++) {
        first = size_min(first, cells[i].seed);
        last = size_max(last, cells[i].seed);
    }
    for (size_t more = 1; more <= MORE_SEEDS; more++)
        for (size_t i = 0; i < n && all < CONFIG_RUNS_MAX; i++)
            if (cells[i].seed == first) {
                cells[all] = cells[i];
                cells[all++].seed = last + more;
            }
    return all;
}

enum status pick_ladder(struct config *c, const struct pick_in *in, struct err *err)
{
    struct config_cell cells[LADDER_MAX];
    size_t n = 0;
    double batch = (double)c->train.batch_tokens;
    for (double params = PARAMS_MIN; params < SIZE_STEP * params_most(in) && n < LADDER_MAX; params *= SIZE_STEP) {
        struct config_shape s = shape_at(in, params);
        if (s.d_model && !(n > 0 && cells[n - 1].shape.d_model == s.d_model && cells[n - 1].shape.n_layer == s.n_layer))
            cells[n++] = (struct config_cell){s, batch, 1};
    }
    return config_set_runs(c, cells, n, err);
}
