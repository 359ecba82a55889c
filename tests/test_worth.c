/* Which runs are worth most: what a run is expected to do, against the members' moments worked out once more; costs; and
 * what candidates there are. On a simulated sweep of six sizes and six budgets with two seeds. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/verdict/candidates.h"
#include "fit/verdict/frontier.h"
#include "fit/verdict/predict.h"
#include "sim.h"

static struct fit_table table;
static struct fit_report report;
static struct candidates all;
#define BRANCH 0.2

static struct worth_in input(size_t k)
{
    return (struct worth_in){.runs = all.runs, .n = all.n, .branch = BRANCH, .k = k};
}

static enum status make(struct err *err)
{
    struct fit_options o = fit_options_default();
    o.bootstrap = 40;
    o.break_sims = 0;
    o.holdout = 0;
    TRY(sim_table(&table, &sim_laws[3], 5, err));
    TRY(fit_analyse(&report, &table, &o, err));
    return candidates_make(&all, &report, &table, 4, err);
}

static int by_value(const void *a, const void *b)
{
    const struct stats_draw *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* The deviations of finite values from their mean, the outermost 2.5 % of the weight at either end drawn in. */
static void deviations(double *x, size_t n)
{
    struct stats_draw *d = calloc(n, sizeof *d);
    double sum = 0, below = 0, lo = 0, hi = 0, mean = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            d[m++] = (struct stats_draw){x[i], report.frontier.weight[i]};
            sum += report.frontier.weight[i];
        }
    qsort(d, m, sizeof *d, by_value);
    for (size_t i = 0; i < m; i++) {
        if (below < 0.025 * sum)
            lo = d[i].value;
        if (below < 0.975 * sum)
            hi = d[i].value;
        below += d[i].weight;
    }
    for (size_t i = 0; i < m; i++)
        mean += fmax(lo, fmin(hi, d[i].value)) * d[i].weight / sum;
    for (size_t i = 0; i < n; i++)
        x[i] = isfinite(x[i]) ? fmax(lo, fmin(hi, x[i])) - mean : 0;
    free(d);
}

static double mean_of(const double *a, const double *b, size_t n)
{
    double sum = 0, w = 0;
    for (size_t i = 0; i < n; i++) {
        sum += report.frontier.weight[i] * a[i] * b[i];
        w += report.frontier.weight[i];
    }
    return sum / w;
}

/* One run: the width of the floor's interval is sqrt(1 - cov^2 / (var(y) + noise) / var(floor)). */
static void one_run_does_what_its_moments_say(void)
{
    struct worth w;
    struct err err;
    const struct worth_in in = input(1);
    size_t n = report.frontier.n_boot;
    double *y = calloc(n, sizeof *y), *e = calloc(n, sizeof *e);
    EXPECT_OK(worth_choose(&w, &report, &table, &in, &err));
    for (size_t i = 0; i < all.n; i += 7) {
        double width[WORTH_N];
        const struct worth_run *r = &all.runs[i];
        const struct fit_law *f = fit_report_selected(&report);
        fit_curve_draws(y, &report, r->n, r->d, r->d);
        for (size_t b = 0; b < n; b++) {
            const struct ensemble *all_fits = &report.spread;
            const struct ensemble_window *window = &all_fits->windows[all_fits->cells[all_fits->members[b].cell].window];
            bool inside = log(r->n) - f->problem.centre.u > window->u - 0.02 && log(r->d) - f->problem.centre.v > window->v - 0.02;
            y[b] = inside ? log(y[b]) : (double)NAN;
            e[b] = report.frontier.curves[b + 1].e;
        }
        deviations(y, n);
        deviations(e, n);
        double sigma = noise_model_at(&report.noise.model, r->n, r->d) / fit_predict(f, r->n, r->d).value;
        double noise = sigma * sigma + report.noise.lack_of_fit * f->rms_log * f->rms_log, cov = mean_of(y, e, n);
        double wanted = sqrt(1 - cov * cov / (mean_of(y, y, n) + noise) / mean_of(e, e, n));
        EXPECT_OK(worth_expect(width, &report, &table, &in, &i, 1, &err));
        EXPECT_MSG(fabs(width[WORTH_FLOOR] - wanted) < 1e-6, "run %zu: %.8f, moments say %.8f", i, width[WORTH_FLOOR], wanted);
    }
    worth_free(&w);
    free(y);
    free(e);
}

/* In whatever order, and more never say less; on a trajectory of its own a run says more than on one that is shared. */
static void sets(void)
{
    struct worth_in in = input(1);
    struct err err;
    size_t one[3], back[3], far = all.n - 1;
    double a[WORTH_N], b[WORTH_N];
    for (size_t i = 0; i < 3; i++)
        one[i] = back[2 - i] = far - 2 * i;
    EXPECT_OK(worth_expect(a, &report, &table, &in, one, 3, &err));
    EXPECT_OK(worth_expect(b, &report, &table, &in, back, 3, &err));
    for (size_t q = 0; q < WORTH_N; q++)
        EXPECT_MSG(fabs(a[q] - b[q]) < 1e-9, "%s: %.12f or %.12f by order", worth_names[q], a[q], b[q]);
    EXPECT_OK(worth_expect(b, &report, &table, &in, one, 2, &err));
    for (size_t q = 0; q < WORTH_N; q++)
        EXPECT_MSG(a[q] <= b[q] && b[q] < 1 && a[q] > 0, "%s: %.6f of three, %.6f of two", worth_names[q], a[q], b[q]);
    const struct worth_run shared[2] = {{2e6, 1e8, 1e15, 0}, {2e6, 1.2e8, 1.2e15, 0}};
    const struct worth_run apart[2] = {shared[0], {2e6, 1.2e8, 1.2e15, 1}};
    const size_t both[2] = {0, 1};
    in.n = 2;
    in.runs = shared;
    EXPECT_OK(worth_expect(a, &report, &table, &in, both, 2, &err));
    in.runs = apart;
    EXPECT_OK(worth_expect(b, &report, &table, &in, both, 2, &err));
    EXPECT_MSG(b[WORTH_FLOOR] < a[WORTH_FLOOR], "%.6f apart, %.6f on one trajectory", b[WORTH_FLOOR], a[WORTH_FLOOR]);
}

/* A trunk is paid for once. */
static void costs(void)
{
    const struct worth_run runs[] = {{1, 1, 100, 0}, {1, 4, 400, 0}, {1, 2, 200, 0}, {1, 4, 400, 1}};
    const struct worth_in in = {.runs = runs, .n = 4, .branch = BRANCH, .k = 1};
    const size_t order[] = {0, 1, 2}, other[] = {1, 2, 0};
    EXPECT(worth_adds(&in, NULL, 0, 0) == 100);
    EXPECT(worth_adds(&in, order, 1, 1) == 400 - 100 + 0.2 * 100);
    EXPECT(worth_adds(&in, order, 2, 2) == 0.2 * 200);
    EXPECT(worth_adds(&in, order, 3, 3) == 400);
    EXPECT(worth_adds(&in, other, 1, 2) == 0.2 * 200 && worth_adds(&in, other, 2, 0) == 0.2 * 100);
}

/* Those that are chosen are told with what they add, each one once, and together they do what is expected of the set. */
static void chosen(void)
{
    const struct worth_in in = input(5);
    struct worth w;
    struct err err;
    size_t set[5];
    double width[WORTH_N], sum = 0;
    EXPECT_OK(worth_choose(&w, &report, &table, &in, &err));
    EXPECT(w.n == 5);
    for (size_t i = 0; i < w.n; i++) {
        set[i] = w.picks[i].run;
        sum += w.picks[i].flops;
        EXPECT(w.picks[i].flops == worth_adds(&in, set, i, set[i]));
        for (size_t j = 0; j < i; j++)
            EXPECT(set[j] != set[i]);
    }
    EXPECT(fabs(sum / w.flops - 1) < 1e-12);
    EXPECT_OK(worth_expect(width, &report, &table, &in, set, 5, &err));
    for (size_t q = 0; q < WORTH_N; q++)
        EXPECT(fabs(width[q] - w.picks[4].width[q]) < 1e-9);
    EXPECT_MSG(w.shared > 0.1 && w.shared < 0.9, "noise shared %.2f: it is .44 in the simulation", w.shared);
    EXPECT_MSG(fabs(log(w.sigma / 0.003)) < 0.5, "noise %.4f: it is .003", w.sigma);
    worth_free(&w);
}

/* None of them is in the table, and none is beyond what was asked for. */
static void candidates(void)
{
    double n = 0, d = 0;
    for (size_t i = 0; i < table.n; i++) {
        n = fmax(n, table.col[FIT_PARAMS][i]);
        d = fmax(d, table.col[FIT_TOKENS][i]);
    }
    EXPECT(all.n > 50);
    for (size_t k = 0; k < all.n; k++) {
        const struct worth_run *r = &all.runs[k];
        EXPECT(r->n <= 4.2 * n && r->d <= 4.2 * d && r->flops <= 4.2 * report.cost.max_flops);
        for (size_t i = 0; i < table.n; i++)
            EXPECT_MSG(all.items[k].seed != (size_t)table.col[FIT_SEED][i] || fabs(log(table.col[FIT_PARAMS][i] / r->n)) > 0.02 ||
                           fabs(log(table.col[FIT_TOKENS][i] / r->d)) > 0.02,
                       "candidate %zu is row %zu", k, i);
    }
}

/* Four sizes are enough: no other ones then, but of three those between and beyond as well. */
static void sizes(void)
{
    struct candidates few;
    struct fit_table t;
    struct err err;
    double at[3] = {0};
    size_t n = 0, other = 0;
    EXPECT(all.n_sizes == 6);
    for (size_t s = 0; s < all.n_sizes; s++)
        EXPECT(all.ran[s]);
    EXPECT_OK(fit_table_init(&t, table.n, &err));
    for (size_t i = 0; i < table.n; i++) {
        size_t s = 0;
        while (s < n && at[s] != table.col[FIT_PARAMS][i])
            s++;
        if (s == 3)
            continue;
        if (s == n)
            at[n++] = table.col[FIT_PARAMS][i];
        for (size_t c = 0; c < FIT_N_COLUMNS; c++)
            t.col[c][i] = table.col[c][i];
    }
    EXPECT(n == 3);
    t.n = 0;
    for (size_t i = 0; i < table.n; i++)
        if (!isnan(t.col[FIT_PARAMS][i])) {
            for (size_t c = 0; c < FIT_N_COLUMNS; c++)
                t.col[c][t.n] = t.col[c][i];
            t.n++;
        }
    EXPECT_OK(candidates_make(&few, &report, &t, 4, &err));
    for (size_t s = 0; s < few.n_sizes; s++)
        other += !few.ran[s];
    EXPECT(few.n_sizes == 3 + other && other > 0);
    candidates_free(&few);
    fit_table_free(&t);
}

/* Of the larger sizes what goes on from where their runs end, on trajectories that are shared; or all, where that is too little. */
static void lengthen(void)
{
    struct candidates c;
    struct err err;
    struct fit_table sparse;
    double longest = 0;
    size_t of[6] = {0};
    for (size_t i = 0; i < table.n; i++)
        longest = fmax(longest, table.col[FIT_TOKENS][i]);
    EXPECT_OK(candidates_make(&c, &report, &table, 4, &err));
    const size_t all_of_them = c.n;
    EXPECT_OK(candidates_lengthen(&c, &report, &table, 1000, &err));
    EXPECT(c.n == all_of_them);
    EXPECT_OK(fit_table_init(&sparse, table.n, &err));
    for (size_t apart = 2; apart <= 12; apart += 10) { /* budgets of its own for each size; then all over the place */
        for (size_t i = 0; i < table.n; i++) {
            sparse.col[FIT_PARAMS][i] = 1e4 * pow(2, (double)(i % 6));
            sparse.col[FIT_TOKENS][i] = 1e5 * pow(1.2, (double)(apart * (i % 6) + i / 6 % apart));
        }
        EXPECT_OK(candidates_lengthen(&c, &report, &sparse, 4, &err));
        EXPECT(c.n == all_of_them);
    }
    fit_table_free(&sparse);
    EXPECT_OK(candidates_lengthen(&c, &report, &table, 4, &err));
    EXPECT(c.n >= 4 && c.n < all_of_them);
    for (size_t i = 0; i < c.n; i++) {
        EXPECT(c.items[i].size >= 3 && c.items[i].seed == 0 && c.runs[i].d > 1.03 * longest);
        EXPECT(fabs(c.runs[i].n / c.sizes[c.items[i].size] - 1) < 1e-12);
        EXPECT(fabs(c.runs[i].d / c.budgets[c.items[i].budget] - 1) < 1e-12);
        of[c.items[i].size]++;
    }
    EXPECT(of[3] > 1 && of[4] > 1 && of[5] > 0); /* the largest within four times the compute */
    candidates_free(&c);
}

static void says_why_not(void)
{
    struct fit_options o = fit_options_default();
    struct fit_report r;
    struct worth w;
    struct err err;
    const struct worth_in in = input(1);
    o.bootstrap = 0;
    o.break_sims = 0;
    EXPECT_OK(fit_analyse(&r, &table, &o, &err));
    EXPECT(worth_choose(&w, &r, &table, &in, &err) == E_DATA && strstr(err.msg, "there are no resamples"));
    worth_free(&w);
    fit_report_free(&r);
}

int main(int argc, char **argv)
{
    static const struct test cases[] = {{"one_run_does_what_its_moments_say", one_run_does_what_its_moments_say},
                                        {"sets", sets},
                                        {"costs", costs},
                                        {"chosen", chosen},
                                        {"candidates", candidates},
                                        {"sizes", sizes},
                                        {"lengthen", lengthen},
                                        {"says_why_not", says_why_not}};
    struct err err;
    if (make(&err) != OK) {
        fprintf(stderr, "test_worth: %s\n", err.msg);
        return 1;
    }
    int rc = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    candidates_free(&all);
    fit_report_free(&report);
    fit_table_free(&table);
    return rc;
}
