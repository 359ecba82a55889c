#include "cli/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/size.h"
#include "model/bench.h"

/* A dry run should answer within seconds: so many sizes, and none more once that time is spent. */
enum { MEASURED_MAX = 12 };
#define MEASURING_S 4.0
/* A measurement takes four steps: none of steps that would last longer, by the rate of the smallest size, which is
 * mostly the lowest. */
#define LONG_STEP_S 2.0

/* A size of the grid. */
struct size {
    const struct run *r; /* one of its runs */
    double cost;         /* of a token */
    double rate;         /* cost that a core does in a second; NaN: not measured */
};

static int by_cost(const void *a, const void *b)
{
    const struct size *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

/* One model of an ensemble: what is measured. */
static struct gpt_shape member(const struct run *r)
{
    struct gpt_shape s = r->shape;
    s.ensemble = 1;
    return s;
}

static const struct run *run_of(const struct plan *p, size_t trajectory)
{
    return &p->runs[p->trajectories[trajectory].first];
}

static double cost_of_member(const struct run *r)
{
    const struct gpt_shape s = member(r);
    return plan_cost(&s);
}

/* The trajectories of a size are neighbours in the plan. */
static size_t find_sizes(struct size *sizes, const struct plan *p, const bool *too_large)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_trajectories; i++) {
        const struct run *r = run_of(p, i);
        if (!too_large[i] && !(n > 0 && gpt_shape_same(&sizes[n - 1].r->shape, &r->shape)))
            sizes[n++] = (struct size){r, cost_of_member(r), (double)NAN};
    }
    qsort(sizes, n, sizeof *sizes, by_cost);
    return n;
}

static enum status measure(struct size *s, const struct kern *k, struct err *err)
{
    const struct optim_config optim = config_optim(&s->r->cfg);
    struct kern own;
    config_kern(&own, &s->r->cfg, k->cap);
    const struct bench_options o = {.k = &own, .threads = 1, .repeat = 1, .optim = &optim};
    const struct bench_shape shape = {member(s->r), s->r->cfg.train.batch_tokens / s->r->shape.T};
    struct bench_train t;
    TRY(bench_train(&t, &o, &shape, err));
    s->rate = s->cost * t.tokens_per_s;
    return OK;
}

/* The smallest in any case, and of the others whose steps are short enough as many as may be, evenly spread, from both
 * ends inwards. */
static enum status measure_some(struct size *sizes, size_t n, const struct kern *k, struct err *err)
{
    double began = clock_now_s();
    if (n == 0)
        return OK;
    TRY(measure(&sizes[0], k, err));
    size_t n_short = 1;
    while (n_short < n &&
           sizes[n_short].cost * (double)sizes[n_short].r->cfg.train.batch_tokens <= LONG_STEP_S * sizes[0].rate)
        n_short++;
    size_t m = size_min(n_short, MEASURED_MAX);
    for (size_t i = 1; i < m && clock_now_s() - began < MEASURING_S; i++) {
        size_t at = i % 2 ? m - 1 - i / 2 : i / 2;
        TRY(measure(&sizes[at * (n_short - 1) / (m - 1)], k, err));
    }
    return OK;
}

/* Between two sizes that were measured the rate goes over from one to the other with the logarithm of the cost; beyond
 * the largest it stays. sizes[0] was measured. */
static double rate_at(const struct size *sizes, size_t n, double cost)
{
    const struct size *below = &sizes[0];
    for (size_t i = 1; i < n; i++) {
        const struct size *s = &sizes[i];
        if (isnan(s->rate))
            continue;
        if (s->cost >= cost && s->cost > below->cost)
            return below->rate + (s->rate - below->rate) * log(cost / below->cost) / log(s->cost / below->cost);
        below = s;
    }
    return below->rate;
}

enum status calibrate(double *seconds, const struct plan *p, const bool *too_large, const struct kern *k, struct err *err)
{
    struct size *sizes;
    TRY(size_calloc(&sizes, p->n_trajectories, sizeof *sizes, "the calibration", err));
    size_t n = find_sizes(sizes, p, too_large);
    enum status st = measure_some(sizes, n, k, err);
    for (size_t i = 0; st == OK && i < p->n_trajectories; i++) {
        double rate = too_large[i] ? (double)NAN : rate_at(sizes, n, cost_of_member(run_of(p, i)));
        seconds[i] = p->trajectories[i].cost / rate;
    }
    free(sizes);
    return st;
}
