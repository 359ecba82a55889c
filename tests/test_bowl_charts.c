/* The charts of learning rates as data: bowls with a known bottom in, marks, curves and words out. */
#include "known.h"
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/bowl_law.h"
#include "plot/rich.h"
#include "report/charts/kinds.h"

enum { RATES = 5, CELLS = 4, RUNS = RATES * CELLS };

static const double sizes[CELLS] = {1e4, 1e4, 1e5, 1e5}, budgets[CELLS] = {1e6, 1e7, 1e6, 1e7};

static double best(size_t cell)
{
    return 0.008 * pow(sizes[cell] / 1e4, -0.2) * pow(budgets[cell] / 1e6, -0.1);
}

static double floor_of(size_t cell)
{
    return 1.5 + 400 / pow(sizes[cell], 0.5) + 20 / pow(budgets[cell], 0.2);
}

/* A table with five rates at each of four sizes and budgets, as a file has it. */
static void table(struct fit_table *t, double first)
{
    char text[4096] = "params,tokens,lr,loss\n";
    struct err err;
    const struct fit_read_options all = {.count = FIT_COUNT_TOTAL};
    for (size_t i = 0; i < RUNS; i++) {
        double lr = first * pow(2, (double)(i % RATES)), z = log(lr / best(i / RATES));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%g,%g,%.9g,%.9f\n", sizes[i / RATES], budgets[i / RATES], lr,
                 floor_of(i / RATES) + 0.02 * z * z);
    }
    EXPECT_OK(fit_table_read_text(t, "t.csv", text, strlen(text), &all, &err));
}

static struct charts_input input(const struct fit_table *t, const struct fit_report *r)
{
    return (struct charts_input){.table = t, .report = r, .trials = t->tried, .n_trials = t->n_tried};
}

static const struct chart_series *nth(const struct chart *ch, enum chart_marker marker, size_t k)
{
    for (size_t i = 0; i < ch->n_series; i++)
        if (ch->series[i].marker == marker && k-- == 0)
            return &ch->series[i];
    return NULL;
}

static void bowls(void)
{
    struct fit_table t;
    struct fit_report r = nothing();
    struct chart ch = {0};
    struct parts p;
    struct err err;
    bool drawn;
    table(&t, 0.002);
    const struct charts_input in = input(&t, &r);
    parts_init(&p, &in);
    EXPECT(t.n == CELLS && t.n_tried == RUNS);
    EXPECT_OK(bowls_build(&ch, &p, &drawn, &err));
    EXPECT(drawn && ch.log_x && !ch.log_y && strstr(ch.subtitle, "bottoms of the parabolas,"));
    for (size_t k = 0; k < CELLS; k++) {
        /* by compute: the cells in the order in which they stand, but for the middle ones, which have the same */
        const struct chart_series *bottom = nth(&ch, MARKER_DIAMOND, k), *runs = nth(&ch, MARKER_DISC, k);
        EXPECT(bottom && runs);
        if (!bottom || !runs)
            break;
        size_t cell = 0;
        while (cell + 1 < CELLS && !(fabs(bottom->x[0] / best(cell) - 1) < 1e-3))
            cell++;
        EXPECT_REL(bottom->x[0], best(cell), 1e-3);
        EXPECT_NEAR(bottom->y[0], 0, 1e-9);
        EXPECT(runs->n == RATES);
        EXPECT_NEAR(runs->y[0], 0.02 * pow(log(0.002 / best(cell)), 2), 1e-6);
        EXPECT(strstr(runs->label, ", D = 1"));
    }
    EXPECT(!nth(&ch, MARKER_DIAMOND, CELLS) && !nth(&ch, MARKER_RING, 0));
    chart_free(&ch);
    fit_table_free(&t);
}

/* The best rate is the lowest: no bottom, and it is said. */
static void edges(void)
{
    struct fit_table t;
    struct fit_report r = nothing();
    struct chart ch = {0};
    struct parts p;
    struct err err;
    bool drawn;
    table(&t, 0.02);
    const struct charts_input in = input(&t, &r);
    parts_init(&p, &in);
    EXPECT_OK(bowls_build(&ch, &p, &drawn, &err));
    EXPECT(drawn && strstr(ch.note, "there is no bottom"));
    EXPECT(nth(&ch, MARKER_RING, CELLS - 1) && !nth(&ch, MARKER_DIAMOND, 0));
    chart_free(&ch);
    memset(&ch, 0, sizeof ch);
    EXPECT_OK(rates_build(&ch, &p, &drawn, &err));
    EXPECT(!drawn);
    chart_free(&ch);
    fit_table_free(&t);
}

static void rates(void)
{
    struct fit_table t;
    struct fit_report r = nothing();
    struct chart ch = {0};
    struct parts p;
    struct err err;
    bool drawn;
    size_t bottoms = 0;
    char title[sizeof ch.title], says[64];
    table(&t, 0.002);
    const struct charts_input in = input(&t, &r);
    parts_init(&p, &in);
    EXPECT_OK(rates_build(&ch, &p, &drawn, &err));
    EXPECT(drawn && ch.log_x && ch.log_y);
    rich_plain(title, sizeof title, ch.title);
    /* four corners a factor of ten apart, each bottom of one seed: their exponents have the variance w / ln(10)^2, against .09 */
    double w = BOWL_SEED_SD * BOWL_SEED_SD + 0.1 * 0.1, drawn_by = 0.09 / (0.09 + w / (log(10) * log(10)));
    snprintf(says, sizeof says, "goes as N^−%.2f D^−%.2f", 0.2 * drawn_by, 0.1 * drawn_by);
    EXPECT_MSG(strstr(title, says), "%s, not %s", title, says);
    for (size_t k = 0; nth(&ch, MARKER_DIAMOND, k); k++)
        for (size_t i = 0; i < nth(&ch, MARKER_DIAMOND, k)->n; i++)
            bottoms += isfinite(nth(&ch, MARKER_DIAMOND, k)->y[i]);
    EXPECT(bottoms == CELLS);
    const struct chart_series *runs = nth(&ch, MARKER_RING, 0); /* the rates that are fitted: the best of each cell */
    EXPECT(runs && runs->n == CELLS);
    for (size_t i = 0; runs && i < runs->n; i++)
        EXPECT(fabs(log(runs->y[i] / best(i))) < log(2));
    chart_free(&ch);
    fit_table_free(&t);
}

/* A table with one rate a cell has neither. */
static void none(void)
{
    const char text[] = "params,tokens,lr,loss\n1e4,1e6,.1,3\n1e4,1e7,.1,2\n1e5,1e6,.1,2\n1e5,1e7,.2,1.5\n1e5,1e7,.1,1.6\n";
    const struct fit_read_options all = {.count = FIT_COUNT_TOTAL};
    struct fit_table t;
    struct fit_report r = nothing();
    struct err err;
    EXPECT_OK(fit_table_read_text(&t, "t.csv", text, strlen(text), &all, &err));
    const struct charts_input in = input(&t, &r);
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        bool drawn = false;
        if (strcmp(charts_name(i), "bowls") == 0 || strcmp(charts_name(i), "rates") == 0)
            EXPECT_OK(charts_build(&ch, &drawn, i, &in, &err));
        EXPECT(!drawn);
        chart_free(&ch);
    }
    fit_table_free(&t);
}

static void out_of_memory(void)
{
    if (!wrap_works())
        return;
    struct fit_table t;
    struct fit_report r = nothing();
    struct parts p;
    parts_build *const build[] = {bowls_build, rates_build};
    table(&t, 0.002);
    const struct charts_input in = input(&t, &r);
    parts_init(&p, &in);
    for (int k = 0; k < 2; k++) {
        size_t n = 0;
        for (size_t i = 0; i <= n && !test_failed(); i++) {
            struct chart ch = {0};
            struct err err = {0};
            bool drawn;
            wrap_fail(i, false);
            enum status st = build[k](&ch, &p, &drawn, &err);
            n = wrap_stop();
            chart_free(&ch);
            EXPECT_MSG(st == E_NOMEM || (st == OK && i == n), "chart %d, allocation %zu of %zu: %d", k, i, n, (int)st);
        }
    }
    fit_table_free(&t);
}

static const struct test tests[] = {
    {"bowls", bowls}, {"edges", edges}, {"rates", rates}, {"none", none}, {"out_of_memory", out_of_memory},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
