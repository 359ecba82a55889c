#include "fit/compare/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/verdict/frontier.h"

/* --- laws of the base ------------------------------------------------------------------------------------ */

/* So many members stand for the ensemble; fewer where pairs are many, for the same time. */
#define MEMBERS 256
#define MEMBER_PAIRS 40000.0

static size_t members_wanted(size_t pairs)
{
    return size_max(32, size_min(MEMBERS, (size_t)(MEMBER_PAIRS / (double)(pairs + 1))));
}

/* Every 1/n-th of the weight of laws x windows x resamples, so that each that is taken counts alike. */
static void from_ensemble(struct evidence *e, size_t wanted)
{
    const struct ensemble *all = &e->base->spread;
    double next = 0.5 / (double)wanted, below = 0;
    for (size_t i = 0; i < all->n_members; i++) {
        const struct ensemble_member *m = &all->members[i];
        below += m->weight;
        for (; below > next && e->n_members < wanted; next += 1 / (double)wanted)
            e->members[e->n_members++] =
                (struct evidence_member){&e->base->laws.at[all->cells[m->cell].law], m->p};
    }
}

static void from_resamples(struct evidence *e, size_t wanted)
{
    const struct fit_law *f = fit_report_selected(e->base);
    e->members[e->n_members++] = (struct evidence_member){f, f->best.p};
    for (size_t b = 0; b < f->n_boot && e->n_members < wanted; b++)
        e->members[e->n_members++] = (struct evidence_member){f, f->boot + b * f->law->n_params};
}

/* --- pairs ------------------------------------------------------------------------------------------------ */

/* Noise falls with the budget, but differences also hold what a change's form gets wrong: no pair counts for more than
 * MOST squared of the middle one, or less. */
#define MOST 3.0

static void spread_noise(struct evidence *e, const struct law_centre *c)
{
    const struct noise_model *m = &e->base->noise.model;
    double mean = 0;
    for (size_t i = 0; i < e->pairs.n && m->df > 0; i++) {
        const struct law_point *x = &e->pairs.base[i];
        e->sd[i] = log(noise_model_at(m, exp(x->u + c->u), exp(x->v + c->v)));
        mean += e->sd[i] / (double)e->pairs.n;
    }
    for (size_t i = 0; i < e->pairs.n; i++) {
        double ratio = m->df > 0 ? exp(e->sd[i] - mean) : 1;
        e->sd[i] = isfinite(ratio) ? fmin(fmax(ratio, 1 / MOST), MOST) : 1;
    }
}

static void take_pairs(struct evidence *e, const struct pairs *pairs, const struct fit_design *base,
                       const struct fit_design *variant)
{
    struct law_point *b = e->points, *v = e->points + pairs->n;
    for (size_t i = 0; i < pairs->n; i++) {
        const struct pair *p = &pairs->items[i];
        b[i] = base->points[p->base];
        v[i] = variant->points[p->variant];
        v[i].u += variant->centre.u - base->centre.u;
        v[i].v += base->two ? variant->centre.v - base->centre.v : 0;
        e->y[i] = variant->ln_loss[p->variant] - base->ln_loss[p->base];
        e->cluster[i] = p->cluster;
        e->group[i] = p->seed;
    }
    e->pairs = (struct change_pairs){.n = pairs->n, .base = b, .variant = v, .y = e->y, .x = e->room,
                                     .r = e->room + MIXED_MAX * pairs->n};
}

/* --- weights ----------------------------------------------------------------------------------------------- */

static void weigh(struct evidence *e)
{
    double best = (double)INFINITY, sum = 0;
    for (size_t i = 0; i < e->n_members; i++) {
        const struct evidence_member *m = &e->members[i];
        struct change forms[CHANGE_MAX];
        const struct law_centre *c = &m->law->problem.centre;
        size_t n = change_forms(forms, m->law->law, c);
        for (size_t j = 0; j < n; j++) {
            struct mixed_posterior *f = &e->fits[i * CHANGE_MAX + j];
            change_fit(f, &forms[j], m->law->law, m->p, c, &e->pairs, &e->mixed);
            e->weight[i * CHANGE_MAX + j] =
                f->ok ? f->bic - 2 * log(change_prior(&forms[j], m->law->law, m->p, f->b)) : (double)INFINITY;
            best = fmin(best, e->weight[i * CHANGE_MAX + j]);
        }
        for (size_t j = n; j < CHANGE_MAX; j++)
            e->weight[i * CHANGE_MAX + j] = (double)INFINITY;
    }
    for (size_t i = 0; i < e->n_members * CHANGE_MAX; i++)
        sum += e->weight[i] = exp(-(e->weight[i] - best) / 2);
    for (size_t i = 0; i < e->n_members * CHANGE_MAX; i++)
        e->weight[i] /= sum;
}

static enum status room(struct evidence *e, size_t n, size_t wanted, struct err *err)
{
    TRY(size_calloc(&e->members, wanted, sizeof *e->members, "laws", err));
    TRY(size_calloc(&e->points, 2 * n, sizeof *e->points, "pairs", err));
    TRY(size_calloc(&e->y, n, sizeof *e->y, "pairs", err));
    TRY(size_calloc(&e->sd, n, sizeof *e->sd, "pairs", err));
    TRY(size_calloc(&e->room, n * (MIXED_MAX + 1), sizeof *e->room, "pairs", err));
    TRY(size_calloc(&e->left, n, sizeof *e->left, "pairs", err));
    TRY(size_calloc(&e->cluster, n, sizeof *e->cluster, "pairs", err));
    TRY(size_calloc(&e->group, n, sizeof *e->group, "pairs", err));
    TRY(size_calloc(&e->fits, wanted * CHANGE_MAX, sizeof *e->fits, "laws", err));
    return size_calloc(&e->weight, wanted * CHANGE_MAX, sizeof *e->weight, "laws", err);
}

enum status evidence_fill(struct evidence *e, const struct compare_side *base, const struct compare_side *variant,
                          const struct pairs *pairs, struct err *err)
{
    size_t wanted = members_wanted(pairs->n);
    const struct fit_design *d = &base->report->kept;
    *e = (struct evidence){.base = base->report};
    TRY(room(e, pairs->n, wanted, err));
    take_pairs(e, pairs, d, &variant->report->kept);
    spread_noise(e, &d->centre);
    const struct mixed_clusters in = {.n = pairs->n, .n_clusters = pairs->n_clusters, .n_groups = pairs->n_seeds,
                                      .cluster = e->cluster, .group = e->group};
    TRY(mixed_init(&e->mixed, &in, e->sd, err));
    if (e->base->spread.n_members > 0)
        from_ensemble(e, wanted);
    else
        from_resamples(e, wanted);
    const struct fit_law *f = fit_report_selected(e->base);
    change_fit(&e->none, NULL, f->law, f->best.p, &f->problem.centre, &e->pairs, &e->mixed);
    memcpy(e->left, e->pairs.r, pairs->n * sizeof *e->left);
    weigh(e);
    return OK;
}

void evidence_free(struct evidence *e)
{
    free(e->members);
    free(e->points);
    free(e->y);
    free(e->sd);
    free(e->room);
    free(e->left);
    free(e->cluster);
    free(e->group);
    free(e->fits);
    free(e->weight);
    mixed_free(&e->mixed);
    *e = (struct evidence){.base = NULL};
}

void evidence_kinds(double probability[CHANGE_N_KINDS], double *with_level, const struct evidence *e)
{
    double both = 0;
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        probability[k] = 0;
    for (size_t i = 0; i < e->n_members; i++) {
        const struct evidence_member *m = &e->members[i];
        struct change forms[CHANGE_MAX];
        size_t n = change_forms(forms, m->law->law, &m->law->problem.centre);
        for (size_t j = 0; j < n; j++) {
            double w = e->weight[i * CHANGE_MAX + j];
            probability[forms[j].kind] += w;
            both += forms[j].kind == CHANGE_FLOOR && forms[j].with_level ? w : 0;
        }
    }
    *with_level = both / probability[CHANGE_FLOOR];
}

const struct evidence_member *evidence_draw(double moved[LAW_MAX_PARAMS], enum change_kind *kind, const struct evidence *e,
                                            struct rng *rng)
{
    double u = rng_double(rng), b[MIXED_MAX];
    size_t i = 0, last = 0;
    for (; i < e->n_members * CHANGE_MAX; i++) {
        if (e->weight[i] > 0)
            last = i;
        if (u < e->weight[i])
            break;
        u -= e->weight[i];
    }
    const struct evidence_member *m = &e->members[last / CHANGE_MAX];
    struct change forms[CHANGE_MAX];
    change_forms(forms, m->law->law, &m->law->problem.centre);
    mixed_draw(b, &e->fits[last], rng);
    if (kind)
        *kind = forms[last % CHANGE_MAX].kind;
    change_apply(moved, &forms[last % CHANGE_MAX], m->law->law, m->p, b);
    return m;
}

/* --- probabilities ------------------------------------------------------------------------------------------ */

/* How much better the best form of each kind explains differences than no change, at the base's best law. The columns are those
 * of a small change, so that a simulated difference costs no more than a projection. */
struct contest {
    enum change_kind kind[CHANGE_MAX];
    struct mixed_columns none, with[CHANGE_MAX];
    size_t n;
    double *z; /* (MIXED_STEPS, pairs) */
};

/* x: (MIXED_MAX, pairs) */
static void columns(double *x, const struct change *form, const struct evidence *e, const struct fit_law *f)
{
    const struct law_at at = law_at(f->law, f->best.p, &f->problem.centre);
    size_t n = e->pairs.n;
    struct law_jet jet;
    for (size_t i = 0; i < n; i++) {
        law_at_jet(&jet, &at, &e->pairs.variant[i]);
        for (size_t k = 0; k < form->k; k++) {
            x[k * n + i] = 0;
            for (size_t l = 0; l < f->law->n_params; l++)
                x[k * n + i] += form->dir[k][l] * jet.g[l] / jet.v;
        }
    }
}

static enum status contest_init(struct contest *c, struct evidence *e, struct err *err)
{
    const struct fit_law *f = fit_report_selected(e->base);
    struct change forms[CHANGE_MAX];
    size_t n = change_forms(forms, f->law, &f->problem.centre);
    TRY(size_calloc(&c->z, MIXED_STEPS * e->pairs.n, sizeof *c->z, "changes", err));
    TRY(mixed_columns_init(&c->none, &e->mixed, NULL, 0, err));
    for (; c->n < n; c->n++) {
        columns(e->room, &forms[c->n], e, f);
        c->kind[c->n] = forms[c->n].kind;
        TRY(mixed_columns_init(&c->with[c->n], &e->mixed, e->room, forms[c->n].k, err));
    }
    return OK;
}

static void contest_free(struct contest *c)
{
    free(c->z);
    mixed_columns_free(&c->none);
    for (size_t j = 0; j < CHANGE_MAX; j++)
        mixed_columns_free(&c->with[j]);
}

static void score(double out[CHANGE_N_KINDS], struct contest *c, struct evidence *e, const double *y)
{
    mixed_whiten(c->z, &e->mixed, y);
    double none = mixed_bic(&c->none, &e->mixed, c->z);
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        out[k] = -(double)INFINITY;
    for (size_t j = 0; j < c->n; j++)
        if (c->with[j].ok)
            out[c->kind[j]] = fmax(out[c->kind[j]], none - mixed_bic(&c->with[j], &e->mixed, c->z));
}

/* The share of sorted[0..n), of which v is one, at or above v. */
static double tail(const double *sorted, size_t n, double v)
{
    size_t below = 0, above = n;
    while (below < above) {
        size_t middle = (below + above) / 2;
        if (sorted[middle] < v)
            below = middle + 1;
        else
            above = middle;
    }
    return (double)(n - below) / (double)n;
}

static double smallest_tail(const double *sorted, size_t n, const double score[CHANGE_N_KINDS], double p[CHANGE_N_KINDS])
{
    double least = 1;
    for (size_t k = 0; k < CHANGE_N_KINDS; k++) {
        double t = tail(sorted + k * n, n, score[k]);
        if (p)
            p[k] = t;
        least = fmin(least, t);
    }
    return least;
}

/* Differences without a change, in two ways. As the regression has errors: normal, of one correlation within a trajectory. And
 * as they are: each trajectory's own, with a sign and about its size (the wild bootstrap of clusters, Cameron, Gelbach and Miller
 * 2008), which keeps how errors of one trajectory go together, whatever that is. */
enum sims { SIMS_REGRESSION, SIMS_WILD, N_SIMS };

static void simulate(double *y, struct evidence *e, const struct mixed_posterior *none, enum sims how, struct rng *rng)
{
    if (how == SIMS_REGRESSION)
        mixed_simulate(y, &e->mixed, none, rng);
    else
        mixed_simulate_wild(y, &e->mixed, none, e->left, rng);
}

/* scores, sorted: (n, CHANGE_N_KINDS), (CHANGE_N_KINDS, n); y: (pairs). The differences that there are come first and are judged as
 * one of the n: where all are as likely, which no change makes them, p is exact. */
static void contest_all(double p[CHANGE_N_KINDS], double *any, struct evidence *e, struct contest *c, enum sims how, size_t n,
                        uint64_t seed, double *scores, double *sorted, double *y)
{
    struct mixed_posterior none;
    double at_most = 0;
    struct rng rng = rng_make(seed, RNG_BOOTSTRAP, 7101, (uint64_t)how);
    for (size_t i = 0; i < e->pairs.n; i++)
        y[i] = e->left[i];
    mixed_regress(&none, &e->mixed, y, NULL, 0);
    for (size_t s = 0; s < n; s++) {
        if (s > 0)
            simulate(y, e, &none, how, &rng);
        score(scores + s * CHANGE_N_KINDS, c, e, y);
        for (size_t k = 0; k < CHANGE_N_KINDS; k++)
            sorted[k * n + s] = scores[s * CHANGE_N_KINDS + k];
    }
    for (size_t k = 0; k < CHANGE_N_KINDS; k++)
        sort_doubles(sorted + k * n, n);
    double least = smallest_tail(sorted, n, scores, p);
    for (size_t s = 0; s < n; s++)
        at_most += smallest_tail(sorted, n, scores + s * CHANGE_N_KINDS, NULL) <= least;
    *any = at_most / (double)n;
}

enum status evidence_p(double p[CHANGE_N_KINDS], double *any, struct evidence *e, size_t sims, uint64_t seed,
                       struct err *err)
{
    struct contest c = {.n = 0};
    double *scores = NULL;
    size_t n = sims + 1; /* and those that there are */
    enum status st = contest_init(&c, e, err);
    if (st == OK)
        st = size_calloc(&scores, 2 * n * CHANGE_N_KINDS + e->pairs.n, sizeof *scores, "changes", err);
    if (st == OK) {
        double *sorted = scores + n * CHANGE_N_KINDS;
        for (size_t k = 0; k < CHANGE_N_KINDS; k++)
            p[k] = 0;
        *any = 0;
        for (int how = 0; how < N_SIMS; how++) { /* the larger: neither is right for all */
            double own[CHANGE_N_KINDS], own_any;
            contest_all(own, &own_any, e, &c, (enum sims)how, n, seed, scores, sorted, sorted + n * CHANGE_N_KINDS);
            for (size_t k = 0; k < CHANGE_N_KINDS; k++)
                p[k] = fmax(p[k], own[k]);
            *any = fmax(*any, own_any);
        }
    }
    free(scores);
    contest_free(&c);
    return st;
}

const struct mixed_posterior *evidence_best(const struct evidence *e)
{
    size_t best = 0;
    for (size_t i = 1; i < e->n_members * CHANGE_MAX; i++)
        if (e->weight[i] > e->weight[best])
            best = i;
    return &e->fits[best];
}

double evidence_sigma(const struct evidence *e)
{
    const struct mixed_posterior *f = evidence_best(e);
    double var = 0;
    for (size_t s = 0; s < MIXED_STEPS; s++)
        var += f->at[s].weight * f->at[s].rss / (double)(f->n - f->k);
    return sqrt(var);
}

double evidence_smallest_of(const struct evidence *e, const double *y, struct change_pairs *q, struct mixed *m)
{
    const struct fit_law *f = fit_report_selected(e->base);
    const struct law_at at = law_at(f->law, f->best.p, &f->problem.centre);
    static const double one[MIXED_MAX] = {1};
    const struct frontier_curve front = frontier_of_law(&e->base->cost, f, f->best.p);
    struct mixed_posterior r;
    for (size_t i = 0; i < q->n; i++) {
        double t[2], v = law_at_value(&at, &q->variant[i]);
        law_at_terms(t, &at, &q->variant[i]);
        q->x[i] = -front.g * (t[0] + t[1]) / v; /* of ln loss in ln compute: the excess falls as C^-g */
        q->r[i] = y[i];
    }
    mixed_regress(&r, m, q->r, q->x, 1);
    if (!r.ok)
        return (double)NAN;
    double df = (double)m->in.n_clusters - 1 > 1 ? (double)m->in.n_clusters - 1 : 1;
    return (stats_t95(df) + stats_t_at(0.8416, df)) * mixed_se(&r, one);
}

double evidence_smallest(struct evidence *e)
{
    return evidence_smallest_of(e, e->left, &e->pairs, &e->mixed);
}
