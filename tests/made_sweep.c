#include "made_sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

double made_law(double n, double d)
{
    return 1.1 + 300 / pow(n, 0.6) + 900 / pow(d, 0.5);
}

/* Between -1 and 1, from the numbers alone. */
static double jitter(size_t i)
{
    return 2 * fmod((double)(i * 7919 % 1009) * 0.61803398875, 1) - 1;
}

static void set_run(struct made_sweep *s, size_t i, double n, double d, size_t seed, const char *name)
{
    struct fit_table *t = &s->table;
    struct err err;
    double loss = made_law(n, d) * (1 + 0.02 * jitter(i) * pow(d / 3e5, -0.4));
    t->col[FIT_PARAMS][i] = n;
    t->col[FIT_PARAMS_NONEMBD][i] = n - 4000;
    t->col[FIT_PARAMS_MATMUL][i] = n - 1000;
    t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
    t->col[FIT_FLOPS][i] = 6 * n * d;
    t->col[FIT_LOSS][i] = i == MADE_ODD ? 1.25 * loss : loss;
    t->col[FIT_LOSS_SE][i] = 0.004;
    t->col[FIT_SEED][i] = (double)seed + 1;
    EXPECT_OK(origins_set(&t->from, i, "results.csv", i + 2, name, &err));
    for (size_t k = 0; k < MADE_POINTS; k++) {
        s->tokens[i][k] = d * pow(0.01, 1 - (double)(k + 1) / MADE_POINTS);
        s->flops[i][k] = 6 * n * s->tokens[i][k];
        s->loss[i][k] = 1.05 * made_law(n, s->tokens[i][k]) * (1 + 0.01 * jitter(31 * i + k));
    }
    s->curves[i] = (struct charts_curve){"d16-l2", seed, true, {n, n - 4000, n - 1000}, d, t->col[FIT_LOSS][i], MADE_POINTS,
                                         s->tokens[i], s->flops[i], s->loss[i]};
}

double made_best_rate(double n, double d)
{
    return 0.02 * pow(n / 1e4, -0.2) * pow(d / 3e5, -0.1);
}

/* The best rate of the last cell is beyond those that were tried. */
static void set_tried(struct made_sweep *s, size_t i)
{
    size_t cell = i / MADE_RATES;
    double n = cell / 2 ? 1.6e5 : 1e4, d = cell % 2 ? 4.8e6 : 3e5;
    double lr = (cell == 3 ? 0.016 : 0.003) * pow(2, (double)(i % MADE_RATES)), z = log(lr / made_best_rate(n, d));
    s->tried[i] = (struct fit_tried){.params = {n, n - 4000, n - 1000}, .tokens = d, .flops = 6 * n * d, .lr = lr,
                                     .loss = made_law(n, d) + (0.05 + 0.1 / (double)(1 + cell)) * z * z + 0.002 * jitter(i)};
}

/* A grid of tokens, or of budgets of compute, before its fit. */
static struct made_sweep *unfitted(bool compute, const char *name)
{
    static const char *const sources[] = {"first", "second"};
    struct made_sweep *s = calloc(1, sizeof *s);
    struct err err;
    EXPECT_OK(fit_table_init(&s->table, MADE_RUNS, &err));
    for (size_t i = 0; i < s->table.n; i++) {
        double n = 1e4 * pow(2, (double)(i / (MADE_BUDGETS * MADE_SEEDS))), k = (double)(i / MADE_SEEDS % MADE_BUDGETS);
        set_run(s, i, n, compute ? 3e10 * pow(3, k) / (6 * n) : 3e5 * pow(2, k), i % MADE_SEEDS, name);
    }
    for (size_t i = 0; i < MADE_TRIED; i++)
        set_tried(s, i);
    s->table.truth_known = true, s->table.truth_floor = 1.1, s->table.truth_heldout = 1.105;
    for (size_t c = 0; c < FIT_N_COLUMNS; c++)
        s->table.has[c] = c != FIT_X && c != FIT_ORDER_SEED;
    s->table.loss_unit = "nats";
    s->in = (struct charts_input){.table = &s->table, .report = &s->report, .curves = s->curves, .n_curves = s->table.n,
                                  .sources = sources, .n_sources = 2, .title = name, .trials = s->tried, .n_trials = MADE_TRIED,
                                  .eval_part = 16};
    return s;
}

/* Nearly all of the time goes into the fit, which tests of one program want of the same few sweeps again and again. Each is made
 * once, with a sweep of its own to point into, and is never released. */
static const struct fit_report *fit_of(bool compute, const char *name)
{
    static struct fitted {
        struct made_sweep *s;
        char *name;
        bool compute;
        struct fitted *next;
    } *all;
    struct fit_options o = fit_options_default();
    struct err err;
    for (struct fitted *f = all; f; f = f->next)
        if (f->compute == compute && strcmp(f->name, name) == 0)
            return &f->s->report;
    struct fitted *f = calloc(1, sizeof *f);
    *f = (struct fitted){.name = strdup(name), .compute = compute, .next = all};
    f->s = unfitted(compute, f->name);
    all = f;
    o.bootstrap = 40;
    o.break_sims = 0;
    EXPECT_OK(fit_analyse(&f->s->report, &f->s->table, &o, &err));
    return &f->s->report;
}

struct made_sweep *made_sweep(bool compute, const char *name)
{
    struct made_sweep *s = unfitted(compute, name);
    s->report = *fit_of(compute, name);
    return s;
}

void made_free(struct made_sweep *s)
{
    fit_table_free(&s->table);
    free(s);
}
