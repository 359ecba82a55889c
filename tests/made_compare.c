#include "made_compare.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "test.h"

enum { SIZES = 4, BUDGETS = 4, SEEDS = 2 };

static void fill(struct fit_table *t, size_t side, double data, double floor)
{
    struct err err;
    struct rng rng = rng_make(5, RNG_TEST, 78, side);
    double shared = 0;
    EXPECT_OK(fit_table_init(t, SIZES * BUDGETS * SEEDS, &err));
    t->n_trunks = SIZES * SEEDS;
    for (size_t i = 0; i < t->n; i++) {
        size_t trunk = i / BUDGETS;
        double n = 3e3 * pow(2.2, (double)(trunk / SEEDS)), d = 2e5 * pow(2, (double)(i % BUDGETS));
        if (i % BUDGETS == 0)
            shared = 0.002 * rng_normal(&rng);
        t->trunk[i] = trunk;
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_SEED][i] = (double)(trunk % SEEDS);
        t->col[FIT_LOSS][i] = (0.684 + floor + 11 / pow(n, 0.42) + 260 / pow(data * d, 0.5)) *
                              exp(shared + 0.002 * rng_normal(&rng));
    }
}

static void compare_all(struct made_compare *m)
{
    struct compare_options co = compare_options_default();
    struct err err;
    co.sims = 99;
    co.draws = 500;
    const struct compare_side base = {.name = "base", .table = &m->table[0], .report = &m->report[0]};
    for (size_t k = 0; k < MADE_VARIANTS; k++) {
        const struct compare_side variant = {.name = "variant", .table = &m->table[k + 1], .report = &m->report[k + 1]};
        EXPECT_OK(compare_fill(&m->found[k], &base, &variant, &co, &err));
        m->beside[k] = (struct against_variant){&m->found[k], &m->report[k + 1]};
    }
    compare_correct(m->found, MADE_VARIANTS);
}

static struct made_compare *make(void)
{
    static const double data[] = {1, 2, 1, 1}, floor[] = {0, 0, 0.05, 0};
    struct made_compare *m = calloc(1, sizeof *m);
    struct fit_options o = fit_options_default();
    struct err err;
    o.bootstrap = 40;
    o.break_sims = 0;
    o.holdout = 0;
    for (size_t k = 0; k < 1 + MADE_VARIANTS; k++) {
        fill(&m->table[k], k, data[k], floor[k]);
        EXPECT_OK(fit_analyse(&m->report[k], &m->table[k], &o, &err));
    }
    compare_all(m);
    return m;
}

const struct made_compare *made_compare(const char *name)
{
    static const char *const names[] = {"base", "twice the data", "higher floor", "nothing"};
    static struct made_compare *m; /* made once, as it takes longer than all that is drawn of it */
    if (!m)
        m = make();
    for (size_t k = 0; k < MADE_VARIANTS; k++)
        m->found[k].name = name ? name : names[k + 1];
    m->in = (struct against){name ? name : names[0], &m->report[0], m->beside, MADE_VARIANTS, "nats per token"};
    return m;
}
