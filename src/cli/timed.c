#include "cli/timed.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/size.h"
#include "cli/calibrate.h"
#include "cli/text.h"
#include "harness/pick.h"
#include "model/bench.h"

/* ---- how fast this machine is ---- */

/* Sizes whose speed was measured, smallest first. */
struct speeds {
    double *cost, *rate; /* (n) plan_cost of a token, and how much of it a core does in a second */
    size_t n;
};

static int by_cost(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Between two sizes the rate goes over from one to the other with the logarithm of the cost; beyond the ends it stays. */
static double token_s(void *ctx, const struct gpt_shape *shape)
{
    const struct speeds *v = ctx;
    double cost = plan_cost(shape);
    size_t i = 0;
    while (i < v->n && v->cost[i] < cost)
        i++;
    if (i == 0 || i == v->n)
        return cost / v->rate[i == 0 ? 0 : v->n - 1];
    double at = log(cost / v->cost[i - 1]) / log(v->cost[i] / v->cost[i - 1]);
    return cost / (v->rate[i - 1] + at * (v->rate[i] - v->rate[i - 1]));
}

static void take_speeds(struct speeds *v, const struct plan *p, const double *seconds)
{
    double pairs[64][2];
    for (size_t i = 0; i < p->n_trajectories && v->n < 64; i++) {
        double cost = p->trajectories[i].cost;
        if (seconds[i] > 0) {
            pairs[v->n][0] = cost;
            pairs[v->n++][1] = cost / seconds[i];
        }
    }
    qsort(pairs, v->n, sizeof *pairs, by_cost);
    for (size_t i = 0; i < v->n; i++) {
        v->cost[i] = pairs[i][0];
        v->rate[i] = pairs[i][1];
    }
}

/* Cores share caches, and threads cores: one is measured while the others are as busy as they will be. */
static size_t begin_load(pid_t *pids, size_t n, const struct plan *p, const struct kern *k)
{
    size_t made = 0;
    for (size_t i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        pids[made++] = pid;
        if (pid > 0)
            continue;
        const pid_t parent = getppid();
        const struct bench_options o = {.k = k, .threads = 1, .repeat = 1};
        const struct run *r = &p->runs[0];
        const struct bench_shape shape = {r->shape, r->cfg.train.batch_tokens / r->shape.T};
        struct bench_train t;
        struct err err;
        while (getppid() == parent && bench_train(&t, &o, &shape, &err) == OK)
            continue;
        _exit(0);
    }
    return made;
}

static void end_load(const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    for (size_t i = 0; i < n; i++)
        while (waitpid(pids[i], NULL, 0) < 0)
            continue;
}

/* The share of a core that this process gets while it trains that run's shape for a moment. */
static enum status share_of_core(double *share, const struct run *r, const struct kern *k, struct err *err)
{
    const struct bench_options o = {.k = k, .threads = 1, .repeat = 1};
    const struct bench_shape shape = {r->shape, r->cfg.train.batch_tokens / r->shape.T};
    struct bench_train t;
    double wall = clock_now_s(), cpu = clock_cpu_s();
    TRY(bench_train(&t, &o, &shape, err));
    *share = (clock_cpu_s() - cpu) / fmax(1e-9, clock_now_s() - wall);
    return OK;
}

enum status timed_measure(double *seconds, struct sweep_time *time, const struct plan *p, const struct setup *s, size_t jobs,
                          struct err *err)
{
    struct kern k;
    pid_t pids[64];
    bool *none;
    TRY(size_calloc(&none, p->n_trajectories, sizeof *none, "the calibration", err));
    config_kern(&k, &p->runs[0].cfg, s->isa);
    double alone = 1;
    enum status st = share_of_core(&alone, &p->runs[0], &k, err);
    size_t loaded = begin_load(pids, size_min(jobs, 64) - 1, p, &k);
    double wall = clock_now_s(), cpu = clock_cpu_s();
    if (st == OK)
        st = calibrate(seconds, p, none, &k, err);
    time->share = (clock_cpu_s() - cpu) / fmax(1e-9, clock_now_s() - wall);
    time->alone = fmin((double)jobs, fmax(1, alone / time->share));
    end_load(pids, loaded);
    free(none);
    return st;
}

/* The speeds of the runs of c. */
static enum status measure_runs(struct speeds *v, struct sweep_time *time, struct config *c, const struct setup *s, size_t jobs,
                                struct err *err)
{
    struct plan p = {0};
    double *seconds = NULL;
    enum status st = plan_make(&p, c, data_vocab(s->data), data_train_tokens(s->data), err);
    if (st == OK)
        st = size_calloc(&seconds, p.n_trajectories, sizeof *seconds, "the calibration", err);
    if (st == OK)
        st = timed_measure(seconds, time, &p, s, jobs, err);
    if (st == OK)
        take_speeds(v, &p, seconds);
    free(seconds);
    plan_free(&p);
    return st;
}

/* ---- the grid ---- */

/* About as many are picked whatever the time, for what is kept free for their fit. */
enum { PICKED_RUNS = 50 };

static void tell(const struct setup *s, bool picked)
{
    char lo[32], hi[32], least[32], most[32];
    double params[2] = {(double)INFINITY, 0}, tokens[2] = {(double)INFINITY, 0};
    size_t seed = 0;
    for (size_t i = 0; i < s->plan.n; i++) {
        const struct run *r = &s->plan.runs[i];
        params[0] = fmin(params[0], r->params), params[1] = fmax(params[1], r->params);
        tokens[0] = fmin(tokens[0], r->cfg.train.tokens), tokens[1] = fmax(tokens[1], r->cfg.train.tokens);
        seed = size_max(seed, r->cfg.train.seed);
    }
    text_message(stderr, "", "%s: %zu runs of %s to %s parameters on %s to %s tokens, %zu seed%s",
                 picked ? "a grid for the time" : "the folder's grid, and seeds where time is left", s->plan.n,
                 count_format(lo, sizeof lo, params[0]), count_format(hi, sizeof hi, params[1]),
                 count_format(least, sizeof least, tokens[0]), count_format(most, sizeof most, tokens[1]), seed,
                 seed == 1 ? "" : "s");
}

static struct pick_in input_of(const struct setup *s, size_t jobs, double core_s)
{
    return (struct pick_in){.c = &s->cfg, .vocab = data_vocab(s->data), .corpus = (double)data_train_tokens(s->data),
                            .eval_tokens = (double)(data_eval_windows(s->data) * s->cfg.model.ctx), .core_s = core_s,
                            .jobs = jobs, .token_s = token_s};
}

static enum status pick(struct timed *t, struct setup *s, struct speeds *v, size_t jobs, double end_s, struct err *err)
{
    double left_s = end_s - clock_now_s();
    struct pick_in in = input_of(s, jobs, left_s * (double)jobs);
    struct config_cell *cells;
    size_t n;
    TRY(pick_ladder(&t->more, &in, err));
    TRY(measure_runs(v, &t->time, &t->more, s, jobs, err));
    left_s = end_s - clock_now_s();
    double after_s = sweep_after_s(PICKED_RUNS) / fmin(1, fmax(0.02, t->time.share * t->time.alone));
    in.core_s = (double)jobs * fmax(0.5 * left_s, left_s - after_s);
    in.ctx = v;
    TRY(size_calloc(&cells, CONFIG_RUNS_MAX, sizeof *cells, "the grid", err));
    enum status st = pick_grid(cells, &n, &in, err);
    if (st == OK)
        st = config_set_runs(&s->cfg, cells, n, err);
    free(cells);
    return st;
}

/* A copy of c with a grid of its own; strings stay c's. */
static struct config borrow(const struct config *c)
{
    struct config out = config_of_run(c);
    out.grid.warmup_tokens = c->grid.warmup_tokens;
    out.grid.warmup_flops = c->grid.warmup_flops;
    return out;
}

static enum status make_speeds(struct timed *t, struct setup *s, struct speeds *v, size_t jobs, double end_s, struct err *err)
{
    t->more = borrow(&s->cfg);
    if (!config_has_grid(&s->cfg))
        TRY(pick(t, s, v, jobs, end_s, err));
    else
        TRY(measure_runs(v, &t->time, &s->cfg, s, jobs, err));
    return plan_make(&s->plan, &s->cfg, data_vocab(s->data), data_train_tokens(s->data), err);
}

/* ---- what may be trained ---- */

/* By shape and seed: the first seed of a size, those that were picked beside it, and further ones. */
static size_t rank_of(const struct plan *picked, const struct run *r)
{
    size_t first = SIZE_MAX, last = 0;
    for (size_t i = 0; i < picked->n; i++)
        if (gpt_shape_same(&picked->runs[i].shape, &r->shape)) {
            first = size_min(first, picked->runs[i].cfg.train.seed);
            last = size_max(last, picked->runs[i].cfg.train.seed);
        }
    return r->cfg.train.seed == first ? 0 : r->cfg.train.seed <= last ? 1 : 2;
}

static enum status list_more(struct timed *t, const struct setup *s, struct err *err)
{
    struct config_cell *cells;
    size_t n = s->plan.n;
    if (n > CONFIG_RUNS_MAX)
        return err_set(err, E_CONFIG, "--time: a grid of %zu runs is beyond its %d", n, CONFIG_RUNS_MAX);
    TRY(size_calloc(&cells, CONFIG_RUNS_MAX, sizeof *cells, "the grid", err));
    for (size_t i = 0; i < n; i++) {
        const struct run *r = &s->plan.runs[i];
        cells[i] = (struct config_cell){{r->shape.C, r->shape.L, r->shape.NH}, r->cfg.train.tokens, r->cfg.train.seed};
    }
    n = pick_more(cells, n);
    enum status st = config_set_runs(&t->more, cells, n, err);
    free(cells);
    return st;
}

enum status timed_pick(struct timed *t, struct setup *s, size_t jobs, double end_s, struct err *err)
{
    double cost[64], rate[64];
    struct speeds v = {.cost = cost, .rate = rate};
    bool picked = !config_has_grid(&s->cfg);
    *t = (struct timed){.time = {.end_s = end_s}};
    TRY(make_speeds(t, s, &v, jobs, end_s, err));
    TRY(list_more(t, s, err));
    struct plan wide = {0};
    enum status st = plan_make(&wide, &t->more, data_vocab(s->data), data_train_tokens(s->data), err);
    if (st == OK)
        st = size_calloc(&t->token_s, wide.n_trajectories, sizeof *t->token_s, "the schedule", err);
    if (st == OK)
        st = size_calloc(&t->rank, wide.n_trajectories, sizeof *t->rank, "the schedule", err);
    for (size_t i = 0; i < wide.n_trajectories && st == OK; i++) {
        const struct run *r = &wide.runs[wide.trajectories[i].first];
        t->token_s[i] = token_s(&v, &r->shape);
        t->rank[i] = rank_of(&s->plan, r);
    }
    plan_free(&wide);
    t->time.token_s = t->token_s;
    t->time.rank = t->rank;
    if (st == OK)
        tell(s, picked);
    return st;
}

enum status timed_widen(struct timed *t, struct setup *s, struct err *err)
{
    plan_free(&s->plan);
    return plan_make(&s->plan, &t->more, data_vocab(s->data), data_train_tokens(s->data), err);
}

void timed_free(struct timed *t)
{
    free(t->token_s);
    free(t->rank);
    free(t->more.grid.runs.items);
    *t = (struct timed){.token_s = NULL};
}
