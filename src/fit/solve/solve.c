#include "fit/solve/solve.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/solve/sums.h"

#define NP LAW_MAX_PARAMS

void solve_on_map(double *p, const struct solve_problem *q)
{
    double z[NP];
    if (q->map.identity)
        return;
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = p[q->map.of[j]];
    solve_map_inner(p, &q->map, z, q->law->n_params);
}

double solve_objective(const struct solve_problem *q, const double *p)
{
    double sum = 0;
    struct law_at at = law_at(q->law, p, &q->centre);
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i);
        if (w == 0)
            continue;
        double r = sums_residual(q, i, law_at_value(&at, &q->x[i]));
        sum += w * (q->obj.loss == SOLVE_LAD ? sums_side(&q->obj, r) * fabs(r) : sums_rho(&q->obj, q->obj.delta, r).value);
    }
    return isfinite(sum) ? sum : (double)INFINITY;
}

/* --- damped Newton on a box -------------------------------------------------------------------- */

/* Solve (H + lambda D) s = -g over the listed variables; false where that is not positive definite. */
static bool newton_step(double *step, const struct sums *s, const size_t *idx, size_t n, double lambda)
{
    double l[NP][NP], y[NP];
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++) {
            size_t i = idx[b], j = idx[a];
            double sum = i <= j ? s->h[i][j] : s->h[j][i];
            double diag = a == b ? sum + lambda * s->scale[i] : sum;
            double whole = fabs(diag);
            for (size_t k = 0; k < b; k++)
                diag -= l[a][k] * l[b][k];
            if (a == b) {
                if (!(diag > 1e-13 * whole) || !(diag > DBL_MIN))
                    return false;
                l[a][a] = sqrt(diag);
            } else {
                l[a][b] = diag / l[b][b];
            }
        }
    for (size_t a = 0; a < n; a++) {
        y[a] = -s->g[idx[a]];
        for (size_t k = 0; k < a; k++)
            y[a] -= l[a][k] * y[k];
        y[a] /= l[a][a];
    }
    for (size_t a = n; a-- > 0;) {
        for (size_t k = a + 1; k < n; k++)
            y[a] -= l[k][a] * y[k];
        y[a] /= l[a][a];
    }
    for (size_t a = 0; a < n; a++)
        step[a] = y[a];
    return true;
}

struct box {
    struct solve_range of[NP]; /* (n_free) */
};

static struct box box_of(const struct solve_problem *q)
{
    struct box box = {{{0, 0}}};
    for (size_t j = 0; j < q->map.n_free; j++)
        box.of[j] = solve_map_range(&q->map, q->law, j);
    return box;
}

/* Variables that may move: not at a bound with the slope pushing outwards. */
static size_t free_set(size_t *idx, size_t n_free, const struct box *box, const double *z, const double *g)
{
    size_t n = 0;
    for (size_t j = 0; j < n_free; j++) {
        const struct solve_range *b = &box->of[j];
        if (!((z[j] <= b->lo && g[j] > 0) || (z[j] >= b->hi && g[j] < 0)))
            idx[n++] = j;
    }
    return n;
}

#define FIRST_LAMBDA 1e-4
#define LAMBDA_MAX 1e12
/* A promised decrease below this share of the objective is rounding. */
#define DECREASE_TOL 1e-14

/* The step from z in the box; what Newton's model promises to gain by it. */
static double bounded_step(double *next, const double *z, const double *step, const struct sums *s,
                           const size_t *idx, size_t n, const struct box *box)
{
    double promised = 0;
    for (size_t a = 0; a < n; a++) {
        const struct solve_range *b = &box->of[idx[a]];
        next[idx[a]] = fmin(fmax(z[idx[a]] + step[a], b->lo), b->hi);
        promised -= s->g[idx[a]] * (next[idx[a]] - z[idx[a]]);
    }
    return promised;
}

/* A variable whose moves change a prediction by less than this share of what others change is a term that has gone. */
#define GONE 1e-9

static bool moves_nothing(const struct sums *s, size_t n_free, size_t a)
{
    double top = 0;
    for (size_t b = 0; b < n_free; b++)
        top = fmax(top, s->scale[b]);
    return !(s->scale[a] > GONE * GONE * top);
}

/* Without the variables of terms that have gone; returns how many are left. */
static size_t without_gone(size_t *idx, size_t n, const struct sums *s, size_t n_free)
{
    size_t left = 0;
    for (size_t a = 0; a < n; a++)
        if (!moves_nothing(s, n_free, idx[a]))
            idx[left++] = idx[a];
    return left;
}

static bool descend(double *z, const struct solve_problem *q, const struct box *box, double delta,
                    size_t max_iter, size_t *iterations)
{
    struct sums s, t;
    double lambda = FIRST_LAMBDA;
    size_t n_free = q->map.n_free;
    bool undamped = false; /* the step without damping has been tried from here */
    bool gone = false;     /* a term has gone: it bends nothing, and must not keep the others from their optimum */
    sums_at(&s, q, z, delta);
    if (!isfinite(s.value))
        return false;
    for (size_t it = 0; it < max_iter; it++) {
        size_t idx[NP], n = free_set(idx, n_free, box, z, s.g);
        double step[NP], next[NP];
        if (gone)
            n = without_gone(idx, n, &s, n_free);
        if (n == 0)
            return true;
        while (!newton_step(step, &s, idx, n, lambda)) {
            lambda = fmax(lambda * 10, 1e-6);
            if (lambda < LAMBDA_MAX)
                continue;
            size_t left = without_gone(idx, n, &s, n_free);
            if (left == 0 || left == n)
                return false;
            gone = true;
            n = left;
            lambda = FIRST_LAMBDA;
        }
        memcpy(next, z, n_free * sizeof *next);
        double promised = bounded_step(next, z, step, &s, idx, n, box);
        bool tiny = lambda <= 1e-3 && fabs(promised) <= DECREASE_TOL * s.value + DBL_MIN;
        /* damping hides what a flat valley still holds: believed only without */
        if (tiny && lambda > 0 && !undamped && newton_step(step, &s, idx, n, 0)) {
            undamped = true;
            lambda = 0;
            promised = bounded_step(next, z, step, &s, idx, n, box);
            tiny = fabs(promised) <= DECREASE_TOL * s.value + DBL_MIN;
        }
        ++*iterations;
        if (tiny) {
            memcpy(z, next, n_free * sizeof *next); /* the last digits */
            return true;
        }
        sums_at(&t, q, next, delta);
        if (isfinite(t.value) && t.value <= s.value - 1e-4 * fmax(promised, 0) &&
            t.value < s.value) {
            memcpy(z, next, n_free * sizeof *next);
            s = t;
            lambda = lambda < 1e-9 ? 0 : lambda * 0.05;
            undamped = false;
        } else if (fabs(promised) <= 1e-11 * s.value && lambda <= 1e-3) {
            return true; /* the values can no longer be told apart */
        } else {
            lambda = fmax(lambda * 8, 1e-6);
            if (!(lambda < LAMBDA_MAX))
                return fabs(promised) <= 1e-9 * s.value;
        }
    }
    return false;
}

/* Step from wide to narrow Huber losses on the way to absolute deviations. */
static const double lad_deltas[] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};

void solve_from(struct solve_result *out, const struct solve_problem *q, const double *start)
{
    double z[NP];
    const struct box box = box_of(q);
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = fmin(fmax(start[q->map.of[j]], box.of[j].lo), box.of[j].hi);
    memset(out, 0, sizeof *out); /* only now: start may lie in it */
    if (q->obj.loss == SOLVE_LAD) {
        for (size_t k = 0; k < sizeof lad_deltas / sizeof *lad_deltas; k++)
            out->converged = descend(z, q, &box, lad_deltas[k], 200, &out->iterations);
    } else {
        out->converged = descend(z, q, &box, q->obj.delta, 300, &out->iterations);
    }
    solve_map_inner(out->p, &q->map, z, q->law->n_params);
    out->objective = solve_objective(q, out->p);
    for (size_t j = 0; j < q->map.n_free; j++) {
        if (z[j] > box.of[j].lo && z[j] < box.of[j].hi)
            continue;
        for (size_t i = 0; i < q->law->n_params; i++) /* itself, and what equals it */
            if (q->map.m[q->map.ln_of[i] ? q->map.ln_of[i] - 1 : i][j] == 1)
                out->at_bound |= 1u << i;
    }
}

/* --- likelihood --------------------------------------------------------------------------------- */

bool solve_covariance(double cov[NP][NP], const struct solve_problem *q, const double *p, double tau)
{
    double z[NP], d[NP][NP], inv[NP][NP] = {{0}};
    size_t idx[NP];
    struct sums s;
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = p[q->map.of[j]];
    sums_at(&s, q, z, q->obj.loss == SOLVE_LAD ? 1e-3 : q->obj.delta);
    const struct box box = box_of(q);
    size_t n = free_set(idx, q->map.n_free, &box, z, s.g);
    solve_map_slopes(d, &q->map, p, q->law->n_params);
    for (size_t b = 0; b < n; b++) { /* column by column: H x = e_b */
        double x[NP];
        for (size_t a = 0; a < n; a++)
            s.g[idx[a]] = a == b ? -1 : 0;
        if (!newton_step(x, &s, idx, n, 0))
            return false;
        for (size_t a = 0; a < n; a++)
            inv[idx[a]][idx[b]] = tau * x[a];
    }
    for (size_t i = 0; i < q->law->n_params; i++)
        for (size_t j = 0; j < q->law->n_params; j++) {
            cov[i][j] = 0;
            for (size_t a = 0; a < q->map.n_free; a++)
                for (size_t b = 0; b < q->map.n_free; b++)
                    cov[i][j] += d[i][a] * inv[a][b] * d[j][b];
        }
    return true;
}

/* --- what the last digits of the losses do ---------------------------------------------------------- */

/* Derivative of a residual in ln loss, up to its sign. */
static double residual_slope(const struct solve_problem *q, size_t i)
{
    double y = q->loss[i];
    return q->obj.scale == SOLVE_RAW ? y : q->obj.scale == SOLVE_LOG1P ? y / (1 + y) : 1;
}

static double last_delta(const struct solve_objective *o)
{
    return o->loss == SOLVE_LAD ? lad_deltas[sizeof lad_deltas / sizeof *lad_deltas - 1] : o->delta;
}

double solve_slack(const struct solve_problem *q, const double *p, double share)
{
    struct law_at at = law_at(q->law, p, &q->centre);
    double sum = 0, delta = q->obj.loss == SOLVE_LAD ? 1 : q->obj.delta;
    for (size_t i = 0; i < q->n; i++) {
        double r = sums_residual(q, i, law_at_value(&at, &q->x[i])), step = share * residual_slope(q, i);
        double d1 = q->obj.loss == SOLVE_LAD ? sums_side(&q->obj, r) : fabs(sums_rho(&q->obj, delta, r).d1);
        sum += solve_weight(q, i) * (d1 + step) * step;
    }
    return sum;
}

/* The part of the Hessian that can be solved with: variables that move nothing are left out, and what is flat gets just
 * enough damping. Returns how many are left, 0 where none, and that damping. */
static size_t solvable(size_t *idx, double *lambda, const struct solve_problem *q, const double *z,
                       const struct sums *s)
{
    const struct box box = box_of(q);
    size_t m = free_set(idx, q->map.n_free, &box, z, s->g), n = without_gone(idx, m, s, q->map.n_free);
    double step[NP];
    for (*lambda = 0; !newton_step(step, s, idx, n, *lambda); *lambda = fmax(10 * *lambda, 1e-12))
        if (*lambda > 1e-6)
            return 0;
    return n;
}

/* Add the moves of the outer parameters, in logarithms or as they are, for a move x of the free variables. */
static void add_moves(double *moves, const struct solve_problem *q, double d[NP][NP], const double *x)
{
    double dp[NP];
    size_t n = q->law->n_params;
    for (size_t i = 0; i < n; i++) {
        dp[i] = 0;
        for (size_t a = 0; a < q->map.n_free; a++)
            dp[i] += d[i][a] * x[a];
    }
    for (size_t i = 0; i < n; i++) {
        const struct law_param *a = &q->law->params[i];
        bool coef = a->kind == LAW_COEF;
        moves[i] += fabs(dp[i] + (coef ? dp[a->partner] * (a->var ? q->centre.v : q->centre.u) : 0));
    }
}

/* Directions along which the objective bends less than this share of what its rows could bend it: there the optimum is
 * a segment, and a point of it an accident. */
#define FLAT 1e-12
/* A parameter lies along one where so much of a move of a variable is left when all that bends is taken out of it. */
#define FLAT_PART 1e-3

static void mark_flat(double moves[NP], const struct solve_problem *q, double d[NP][NP], struct sums *s,
                      const size_t *idx, size_t m, double lambda)
{
    lambda = fmax(lambda, FLAT);
    for (size_t a = 0; a < m; a++) {
        double step[NP], x[NP] = {0}, along[NP] = {0};
        for (size_t b = 0; b < m; b++)
            s->g[idx[b]] = a == b ? -lambda * s->scale[idx[b]] : 0;
        if (!newton_step(step, s, idx, m, lambda))
            continue;
        for (size_t b = 0; b < m; b++)
            x[idx[b]] = step[b];
        add_moves(along, q, d, x);
        for (size_t i = 0; i < q->law->n_params; i++)
            if (along[i] > FLAT_PART)
                moves[i] = (double)INFINITY;
    }
}

void solve_sensitivity(double moves[NP], const struct solve_problem *q, const double *p, double share)
{
    double z[NP], d[NP][NP], lambda, delta = last_delta(&q->obj);
    size_t idx[NP], n = q->law->n_params;
    struct sums s;
    struct law_at at = law_at(q->law, p, &q->centre);
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = p[q->map.of[j]];
    sums_at(&s, q, z, delta);
    solve_map_slopes(d, &q->map, p, n);
    size_t m = solvable(idx, &lambda, q, z, &s);
    for (size_t i = 0; i < n; i++)
        moves[i] = 0;
    for (size_t i = 0; i < q->n && m > 0; i++) {
        struct law_jet f;
        double step[NP], x[NP] = {0}, c1, c2, cs;
        law_at_jet(&f, &at, &q->x[i]);
        struct sums_rho k = sums_rho(&q->obj, delta, sums_residual(q, i, f.v));
        k.d1 = k.d2; /* the slope of a row's pull in its loss */
        sums_factors(q, &k, solve_weight(q, i), f.v, &c1, &c2, &cs);
        if (c1 == 0)
            continue;
        for (size_t a = 0; a < q->map.n_free; a++) {
            s.g[a] = 0;
            for (size_t j = 0; j < n; j++)
                s.g[a] += c1 * residual_slope(q, i) * share * f.g[j] * d[j][a];
        }
        if (!newton_step(step, &s, idx, m, lambda))
            break;
        for (size_t a = 0; a < m; a++)
            x[idx[a]] = step[a];
        add_moves(moves, q, d, x);
    }
    mark_flat(moves, q, d, &s, idx, m, lambda);
    for (size_t i = 0; i < n; i++) {
        bool as_it_is = q->law->params[i].kind == LAW_LEVEL || q->law->params[i].kind == LAW_EXPONENT;
        bool stuck = m == 0, free_ = false;
        for (size_t a = 0; a < q->map.n_free; a++) {
            bool out = true;
            for (size_t b = 0; b < m; b++)
                out = out && idx[b] != a;
            free_ = free_ || d[i][a] != 0;
            /* it hangs on a variable that moves nothing, and that no bound holds */
            stuck = stuck || (out && d[i][a] != 0 && moves_nothing(&s, q->map.n_free, a));
        }
        moves[i] = !free_ ? 0 : stuck ? (double)INFINITY : as_it_is && p[i] != 0 ? moves[i] / fabs(p[i]) : moves[i];
    }
}

/* ln of the integral of exp(-rho(r)/tau) over r, rho symmetric */
static double ln_norm_even(const struct solve_objective *o, double tau)
{
    const double pi = 3.14159265358979323846;
    if (o->loss == SOLVE_LSQ)
        return 0.5 * log(pi * tau);
    if (o->loss == SOLVE_LAD)
        return log(2 * tau);
    double d = o->delta, a = d * d / (2 * tau);
    /* exp(-a) underflows for wide deltas: the normal limit */
    return log(sqrt(2 * pi * tau) * erf(sqrt(a)) + 2 * tau / d * exp(-a));
}

/* The same where residuals above 0 weigh more: each side is half a symmetric one, of its own scale. */
static double ln_norm(const struct solve_objective *o, double tau)
{
    double below = ln_norm_even(o, tau);
    if (!(o->over > 0) || o->over == 1)
        return below;
    return below + log(0.5 * (1 + exp(ln_norm_even(o, tau / o->over) - below)));
}

double solve_deviance(double *tau, const struct solve_objective *obj, double objective, double n)
{
    /* One minimum in ln tau: golden section over any scale that a loss can have. */
    double lo = log(1e-40), hi = log(1e10), gold = 0.6180339887498949;
    double s = fmax(objective, 1e-30 * n);
    double a = hi - gold * (hi - lo), b = lo + gold * (hi - lo);
    double fa = s / exp(a) + n * ln_norm(obj, exp(a)), fb = s / exp(b) + n * ln_norm(obj, exp(b));
    while (hi - lo > 1e-9) {
        if (fa < fb) {
            hi = b, b = a, fb = fa;
            a = hi - gold * (hi - lo);
            fa = s / exp(a) + n * ln_norm(obj, exp(a));
        } else {
            lo = a, a = b, fa = fb;
            b = lo + gold * (hi - lo);
            fb = s / exp(b) + n * ln_norm(obj, exp(b));
        }
    }
    *tau = exp(0.5 * (lo + hi));
    return 2 * (s / *tau + n * ln_norm(obj, *tau));
}

double solve_aicc(double *tau, const struct solve_problem *q, double objective)
{
    double n = (double)q->n, k = (double)q->map.n_free + 1;
    double d = solve_deviance(tau, &q->obj, objective, n);
    return n > k + 1 ? d + 2 * k + 2 * k * (k + 1) / (n - k - 1) : (double)NAN;
}
