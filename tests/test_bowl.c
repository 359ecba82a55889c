/* Bowls of known bottom: a parabola, a skewed one, edges, chance; and the law through several. */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/akima.h"
#include "fit/bowl.h"
#include "fit/bowl_law.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define NONE ((double)NAN)

/* Rates a factor apart from `first` on, the loss of each as `f` has it about ln `at`. */
static size_t fill(struct bowl_point *p, size_t n, double first, double factor, double at, double (*f)(double z))
{
    for (size_t i = 0; i < n; i++) {
        double x = first * pow(factor, (double)i);
        p[i] = (struct bowl_point){x, f(log(x / at))};
    }
    return n;
}

static double round_bowl(double z)
{
    return 1.5 + 0.03 * z * z;
}

/* Flat below, steep above: the lowest value at z = 0. */
static double skewed_bowl(double z)
{
    return 1.5 + 0.02 * (exp(1.5 * z) - 1.5 * z - 1);
}

static void test_parabola(void)
{
    struct bowl_point p[5];
    struct bowl b;
    bowl_fit(&b, p, fill(p, 5, 0.002, 2, 0.0093, round_bowl), NONE, NONE);
    EXPECT(b.state == BOWL_FOUND && !b.skewed);
    EXPECT_REL(b.x.value, 0.0093, 1e-9);
    EXPECT_NEAR(b.loss, 1.5, 1e-12);
    EXPECT_REL(b.steep, 0.03, 1e-9);
    EXPECT_REL(b.best, 0.008, 1e-12);
    EXPECT_REL(bowl_at(&b, 0.02), round_bowl(log(0.02 / 0.0093)), 1e-9);
    EXPECT(isnan(bowl_next(&b, 2)));
    /* any order, and numbers however small */
    struct bowl_point q[3] = {{4e-12, 2}, {1e-12, 2}, {2e-12, 1}};
    bowl_fit(&b, q, 3, NONE, NONE);
    EXPECT(b.state == BOWL_FOUND);
    EXPECT_REL(b.x.value, 2e-12, 1e-9);
}

static void test_skewed(void)
{
    struct bowl_point p[7];
    struct bowl b;
    bowl_fit(&b, p, fill(p, 7, 0.001, 2, 0.0093, skewed_bowl), NONE, NONE);
    EXPECT(b.state == BOWL_FOUND && b.skewed);
    /* between points a factor of two apart: what is missed costs less than a 300th of the bowl's depth */
    EXPECT_MSG(fabs(log(b.x.value / 0.0093)) < 0.2, "bottom at %g, not .0093", b.x.value);
    EXPECT_NEAR(skewed_bowl(log(b.x.value / 0.0093)), 1.5, 1e-3);
    EXPECT_NEAR(b.loss, 1.5, 2e-3);
    EXPECT_NEAR(bowl_at(&b, 0.004), p[2].loss, 1e-12);
    EXPECT(b.steep > 0);
}

static void test_edges(void)
{
    struct bowl_point p[5];
    struct bowl b;
    bowl_fit(&b, p, fill(p, 5, 0.002, 2, 0.001, round_bowl), NONE, NONE);
    EXPECT(b.state == BOWL_LOW_EDGE && isnan(b.x.value) && isnan(bowl_at(&b, 0.002)));
    EXPECT_REL(bowl_next(&b, 4), 0.0005, 1e-12);
    bowl_fit(&b, p, fill(p, 5, 0.002, 2, 0.1, round_bowl), NONE, NONE);
    EXPECT(b.state == BOWL_HIGH_EDGE && isnan(b.x.value));
    EXPECT_REL(bowl_next(&b, 4), 0.128, 1e-12);
    p[4].loss = (double)INFINITY;
    bowl_fit(&b, p, 5, NONE, NONE);
    EXPECT(b.state == BOWL_HIGH_EDGE);
    EXPECT_REL(bowl_next(&b, 4), sqrt(0.016 * 0.032), 1e-12);
    p[4].loss = NONE;
    bowl_fit(&b, p, 5, NONE, NONE);
    EXPECT(b.state == BOWL_HIGH_EDGE);
}

static void test_few(void)
{
    struct bowl b;
    struct bowl_point p[3] = {{0.004, 2}, {0.004, 2.1}, {0.008, NONE}};
    bowl_fit(&b, p, 0, NONE, NONE);
    EXPECT(b.state == BOWL_FEW && isnan(bowl_next(&b, 2)));
    bowl_fit(&b, p, 2, NONE, NONE);
    EXPECT(b.state == BOWL_FEW);
    EXPECT_REL(bowl_next(&b, 2), 0.008, 1e-12);
    bowl_fit(&b, p + 2, 1, NONE, NONE);
    EXPECT(b.state == BOWL_FEW);
    EXPECT_REL(bowl_next(&b, 2), 0.004, 1e-12);
    bowl_fit(&b, p, 3, NONE, NONE);
    EXPECT(b.state == BOWL_LOW_EDGE);
}

/* Of bowls with chance, the interval holds the bottom about as often as it says. */
static void cover(double (*f)(double), size_t seeds, bool known, double closed_share, const char *what)
{
    enum { TRIALS = 400 };
    const double sd = 0.004, at = 0.0093;
    size_t covered = 0, closed = 0;
    double width = 0;
    for (size_t k = 0; k < TRIALS; k++) {
        struct bowl_point p[14];
        struct bowl b;
        for (size_t s = 0; s < seeds; s++)
            fill(p + 7 * s, 7, 0.00125, 2, at, f);
        for (size_t i = 0; i < 7 * seeds; i++)
            p[i].loss += sd * rng_normal(test_rng());
        bowl_fit(&b, p, 7 * seeds, known ? sd : NONE, known ? (double)INFINITY : NONE);
        bool lo = !(b.x.lo > at), hi = !(b.x.hi < at);
        covered += b.state == BOWL_FOUND && lo && hi;
        closed += isfinite(b.x.lo) && isfinite(b.x.hi);
        width += isfinite(b.x.lo) && isfinite(b.x.hi) ? log(b.x.hi / b.x.lo) : 0;
    }
    EXPECT_MSG((double)covered >= 0.9 * TRIALS, "%s: %zu of %d intervals hold the bottom", what, covered, TRIALS);
    EXPECT_MSG((double)closed > closed_share * TRIALS && width / (double)closed < 1, "%s: %zu closed, mean width %g", what, closed,
               width / (double)closed);
}

static void test_intervals(void)
{
    cover(round_bowl, 1, true, 0.99, "a parabola, chance known");
    cover(round_bowl, 1, false, 0.3, "a parabola, chance of its own");
    cover(round_bowl, 2, false, 0.99, "a parabola, two seeds");
    cover(skewed_bowl, 2, true, 0.9, "skewed, chance known");
}

static void test_pool(void)
{
    enum { BOWLS = 60 };
    static struct bowl b[BOWLS];
    for (size_t k = 0; k < BOWLS; k++) {
        struct bowl_point p[5];
        fill(p, 5, 0.002, 2, 0.008, round_bowl);
        for (size_t i = 0; i < 5; i++)
            p[i].loss += 0.002 * rng_normal(test_rng());
        bowl_fit(&b[k], p, 5, NONE, NONE);
    }
    double df;
    EXPECT_REL(bowl_pool(&df, b, BOWLS), 0.002, 0.25);
    EXPECT(df > BOWLS);
    EXPECT(isnan(bowl_pool(&df, b, 0)));
}

static void test_law(void)
{
    struct bowl_site s[5];
    struct bowl_law law;
    const double n[] = {1e4, 1e6, 1e4, 1e6, 1e5}, d[] = {1e5, 1e5, 1e7, 1e7, 1e6};
    for (size_t i = 0; i < 5; i++)
        s[i] = (struct bowl_site){n[i], d[i], 0.3 * pow(n[i], -0.23) * pow(d[i], -0.11), 0.05};
    bowl_law_fit(&law, s, 5, true, (double)INFINITY);
    EXPECT(law.has_n && law.has_d);
    EXPECT_NEAR(law.n_exponent, -0.23, 1e-9);
    EXPECT_NEAR(law.d_exponent, -0.11, 1e-9);
    EXPECT_REL(law.a, 0.3, 1e-9);
    struct fit_value v = bowl_law_at(&law, 3e6, 2e7);
    EXPECT_REL(v.value, 0.3 * pow(3e6, -0.23) * pow(2e7, -0.11), 1e-9);
    EXPECT(v.lo < v.value && v.value < v.hi);
    /* in size alone it goes through the middle */
    bowl_law_fit(&law, s, 5, false, (double)INFINITY);
    EXPECT(law.has_n && !law.has_d && law.d_exponent == 0);
    EXPECT_REL(bowl_law_at(&law, 1e5, 1).value, s[4].x, 1e-9);
}

/* What sites do not tell is not made up. */
static void test_law_not_told(void)
{
    struct bowl_law law;
    const struct bowl_site one[] = {{1e4, 1e6, 0.01, 0.2}}, line[] = {{1e4, 1e5, 0.02, 0.2}, {1e5, 1e6, 0.01, 0.2}},
                           sizes[] = {{1e4, 1e6, 0.02, 0.2}, {1e6, 1e6, 0.01, 0.2}},
                           budgets[] = {{1e4, 1e6, 0.02, 0.2}, {1e4, 1e7, 0.01, 0.2}};
    bowl_law_fit(&law, one, 1, true, (double)INFINITY);
    EXPECT(!law.has_n && !law.has_d);
    EXPECT_REL(bowl_law_at(&law, 1e7, 1e9).value, 0.01, 1e-12);
    EXPECT(isnan(law.scatter) && isfinite(bowl_law_at(&law, 1e7, 1e9).hi));
    bowl_law_fit(&law, line, 2, true, (double)INFINITY);
    EXPECT(law.has_n && !law.has_d);
    EXPECT_REL(bowl_law_at(&law, 1e5, 1e9).value, 0.01, 1e-9);
    bowl_law_fit(&law, sizes, 2, true, (double)INFINITY);
    EXPECT(law.has_n && !law.has_d);
    EXPECT_NEAR(law.n_exponent, log(0.5) / log(100), 1e-9);
    bowl_law_fit(&law, budgets, 2, true, (double)INFINITY);
    EXPECT(!law.has_n && law.has_d);
    EXPECT_NEAR(law.d_exponent, log(0.5) / log(10), 1e-9);
}

/* Bowls that tell little leave an exponent near 0, those that tell much have their way; the rate in the middle stays. */
static void test_law_drawn(void)
{
    struct bowl_law law;
    struct bowl_site vague[] = {{1e4, 1e5, 0.004, 0.7}, {1e4, 8e5, 0.001, 0.7}};
    bowl_law_fit(&law, vague, 2, true, 0.3);
    /* two sites z apart, each of variance w: their power has the variance 2 w / z^2, against .09 */
    double z = log(8), w = 0.7 * 0.7 + 0.1 * 0.1, alone = log(0.25) / z;
    EXPECT_NEAR(law.d_exponent, alone * 0.09 / (0.09 + 2 * w / (z * z)), 1e-9);
    EXPECT_REL(bowl_law_at(&law, 1e4, sqrt(8) * 1e5).value, 0.002, 1e-9);
    EXPECT(law.has_d && !law.has_n && law.n_exponent == 0);
    struct bowl_site sure[] = {{1e4, 1e5, 0.004, 0.01}, {1e4, 1e8, 0.001, 0.01}};
    bowl_law_fit(&law, sure, 2, true, 0.3);
    EXPECT_REL(law.d_exponent, log(0.25) / log(1000), 0.01);
}

/* What one seed tells of a bottom is not told better by points that lie on a parabola: the luck of the seed goes with the rate. */
static void test_law_site(void)
{
    struct bowl b;
    struct bowl_point p[20];
    for (size_t i = 0; i < 4; i++)
        fill(p + 5 * i, 5, 0.002, 2, 0.008, round_bowl);
    for (size_t seeds = 1; seeds <= 4; seeds++) {
        bowl_fit(&b, p, 5 * seeds, NONE, NONE);
        struct bowl_site s = bowl_law_site(1e4, 1e6, &b);
        EXPECT(s.n == 1e4 && s.d == 1e6 && s.x == b.x.value);
        EXPECT_REL(s.se, BOWL_SEED_SD / sqrt((double)seeds), 1e-12);
    }
    bowl_fit(&b, p, 5, 1, (double)INFINITY); /* and what a bowl does not tell is not known */
    EXPECT(b.x.se > 1);
    EXPECT(bowl_law_site(1e4, 1e6, &b).se == b.x.se);
}

static void test_akima(void)
{
    const double u[] = {0, 1, 2, 3, 4}, line[] = {1, 3, 5, 7, 9}, v[] = {4, 1, 0, 1, 4};
    double m[AKIMA_SCRATCH(5)];
    akima_slopes(m, u, line, 5);
    EXPECT_NEAR(akima_at(m, u, line, 5, 2.3), 5.6, 1e-12);
    EXPECT_NEAR(akima_at(m, u, line, 5, -1), 1, 1e-12);
    akima_slopes(m, u, v, 5);
    EXPECT_NEAR(akima_minimum(m, u, v, 5), 2, 1e-12);
    EXPECT_NEAR(akima_at(m, u, v, 5, 4), 4, 1e-12);
    /* a step bends nothing but itself */
    const double at[] = {0, 1, 2, 3, 4, 5}, step[] = {0, 0, 0, 1, 1, 1};
    double k[AKIMA_SCRATCH(6)];
    akima_slopes(k, at, step, 6);
    EXPECT_NEAR(akima_at(k, at, step, 6, 1.5), 0, 1e-12);
    EXPECT_NEAR(akima_at(k, at, step, 6, 2.5), 0.5, 1e-12);
    akima_slopes(m, u, line, 2);
    EXPECT_NEAR(akima_at(m, u, line, 2, 0.5), 2, 1e-12);
}

static const struct test tests[] = {
    {"parabola", test_parabola}, {"skewed", test_skewed}, {"edges", test_edges},
    {"few", test_few},           {"intervals", test_intervals}, {"pool", test_pool},
    {"law", test_law},           {"law_not_told", test_law_not_told}, {"law_drawn", test_law_drawn},
    {"law_site", test_law_site}, {"akima", test_akima},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, LEN(tests));
}
