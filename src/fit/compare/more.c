#include "fit/compare/more.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Further runs: so many times the seeds, and so many more budgets for each trajectory. */
struct step {
    size_t seeds, budgets;
};

static const struct step by_seeds[] = {{2, 0}, {4, 0}, {8, 0}, {16, 0}};
static const struct step by_budgets[] = {{1, 1}, {1, 2}, {1, 3}, {1, 4}};
enum { STEPS = 4, MOST_PAIRS = 1000, DRAWS = 40 };

/* A change is called by its kind from this probability on (compare.c), and more runs settle it where that is so in four
 * of five cases. */
#define LIKELY 0.8
#define TESTED 0.05 /* its test; a change that is not seen has no kind */
#define SETTLED 0.8

/* The pairs that there would be. */
struct wider {
    struct law_point *points; /* (2, n) */
    double *y, *sd, *room;    /* (n), (n), (MIXED_MAX + 1, n) */
    double *x;                /* (CHANGE_MAX, MIXED_MAX, n) */
    size_t *cluster, *group, n;
    struct change_pairs pairs;
    struct mixed mixed;
    struct change forms[CHANGE_MAX];
    size_t n_forms;
};

static void wider_free(struct wider *w)
{
    free(w->points);
    free(w->y);
    free(w->sd);
    free(w->room);
    free(w->x);
    free(w->cluster);
    free(w->group);
    mixed_free(&w->mixed);
}

static enum status room(struct wider *w, size_t n, struct err *err)
{
    TRY(size_calloc(&w->points, 2 * n, sizeof *w->points, "pairs", err));
    TRY(size_calloc(&w->y, n, sizeof *w->y, "pairs", err));
    TRY(size_calloc(&w->sd, n, sizeof *w->sd, "pairs", err));
    TRY(size_calloc(&w->room, n * (MIXED_MAX + 1), sizeof *w->room, "pairs", err));
    TRY(size_calloc(&w->x, n * CHANGE_MAX * MIXED_MAX, sizeof *w->x, "pairs", err));
    TRY(size_calloc(&w->group, n, sizeof *w->group, "pairs", err));
    return size_calloc(&w->cluster, n, sizeof *w->cluster, "pairs", err);
}

/* The pair of its trajectory with the most data. */
static size_t longest(const struct evidence *e, size_t cluster)
{
    size_t best = e->pairs.n;
    for (size_t i = 0; i < e->pairs.n; i++)
        if (e->cluster[i] == cluster && (best == e->pairs.n || e->pairs.base[i].v > e->pairs.base[best].v))
            best = i;
    return best;
}

static void put(struct wider *w, size_t at, const struct evidence *e, size_t pair, double later, size_t more_seeds)
{
    struct law_point *b = &w->points[at], *v = &w->points[w->n + at];
    *b = e->pairs.base[pair];
    *v = e->pairs.variant[pair];
    b->v += later, v->v += later;
    b->ln_unique += later, v->ln_unique += later;
    w->sd[at] = e->sd[pair];
    w->cluster[at] = more_seeds * e->mixed.in.n_clusters + e->cluster[pair];
    w->group[at] = more_seeds * e->mixed.in.n_groups + e->group[pair];
}

static void place(struct wider *w, const struct evidence *e, const struct step *s)
{
    const double ln2 = 0.69314718055994531;
    size_t at = 0;
    for (size_t k = 0; k < s->seeds; k++) {
        for (size_t i = 0; i < e->pairs.n; i++)
            put(w, at++, e, i, 0, k);
        for (size_t c = 0; c < e->mixed.in.n_clusters; c++)
            for (size_t b = 1; b <= s->budgets; b++)
                put(w, at++, e, longest(e, c), (double)b * ln2, k);
    }
}

/* The columns of all forms at this law, as those of a small change. */
static void columns(struct wider *w, const struct evidence_member *m)
{
    const struct law *law = m->law->law;
    const struct law_at at = law_at(law, m->p, &m->law->problem.centre);
    struct law_jet jet;
    w->n_forms = change_forms(w->forms, law, &m->law->problem.centre);
    for (size_t i = 0; i < w->n; i++) {
        law_at_jet(&jet, &at, &w->pairs.variant[i]);
        for (size_t j = 0; j < w->n_forms; j++)
            for (size_t k = 0; k < w->forms[j].k; k++) {
                double *x = &w->x[(j * MIXED_MAX + k) * w->n + i];
                *x = 0;
                for (size_t l = 0; l < law->n_params; l++)
                    *x += w->forms[j].dir[k][l] * jet.g[l] / jet.v;
            }
    }
}

static enum status widen(struct wider *w, const struct evidence *e, const struct step *s, struct err *err)
{
    size_t clusters = e->mixed.in.n_clusters, n = s->seeds * (e->pairs.n + clusters * s->budgets);
    *w = (struct wider){.n = n};
    TRY(room(w, n, err));
    place(w, e, s);
    w->pairs = (struct change_pairs){.n = n, .base = w->points, .variant = w->points + n, .y = w->y, .x = w->room,
                                     .r = w->room + MIXED_MAX * n};
    const struct mixed_clusters in = {.n = n, .n_clusters = s->seeds * clusters, .n_groups = s->seeds * e->mixed.in.n_groups,
                                      .cluster = w->cluster, .group = w->group};
    return mixed_init(&w->mixed, &in, w->sd, err);
}

/* --- a change that can be called by its kind ------------------------------------------------------------------ */

/* Differences as they may be, under a law of the base as it may be, which further runs would tell: the columns are its. */
static const struct evidence_member *simulate(enum change_kind *kind, struct wider *w, const struct evidence *e, struct rng *rng)
{
    double moved[LAW_MAX_PARAMS];
    const struct evidence_member *m = evidence_draw(moved, kind, e, rng);
    const struct law_at plain = law_at(m->law->law, m->p, &m->law->problem.centre);
    const struct law_at changed = law_at(m->law->law, moved, &m->law->problem.centre);
    mixed_simulate(w->y, &w->mixed, evidence_best(e), rng);
    for (size_t i = 0; i < w->n; i++)
        w->y[i] += log(law_at_value(&changed, &w->pairs.variant[i]) / law_at_value(&plain, &w->pairs.variant[i]));
    columns(w, m);
    return m;
}

/* The probability of this kind, for w->y, under this law. */
static double probability(struct wider *w, const struct evidence_member *m, enum change_kind kind)
{
    double bic[CHANGE_MAX], least = (double)INFINITY, sum = 0, own = 0;
    struct mixed_posterior with;
    for (size_t j = 0; j < w->n_forms; j++) {
        mixed_regress(&with, &w->mixed, w->y, w->x + j * MIXED_MAX * w->n, w->forms[j].k);
        bic[j] = with.ok ? with.bic - 2 * log(change_prior(&w->forms[j], m->law->law, m->p, with.b)) : (double)INFINITY;
        least = fmin(least, bic[j]);
    }
    for (size_t j = 0; j < w->n_forms; j++) {
        double weight = exp(-(bic[j] - least) / 2);
        sum += weight;
        own += w->forms[j].kind == kind ? weight : 0;
    }
    return own / sum;
}

static enum status chance_of(double *chance, const struct evidence *e, const struct step *s, uint64_t seed, struct err *err)
{
    struct wider w;
    struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 7104, s->seeds * 100 + s->budgets);
    size_t called = 0;
    enum status st = widen(&w, e, s, err);
    for (size_t i = 0; st == OK && i < DRAWS; i++) {
        enum change_kind kind;
        const struct evidence_member *m = simulate(&kind, &w, e, &rng);
        called += probability(&w, m, kind) >= LIKELY;
    }
    wider_free(&w);
    *chance = (double)called / DRAWS;
    return st;
}

static bool affordable(const struct evidence *e, const struct step *s)
{
    return s->seeds * (e->pairs.n + e->mixed.in.n_clusters * s->budgets) <= MOST_PAIRS;
}

/* The first of these steps with which it is called by its kind in most cases; *tried: the last one that was tried. */
static enum status first_step(const struct step **found, const struct step **tried, const struct step *steps,
                              const struct evidence *e, uint64_t seed, struct err *err)
{
    double chance;
    *found = *tried = NULL;
    for (size_t i = 0; i < STEPS && !*found && affordable(e, &steps[i]); i++) {
        TRY(chance_of(&chance, e, &steps[i], seed, err));
        *tried = &steps[i];
        *found = chance >= SETTLED ? &steps[i] : NULL;
    }
    return OK;
}

static enum status name_kind(struct compare_more *m, const struct evidence *e, uint64_t seed, struct err *err)
{
    const struct step *found, *tried;
    TRY(first_step(&found, &tried, by_seeds, e, seed, err));
    m->seeds = found ? (double)found->seeds : 0;
    m->seeds_tried = tried ? (double)tried->seeds : 0;
    if (!e->base->design.two)
        return OK;
    TRY(first_step(&found, &tried, by_budgets, e, seed, err));
    m->budgets = found ? (double)found->budgets : 0;
    m->budgets_tried = tried ? (double)tried->budgets : 0;
    return OK;
}

/* --- a gain that can be seen ----------------------------------------------------------------------------------- */

/* Errors of the pairs that there would be: those that there are, as often as it takes. */
static enum status see_gain(struct compare_more *m, double found, const struct evidence *e, uint64_t seed, struct err *err)
{
    struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 7105, 0);
    for (size_t i = 0; i < STEPS && e->base->design.two && m->budgets == 0 && affordable(e, &by_budgets[i]); i++) {
        struct wider w;
        double ln = 0;
        enum status st = widen(&w, e, &by_budgets[i], err);
        for (size_t k = 0; st == OK && k < DRAWS; k++) {
            mixed_simulate(w.y, &w.mixed, &e->none, &rng);
            ln += evidence_smallest_of(e, w.y, &w.pairs, &w.mixed) / DRAWS;
        }
        wider_free(&w);
        TRY(st);
        if (ln <= found)
            m->budgets = (double)by_budgets[i].budgets;
    }
    return OK;
}

enum status more_fill(struct compare_more *kind, struct compare_more *gain, const struct more_in *in, const struct evidence *e,
                      uint64_t seed, struct err *err)
{
    double best = 0, found = fabs(log(in->gain));
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        best = fmax(best, in->probability[k]);
    *kind = *gain = (struct compare_more){.seeds = 0};
    if (best < LIKELY && in->p_any < TESTED)
        TRY(name_kind(kind, e, seed, err));
    return found > 0 && log(in->smallest_seen) > found ? see_gain(gain, found, e, seed, err) : OK;
}
