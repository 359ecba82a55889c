/* The search for a law's optimum on small and awkward tables: no plain optimiser finds a lower point. Subsets of simulated
 * tables, and of the public ones where those are present. */
#include "test.h"

#include <math.h>
#include <string.h>

#include "search_samples.h"

/* The objective of the test's own, from the papers' formulas, at E, ln A and ln B at the centre, exponents and ln g;
 * infinite outside the bounds. */
static double plain_objective(const struct sample *s, const double *p)
{
    const struct law *law = s->q.law;
    double sum = 0, delta = s->q.obj.delta;
    for (size_t j = 0; j < law->n_params; j++)
        if (!(p[j] >= law->params[j].lo && p[j] <= law->params[j].hi))
            return (double)INFINITY;
    for (size_t i = 0; i < s->q.n; i++) {
        double u = s->x[i].u, v = s->x[i].v, f;
        if (law == law_find("floor")) {
            f = p[0] + exp(p[1] - p[2] * u);
        } else {
            double a = p[1] - p[3] * u, b = p[2] - p[4] * v, g = law == law_find("joint") ? exp(p[5]) : 1;
            double top = fmax(a, b);
            f = p[0] + exp(top + g * log(exp((a - top) / g) + exp((b - top) / g)));
        }
        double r = log(f) - s->ln_loss[i], w = r > 0 ? s->q.obj.over : 1, size = fabs(r);
        sum += w * (size <= delta ? 0.5 * r * r : delta * (size - 0.5 * delta));
    }
    return isfinite(sum) ? sum : (double)INFINITY;
}

/* Nelder and Mead's simplex. */
static double simplex(const struct sample *s, double *p, int steps)
{
    size_t n = s->q.law->n_params, lo = 0;
    double x[LAW_MAX_PARAMS + 1][LAW_MAX_PARAMS], f[LAW_MAX_PARAMS + 1];
    for (size_t k = 0; k <= n; k++) {
        memcpy(x[k], p, n * sizeof *p);
        if (k > 0)
            x[k][k - 1] += k == 1 ? -0.3 * p[0] + 0.01 : 0.1;
        f[k] = plain_objective(s, x[k]);
    }
    for (int step = 0; step < steps; step++) {
        size_t hi = 0, next = 0;
        lo = 0;
        for (size_t k = 1; k <= n; k++) {
            lo = f[k] < f[lo] ? k : lo;
            hi = f[k] > f[hi] ? k : hi;
        }
        for (size_t k = 0; k <= n; k++)
            next = k != hi && (next == hi || f[k] > f[next]) ? k : next;
        if (!(f[hi] > f[lo] * (1 + 1e-13)))
            break;
        static const double reach[] = {-1, -2, 0.5, -0.5}; /* mirror, further, and to either side */
        double best[LAW_MAX_PARAMS], fb = (double)INFINITY;
        for (int t = 0; t < 4; t++) {
            double y[LAW_MAX_PARAMS];
            if ((t == 1 && !(fb < f[lo])) || (t >= 2 && fb < f[next]))
                continue;
            for (size_t j = 0; j < n; j++) {
                double mean = 0;
                for (size_t k = 0; k <= n; k++)
                    mean += k == hi ? 0 : x[k][j] / (double)n;
                y[j] = mean + reach[t] * (x[hi][j] - mean);
            }
            double fy = plain_objective(s, y);
            if (fy < fb) {
                fb = fy;
                memcpy(best, y, sizeof best);
            }
        }
        if (fb < f[hi]) {
            memcpy(x[hi], best, sizeof best);
            f[hi] = fb;
            continue;
        }
        for (size_t k = 0; k <= n; k++) {
            for (size_t j = 0; j < n && k != lo; j++)
                x[k][j] = 0.5 * (x[k][j] + x[lo][j]);
            f[k] = plain_objective(s, x[k]);
        }
    }
    memcpy(p, x[lo], n * sizeof *p);
    return f[lo];
}

/* Logarithms of losses are known to about 1e-14, which is all that a law without error can be told by. */
#define LN_ROUNDING 1e-12

static void search_and_simplex(struct sample *s, size_t k)
{
    struct rng rng = rng_make(9, RNG_TEST, k, s->q.n);
    struct solve_result r;
    struct err err;
    double least = (double)INFINITY, lowest = s->loss[0];
    s->q.obj.over = k % 3 == 2 ? 10 : 1;
    EXPECT_OK(search_global(&r, &s->q, &err));
    for (size_t i = 0; i < s->q.n; i++)
        lowest = fmin(lowest, s->loss[i]);
    for (int start = 0; start < 40; start++) {
        double p[LAW_MAX_PARAMS];
        for (size_t j = 0; j < s->q.law->n_params; j++) {
            enum law_kind kind = s->q.law->params[j].kind;
            double z = rng_double(&rng);
            p[j] = kind == LAW_LEVEL ? z * lowest : kind == LAW_EXPONENT ? 0.03 * pow(100, z) : 4 * z - 3;
        }
        for (int again = 0; again < 3; again++)
            least = fmin(least, simplex(s, p, 400));
    }
    double tol = 1e-7 * least + (double)s->q.n * LN_ROUNDING * LN_ROUNDING + 2 * LN_ROUNDING * sqrt(least);
    not_worse(s, k, r.objective, least, tol, "a simplex");
    double own = plain_objective(s, r.p);
    EXPECT_NEAR(r.objective, own, 1e-9 * own + 1e-11 * sqrt(own) + 1e-24);
}

static void simplex_finds_nothing_lower(void)
{
    over_simulated(50, search_and_simplex);
}

static void simplex_finds_nothing_lower_public(void)
{
    over_public(50, search_and_simplex);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"simplex_finds_nothing_lower", simplex_finds_nothing_lower},
        {"simplex_finds_nothing_lower_public", simplex_finds_nothing_lower_public},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
