/* The objective's sums over rows, by every path: the same digits, and the derivatives of its value. */
#include "test.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "fit/solve/sums.h"

enum { N = 70 };

struct rows {
    struct law_point x[N];
    double loss[N], ln_loss[N], w[N];
    struct solve_problem q;
};

/* Two seeds of each point, the second 20 rows after the first, and rows of weight 0. */
static void fill(struct rows *r, const struct law *law, enum solve_scale scale, uint64_t seed)
{
    struct rng rng = rng_make(seed, RNG_TEST, 33, 0);
    for (size_t i = 0; i < N; i++) {
        r->x[i] = (struct law_point){2 * rng_double(&rng) - 1, 2 * rng_double(&rng) - 1, 20, {0, 0}};
        if (rng_below(&rng, 2))
            r->x[i].hinge[0] = r->x[i].hinge[1] = rng_double(&rng);
        if (i / 20 % 2)
            r->x[i] = r->x[i - 20];
        r->loss[i] = 2 + rng_double(&rng);
        r->ln_loss[i] = log(r->loss[i]);
        r->w[i] = (double)rng_below(&rng, 4);
    }
    r->q = (struct solve_problem){.law = law, .n = N, .x = r->x, .loss = r->loss, .ln_loss = r->ln_loss, .w = r->w,
                                  .centre = {15, 18}, .obj = {SOLVE_HUBER, 0.1, scale, 0}};
    solve_map_identity(&r->q.map, law);
}

static void start(double *p, const struct law *law, struct rng *rng)
{
    for (size_t j = 0; j < law->n_params; j++)
        p[j] = 0.3 + 0.3 * rng_double(rng);
}

static bool same(const struct sums *a, const struct sums *b, size_t n)
{
    bool same = a->value == b->value;
    for (size_t i = 0; i < n; i++) {
        same = same && a->g[i] == b->g[i] && a->scale[i] == b->scale[i];
        for (size_t j = i; j < n; j++)
            same = same && a->h[i][j] == b->h[i][j];
    }
    return same;
}

/* All at once, where rows at one point share what they can, and row by row. */
static void expect_sum_of_rows(const struct rows *r, const double *p)
{
    struct sums all, sum = {0};
    size_t n = r->q.law->n_params;
    sums_at(&all, &r->q, p, 0.1);
    for (size_t i = 0; i < N; i++) {
        struct solve_problem one = r->q;
        struct sums s;
        one.n = 1, one.x += i, one.loss += i, one.ln_loss += i, one.w += i;
        sums_at(&s, &one, p, 0.1);
        sum.value += s.value;
        for (size_t a = 0; a < n; a++) {
            sum.g[a] += s.g[a];
            sum.scale[a] += s.scale[a];
            for (size_t b = a; b < n; b++)
                sum.h[a][b] += s.h[a][b];
        }
    }
    EXPECT_MSG(all.value == sum.value, "law %s: %.17g, row by row %.17g", r->q.law->name, all.value, sum.value);
    for (size_t a = 0; a < n; a++) {
        EXPECT_REL(all.g[a], sum.g[a], 1e-10);
        EXPECT_REL(all.scale[a], sum.scale[a], 1e-10);
        for (size_t b = a; b < n; b++)
            EXPECT_NEAR(all.h[a][b], sum.h[a][b], 1e-10 * (1 + fabs(sum.h[a][b])));
    }
}

static void expect_derivatives(const struct rows *r, const double *p)
{
    struct sums s, up, down;
    const double e = 1e-6;
    size_t n = r->q.law->n_params;
    sums_at(&s, &r->q, p, 10); /* no row beyond the delta, where the second derivative jumps */
    for (size_t a = 0; a < n; a++) {
        double q[LAW_MAX_PARAMS];
        memcpy(q, p, n * sizeof *q);
        q[a] = p[a] + e;
        sums_at(&up, &r->q, q, 10);
        q[a] = p[a] - e;
        sums_at(&down, &r->q, q, 10);
        EXPECT_NEAR(s.g[a], (up.value - down.value) / (2 * e), 1e-5 * (1 + fabs(s.g[a])));
        for (size_t b = a; b < n; b++)
            EXPECT_NEAR(s.h[a][b], (up.g[b] - down.g[b]) / (2 * e), 1e-4 * (1 + fabs(s.h[a][b])));
    }
}

static void every_law(void)
{
    struct rng rng = rng_make(1, RNG_TEST, 34, 0);
    static struct rows r;
    for (size_t k = 0; law_nth(k); k++)
        for (int bent = 0; bent < 2; bent++)
            for (int scale = SOLVE_LOG; scale <= SOLVE_LOG1P; scale++) {
                struct law law = bent ? law_bent(law_nth(k)) : *law_nth(k);
                double p[LAW_MAX_PARAMS];
                fill(&r, &law, (enum solve_scale)scale, 10 * k + (uint64_t)scale);
                start(p, &law, &rng);
                expect_sum_of_rows(&r, p);
                expect_derivatives(&r, p);
            }
}

/* A bent law of powers has a path of its own, and gives the digits of the one for all laws. */
static void bent_powers(void)
{
    static const char *const names[] = {"power", "floor", "chinchilla"};
    struct rng rng = rng_make(1, RNG_TEST, 35, 0);
    static struct rows r;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct law fast = law_bent(law_find(names[k])), slow = fast;
        double p[LAW_MAX_PARAMS];
        struct sums a, b;
        EXPECT(fast.n_bent_terms > 0);
        slow.n_bent_terms = 0;
        fill(&r, &fast, SOLVE_LOG, k);
        start(p, &fast, &rng);
        sums_at(&a, &r.q, p, 0.1);
        r.q.law = &slow;
        sums_at(&b, &r.q, p, 0.1);
        EXPECT_MSG(same(&a, &b, fast.n_params), "law %s: other digits", names[k]);
    }
}

static const struct test tests[] = {{"every_law", every_law}, {"bent_powers", bent_powers}};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
