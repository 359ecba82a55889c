/* How much four more runs narrow what the verdict quotes: those that plan --next names, four at random, and the next row of
 * the rectangle, on the sweeps of tests/bank and on simulations of them. docs/designs.md has the protocol and the result. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "bank.h"
#include "fit/verdict/candidates.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/predict.h"

static const char *const chosen_sweeps[] = {"zipf", "zipf-a13", "zipf-small", "graph", "graph-256",
                                            "graph-512", "hier", "hier-v16", "mix", "mix-a12"};
enum { N_SWEEPS = sizeof chosen_sweeps / sizeof *chosen_sweeps, K = 4, DRAWS = 4, REPLICATES = 3 };
/* The small grid's budgets, and the next row. */
struct grid {
    double budgets[5], next;
    size_t n;
};
static const struct grid grids[] = {{{250e3, 500e3, 1e6}, 2e6, 3}, {{250e3, 375e3, 500e3, 750e3, 1e6}, 1.5e6, 5}};
static const struct grid *grid; /* the one that is judged */
static uint64_t other; /* noise of the simulations than that of docs/designs.md */
static double enough; /* of worth.h; 0: as the command has it */
#define REACH 4.0
#define BRANCH 0.2
#define CUT 3.0

enum design { NEXT, RANDOM, ROW, N_DESIGNS };
static const char *const design_names[] = {"plan --next 4", "4 at random", "the next row"};

/* What intervals a table gives. */
struct quoted {
    struct fit_value floor, gain, exponent;
    double at; /* compute of the gain */
};

struct tally {
    double narrowing, per_flop, cost, ratio[3], n;
    double score; /* of the floor: width and 40 times what it misses the truth by, as a share of it */
    size_t covered, covered_exponent, of;
};

struct judge {
    struct tally before, after[N_DESIGNS];
    double expected, got; /* of plan's own runs */
    bool exponent_known;
};

/* The language that a simulation draws from. */
struct language {
    struct fit_report report;  /* of the whole table, its floor held */
    double shared;
};

static enum status analyse(struct fit_report *r, const struct fit_table *t, struct err *err)
{
    struct fit_options o = fit_options_default();
    o.bootstrap = 40;
    o.break_sims = 0;
    o.holdout = 0;
    return fit_analyse(r, t, &o, err);
}

static struct quoted quoted_of(const struct fit_report *r, double at)
{
    struct fit_value gain = fit_frontier_gain(&r->frontier, at);
    return (struct quoted){r->frontier.e, {log(gain.value), 0, log(gain.lo), log(gain.hi)}, r->frontier.n_exponent, at};
}

static double shrinks(struct fit_value before, struct fit_value after)
{
    double ratio = log((before.hi - before.lo) / (after.hi - after.lo));
    return isnan(ratio) ? 0 : fmin(CUT, fmax(-CUT, ratio));
}

static void count(struct tally *y, const struct quoted *before, const struct quoted *after, double cost, double weight)
{
    double by[3] = {shrinks(before->floor, after->floor), shrinks(before->gain, after->gain),
                    shrinks(before->exponent, after->exponent)};
    double mean = (by[0] + by[1] + by[2]) / 3;
    for (size_t q = 0; q < 3; q++)
        y->ratio[q] += weight * by[q];
    y->narrowing += weight * mean;
    y->per_flop += weight * mean / cost;
    y->cost += weight * cost;
    y->n += weight;
}

static void cover(struct tally *y, const struct quoted *q, double floor, double exponent)
{
    y->of++;
    y->score += (q->floor.hi - q->floor.lo + 40 * fmax(0, fmax(q->floor.lo - floor, floor - q->floor.hi))) / floor;
    y->covered += q->floor.lo <= floor && floor <= q->floor.hi;
    y->covered_exponent += q->exponent.lo <= exponent && exponent <= q->exponent.hi;
}

/* --- tables ------------------------------------------------------------------------------------------- */

static void copy_row(struct fit_table *to, const struct fit_table *from, size_t i)
{
    for (size_t c = 0; c < FIT_N_COLUMNS; c++)
        to->col[c][to->n] = from->col[c][i];
    to->trunk[to->n++] = from->trunk[i];
}

static enum status room_for(struct fit_table *t, const struct fit_table *like, size_t more, struct err *err)
{
    TRY(fit_table_init(t, like->n + more, err));
    memcpy(t->has, like->has, sizeof t->has);
    t->n = 0;
    t->n_trunks = like->n_trunks;
    t->loss_unit = like->loss_unit;
    return OK;
}

static bool near(double a, double b)
{
    return fabs(log(a / b)) < 0.03;
}

static bool in_grid(double tokens)
{
    for (size_t b = 0; b < grid->n; b++)
        if (near(tokens, grid->budgets[b]))
            return true;
    return false;
}

static enum status small_grid(struct fit_table *t, const struct fit_table *whole, struct err *err)
{
    TRY(room_for(t, whole, 0, err));
    for (size_t i = 0; i < whole->n; i++)
        if (in_grid(whole->col[FIT_TOKENS][i]))
            copy_row(t, whole, i);
    return OK;
}

static double grid_cost(const struct fit_table *t)
{
    double sum = 0, largest = 0;
    for (size_t i = 0; i < t->n; i++)
        largest = fmax(largest, t->col[FIT_TOKENS][i]);
    for (size_t i = 0; i < t->n; i++)
        sum += t->col[FIT_FLOPS][i] * (near(t->col[FIT_TOKENS][i], largest) ? 1 : BRANCH);
    return sum;
}

static double set_cost(const struct worth_in *in, const size_t *set, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += worth_adds(in, set, i, set[i]);
    return sum;
}

static void draw_set(size_t set[K], size_t n, struct rng *rng)
{
    for (size_t i = 0; i < K;) {
        size_t j = 0;
        set[i] = (size_t)rng_below(rng, n);
        while (j < i && set[j] != set[i])
            j++;
        i += j == i;
    }
}

/* --- one grid, three ways on -------------------------------------------------------------------------- */

/* Puts the run of a candidate after those of t. */
typedef void add_fn(struct fit_table *t, size_t candidate, void *ctx);

struct ways {
    const struct worth_in *in; /* all candidates */
    const struct candidates *candidates;
    const struct fit_table *small;
    add_fn *add;
    void *ctx;
    size_t row[K];
    double floor, exponent;
    uint64_t seed;
};

static enum status follow(struct quoted *q, const struct ways *w, const size_t *set, double at, struct err *err)
{
    struct fit_table t = {.n = 0};
    struct fit_report r = {0};
    enum status st = room_for(&t, w->small, K, err);
    for (size_t i = 0; i < w->small->n && st == OK; i++)
        copy_row(&t, w->small, i);
    for (size_t i = 0; i < K && st == OK; i++)
        w->add(&t, set[i], w->ctx);
    if (st == OK)
        st = analyse(&r, &t, err);
    if (st == OK)
        *q = quoted_of(&r, at);
    fit_report_free(&r);
    fit_table_free(&t);
    return st;
}

/* Mean of the logarithms by which the intervals are expected to narrow. */
static double expected_of(const struct worth *w)
{
    double sum = 0, k = 0;
    for (size_t q = 0; q < WORTH_N; q++)
        if (w->picks[K - 1].width[q] > 0) {
            sum -= log(w->picks[K - 1].width[q]);
            k++;
        }
    return k > 0 ? sum / k : 0;
}

/* As the command chooses: those that lengthen the larger sizes, each found again among all. */
static enum status choose(struct worth *w, size_t set[K], const struct ways *ways, const struct fit_report *r, struct err *err)
{
    struct candidates some = *ways->candidates;
    struct worth_in in = *ways->in;
    size_t all = some.n;
    TRY(size_calloc(&some.items, all, sizeof *some.items, "the candidates", err));
    enum status st = size_calloc(&some.runs, all, sizeof *some.runs, "the candidates", err);
    if (st == OK) {
        memcpy(some.items, ways->candidates->items, all * sizeof *some.items);
        memcpy(some.runs, ways->candidates->runs, all * sizeof *some.runs);
        st = candidates_lengthen(&some, r, ways->small, K, err);
    }
    in.runs = some.runs;
    in.n = some.n;
    if (st == OK)
        st = worth_choose(w, r, ways->small, &in, err);
    for (size_t i = 0; i < K && st == OK; i++) {
        const struct candidate *x = &some.items[w->picks[i].run];
        for (set[i] = 0; memcmp(&ways->candidates->items[set[i]], x, sizeof *x) != 0;)
            set[i]++;
    }
    candidates_free(&some);
    return st;
}

static enum status judge_ways(struct judge *j, const struct ways *w, const struct fit_report *r, struct err *err)
{
    struct rng rng = rng_make(w->seed, RNG_TEST, 4004, 0);
    struct quoted before = quoted_of(r, r->cost.max_flops), after;
    double all = grid_cost(w->small);
    struct worth worth;
    size_t set[K];
    cover(&j->before, &before, w->floor, w->exponent);
    TRY(choose(&worth, set, w, r, err));
    TRY(follow(&after, w, set, before.at, err));
    count(&j->after[NEXT], &before, &after, worth.flops / all, 1);
    cover(&j->after[NEXT], &after, w->floor, w->exponent);
    j->expected += expected_of(&worth);
    printf("    next:");
    for (size_t i = 0; i < K; i++)
        printf(" %.3gk at %.3gk,", w->in->runs[set[i]].n / 1e3, w->in->runs[set[i]].d / 1e3);
    printf(" cost %.2f, expected %.2f; floor %.3f (%.3f to %.3f) before, %.3f to %.3f after, truth %.3f\n", worth.flops / all,
           expected_of(&worth), before.floor.value, before.floor.lo, before.floor.hi, after.floor.lo, after.floor.hi,
           w->floor);
    worth_free(&worth);
    TRY(follow(&after, w, w->row, before.at, err));
    count(&j->after[ROW], &before, &after, set_cost(w->in, w->row, K) / all, 1);
    cover(&j->after[ROW], &after, w->floor, w->exponent);
    for (size_t d = 0; d < DRAWS; d++) {
        draw_set(set, w->in->n, &rng);
        TRY(follow(&after, w, set, before.at, err));
        count(&j->after[RANDOM], &before, &after, set_cost(w->in, set, K) / all, 1.0 / DRAWS);
        cover(&j->after[RANDOM], &after, w->floor, w->exponent);
    }
    return OK;
}

/* --- real runs ---------------------------------------------------------------------------------------- */

struct real {
    const struct fit_table *whole;
    const struct candidate *items; /* their budget is a row of it */
};

static void add_real(struct fit_table *t, size_t candidate, void *ctx)
{
    const struct real *x = ctx;
    copy_row(t, x->whole, x->items[candidate].budget);
}

static enum status judge_real(struct judge *j, const struct bank_sweep *s, struct err *err)
{
    struct fit_table small = {.n = 0};
    struct fit_report r = {0};
    struct worth_run runs[64];
    struct candidate items[64];
    struct candidates c = {.items = items, .runs = runs};
    size_t n_row = 0;
    struct ways w = {.small = &small, .add = add_real, .floor = s->table.truth_heldout, .exponent = (double)NAN, .seed = 1};
    TRY(small_grid(&small, &s->table, err));
    TRY(analyse(&r, &small, err));
    for (size_t i = 0; i < s->table.n; i++) {
        double d = s->table.col[FIT_TOKENS][i];
        if (in_grid(d))
            continue;
        if (near(d, grid->next) && s->table.col[FIT_SEED][i] == 1 && n_row < K)
            w.row[n_row++] = c.n;
        items[c.n] = (struct candidate){.budget = i, .seed = (size_t)s->table.col[FIT_SEED][i] - 1}; /* budget: its row */
        runs[c.n++] = (struct worth_run){s->table.col[FIT_PARAMS][i], d, s->table.col[FIT_FLOPS][i], s->table.trunk[i]};
    }
    const struct worth_in in = {.runs = c.runs, .n = c.n, .branch = BRANCH, .k = K, .enough = enough};
    struct real x = {&s->table, items};
    w.in = &in;
    w.candidates = &c;
    w.ctx = &x;
    enum status st = judge_ways(j, &w, &r, err);
    fit_report_free(&r);
    fit_table_free(&small);
    return st;
}

/* --- simulated runs ----------------------------------------------------------------------------------- */

static enum status learn(struct language *l, const struct bank_sweep *s, struct err *err)
{
    static char fix[40];
    struct fit_options o = fit_options_default();
    snprintf(fix, sizeof fix, "E=%.9g", s->table.truth_heldout);
    o.law = "joint";
    o.fix[o.n_fix++] = fix;
    o.bootstrap = 20;
    o.break_sims = 0;
    o.holdout = 0;
    TRY(fit_analyse(&l->report, &s->table, &o, err));
    const struct worth_run any = {1e4, 1e6, 1e11, 0};
    const struct worth_in in = {.runs = &any, .n = 1, .branch = 1, .k = 1};
    struct worth w;
    TRY(worth_choose(&w, &l->report, &s->table, &in, err));
    l->shared = w.shared;
    worth_free(&w);
    return OK;
}

struct simulated {
    const struct language *language;
    const struct candidates *candidates;
    double trunk[1024]; /* what each trajectory shares, in units of sigma */
    struct rng rng;
    size_t first_trunk;  /* numbers of the candidates' trajectories begin here */
};

static double draw_loss(struct simulated *x, double n, double d, double trunk)
{
    double loss = fit_predict(fit_report_selected(&x->language->report), n, d).value, rho = x->language->shared;
    double sigma = noise_model_at(&x->language->report.noise.model, n, d);
    return loss + sigma * (sqrt(rho) * trunk + sqrt(1 - rho) * rng_normal(&x->rng));
}

static void add_simulated(struct fit_table *t, size_t candidate, void *ctx)
{
    struct simulated *x = ctx;
    const struct worth_run *r = &x->candidates->runs[candidate];
    const struct candidate *c = &x->candidates->items[candidate];
    size_t i = t->n++;
    t->col[FIT_PARAMS][i] = t->col[FIT_PARAMS_NONEMBD][i] = t->col[FIT_PARAMS_MATMUL][i] = r->n;
    t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = r->d;
    t->col[FIT_FLOPS][i] = r->flops;
    t->col[FIT_SEED][i] = (double)c->seed + 1;
    t->trunk[i] = x->first_trunk + r->trunk;
    t->n_trunks = size_max(t->n_trunks, t->trunk[i] + 1);
    t->col[FIT_LOSS][i] = draw_loss(x, r->n, r->d, x->trunk[t->trunk[i] % 1024]);
}

static enum status judge_simulated(struct judge *j, const struct bank_sweep *s, const struct language *l, size_t replicate,
                                   struct err *err)
{
    struct fit_table small = {.n = 0};
    struct fit_report r = {0};
    struct candidates c = {.n = 0};
    struct simulated x = {.language = l, .candidates = &c, .rng = rng_make(replicate, RNG_TEST, 4005 + other, s->table.n)};
    struct ways w = {.small = &small, .add = add_simulated, .ctx = &x, .floor = s->table.truth_heldout, .seed = replicate + 2};
    size_t n_row = 0;
    TRY(small_grid(&small, &s->table, err));
    for (size_t i = 0; i < 1024; i++)
        x.trunk[i] = rng_normal(&x.rng);
    for (size_t i = 0; i < small.n; i++)
        small.col[FIT_LOSS][i] = draw_loss(&x, small.col[FIT_PARAMS][i], small.col[FIT_TOKENS][i], x.trunk[small.trunk[i] % 1024]);
    x.first_trunk = small.n_trunks;
    TRY(analyse(&r, &small, err));
    TRY(candidates_make(&c, &r, &small, REACH, err));
    for (size_t i = 0; i < c.n && n_row < K; i++)
        /* the command's own levels: 1.41M where the table has 1.5M */
        if (fabs(log(c.runs[i].d / grid->next)) < 0.1 && c.ran[c.items[i].size] && c.items[i].seed == 0)
            w.row[n_row++] = i;
    if (n_row < K)
        return err_set(err, E_DATA, "no next row: %zu", n_row);
    const struct worth_in in = {.runs = c.runs, .n = c.n, .branch = BRANCH, .k = K, .enough = enough};
    w.in = &in;
    w.candidates = &c;
    w.exponent = l->report.frontier.n_exponent.value;
    enum status st = judge_ways(j, &w, &r, err);
    candidates_free(&c);
    fit_report_free(&r);
    fit_table_free(&small);
    return st;
}

/* --- all of it ---------------------------------------------------------------------------------------- */

static void print_judge(const char *what, const struct judge *j)
{
    const struct tally *b = &j->before;
    printf("\n%s: floors covered before %zu of %zu, score %.3f", what, b->covered, b->of, b->score / (double)b->of);
    if (j->exponent_known)
        printf(", exponents %zu", b->covered_exponent);
    printf("\n| runs | cost | narrowing | floor | gain | exponent | of all, per FLOP | mean per FLOP | floor's score | "
           "floors covered after |\n");
    printf("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t d = 0; d < N_DESIGNS; d++) {
        const struct tally *y = &j->after[d];
        printf("| %s | %.2f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %zu of %zu", design_names[d], y->cost / y->n,
               y->narrowing / y->n, y->ratio[0] / y->n, y->ratio[1] / y->n, y->ratio[2] / y->n, y->narrowing / y->cost,
               y->per_flop / y->n, y->score / (double)y->of, y->covered, y->of);
        if (j->exponent_known)
            printf(", exponents %zu", y->covered_exponent);
        printf(" |\n");
    }
    printf("expected of plan's runs: %.3f\n", j->expected / j->after[NEXT].n);
}

static const struct bank_sweep *find(const struct bank *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->sweeps[i].name, name) == 0)
            return &b->sweeps[i];
    return NULL;
}

/* replicate: of the simulations; REPLICATES: the real runs; more: all. */
static enum status judge_all(const struct bank *b, size_t replicate, size_t first, size_t n, struct err *err)
{
    static struct judge real, simulated = {.exponent_known = true};
    for (size_t i = first; i < size_min(N_SWEEPS, first + n); i++) {
        const struct bank_sweep *s = find(b, chosen_sweeps[i]);
        struct language l = {.shared = 0};
        printf("%s\n", chosen_sweeps[i]);
        fflush(stdout);
        if (replicate >= REPLICATES)
            TRY(judge_real(&real, s, err));
        if (replicate == REPLICATES)
            continue;
        TRY(learn(&l, s, err));
        printf("    noise shared along a trajectory: %.2f\n", l.shared);
        for (size_t k = 0; k < REPLICATES; k++)
            if (replicate == k || replicate > REPLICATES)
                TRY(judge_simulated(&simulated, s, &l, k, err));
        fit_report_free(&l.report);
    }
    if (replicate >= REPLICATES)
        print_judge("Real runs", &real);
    if (replicate != REPLICATES)
        print_judge("Simulated runs", &simulated);
    return OK;
}

/* designs [3|5 [0|1|2|3|4 [FIRST N [OTHER [ENOUGH]]]]]: the small grid's budgets (5 by default); one of the simulations alone, 3
 * for the real runs, 4 for all; so many of the sweeps; other noise, to choose by, than what is reported; and another share of
 * the best candidate's narrowing. All of them take some minutes of a core. */
int main(int argc, char **argv)
{
    struct err err;
    struct bank b;
    grid = &grids[!(argc > 1 && strcmp(argv[1], "3") == 0)];
    other = argc > 5 ? (uint64_t)atoi(argv[5]) : 0;
    enough = argc > 6 ? atof(argv[6]) : 0;
    enum status st = bank_read(&b, "-", &err);
    if (st == OK)
        st = judge_all(&b, argc > 2 ? (size_t)atoi(argv[2]) : REPLICATES + 1,
                       argc > 3 ? (size_t)atoi(argv[3]) : 0, argc > 4 ? (size_t)atoi(argv[4]) : N_SWEEPS, &err);
    if (st != OK)
        fprintf(stderr, "designs: %s\n", err.msg);
    bank_free(&b);
    return status_exit_code(st);
}
