/* A grid for a time, and how a sweep is kept to it, on machines that are made up: speeds that are told, a clock that is
 * counted. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/keeper.h"
#include "harness/pick.h"

/* ---- the grid ---- */

struct machine {
    double flops_per_s;
};

static double speed(void *ctx, const struct gpt_shape *s)
{
    const struct machine *m = ctx;
    return plan_cost(s) / m->flops_per_s;
}

struct grid {
    struct config c;
    struct plan p;
    struct config_cell *cells;
    size_t n;
    double seconds; /* of one core, that it takes by the machine's speed */
};

static void grid_free(struct grid *g)
{
    plan_free(&g->p);
    config_free(&g->c);
    free(g->cells);
}

static struct pick_in input(struct grid *g, struct machine *m, double corpus, double core_s)
{
    return (struct pick_in){.c = &g->c, .vocab = 65, .corpus = corpus, .eval_tokens = 8064, .core_s = core_s, .jobs = 2,
                            .token_s = speed, .ctx = m};
}

static enum status make(struct grid *g, double flops_per_s, double corpus, double core_s, struct err *err)
{
    struct machine m = {flops_per_s};
    *g = (struct grid){.n = 0};
    config_init(&g->c);
    config_settle(&g->c);
    g->cells = calloc(CONFIG_RUNS_MAX, sizeof *g->cells);
    const struct pick_in in = input(g, &m, corpus, core_s);
    TRY(pick_grid(g->cells, &g->n, &in, err));
    TRY(config_set_runs(&g->c, g->cells, g->n, err));
    TRY(plan_make(&g->p, &g->c, 65, (size_t)corpus, err));
    for (size_t i = 0; i < g->p.n_trajectories; i++) {
        const struct trajectory *t = &g->p.trajectories[i];
        g->seconds += (t->tokens + (double)t->n * plan_eval_tokens(8064)) * t->cost / flops_per_s;
    }
    return OK;
}

/* Sizes, budgets that all sizes have, and ratios of tokens to parameters, each to 2 %. */
struct form {
    size_t sizes, shared, ratios, seeds;
    double most_tokens, epochs;
};

static bool new_value(double *seen, size_t *n, double x)
{
    for (size_t i = 0; i < *n; i++)
        if (fabs(log(seen[i] / x)) < 0.02)
            return false;
    seen[(*n)++] = x;
    return true;
}

static struct form form_of(const struct grid *g)
{
    static double sizes[2000], budgets[2000], ratios[2000];
    struct form f = {0};
    size_t n_budgets = 0;
    for (size_t i = 0; i < g->p.n; i++) {
        const struct run *r = &g->p.runs[i];
        (void)new_value(sizes, &f.sizes, r->params);
        (void)new_value(budgets, &n_budgets, r->cfg.train.tokens);
        (void)new_value(ratios, &f.ratios, r->cfg.train.tokens / r->params);
        f.seeds = r->cfg.train.seed > f.seeds ? r->cfg.train.seed : f.seeds;
        f.most_tokens = fmax(f.most_tokens, r->cfg.train.tokens);
    }
    for (size_t b = 0; b < n_budgets; b++) {
        size_t with = 0;
        for (size_t i = 0; i < g->p.n; i++)
            with += g->p.runs[i].cfg.train.seed == 1 && fabs(log(g->p.runs[i].cfg.train.tokens / budgets[b])) < 0.02;
        f.shared += with == f.sizes;
    }
    return f;
}

/* Whatever the machine and the time: at least three sizes, three budgets that all have, two seeds, many ratios, an L where
 * there is room for it; and the time that is asked for. */
static void fills_the_time(void)
{
    static const double speeds[] = {1e9, 4e9, 3e10}, times[] = {60, 360, 3600, 40000};
    for (size_t s = 0; s < 3; s++)
        for (size_t t = 0; t < 4; t++) {
            struct grid g;
            struct err err = {0};
            if (speeds[s] * times[t] < 2e11)
                continue; /* too short, as the next test has it */
            EXPECT_OK(make(&g, speeds[s], 0, times[t], &err));
            struct form f = form_of(&g);
            EXPECT_MSG(fabs(g.seconds / times[t] - 1) < 0.06, "%g FLOP/s: %.1f s for %g", speeds[s], g.seconds, times[t]);
            EXPECT_MSG(f.sizes >= 3 && f.shared >= 3 && f.seeds >= 2 && f.ratios >= 8, "%zu sizes, %zu budgets, %zu seeds, "
                       "%zu ratios", f.sizes, f.shared, f.seeds, f.ratios);
            EXPECT_MSG(g.p.n > f.sizes * f.shared * f.seeds, "a rectangle: nothing beyond the shared budgets");
            EXPECT(g.p.n_trajectories == f.sizes * f.seeds); /* budgets share their trunks */
            grid_free(&g);
        }
}

static void too_short(void)
{
    struct grid g;
    struct err err = {0};
    EXPECT(make(&g, 1e9, 0, 0.5, &err) == E_CONFIG);
    EXPECT_MSG(strstr(err.msg, "--time: too short: 3 sizes at 5 budgets take about "), "%s", err.msg);
    grid_free(&g);
}

/* A corpus is not read twice while sizes and seeds can take the time; beyond that it is, and no more than 4 times. */
static void keeps_to_the_corpus(void)
{
    struct grid g;
    struct err err = {0};
    EXPECT_OK(make(&g, 1e10, 1e6, 400, &err));
    struct form f = form_of(&g);
    EXPECT_MSG(f.most_tokens <= 1.02e6, "%g tokens of a million", f.most_tokens);
    EXPECT_MSG(fabs(g.seconds / 400 - 1) < 0.06, "%.1f s for 400", g.seconds);
    grid_free(&g);
    EXPECT_OK(make(&g, 1e10, 5e5, 40000, &err));
    f = form_of(&g);
    EXPECT_MSG(f.most_tokens <= 4 * 5.1e5, "%g tokens of 500k", f.most_tokens);
    EXPECT(f.seeds >= 4);
    grid_free(&g);
}

/* Further runs: the same sizes and budgets, other seeds, and always the same ones. */
static void more_is_the_same_again(void)
{
    struct grid g;
    struct err err = {0};
    EXPECT_OK(make(&g, 1e10, 0, 360, &err));
    size_t all = pick_more(g.cells, g.n), first = 0;
    EXPECT(all > g.n);
    for (size_t i = 0; i < g.n; i++)
        first += g.cells[i].seed == 1;
    for (size_t i = g.n; i < all; i++) {
        const struct config_cell *a = &g.cells[i], *b = &g.cells[(i - g.n) % first];
        EXPECT(a->seed > 2 && a->tokens == b->tokens && a->shape.d_model == b->shape.d_model);
    }
    grid_free(&g);
}

/* ---- keeping to it ---- */

enum { JOBS = 2, ITEMS = 24, LEVELS = 6 };

/* A sweep of 4 sizes: two seeds of each that just fill the time at the speed that was measured, four more to fill in. */
struct sim {
    double work[ITEMS][LEVELS + 1];
    struct keeper_item items[ITEMS];
    struct keeper k;
    double now, done, granted, used;
    size_t on[JOBS]; /* the item of each core; ITEMS: none */
};

static void sim_init(struct sim *s, double time_s, double share)
{
    *s = (struct sim){.now = 0};
    double each = time_s * JOBS / 8;
    for (size_t i = 0; i < ITEMS; i++) {
        double scale = each * (1 - 0.1 * (double)(i % 4));
        for (size_t m = 1; m <= LEVELS; m++) /* budgets a factor 1.41 apart, and what is left of the trunk */
            s->work[i][m] = scale * pow(1.414, (double)m - LEVELS);
        s->items[i] = (struct keeper_item){.work = s->work[i], .n = LEVELS, .rank = i < 4 ? 0 : i < 8 ? 1 : 2};
    }
    keeper_init(&s->k, s->items, ITEMS, JOBS, 0, time_s, 5, share, 1);
    for (size_t j = 0; j < JOBS; j++)
        s->on[j] = ITEMS;
}

static void sim_core(struct sim *s, size_t j, double step, double rate)
{
    if (s->on[j] == ITEMS) {
        size_t next = keeper_next(&s->k, s->now);
        if (next < ITEMS) {
            s->on[j] = next;
            s->items[next].state = KEEPER_RUNNING;
            s->items[next].threads = 1;
        }
    }
    if (s->on[j] == ITEMS)
        return;
    struct keeper_item *x = &s->items[s->on[j]];
    x->at += rate * step;
    s->done += rate * step;
    s->granted += step;
    s->used += 0.9 * step;
    while (x->runs_done < x->n && x->at >= x->work[x->runs_done + 1])
        x->runs_done++;
    if (x->runs_done >= x->limit || keeper_overdue(&s->k, s->on[j], s->now)) {
        x->state = KEEPER_ENDED;
        s->on[j] = ITEMS;
    }
}

/* Until all cores are idle and nothing fits; rate(t): of the speed that was measured. Returns when. */
static double sim_run(struct sim *s, double (*rate)(double t), double step)
{
    for (bool busy = true; busy && s->now < 1e5; s->now += step) {
        keeper_measure(&s->k, s->now, s->done, s->granted, s->used, s->granted);
        keeper_settle(&s->k, s->now);
        busy = false;
        for (size_t j = 0; j < JOBS; j++) {
            sim_core(s, j, step, rate(s->now));
            busy |= s->on[j] < ITEMS;
        }
        busy |= keeper_next(&s->k, s->now) < ITEMS;
    }
    return s->now;
}

static double as_measured(double t)
{
    return 1 + 0 * t;
}

static double half(double t)
{
    return 0.5 + 0 * t;
}

static double twice(double t)
{
    return 2 + 0 * t;
}

static double slower_later(double t)
{
    return t < 90 ? 1.2 : 0.4;
}

static double faster_later(double t)
{
    return t < 60 ? 0.5 : 1.5;
}

static double in_waves(double t)
{
    return 1 + 0.6 * sin(t / 9);
}

static double much_slower(double t)
{
    return 0.2 + 0 * t;
}

/* Whatever happens to the machine, training ends within 5 % of its time, all sizes are there with their first three budgets,
 * and second seeds where it was not much slower than it was thought to be. */
static void ends_in_time(void)
{
    static const struct {
        const char *name;
        double (*rate)(double t);
        bool seconds;
    } cases[] = {{"as measured", as_measured, true}, {"half", half, true}, {"twice", twice, true},
                 {"slower later", slower_later, true}, {"faster later", faster_later, true}, {"in waves", in_waves, true},
                 {"much slower", much_slower, false}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct sim s;
        sim_init(&s, 180, 0.9);
        double end = sim_run(&s, cases[c].rate, 0.25), wanted = keeper_deadline(&s.k);
        size_t seconds = 0;
        EXPECT_MSG(end < wanted + 0.04 * 180 && (end > wanted - 0.07 * 180), "%s: %.1f s of %.1f", cases[c].name, end, wanted);
        for (size_t i = 0; i < ITEMS; i++) {
            const struct keeper_item *x = &s.items[i];
            EXPECT_MSG(i >= 4 || x->runs_done >= 3, "%s: %zu runs of size %zu", cases[c].name, x->runs_done, i);
            seconds += i >= 4 && i < 8 && x->runs_done >= 3;
        }
        EXPECT_MSG(!cases[c].seconds || seconds >= 1, "%s: %zu second seeds", cases[c].name, seconds);
    }
}

/* Time that is left goes into further seeds, and second seeds come before them. */
static void fills_in(void)
{
    struct sim s;
    size_t more = 0, second = 0;
    sim_init(&s, 180, 0.9);
    (void)sim_run(&s, twice, 0.25);
    for (size_t i = 0; i < ITEMS; i++) {
        more += i >= 8 ? s.items[i].runs_done : 0;
        second += i >= 4 && i < 8 ? s.items[i].runs_done : 0;
    }
    EXPECT_MSG(second == 4 * LEVELS, "%zu of %d runs of second seeds", second, 4 * LEVELS);
    EXPECT_MSG(more >= 20, "%zu runs of further seeds", more);
}

/* What follows training has its time: the more, the less of a core there is. */
static void leaves_time_for_the_fit(void)
{
    struct sim s;
    sim_init(&s, 100, 1);
    EXPECT(keeper_deadline(&s.k) == 95);
    sim_init(&s, 100, 0.25);
    EXPECT(keeper_deadline(&s.k) == 80);
    sim_init(&s, 100, 0.01);
    EXPECT(keeper_deadline(&s.k) == 40); /* and training at least two fifths */
}

int main(int argc, char **argv)
{
    static const struct test cases[] = {{"fills_the_time", fills_the_time},
                                        {"too_short", too_short},
                                        {"keeps_to_the_corpus", keeps_to_the_corpus},
                                        {"more_is_the_same_again", more_is_the_same_again},
                                        {"ends_in_time", ends_in_time},
                                        {"fills_in", fills_in},
                                        {"leaves_time_for_the_fit", leaves_time_for_the_fit}};
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
