/* Forecasts of runs under way, on sweeps that are made up: what they are made from, and whether their intervals hold. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/forecast.h"
#include "test.h"

enum { RUNS = 24, POINTS = 200 };

/* Runs whose curve is E + a t^-0.3 b(N), noisy, and whose last fifth falls by a factor that changes slowly with size and budget,
 * in place of a cooldown. Those of a seed are fed the same batches. */
struct made {
    struct forecast_run runs[RUNS];
    double at[RUNS][POINTS], curve[RUNS][POINTS], end[RUNS];
};

static void make(struct made *m)
{
    static const double sizes[] = {1e4, 3e4, 9e4}, budgets[] = {5e5, 1e6, 2e6, 4e6};
    size_t i = 0;
    double batch[2][POINTS];
    for (size_t s = 0; s < 2; s++)
        for (size_t k = 0; k < POINTS; k++)
            batch[s][k] = 0.03 * rng_normal(test_rng());
    for (size_t a = 0; a < 3; a++)
        for (size_t s = 0; s < 2; s++)
            for (size_t b = 0; b < 4; b++, i++) {
                double own = 0.004 * rng_normal(test_rng());
                for (size_t k = 0; k < POINTS; k++) {
                    double t = budgets[b] * (double)(k + 1) / POINTS;
                    m->at[i][k] = t;
                    m->curve[i][k] = (0.7 + 20 * pow(t, -0.3) * pow(sizes[a], -0.1)) *
                                     exp(own + 0.01 * rng_normal(test_rng()) + batch[s][(size_t)(t / 4e6 * (POINTS - 1))]);
                }
                m->end[i] = (0.7 + 20 * pow(budgets[b], -0.3) * pow(sizes[a], -0.1)) *
                            exp(own - 0.05 - 0.005 * log(sizes[a] / 3e4) + 0.004 * log(budgets[b] / 1e6) +
                                0.003 * rng_normal(test_rng()));
                m->runs[i] = (struct forecast_run){.params = sizes[a], .tokens = budgets[b], .trunk = 2 * a + s,
                                                   .order = (double)s + 1, .loss = m->end[i], .n = POINTS, .at = m->at[i],
                                                   .curve = m->curve[i],
                                                   .law = {(double)NAN, (double)NAN, (double)NAN, (double)NAN}};
            }
}

/* Run i is under way, at that share of its tokens. */
static struct forecast ask(const struct made *m, size_t i, double share, bool siblings)
{
    struct forecast_run runs[RUNS];
    for (size_t j = 0; j < RUNS; j++) {
        runs[j] = m->runs[j];
        if (j == i || !siblings)
            runs[j].loss = (double)NAN;
    }
    runs[i].n = (size_t)(share * POINTS);
    return forecast_of(runs, RUNS, i);
}

static void intervals_hold(void)
{
    static struct made m;
    size_t held = 0, n = 0;
    double width = 0, miss = 0;
    for (int k = 0; k < 10; k++) {
        make(&m);
        for (size_t i = 0; i < RUNS; i++)
            for (double share = 0.25; share < 0.8; share += 0.25) {
                struct forecast f = ask(&m, i, share, true);
                EXPECT(f.from == FORECAST_SIBLINGS && f.lo < f.value && f.value < f.hi);
                held += f.lo <= m.end[i] && m.end[i] <= f.hi;
                width += log(f.hi / f.lo);
                miss += fabs(log(f.value / m.end[i]));
                n++;
            }
    }
    printf("  %.1f %% held, mean width %.2f %%, off by %.2f %%\n", 100.0 * (double)held / (double)n, 100 * width / (double)n,
           100 * miss / (double)n);
    EXPECT((double)held >= 0.95 * (double)n);
    EXPECT(width / (double)n <= 0.06);
    EXPECT(miss / (double)n <= 0.007);
}

/* Less is known, so less is claimed. */
static void wider_alone(void)
{
    static struct made m;
    make(&m);
    struct forecast alone = ask(&m, 5, 0.5, false), both = ask(&m, 5, 0.5, true), late = ask(&m, 5, 0.75, true);
    EXPECT(alone.from == FORECAST_CURVE && both.from == FORECAST_SIBLINGS);
    EXPECT(log(alone.hi / alone.lo) > 2 * log(both.hi / both.lo));
    EXPECT(alone.lo < m.end[5] && m.end[5] < alone.hi);
    EXPECT(late.from == FORECAST_SIBLINGS);
}

/* Batches that are hard for one run are hard for all that are fed them: who knows so knows more. */
static void same_batches(void)
{
    static struct made m;
    double same = 0, other = 0;
    for (int k = 0; k < 5; k++) {
        make(&m);
        for (size_t i = 0; i < RUNS; i++)
            same += fabs(log(ask(&m, i, 0.5, true).value / m.end[i]));
        for (size_t i = 0; i < RUNS; i++)
            m.runs[i].order = (double)i;
        for (size_t i = 0; i < RUNS; i++)
            other += fabs(log(ask(&m, i, 0.5, true).value / m.end[i]));
    }
    printf("  off by %.2f %%, by %.2f %% where it is not known\n", 100 * same / (5 * RUNS), 100 * other / (5 * RUNS));
    EXPECT(same < 0.9 * other);
}

static void not_yet(void)
{
    static struct made m;
    make(&m);
    struct forecast_run run = m.runs[3];
    run.loss = (double)NAN;
    run.n = 0;
    struct forecast f = forecast_of(&run, 1, 0);
    EXPECT(f.from == FORECAST_NONE && isnan(f.value) && isnan(f.lo));
    EXPECT(strcmp(forecast_source(f.from), "not yet") == 0);
    run.n = 2; /* one hundredth of its budget */
    EXPECT(forecast_of(&run, 1, 0).from == FORECAST_NONE);
    run.n = 40;
    for (size_t k = 0; k < 40; k++)
        m.curve[3][k] = (double)NAN; /* it has diverged */
    EXPECT(forecast_of(&run, 1, 0).from == FORECAST_NONE);
    run.law = (struct fit_value){1.2, 0.01, 1.1, 1.3};
    f = forecast_of(&run, 1, 0);
    EXPECT(f.from == FORECAST_LAW);
    EXPECT_NEAR(f.value, 1.2, 1e-12);
    EXPECT(f.lo <= 1.11 && f.hi >= 1.29 && f.lo > 0.8 && f.hi < 1.8);
}

/* A law that agrees narrows; one that does not widens, and pulls. */
static void with_law(void)
{
    static struct made m;
    make(&m);
    struct forecast_run runs[RUNS];
    memcpy(runs, m.runs, sizeof runs);
    runs[9].loss = (double)NAN;
    runs[9].n = POINTS / 4;
    struct forecast own = forecast_of(runs, RUNS, 9);
    runs[9].law = (struct fit_value){own.value, 0.001, own.value * 0.998, own.value * 1.002};
    struct forecast agrees = forecast_of(runs, RUNS, 9);
    EXPECT(agrees.from == FORECAST_BOTH && agrees.hi - agrees.lo < own.hi - own.lo);
    runs[9].law = (struct fit_value){own.value * 1.5, 0.001, own.value * 1.49, own.value * 1.51};
    struct forecast differs = forecast_of(runs, RUNS, 9);
    EXPECT(differs.hi - differs.lo > own.hi - own.lo && differs.value > own.value);
    /* numbers that are none are no law */
    runs[9].law = (struct fit_value){own.value, 0.001, (double)NAN, own.value};
    EXPECT(forecast_of(runs, RUNS, 9).from == FORECAST_SIBLINGS);
}

/* More siblings than are looked at, and runs that all are alike: an answer in either case. */
static void many_and_same(void)
{
    static struct made m;
    static struct forecast_run runs[300];
    make(&m);
    for (size_t i = 0; i < 300; i++)
        runs[i] = m.runs[i % RUNS];
    runs[299].loss = (double)NAN;
    runs[299].n = POINTS / 2;
    struct forecast f = forecast_of(runs, 300, 299);
    EXPECT(f.from == FORECAST_SIBLINGS && f.lo < f.value && f.value < f.hi && isfinite(f.hi));
    for (size_t i = 0; i < 300; i++)
        runs[i] = m.runs[0];
    runs[299].loss = (double)NAN;
    runs[299].n = POINTS / 2;
    f = forecast_of(runs, 300, 299);
    EXPECT(isfinite(f.lo) && f.lo < m.end[0] && m.end[0] < f.hi);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"intervals_hold", intervals_hold}, {"wider_alone", wider_alone}, {"not_yet", not_yet},
                                        {"same_batches", same_batches},
                                        {"with_law", with_law},             {"many_and_same", many_and_same}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
