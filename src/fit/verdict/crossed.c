#include "fit/verdict/crossed.h"

#include <math.h>
#include <string.h>

/* As many seeds and orders as a grid can list. */
enum { LEVELS = 64, ROUNDS = 500 };

struct square {
    double a[LEVELS], b[LEVELS]; /* the levels */
    size_t na, nb, n;
    bool there[LEVELS][LEVELS];
    double y[LEVELS][LEVELS];
    size_t run[LEVELS][LEVELS];
    double mean, ea[LEVELS], eb[LEVELS];
};

/* The place of v among the levels, added where it is new; LEVELS where there is no more room. */
static size_t level(double *levels, size_t *n, double v)
{
    size_t i = 0;
    while (i < *n && levels[i] != v)
        i++;
    if (i == *n && i < LEVELS)
        levels[(*n)++] = v;
    return i;
}

static bool place(struct square *s, const struct crossed_run *runs, const bool *skip, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (skip && skip[k])
            continue;
        size_t i = level(s->a, &s->na, runs[k].a), j = level(s->b, &s->nb, runs[k].b);
        if (i == LEVELS || j == LEVELS || s->there[i][j])
            return false;
        s->there[i][j] = true;
        s->y[i][j] = runs[k].y;
        s->run[i][j] = k;
    }
    return true;
}

static size_t count_a(const struct square *s, size_t i)
{
    size_t n = 0;
    for (size_t j = 0; j < s->nb; j++)
        n += s->there[i][j];
    return n;
}

static size_t count_b(const struct square *s, size_t j)
{
    size_t n = 0;
    for (size_t i = 0; i < s->na; i++)
        n += s->there[i][j];
    return n;
}

/* The last level takes the place of one that goes. */
static void drop_a(struct square *s, size_t i)
{
    size_t last = --s->na;
    s->a[i] = s->a[last];
    for (size_t j = 0; j < s->nb; j++) {
        s->there[i][j] = s->there[last][j];
        s->y[i][j] = s->y[last][j];
        s->run[i][j] = s->run[last][j];
    }
}

static void drop_b(struct square *s, size_t j)
{
    size_t last = --s->nb;
    s->b[j] = s->b[last];
    for (size_t i = 0; i < s->na; i++) {
        s->there[i][j] = s->there[i][last];
        s->y[i][j] = s->y[i][last];
        s->run[i][j] = s->run[i][last];
    }
}

/* A seed that ran once says nothing of itself: the runs of a plain grid, each with the order of its own seed. */
static void drop_single(struct square *s)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (size_t i = s->na; i-- > 0;)
            if (count_a(s, i) < 2)
                drop_a(s, i), dropped = true;
        for (size_t j = s->nb; j-- > 0;)
            if (count_b(s, j) < 2)
                drop_b(s, j), dropped = true;
    }
    s->n = 0;
    for (size_t i = 0; i < s->na; i++)
        s->n += count_a(s, i);
}

static void find_effects(struct square *s)
{
    double ni = (double)s->na, nj = (double)s->nb;
    s->mean = 0;
    memset(s->ea, 0, sizeof s->ea);
    memset(s->eb, 0, sizeof s->eb);
    for (size_t i = 0; i < s->na; i++)
        for (size_t j = 0; j < s->nb; j++) {
            s->mean += s->y[i][j] / (ni * nj);
            s->ea[i] += s->y[i][j] / nj;
            s->eb[j] += s->y[i][j] / ni;
        }
    for (size_t i = 0; i < s->na; i++)
        s->ea[i] -= s->mean;
    for (size_t j = 0; j < s->nb; j++)
        s->eb[j] -= s->mean;
}

/* Yates 1933: what is missing takes the value that the fit gives it, until neither moves. */
static void fit_effects(struct square *s)
{
    double mean = 0, moved = 1, scale = 0;
    for (size_t i = 0; i < s->na; i++)
        for (size_t j = 0; j < s->nb; j++)
            mean += s->there[i][j] ? s->y[i][j] / (double)s->n : 0;
    for (size_t i = 0; i < s->na; i++)
        for (size_t j = 0; j < s->nb; j++) {
            if (!s->there[i][j])
                s->y[i][j] = mean;
            scale = fmax(scale, fabs(s->y[i][j] - mean));
        }
    for (int round = 0; round < ROUNDS && moved > 1e-12 * scale; round++) {
        moved = 0;
        find_effects(s);
        for (size_t i = 0; i < s->na; i++)
            for (size_t j = 0; j < s->nb; j++) {
                double fitted = s->mean + s->ea[i] + s->eb[j];
                if (s->there[i][j])
                    continue;
                moved = fmax(moved, fabs(fitted - s->y[i][j]));
                s->y[i][j] = fitted;
            }
    }
    find_effects(s);
}

static void sum_up(struct crossed *c, const struct square *s)
{
    double n = (double)s->n, ni = (double)s->na, nj = (double)s->nb, by_a = 0, by_b = 0, ss_a = 0, ss_b = 0, ss_e = 0;
    double free = 1 - (ni + nj - 1) / n;
    *c = (struct crossed){.df_a = ni - 1, .df_b = nj - 1, .df_e = n - ni - nj + 1};
    for (size_t i = 0; i < s->na; i++) {
        by_a += 1 / (double)count_a(s, i) / ni;
        ss_a += s->ea[i] * s->ea[i];
    }
    for (size_t j = 0; j < s->nb; j++) {
        by_b += 1 / (double)count_b(s, j) / nj;
        ss_b += s->eb[j] * s->eb[j];
    }
    for (size_t i = 0; i < s->na; i++)
        for (size_t j = 0; j < s->nb; j++) {
            double e = s->there[i][j] ? s->y[i][j] - s->mean - s->ea[i] - s->eb[j] : 0;
            ss_e += e * e;
            if (e * e / free > c->farthest) {
                c->farthest = e * e / free;
                c->at = s->run[i][j];
            }
        }
    c->per_a = 1 / by_a;
    c->per_b = 1 / by_b;
    c->ms_a = c->per_a * ss_a / c->df_a;
    c->ms_b = c->per_b * ss_b / c->df_b;
    c->ms_e = ss_e / c->df_e;
}

bool crossed_fit(struct crossed *c, const struct crossed_run *runs, const bool *skip, size_t n)
{
    struct square s = {.n = 0};
    if (n < 4 || !place(&s, runs, skip, n))
        return false;
    drop_single(&s);
    if (s.na < 2 || s.nb < 2 || s.n < s.na + s.nb || 2 * s.n < s.na * s.nb)
        return false;
    fit_effects(&s);
    sum_up(c, &s);
    return isfinite(c->ms_a + c->ms_b + c->ms_e);
}

double crossed_total(double *df, const struct crossed *c)
{
    double a = c->ms_a / c->per_a, b = c->ms_b / c->per_b, e = (1 - 1 / c->per_a - 1 / c->per_b) * c->ms_e;
    double sum = a + b + e, squares = a * a / c->df_a + b * b / c->df_b + e * e / c->df_e;
    *df = squares > 0 ? fmax(1, sum * sum / squares) : 1;
    return sum;
}
