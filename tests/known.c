#include "known.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define A0 400.0
#define B0 410.0
#define ALPHA 0.34
#define BETA 0.28

const struct chart_style usual;
const struct color white = {255, 255, 255, 0};
struct frontier_curve frontier[1] = {{1.7, 3.912023005428146, G, 0, 0.5}}; /* ln 50 */

double law(double n, double d)
{
    return E0 + A0 / pow(n, ALPHA) + B0 / pow(d, BETA);
}

void set_run(struct fit_table *t, size_t i, double n, double d, double loss)
{
    t->col[FIT_PARAMS][i] = n;
    t->col[FIT_PARAMS_NONEMBD][i] = 0.9 * n;
    t->col[FIT_PARAMS_MATMUL][i] = 0.95 * n;
    t->col[FIT_TOKENS][i] = d;
    t->col[FIT_UNIQUE_TOKENS][i] = d;
    t->col[FIT_FLOPS][i] = 6 * n * d;
    t->col[FIT_LOSS][i] = loss;
    t->col[FIT_LOSS_SE][i] = SE;
    t->col[FIT_SEED][i] = 1;
}

struct fit_table grid(size_t sizes, size_t budgets)
{
    struct fit_table t = {0};
    struct err err;
    EXPECT_OK(fit_table_init(&t, sizes * budgets, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = 1e6 * pow(4, (double)(i / budgets)), d = 2e7 * pow(4, (double)(i % budgets));
        set_run(&t, i, n, d, law(n, d));
    }
    return t;
}

struct fit_report nothing(void)
{
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none};
    struct fit_report r = {.cost = {.k = 6, .p = 1}, .frontier = {.x = "C", .cost = {.k = 6, .p = 1}}};
    r.isoflop.n_exponent = unknown;
    r.verdict.floor.at = unknown;
    r.verdict.returns = (struct fit_returns){.loss = unknown, .gain = unknown, .halving = unknown, .flatten = unknown};
    r.verdict.truth.floor = r.verdict.truth.heldout = none;
    r.noise.lo = r.noise.hi = none;
    return r;
}

struct chart build(const char *name, const struct charts_input *in, bool *drawn)
{
    struct chart ch = {0};
    struct err err;
    for (size_t i = 0; i < charts_count(); i++)
        if (strcmp(charts_name(i), name) == 0)
            EXPECT_OK(charts_build(&ch, drawn, i, in, &err));
    return ch;
}

struct chart must_build(const char *name, const struct charts_input *in)
{
    bool drawn = false;
    struct chart ch = build(name, in, &drawn);
    EXPECT_MSG(drawn, "no chart %s", name);
    return ch;
}

const struct chart_series *find(const struct chart *ch, const char *label, bool line, size_t k)
{
    for (size_t i = 0; i < ch->n_series; i++) {
        const struct chart_series *s = &ch->series[i];
        const char *called = s->label[0] ? s->label : s->name;
        if ((s->width > 0) == line && (line || s->marker != MARKER_NONE) && (!label || strcmp(called, label) == 0) && k-- == 0)
            return s;
    }
    test_fail(__FILE__, __LINE__, "no series %s, %s", label ? label : "at all", line ? "a line" : "marks");
    return NULL;
}

const struct chart_line *find_line(const struct chart *ch, const char *label)
{
    for (size_t i = 0; i < ch->n_lines; i++)
        if (strncmp(ch->lines[i].label, label, strlen(label)) == 0)
            return &ch->lines[i];
    test_fail(__FILE__, __LINE__, "no line %s", label);
    return NULL;
}

struct fit_table isoflop_table(struct fit_report *r, struct fit_isoflop *b, size_t n_budgets)
{
    struct fit_table t = {0};
    struct err err;
    EXPECT_OK(fit_table_init(&t, 5 * n_budgets, &err));
    r->isoflop.at = b;
    r->isoflop.n = n_budgets;
    for (size_t k = 0; k < n_budgets; k++) {
        double c = 1e15 * pow(2, (double)k), best = 1e6 * pow(2, 0.5 * (double)k);
        for (size_t i = 0; i < 5; i++) {
            double z = log(2) * ((double)i - 2), n = best * exp(z);
            set_run(&t, 5 * k + i, n, c / (6 * n), 3 - 0.1 * (double)k + 0.05 * z * z);
        }
        b[k] = (struct fit_isoflop){.flops = c, .n = 5, .n_window = 5, .c0 = 3 - 0.1 * (double)k, .c2 = 0.05,
                                    .ln_centre = log(best), .lo_n = best / 4, .hi_n = best * 4,
                                    .n_opt = {best, 0, 0.8 * best, 1.3 * best},
                                    .loss = {3 - 0.1 * (double)k, 0, 0, 0}, .valid = true};
    }
    return t;
}

struct fit_report with_frontier(void)
{
    struct fit_report r = nothing();
    r.frontier.holds = true;
    r.frontier.curves = frontier;
    r.verdict.enough = true;
    r.cost.min_flops = 6 * 1e6 * 2e7;
    r.cost.max_flops = r.verdict.returns.largest = 6 * 16e6 * 32e7;
    return r;
}

bool size_ran(double flops)
{
    return sqrt(flops) >= 1e6 / 1.5 && sqrt(flops) <= 16e6 * 1.5;
}

static double fact_known[FACTS], fact_excess[FACTS];

struct charts_theory facts(void)
{
    for (size_t i = 0; i < FACTS; i++) {
        fact_known[i] = pow(1000, (double)i / (FACTS - 1));
        fact_excess[i] = i + 1 < FACTS ? pow(fact_known[i], -0.5) : 0;
    }
    return (struct charts_theory){"Author 2020, somewhere; Other 2021", 0.5, FACTS, fact_known, fact_excess};
}
