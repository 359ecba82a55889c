/* Ties and fixed values: which inner parameters are free, and what the others are then. */
#include "fit/solve/solve_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NP LAW_MAX_PARAMS

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

void solve_map_inner(double *p, const struct solve_map *map, const double *z, size_t n)
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
    for (size_t i = 0; i < n; i++)
        if (map->ln_of[i])
            p[i] = log(p[map->ln_of[i] - 1]);
}

void solve_map_slopes(double d[NP][NP], const struct solve_map *map, const double *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = map->ln_of[i] ? map->ln_of[i] - 1 : i;
        for (size_t a = 0; a < map->n_free; a++)
            d[i][a] = map->ln_of[i] ? map->m[from][a] / p[from] : map->m[i][a];
    }
}

bool solve_map_is_free(const struct solve_map *map, size_t param)
{
    for (size_t j = 0; j < map->n_free; j++)
        if (map->of[j] == param)
            return true;
    return false;
}

struct solve_range solve_map_range(const struct solve_map *map, const struct law *law, size_t j)
{
    const struct law_param *own = &law->params[map->of[j]];
    struct solve_range r = {own->lo, own->hi};
    for (size_t i = 0; i < law->n_params && !map->identity; i++) {
        if (map->ln_of[i] && map->m[map->ln_of[i] - 1][j] == 1) {
            r.lo = fmax(r.lo, exp(law->params[i].lo));
            r.hi = fmin(r.hi, exp(law->params[i].hi));
        }
    }
    return r;
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

/* Which parameters a law lets be equal is a list in its row, such as "A=B alpha=beta". */
static bool may_tie(const struct law *law, const char *a, const char *b)
{
    char one[72], two[72];
    size_t n = (size_t)snprintf(one, sizeof one, "%s=%s", a, b);
    snprintf(two, sizeof two, "%s=%s", b, a);
    for (const char *t = law->ties; *t; t += strcspn(t, " "), t += *t == ' ')
        if (strcspn(t, " ") == n && (strncmp(t, one, n) == 0 || strncmp(t, two, n) == 0))
            return true;
    return false;
}

/* p_i = p_j for parameters that are both affine in the free ones; false where both are settled. */
static bool tie_affine(struct solve_map *map, const struct law *law, size_t i, size_t j,
                       const struct law_centre *c)
{
    double a[NP] = {0}, shift = 0;
    outer_row(a, &shift, law, i, c, 1);
    outer_row(a, &shift, law, j, c, -1);
    return impose(map, a, -shift, j);
}

/* The parameter itself, or the one that it is the logarithm of. */
static size_t source_of(const struct solve_map *map, size_t i)
{
    return map->ln_of[i] ? map->ln_of[i] - 1 : i;
}

static bool is_constant(const struct solve_map *map, size_t i)
{
    for (size_t j = 0; j < map->n_free; j++)
        if (map->m[i][j] != 0)
            return false;
    return true;
}

/* A parameter held as a logarithm (i) equal to one held as it is (j): the one tie that is not affine. */
static bool tie_log(struct solve_map *map, const struct law *law, size_t i, size_t j, const struct law_centre *c)
{
    if (map->ln_of[i])
        return map->ln_of[i] - 1 != j && tie_affine(map, law, map->ln_of[i] - 1, j, c);
    if (is_constant(map, i))
        return solve_map_hold(map, law, j, exp(map->c[i]), c);
    if (is_constant(map, j))
        return solve_map_hold(map, law, i, map->c[j], c);
    const double nothing[NP] = {0};
    size_t f = 0;
    while (map->of[f] != i)
        f++;
    eliminate(map, f, nothing, 0);
    map->ln_of[i] = j + 1;
    return true;
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
    const struct law_param *a = &law->params[i], *b = &law->params[j];
    if (!may_tie(law, a->name, b->name))
        return err_set(err, E_USAGE, "--tie %s: these two cannot be tied; law %s %s%s", text, law->name,
                       *law->ties ? "takes " : "has no ties", law->ties);
    bool logs = on_log(a->kind), mixed = logs != on_log(b->kind);
    bool done = mixed ? tie_log(map, law, (size_t)(logs ? i : j), (size_t)(logs ? j : i), c)
                      : tie_affine(map, law, (size_t)i, (size_t)j, c);
    return done ? OK : err_set(err, E_USAGE, "--tie %s: both are settled already", text);
}

bool solve_map_hold(struct solve_map *map, const struct law *law, size_t i, double outer,
                    const struct law_centre *c)
{
    double a[NP] = {0}, shift = 0;
    i = source_of(map, i); /* what equals it in outer values */
    outer_row(a, &shift, law, i, c, 1);
    return impose(map, a, (on_log(law->params[i].kind) ? log(outer) : outer) - shift, i);
}

/* Within the limits that a free fit keeps to; coefficients and places have none that matter. */
static enum status within_limits(const struct law_param *q, double value, const char *text, struct err *err)
{
    double lo = q->kind == LAW_LOG ? exp(q->lo) : q->lo, hi = q->kind == LAW_LOG ? exp(q->hi) : q->hi;
    bool bounded = q->kind != LAW_COEF && q->kind != LAW_PLACE;
    if (!bounded && !(value > 0))
        return err_set(err, E_USAGE, "--fix %s: the value must be above 0", text);
    if (bounded && !(value >= lo && value <= hi))
        return err_set(err, E_USAGE, "--fix %s: expected a value from %.3g to %.3g", text, lo, hi);
    return OK;
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
    TRY(within_limits(&law->params[i], value, text, err));
    if (!solve_map_hold(map, law, (size_t)i, value, c))
        return err_set(err, E_USAGE, "--fix %s: it is settled already", text);
    return OK;
}
