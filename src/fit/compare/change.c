#include "fit/compare/change.h"

#include <math.h>
#include <string.h>

const char *change_word(enum change_kind kind)
{
#define X(id, word) word,
    static const char *const words[] = {CHANGE_KINDS(X)};
#undef X
    return words[kind];
}

/* --- the forms ------------------------------------------------------------------------------------------ */

static struct change *add(struct change *out, size_t *n, enum change_kind kind)
{
    struct change *c = &out[(*n)++];
    CHECK(*n <= CHANGE_MAX);
    *c = (struct change){.kind = kind};
    return c;
}

static void move(struct change *c, size_t param, double by)
{
    c->dir[c->k++][param] = by;
}

/* The exponent of a coefficient, the coefficient itself staying what it is at N = 1 (D = 1): at the centre, where it is
 * kept, it moves along. */
static void move_exponent(struct change *c, const struct law *law, size_t coef, const struct law_centre *centre)
{
    size_t e = (size_t)law->params[coef].partner;
    c->dir[c->k][e] = 1;
    c->dir[c->k][coef] = -(law->params[coef].var == 0 ? centre->u : centre->v);
    c->k++;
}

/* As if the base had had so many times the compute, spent as is best: both terms fall by one factor then. */
static void move_compute(struct change *c, const size_t *coef, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->dir[c->k][coef[i]] = 1;
    c->k++;
}

static void share_prior(struct change *c, size_t n)
{
    double count[CHANGE_N_KINDS] = {0};
    for (size_t i = 0; i < n; i++)
        count[c[i].kind]++;
    for (size_t i = 0; i < n; i++)
        c[i].prior = 1 / count[c[i].kind];
}

size_t change_forms(struct change out[CHANGE_MAX], const struct law *law, const struct law_centre *c)
{
    size_t n = 0, coef[2], m = 0;
    for (size_t i = 0; i < law->n_params && m < 2; i++)
        if (law->params[i].kind == LAW_COEF)
            coef[m++] = i;
    for (size_t i = 0; i < m; i++)
        move(add(out, &n, CHANGE_LEVEL), coef[i], 1);
    if (m == 2) {
        move_compute(add(out, &n, CHANGE_LEVEL), coef, m);
        struct change *both = add(out, &n, CHANGE_LEVEL);
        move(both, coef[0], 1);
        move(both, coef[1], 1);
    }
    for (size_t i = 0; i < m; i++) {
        move_exponent(add(out, &n, CHANGE_EXPONENT), law, coef[i], c);
        struct change *free = add(out, &n, CHANGE_EXPONENT);
        move_exponent(free, law, coef[i], c);
        move(free, coef[i], 1);
    }
    if (m == 2)
        for (int apart = 0; apart < 2; apart++) {
            struct change *both = add(out, &n, CHANGE_EXPONENT);
            for (size_t i = 0; i < m; i++)
                move_exponent(both, law, coef[i], c);
            for (size_t i = 0; i < m && apart; i++)
                move(both, coef[i], 1);
        }
    if (law->level >= 0)
        move(add(out, &n, CHANGE_FLOOR), (size_t)law->level, 1);
    share_prior(out, n);
    return n;
}

/* --- fits ------------------------------------------------------------------------------------------------ */

void change_apply(double moved[LAW_MAX_PARAMS], const struct change *c, const struct law *law, const double *p,
                  const double *b)
{
    memcpy(moved, p, law->n_params * sizeof *moved);
    for (size_t j = 0; c && j < c->k; j++)
        for (size_t i = 0; i < law->n_params; i++)
            moved[i] += b[j] * c->dir[j][i];
}

/* Where both parameters are held within what the law allows. */
static void keep_inside(double *p, const struct law *law)
{
    for (size_t i = 0; i < law->n_params; i++)
        p[i] = fmin(fmax(p[i], law->params[i].lo), law->params[i].hi);
}

/* What the differences would have to be for this b to be 0 steps away, and the columns there. */
static void linearise(struct change_pairs *q, const struct change *c, const struct law *law, const double *p,
                      const double *b, const struct law_centre *centre)
{
    double moved[LAW_MAX_PARAMS];
    struct law_jet jet;
    change_apply(moved, c, law, p, b);
    keep_inside(moved, law);
    struct law_at base = law_at(law, p, centre), variant = law_at(law, moved, centre);
    for (size_t i = 0; i < q->n; i++) {
        law_at_jet(&jet, &variant, &q->variant[i]);
        q->r[i] = q->y[i] - (log(jet.v) - log(law_at_value(&base, &q->base[i])));
        for (size_t j = 0; c && j < c->k; j++) {
            double x = 0;
            for (size_t k = 0; k < law->n_params; k++)
                x += c->dir[j][k] * jet.g[k] / jet.v;
            q->x[j * q->n + i] = x;
            q->r[i] += b[j] * x;
        }
    }
}

/* Steps of Gauss and Newton: changes are small, and the second step moves in the third digit. */
#define STEPS 3

void change_fit(struct mixed_posterior *out, const struct change *c, const struct law *law, const double *p,
                const struct law_centre *centre, struct change_pairs *pairs, struct mixed *m)
{
    double b[MIXED_MAX] = {0};
    size_t k = c ? c->k : 0;
    for (size_t step = 0; step < (k ? STEPS : 1); step++) {
        linearise(pairs, c, law, p, b, centre);
        mixed_regress(out, m, pairs->r, pairs->x, k);
        for (size_t i = 0; i < pairs->n; i++)
            out->ok = out->ok && isfinite(pairs->r[i]);
        if (!out->ok)
            break;
        memcpy(b, out->b, sizeof b);
    }
    if (!out->ok)
        out->bic = (double)INFINITY;
}
