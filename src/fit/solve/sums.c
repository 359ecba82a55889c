#include "fit/solve/sums.h"

#include <stdint.h>
#include <string.h>

#define NP LAW_MAX_PARAMS

/* --- rows at one point ------------------------------------------------------------------------------- */

/* Seeds of one size and budget have one prediction, and its powers and logarithm are most of what a row takes: what was
 * found for a row serves those after it at the same point. Kept by a hash of the point, the newest in each place; where
 * the first rows share none, no more are looked for. */
enum { PLACES = 128, ROWS_TO_SHARE = 256 };

struct places {
    const struct law_point *of[PLACES]; /* the point that is kept there; NULL: none yet */
    size_t hits;
};

static inline size_t place_of(const struct law_point *x)
{
    uint64_t u, v;
    memcpy(&u, &x->u, sizeof u);
    memcpy(&v, &x->v, sizeof v);
    return (size_t)((u * 0x9E3779B97F4A7C15u + v * 0xC2B2AE3D27D4EB4Fu) >> 57);
}

/* Whether what is kept at that place is of this point; else it is to be made anew. */
static inline bool is_kept(struct places *p, size_t place, const struct law_point *x, size_t row)
{
    const struct law_point *y = p->of[place];
    if (row >= ROWS_TO_SHARE && p->hits == 0)
        return false;
    bool same = y && y->u == x->u && y->v == x->v && y->ln_unique == x->ln_unique && y->hinge[0] == x->hinge[0] &&
                y->hinge[1] == x->hinge[1];
    p->hits += same;
    p->of[place] = x;
    return same;
}

/* --- sums over rows ------------------------------------------------------------------------------------ */

/* Every loop below runs to n, the number of parameters: the functions are told it as a constant (by_count), so that the
 * compiler unrolls them. Sums are kept in a variable of their own, which nothing that is read can alias. */

static inline void add_row(struct sums *s, size_t n, const double *g, double c1, double c2, double cs)
{
    for (size_t a = 0; a < n; a++) {
        double ga = c2 * g[a];
        s->g[a] += c1 * g[a];
        s->scale[a] += cs * g[a] * g[a];
        for (size_t b = a; b < n; b++)
            s->h[a][b] += ga * g[b];
    }
}

/* What rows at one point share. */
struct found {
    double t[2], f, scaled; /* terms, prediction, and that on the scale of residuals */
};

/* Laws that are a floor plus power terms: order E, coefficients, exponents (law->n_terms). */
static inline void of_terms(struct sums *out, const struct solve_problem *q, const double *p, double delta, size_t m,
                            size_t lead)
{
    const size_t n = lead + 2 * m;
    struct sums s = {0};
    struct places places = {0};
    struct found found[PLACES];
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i);
        if (w == 0)
            continue;
        size_t place = place_of(&q->x[i]);
        struct found *at = &found[place];
        double x[2] = {q->x[i].u, q->x[i].v}, g[NP];
        if (!is_kept(&places, place, &q->x[i], i)) {
            at->f = lead ? p[0] : 0;
            for (size_t j = 0; j < m; j++) {
                at->t[j] = exp(p[lead + j] - p[lead + m + j] * x[j]);
                at->f += at->t[j];
            }
            at->scaled = sums_scaled(q, at->f);
        }
        const double *t = at->t, f = at->f;
        g[0] = 1;
        for (size_t j = 0; j < m; j++) {
            g[lead + j] = t[j];
            g[lead + m + j] = -x[j] * t[j];
        }
        double c1, c2, cs;
        struct sums_rho k = sums_rho(&q->obj, delta, at->scaled - sums_target(q, i));
        s.value += w * k.value;
        sums_factors(q, &k, w, f, &c1, &c2, &cs);
        add_row(&s, n, g, c1, c2, cs);
        for (size_t j = 0; j < m; j++) {
            double ct = c1 * t[j];
            s.h[lead + j][lead + j] += ct;
            s.h[lead + j][lead + m + j] -= ct * x[j];
            s.h[lead + m + j][lead + m + j] += ct * x[j] * x[j];
        }
    }
    *out = s;
}

/* The same with a bend: term t times exp(bend hinge[t]). In the order in which jets take their sums, so that a law gives
 * the same digits by either way. */
static inline void of_bent_terms(struct sums *out, const struct solve_problem *q, const double *p, double delta, size_t m,
                                 size_t lead)
{
    const size_t bend = lead + 2 * m;
    struct sums s = {0};
    struct places places = {0};
    struct found found[PLACES];
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i), c1, c2, cs;
        if (w == 0)
            continue;
        const double *hinge = q->x[i].hinge;
        size_t place = place_of(&q->x[i]);
        struct found *at = &found[place];
        double x[2] = {-q->x[i].u, -q->x[i].v}, g[NP], bent = 0;
        if (!is_kept(&places, place, &q->x[i], i)) {
            at->f = 0;
            for (size_t j = 0; j < m; j++) {
                double v = p[lead + j] + p[lead + m + j] * x[j];
                at->t[j] = exp(v + p[bend] * hinge[j]);
                at->f += at->t[j];
            }
            at->f += lead ? p[0] : 0;
            at->scaled = sums_scaled(q, at->f);
        }
        const double *t = at->t, f = at->f;
        g[0] = 1;
        g[bend] = 0;
        for (size_t j = 0; j < m; j++) {
            g[lead + j] = t[j];
            g[lead + m + j] = t[j] * x[j];
            g[bend] += t[j] * hinge[j];
            bent += t[j] * (hinge[j] * hinge[j]);
        }
        struct sums_rho k = sums_rho(&q->obj, delta, at->scaled - sums_target(q, i));
        s.value += w * k.value;
        sums_factors(q, &k, w, f, &c1, &c2, &cs);
        add_row(&s, bend + 1, g, c1, c2, cs);
        for (size_t j = 0; j < m; j++) {
            s.h[lead + j][lead + j] += c1 * t[j];
            s.h[lead + j][lead + m + j] += c1 * (t[j] * x[j]);
            s.h[lead + j][bend] += c1 * (t[j] * hinge[j]);
            s.h[lead + m + j][lead + m + j] += c1 * (t[j] * (x[j] * x[j]));
            s.h[lead + m + j][bend] += c1 * (t[j] * (x[j] * hinge[j]));
        }
        s.h[bend][bend] += c1 * bent;
    }
    *out = s;
}

static inline void of_jets(struct sums *out, const struct solve_problem *q, const double *p, double delta, size_t n)
{
    struct law_at at = law_at(q->law, p, &q->centre);
    struct sums s = {0};
    struct places places = {0};
    struct law_jet jets[PLACES];
    double scaled_at[PLACES];
    for (size_t i = 0; i < q->n; i++) {
        double w = solve_weight(q, i), c1, c2, cs;
        if (w == 0)
            continue;
        size_t place = place_of(&q->x[i]);
        struct law_jet *f = &jets[place];
        if (!is_kept(&places, place, &q->x[i], i)) {
            law_at_jet(f, &at, &q->x[i]);
            scaled_at[place] = sums_scaled(q, f->v);
        }
        struct sums_rho k = sums_rho(&q->obj, delta, scaled_at[place] - sums_target(q, i));
        s.value += w * k.value;
        sums_factors(q, &k, w, f->v, &c1, &c2, &cs);
        for (size_t a = 0; a < n; a++) {
            double ga = c2 * f->g[a];
            s.g[a] += c1 * f->g[a];
            s.scale[a] += cs * f->g[a] * f->g[a];
            for (size_t b = a; b < n; b++)
                s.h[a][b] = s.h[a][b] + ga * f->g[b] + c1 * f->h[a][b];
        }
    }
    *out = s;
}

static void by_count(struct sums *s, const struct solve_problem *q, const double *p, double delta)
{
    const struct law *law = q->law;
    bool two = law->n_terms + law->n_bent_terms == 2, level = law->level >= 0;
    if (law->n_bent_terms > 0)
        two ? of_bent_terms(s, q, p, delta, 2, 1) : of_bent_terms(s, q, p, delta, 1, level);
    else if (law->n_terms > 0)
        two ? of_terms(s, q, p, delta, 2, 1) : of_terms(s, q, p, delta, 1, level);
    else if (law->n_params == 6)
        of_jets(s, q, p, delta, 6);
    else if (law->n_params == 7)
        of_jets(s, q, p, delta, 7);
    else
        of_jets(s, q, p, delta, law->n_params);
}

/* Chain rule through p(z): affine but for a parameter that is the logarithm of another (solve_map.ln_of). */
static void pull_back(struct sums *s, const struct solve_map *map, const double *p, size_t n)
{
    struct sums t;
    double d[NP][NP];
    solve_map_slopes(d, map, p, n);
    t.value = s->value;
    for (size_t a = 0; a < map->n_free; a++) {
        t.g[a] = t.scale[a] = 0;
        for (size_t i = 0; i < n; i++) {
            t.g[a] += d[i][a] * s->g[i];
            t.scale[a] += d[i][a] * d[i][a] * s->scale[i];
        }
        for (size_t b = a; b < map->n_free; b++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < n; j++)
                    sum += d[i][a] * d[j][b] * (i <= j ? s->h[i][j] : s->h[j][i]);
                if (map->ln_of[i]) /* the second derivative of ln x is -1/x^2 */
                    sum -= s->g[i] * d[i][a] * d[i][b];
            }
            t.h[a][b] = sum;
        }
    }
    *s = t;
}

void sums_at(struct sums *s, const struct solve_problem *q, const double *z, double delta)
{
    double p[NP];
    size_t n = q->law->n_params;
    solve_map_inner(p, &q->map, z, n);
    by_count(s, q, p, delta);
    if (!q->map.identity)
        pull_back(s, &q->map, p, n);
}
