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

/* That floor and level move at once is taken to be as much rarer than that the floor moves alone: two things, of which either
 * may be without the other. (An exponent's own level is not such a second thing: about which size it turns is nobody's choice.) */
#define BOTH_AT_ONCE 0.1

static bool is_both(const struct change *c)
{
    return c->kind == CHANGE_FLOOR && c->with_level;
}

static void share_prior(struct change *c, size_t n)
{
    double count[CHANGE_N_KINDS] = {0};
    for (size_t i = 0; i < n; i++)
        count[c[i].kind] += is_both(&c[i]) ? 0 : 1;
    for (size_t i = 0; i < n; i++)
        c[i].prior = is_both(&c[i]) ? BOTH_AT_ONCE : (c[i].kind == CHANGE_FLOOR ? 1 - BOTH_AT_ONCE : 1) / count[c[i].kind];
}

static void add_levels(struct change *out, size_t *n, const size_t *coef, size_t m)
{
    for (size_t i = 0; i < m; i++)
        move(add(out, n, CHANGE_LEVEL), coef[i], 1);
    if (m == 2) {
        move_compute(add(out, n, CHANGE_LEVEL), coef, m);
        struct change *both = add(out, n, CHANGE_LEVEL);
        move(both, coef[0], 1);
        move(both, coef[1], 1);
    }
    for (size_t i = 0; i < *n; i++)
        out[i].with_level = true;
}

static void add_exponents(struct change *out, size_t *n, const struct law *law, const size_t *coef, size_t m,
                          const struct law_centre *c)
{
    for (size_t i = 0; i < m; i++) {
        move_exponent(add(out, n, CHANGE_EXPONENT), law, coef[i], c);
        struct change *free = add(out, n, CHANGE_EXPONENT);
        move_exponent(free, law, coef[i], c);
        move(free, coef[i], 1);
        free->with_level = true;
    }
    for (int apart = 0; apart < 2 && m == 2; apart++) {
        struct change *both = add(out, n, CHANGE_EXPONENT);
        for (size_t i = 0; i < m; i++)
            move_exponent(both, law, coef[i], c);
        for (size_t i = 0; i < m && apart; i++)
            move(both, coef[i], 1);
        both->with_level = apart;
    }
    if (m == 2) { /* both by one step about the runs' middle, and one factor: the excess to another power */
        struct change *power = add(out, n, CHANGE_EXPONENT);
        for (size_t i = 0; i < m; i++)
            power->dir[0][law->params[coef[i]].partner] = 1;
        power->k = 1;
        move_compute(power, coef, m);
        power->with_level = true;
    }
}

/* The floor alone; or what there is to learn changes with it, so that the excess is multiplied: noise in the data does that. */
static void add_floors(struct change *out, size_t *n, size_t floor, const size_t *coef, size_t m)
{
    move(add(out, n, CHANGE_FLOOR), floor, 1);
    if (m == 0)
        return;
    struct change *both = add(out, n, CHANGE_FLOOR);
    move(both, floor, 1);
    move_compute(both, coef, m);
    both->with_level = true;
}

size_t change_forms(struct change out[CHANGE_MAX], const struct law *law, const struct law_centre *c)
{
    size_t n = 0, coef[2] = {0}, m = 0;
    for (size_t i = 0; i < law->n_params && m < 2; i++)
        if (law->params[i].kind == LAW_COEF)
            coef[m++] = i;
    add_levels(out, &n, coef, m);
    add_exponents(out, &n, law, coef, m, c);
    if (law->level >= 0)
        add_floors(out, &n, (size_t)law->level, coef, m);
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

/* An exponent that a change takes beyond this factor is no rate of the same law any more: near 0 its term no longer falls with
 * size or data, and is a second floor by another name. */
#define MOST_EXPONENT 2.0
/* What such a change counts beforehand: not nothing, for where nothing else explains anything. */
#define STRANGE 1e-6

double change_prior(const struct change *c, const struct law *law, const double *p, const double *b)
{
    double moved[LAW_MAX_PARAMS];
    bool strange = false;
    change_apply(moved, c, law, p, b);
    for (size_t i = 0; i < law->n_params; i++) {
        const struct law_param *l = &law->params[i];
        bool rate = l->kind == LAW_EXPONENT;
        double least = rate ? fmax(p[i] / MOST_EXPONENT, l->lo) : l->lo, most = rate ? fmin(p[i] * MOST_EXPONENT, l->hi) : l->hi;
        strange = strange || !(moved[i] >= least && moved[i] <= most);
    }
    return strange ? STRANGE * c->prior : c->prior;
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
