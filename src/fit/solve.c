#include "fit/solve.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NP LAW_MAX_PARAMS

/* --- the objective with derivatives ----------------------------------------------------------- */

struct sums {
    double value;
    double g[NP];
    double h[NP][NP];  /* upper triangle */
    double scale[NP];  /* diagonal of the reweighted J'J: positive, sets the units of damping */
};

struct rho {
    double value, d1, d2, weight; /* weight = d1/r, the one of reweighted least squares */
};

static struct rho rho_at(const struct solve_objective *o, double delta, double r)
{
    if (o->loss == SOLVE_LSQ)
        return (struct rho){r * r, 2 * r, 2, 2};
    double a = fabs(r);
    if (a <= delta)
        return (struct rho){0.5 * r * r, r, 1, 1};
    return (struct rho){delta * (a - 0.5 * delta), r < 0 ? -delta : delta, 0, delta / a};
}

/* Where the prediction leaves the numbers the residual is huge, not NaN, and the step is refused. */
static double residual(const struct solve_problem *q, size_t i, double f)
{
    switch (q->obj.scale) {
    case SOLVE_RAW:
        return f - q->loss[i];
    case SOLVE_LOG1P:
        return log1p(f) - log1p(q->loss[i]);
    default:
        return log(f) - q->ln_loss[i];
    }
}

/* Factors of a row: c1 multiplies grad f and hess f, c2 the outer product of grad f. */
static void row_factors(const struct solve_problem *q, const struct rho *k, double w, double f,
                        double *c1, double *c2, double *cs)
{
    if (q->obj.scale == SOLVE_RAW) {
        *c1 = w * k->d1;
        *c2 = w * k->d2;
        *cs = w * k->weight;
        return;
    }
    double inv = 1 / (q->obj.scale == SOLVE_LOG1P ? 1 + f : f);
    *c1 = w * k->d1 * inv;
    *c2 = w * (k->d2 - k->d1) * inv * inv;
    *cs = w * k->weight * inv * inv;
}

static void sums_clear(struct sums *s, size_t n)
{
    s->value = 0;
    for (size_t a = 0; a < n; a++) {
        s->g[a] = s->scale[a] = 0;
        for (size_t b = a; b < n; b++)
            s->h[a][b] = 0;
    }
}

static void add_row(struct sums *s, size_t n, const double *g, double c1, double c2, double cs)
{
    for (size_t a = 0; a < n; a++) {
        double ga = c2 * g[a];
        s->g[a] += c1 * g[a];
        s->scale[a] += cs * g[a] * g[a];
        for (size_t b = a; b < n; b++)
            s->h[a][b] += ga * g[b];
    }
}

/* Laws that are a floor plus power terms: order E, coefficients, exponents (law.c's table). */
static void sums_of_terms(struct sums *s, const struct solve_problem *q, const double *p, double delta)
{
    const struct law *law = q->law;
    size_t n = law->n_params, m = (size_t)law->n_terms, lead = law->level >= 0 ? 1 : 0;
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i);
        if (w == 0)
            continue;
        double x[2] = {q->x[i].u, q->x[i].v}, t[2], g[NP], f = lead ? p[0] : 0;
        g[0] = 1;
        for (size_t j = 0; j < m; j++) {
            t[j] = exp(p[lead + j] - p[lead + m + j] * x[j]);
            g[lead + j] = t[j];
            g[lead + m + j] = -x[j] * t[j];
            f += t[j];
        }
        double r = residual(q, i, f), c1, c2, cs;
        struct rho k = rho_at(&q->obj, delta, r);
        s->value += w * k.value;
        row_factors(q, &k, w, f, &c1, &c2, &cs);
        add_row(s, n, g, c1, c2, cs);
        for (size_t j = 0; j < m; j++) {
            double ct = c1 * t[j];
            s->h[lead + j][lead + j] += ct;
            s->h[lead + j][lead + m + j] -= ct * x[j];
            s->h[lead + m + j][lead + m + j] += ct * x[j] * x[j];
        }
    }
}

static void sums_of_jets(struct sums *s, const struct solve_problem *q, const double *p, double delta)
{
    size_t n = q->law->n_params;
    struct law_at at = law_at(q->law, p, &q->centre);
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i), c1, c2, cs;
        if (w == 0)
            continue;
        struct law_jet f;
        law_at_jet(&f, &at, &q->x[i]);
        struct rho k = rho_at(&q->obj, delta, residual(q, i, f.v));
        s->value += w * k.value;
        row_factors(q, &k, w, f.v, &c1, &c2, &cs);
        add_row(s, n, f.g, c1, c2, cs);
        for (size_t a = 0; a < n; a++)
            for (size_t b = a; b < n; b++)
                s->h[a][b] += c1 * f.h[a][b];
    }
}

static void inner_of(double *p, const struct solve_map *map, const double *z, size_t n)
{
    if (map->identity) {
        memcpy(p, z, n * sizeof *p);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = map->c[i];
        for (size_t j = 0; j < map->n_free; j++)
            p[i] += map->m[i][j] * z[j];
    }
}

void solve_on_map(double *p, const struct solve_problem *q)
{
    double z[NP];
    if (q->map.identity)
        return;
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = p[q->map.of[j]];
    inner_of(p, &q->map, z, q->law->n_params);
}

/* Chain rule through p = m z + c. */
static void pull_back(struct sums *s, const struct solve_map *map, size_t n)
{
    struct sums t;
    t.value = s->value;
    for (size_t a = 0; a < map->n_free; a++) {
        t.g[a] = t.scale[a] = 0;
        for (size_t i = 0; i < n; i++) {
            t.g[a] += map->m[i][a] * s->g[i];
            t.scale[a] += map->m[i][a] * map->m[i][a] * s->scale[i];
        }
        for (size_t b = a; b < map->n_free; b++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++)
                    sum += map->m[i][a] * map->m[j][b] * (i <= j ? s->h[i][j] : s->h[j][i]);
            t.h[a][b] = sum;
        }
    }
    *s = t;
}

static void sums_at(struct sums *s, const struct solve_problem *q, const double *z, double delta)
{
    double p[NP];
    size_t n = q->law->n_params;
    inner_of(p, &q->map, z, n);
    sums_clear(s, n);
    if (q->law->n_terms > 0)
        sums_of_terms(s, q, p, delta);
    else
        sums_of_jets(s, q, p, delta);
    if (!q->map.identity)
        pull_back(s, &q->map, n);
}

double solve_objective(const struct solve_problem *q, const double *p)
{
    double sum = 0;
    struct law_at at = law_at(q->law, p, &q->centre);
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i);
        if (w == 0)
            continue;
        double r = residual(q, i, law_at_value(&at, &q->x[i]));
        sum += w * (q->obj.loss == SOLVE_LAD ? fabs(r) : rho_at(&q->obj, q->obj.delta, r).value);
    }
    return isfinite(sum) ? sum : (double)INFINITY;
}

/* --- ties and fixed values -------------------------------------------------------------------- */

void solve_map_identity(struct solve_map *map, const struct law *law)
{
    memset(map, 0, sizeof *map);
    map->n_free = law->n_params;
    map->identity = true;
    for (size_t i = 0; i < law->n_params; i++) {
        map->m[i][i] = 1;
        map->of[i] = i;
    }
}

/* Remove free variable f by z_f = sum_j row[j] z_j + c (row[f] is ignored). */
static void eliminate(struct solve_map *map, size_t f, const double *row, double c)
{
    for (size_t i = 0; i < NP; i++) {
        double share = map->m[i][f];
        for (size_t j = 0; j < map->n_free; j++)
            if (j != f)
                map->m[i][j] += share * row[j];
        map->c[i] += share * c;
        for (size_t j = f; j + 1 < map->n_free; j++)
            map->m[i][j] = map->m[i][j + 1];
        map->m[i][map->n_free - 1] = 0;
    }
    for (size_t j = f; j + 1 < map->n_free; j++)
        map->of[j] = map->of[j + 1];
    map->n_free--;
    map->identity = false;
}

/* Impose sum_i a_i p_i = b by eliminating free variable that is parameter `out`, or the one with the
 * largest coefficient where that one is gone. False where the condition leaves nothing to solve for. */
static bool impose(struct solve_map *map, const double *a, double b, size_t out)
{
    double coef[NP] = {0}, row[NP], rest = b, best = 0;
    size_t f = NP;
    for (size_t i = 0; i < NP; i++)
        rest -= a[i] * map->c[i];
    for (size_t j = 0; j < map->n_free; j++) {
        for (size_t i = 0; i < NP; i++)
            coef[j] += a[i] * map->m[i][j];
        double size = map->of[j] == out ? (double)INFINITY : fabs(coef[j]);
        if (coef[j] != 0 && size > best) {
            best = size;
            f = j;
        }
    }
    if (f == NP)
        return false;
    for (size_t j = 0; j < map->n_free; j++)
        row[j] = -coef[j] / coef[f];
    eliminate(map, f, row, rest / coef[f]);
    return true;
}

/* The inner expression that stands for an outer value: p_i, plus exponent times centre for a
 * coefficient, plus the centre for a place. */
static void outer_row(double *a, double *shift, const struct law *law, size_t i,
                      const struct law_centre *c, double sign)
{
    const struct law_param *q = &law->params[i];
    double at = q->var ? c->v : c->u;
    a[i] += sign;
    if (q->kind == LAW_COEF)
        a[q->partner] += sign * at;
    if (q->kind == LAW_PLACE)
        *shift += sign * at;
}

static enum status name_of(int *param, const struct law *law, const char *text, size_t n,
                           struct err *err)
{
    char name[32];
    if (n < sizeof name) {
        memcpy(name, text, n);
        name[n] = '\0';
        *param = law_param_find(law, name);
        if (*param >= 0)
            return OK;
    }
    return err_set(err, E_USAGE, "law %s has no parameter '%.*s'", law->name, (int)n, text);
}

static bool on_log(enum law_kind kind)
{
    return kind == LAW_COEF || kind == LAW_LOG || kind == LAW_PLACE;
}

enum status solve_map_tie(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err)
{
    const char *eq = strchr(text, '=');
    int i = -1, j = -1;
    if (!eq)
        return err_set(err, E_USAGE, "--tie %s: expected two parameters, such as alpha=beta", text);
    TRY(name_of(&i, law, text, (size_t)(eq - text), err));
    TRY(name_of(&j, law, eq + 1, strlen(eq + 1), err));
    if (i == j || on_log(law->params[i].kind) != on_log(law->params[j].kind))
        return err_set(err, E_USAGE, "--tie %s: these two cannot be tied", text);
    double a[NP] = {0}, shift = 0;
    outer_row(a, &shift, law, (size_t)i, c, 1);
    outer_row(a, &shift, law, (size_t)j, c, -1);
    if (!impose(map, a, -shift, (size_t)j))
        return err_set(err, E_USAGE, "--tie %s: both are settled already", text);
    return OK;
}

bool solve_map_hold(struct solve_map *map, const struct law *law, size_t i, double outer,
                    const struct law_centre *c)
{
    double a[NP] = {0}, shift = 0;
    outer_row(a, &shift, law, i, c, 1);
    return impose(map, a, (on_log(law->params[i].kind) ? log(outer) : outer) - shift, i);
}

enum status solve_map_fix(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err)
{
    const char *eq = strchr(text, '=');
    char *end = NULL;
    int i = -1;
    if (!eq)
        return err_set(err, E_USAGE, "--fix %s: expected parameter=value, such as E=0", text);
    TRY(name_of(&i, law, text, (size_t)(eq - text), err));
    double value = strtod(eq + 1, &end);
    if (end == eq + 1 || *end != '\0' || !isfinite(value))
        return err_set(err, E_USAGE, "--fix %s: '%s' is not a number", text, eq + 1);
    bool logs = on_log(law->params[i].kind);
    if (value < 0 || (logs && value == 0))
        return err_set(err, E_USAGE, "--fix %s: the value must be %s", text,
                       logs ? "above 0" : "0 or more");
    if (!solve_map_hold(map, law, (size_t)i, value, c))
        return err_set(err, E_USAGE, "--fix %s: it is settled already", text);
    return OK;
}

void solve_map_fix_inner(struct solve_map *map, size_t param, double inner)
{
    double a[NP] = {0};
    a[param] = 1;
    CHECK(impose(map, a, inner, param));
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

static const struct law_param *bounds(const struct solve_problem *q, size_t j)
{
    return &q->law->params[q->map.of[j]];
}

/* Variables that may move: not at a bound with the slope pushing outwards. */
static size_t free_set(size_t *idx, const struct solve_problem *q, const double *z, const double *g)
{
    size_t n = 0;
    for (size_t j = 0; j < q->map.n_free; j++) {
        const struct law_param *b = bounds(q, j);
        if (!((z[j] <= b->lo && g[j] > 0) || (z[j] >= b->hi && g[j] < 0)))
            idx[n++] = j;
    }
    return n;
}

#define LAMBDA_MAX 1e12
/* A promised decrease below this share of the objective is rounding. */
#define DECREASE_TOL 1e-14

static bool descend(double *z, const struct solve_problem *q, double delta, size_t max_iter,
                    size_t *iterations)
{
    struct sums s, t;
    double lambda = 1e-4;
    sums_at(&s, q, z, delta);
    if (!isfinite(s.value))
        return false;
    for (size_t it = 0; it < max_iter; it++) {
        size_t idx[NP], n = free_set(idx, q, z, s.g);
        double step[NP], next[NP], promised = 0;
        if (n == 0)
            return true;
        while (!newton_step(step, &s, idx, n, lambda)) {
            lambda = fmax(lambda * 10, 1e-6);
            if (!(lambda < LAMBDA_MAX))
                return false;
        }
        memcpy(next, z, q->map.n_free * sizeof *next);
        for (size_t a = 0; a < n; a++) {
            const struct law_param *b = bounds(q, idx[a]);
            next[idx[a]] = fmin(fmax(z[idx[a]] + step[a], b->lo), b->hi);
            promised -= s.g[idx[a]] * (next[idx[a]] - z[idx[a]]);
        }
        ++*iterations;
        if (lambda <= 1e-3 && fabs(promised) <= DECREASE_TOL * s.value + DBL_MIN)
            return true;
        sums_at(&t, q, next, delta);
        if (isfinite(t.value) && t.value <= s.value - 1e-4 * fmax(promised, 0) &&
            t.value < s.value) {
            memcpy(z, next, q->map.n_free * sizeof *next);
            s = t;
            lambda = lambda < 1e-9 ? 0 : lambda * 0.05;
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
    memset(out, 0, sizeof *out);
    for (size_t j = 0; j < q->map.n_free; j++) {
        const struct law_param *b = bounds(q, j);
        z[j] = fmin(fmax(start[q->map.of[j]], b->lo), b->hi);
    }
    if (q->obj.loss == SOLVE_LAD) {
        for (size_t k = 0; k < sizeof lad_deltas / sizeof *lad_deltas; k++)
            out->converged = descend(z, q, lad_deltas[k], 200, &out->iterations);
    } else {
        out->converged = descend(z, q, q->obj.delta, 300, &out->iterations);
    }
    inner_of(out->p, &q->map, z, q->law->n_params);
    out->objective = solve_objective(q, out->p);
    for (size_t j = 0; j < q->map.n_free; j++) {
        const struct law_param *b = bounds(q, j);
        if (z[j] <= b->lo || z[j] >= b->hi)
            out->at_bound |= 1u << q->map.of[j];
    }
}

/* --- likelihood --------------------------------------------------------------------------------- */

bool solve_covariance(double cov[NP][NP], const struct solve_problem *q, const double *p, double tau)
{
    double z[NP], inv[NP][NP] = {{0}};
    size_t idx[NP];
    struct sums s;
    for (size_t j = 0; j < q->map.n_free; j++)
        z[j] = p[q->map.of[j]];
    sums_at(&s, q, z, q->obj.loss == SOLVE_LAD ? 1e-3 : q->obj.delta);
    size_t n = free_set(idx, q, z, s.g);
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
                    cov[i][j] += q->map.m[i][a] * inv[a][b] * q->map.m[j][b];
        }
    return true;
}

/* ln of the integral of exp(-rho(r)/tau) over r */
static double ln_norm(const struct solve_objective *o, double tau)
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
