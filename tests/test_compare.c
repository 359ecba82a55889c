/* Comparisons: the regression in clusters against its textbook form, pairs of runs, and a simulated change whose truth is
 * known (the long form is compare_power.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_sim.h"
#include "fit/compare/evidence.h"
#include "test.h"

/* --- mixed ------------------------------------------------------------------------------------------------ */

enum { N = 11, CLUSTERS = 4 };
static const size_t cluster[N] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 1}, group[N] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0};
static const struct mixed_clusters clusters = {.n = N, .n_clusters = CLUSTERS, .n_groups = 2, .cluster = cluster, .group = group};

/* Solve a x = b (n, in place) with pivots; returns ln |det a|. */
static double gauss(double *a, double *b, size_t n, size_t m)
{
    double ln_det = 0;
    for (size_t c = 0; c < n; c++) {
        size_t p = c;
        for (size_t r = c + 1; r < n; r++)
            if (fabs(a[r * n + c]) > fabs(a[p * n + c]))
                p = r;
        for (size_t k = 0; k < n; k++) {
            double t = a[c * n + k];
            a[c * n + k] = a[p * n + k];
            a[p * n + k] = t;
        }
        for (size_t k = 0; k < m; k++) {
            double t = b[c * m + k];
            b[c * m + k] = b[p * m + k];
            b[p * m + k] = t;
        }
        ln_det += log(fabs(a[c * n + c]));
        for (size_t r = 0; r < n; r++) {
            double f = r == c ? 0 : a[r * n + c] / a[c * n + c];
            for (size_t k = 0; k < n && f != 0; k++)
                a[r * n + k] -= f * a[c * n + k];
            for (size_t k = 0; k < m && f != 0; k++)
                b[r * m + k] -= f * b[c * m + k];
        }
    }
    for (size_t r = 0; r < n; r++)
        for (size_t k = 0; k < m; k++)
            b[r * m + k] /= a[r * n + r];
    return ln_det;
}

/* b and r'V^-1 r of generalised least squares with the whole covariance written out; x: (k, N). */
static void textbook(double *b, double *rss, const double *y, const double *x, size_t k, const double *sd, double rho, double tau)
{
    double v[N * N], z[N * (MIXED_MAX + 1)], a[MIXED_MAX * MIXED_MAX];
    const size_t wide = k + 1; /* y first */
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            v[i * N + j] = sd[i] * sd[j] * ((1 - tau) * (i == j ? 1 : cluster[i] == cluster[j] ? rho : 0) +
                                            (group[i] == group[j] ? tau : 0));
    for (size_t i = 0; i < N; i++) {
        z[i * wide] = y[i];
        for (size_t p = 0; p < k; p++)
            z[i * wide + 1 + p] = x[p * N + i];
    }
    gauss(v, z, N, wide);
    for (size_t p = 0; p < k; p++) {
        b[p] = 0;
        for (size_t q = 0; q < k; q++)
            a[k * p + q] = 0;
        for (size_t i = 0; i < N; i++) {
            b[p] += x[p * N + i] * z[i * wide];
            for (size_t q = 0; q < k; q++)
                a[k * p + q] += x[p * N + i] * z[i * wide + 1 + q];
        }
    }
    gauss(a, b, k, 1);
    *rss = 0;
    for (size_t i = 0; i < N; i++) {
        double left = y[i], spread = z[i * wide];
        for (size_t p = 0; p < k; p++) {
            left -= b[p] * x[p * N + i];
            spread -= b[p] * z[i * wide + 1 + p];
        }
        *rss += left * spread;
    }
}

static void expect_textbook(struct mixed *m, const double *y, const double *x, size_t k, const double *sd)
{
    double scaled[N], b[MIXED_MAX], rss, sum = 0;
    struct mixed_posterior p;
    mixed_regress(&p, m, y, x, k);
    EXPECT(p.ok);
    for (size_t s = 0; s < MIXED_STEPS && p.ok; s++) {
        for (size_t i = 0; i < N; i++)
            scaled[i] = pow(sd[i], mixed_power(s));
        textbook(b, &rss, y, x, k, scaled, mixed_rho(s), mixed_tau(s));
        for (size_t i = 0; i < k; i++)
            EXPECT_NEAR(p.at[s].b[i], b[i], 1e-9);
        EXPECT_NEAR(p.at[s].rss, rss, 1e-9 * rss);
        sum += p.at[s].weight;
    }
    EXPECT_NEAR(sum, 1, 1e-12);
}

static void regression_is_the_textbooks(void)
{
    double y[N], x[MIXED_MAX * N], sd[N];
    struct mixed m;
    struct mixed_posterior p;
    struct err err;
    for (size_t i = 0; i < N; i++) {
        y[i] = rng_normal(test_rng());
        x[i] = 1 + rng_double(test_rng());
        for (size_t k = 1; k < MIXED_MAX; k++)
            x[k * N + i] = rng_normal(test_rng());
        sd[i] = 0.5 + rng_double(test_rng());
    }
    EXPECT(mixed_init(&m, &clusters, sd, &err) == OK);
    for (size_t k = 0; k <= MIXED_MAX; k++)
        expect_textbook(&m, y, x, k, sd);
    memcpy(x + N, x, sizeof y); /* two columns alike say nothing of either */
    mixed_regress(&p, &m, y, x, 2);
    EXPECT(!p.ok);
    mixed_free(&m);
}

/* The short way for many y says what the regression does. */
static void bic_of_many_is_the_regressions(void)
{
    double x[2 * N], y[N], z[MIXED_STEPS * N];
    struct mixed m;
    struct mixed_columns c[3];
    struct mixed_posterior p;
    struct err err;
    EXPECT_OK(mixed_init(&m, &clusters, NULL, &err));
    for (size_t i = 0; i < 2 * N; i++)
        x[i] = rng_normal(test_rng());
    for (size_t k = 0; k < 3; k++)
        EXPECT_OK(mixed_columns_init(&c[k], &m, x, k, &err));
    for (size_t s = 0; s < 5; s++) {
        for (size_t i = 0; i < N; i++)
            y[i] = rng_normal(test_rng());
        mixed_whiten(z, &m, y);
        for (size_t k = 0; k < 3; k++) {
            mixed_regress(&p, &m, y, x, k);
            EXPECT_NEAR(mixed_bic(&c[k], &m, z), p.bic, 1e-12 * fabs(p.bic));
        }
    }
    for (size_t k = 0; k < 3; k++)
        mixed_columns_free(&c[k]);
    memcpy(x + N, x, sizeof y);
    EXPECT_OK(mixed_columns_init(&c[0], &m, x, 2, &err));
    EXPECT(!c[0].ok && mixed_bic(&c[0], &m, z) == (double)INFINITY);
    mixed_columns_free(&c[0]);
    mixed_free(&m);
}

/* Draws have the mean and the variance that mixed_se tells, by clusters' own posterior. */
static void draws_spread_as_the_standard_error(void)
{
    double y[N], x[N], b[MIXED_MAX], mean = 0, ss = 0;
    static const double one[MIXED_MAX] = {1};
    struct mixed m;
    struct mixed_posterior p;
    struct err err;
    enum { DRAWS = 20000 };
    for (size_t i = 0; i < N; i++) {
        x[i] = 1 + rng_double(test_rng());
        y[i] = 3 * x[i] + 0.1 * rng_normal(test_rng());
    }
    EXPECT(mixed_init(&m, &clusters, NULL, &err) == OK);
    mixed_regress(&p, &m, y, x, 1);
    for (size_t i = 0; i < DRAWS; i++) {
        mixed_draw(b, &p, test_rng());
        mean += b[0] / DRAWS;
        ss += b[0] * b[0] / DRAWS;
    }
    double sd = sqrt(ss - mean * mean), se = mixed_se(&p, one);
    EXPECT_NEAR(mean, p.b[0], 5 * se / sqrt(DRAWS));
    EXPECT(sd > se && sd < 1.4 * se); /* of t with 10 degrees: 1.12 times, and steps of rho differ in b */
    mixed_free(&m);
}

/* Errors that are made up go together as they are said to: here nearly all of a cluster's noise is its level. */
static void simulated_errors_go_together(void)
{
    enum { DRAWS = 20000 };
    double y[N], left[N], within = 0, across = 0, apart = 0, square = 0;
    struct mixed m;
    struct err err;
    const size_t step = MIXED_STEPS - 1, a = 0, b = 1, c = 3, d = 5; /* a, b of one cluster, c of their group, d of neither */
    struct mixed_posterior none = {.n = N, .at[MIXED_STEPS - 1] = {.ok = true, .weight = 1, .rss = N}};
    EXPECT_OK(mixed_init(&m, &clusters, NULL, &err));
    for (size_t i = 0; i < N; i++)
        left[i] = cluster[i] % 2 ? -1 : 1;
    for (int wild = 0; wild < 2; wild++) {
        within = across = apart = square = 0;
        for (size_t k = 0; k < DRAWS; k++) {
            if (wild)
                mixed_simulate_wild(y, &m, &none, left, test_rng());
            else
                mixed_simulate(y, &m, &none, test_rng());
            square += y[a] * y[a];
            within += y[a] * y[b];
            across += y[a] * y[c];
            apart += y[a] * y[d];
        }
        EXPECT_NEAR(across / square, mixed_tau(step), 0.035);
        EXPECT_NEAR(apart / square, 0, 0.035);
        EXPECT(within / square > 0.8);
    }
    EXPECT(mixed_tau(step) > 0.08); /* or the bounds above tell nothing */
    mixed_free(&m);
}

/* --- pairs ------------------------------------------------------------------------------------------------- */

/* Budgets of a grid: tokens, tokens a parameter, or FLOPs. */
enum budget_kind { TOKENS, PER_PARAM, FLOPS };
struct budgets {
    enum budget_kind kind;
    double first, step;
};

static double tokens_at(const struct budgets *b, size_t i, double params)
{
    double budget = b->first * pow(b->step, (double)i);
    return b->kind == TOKENS ? budget : b->kind == PER_PARAM ? budget * params : budget / (6 * params);
}

/* A grid of sizes x budgets x seeds, as a design sees it. */
static void grid_at(struct fit_table *t, struct fit_design *d, double size, double step, size_t sizes, size_t budgets, size_t seeds,
                    double first_seed, const struct budgets *at)
{
    struct err err;
    bool use[64];
    EXPECT(fit_table_init(t, sizes * budgets * seeds, &err) == OK);
    for (size_t i = 0; i < t->n; i++) {
        size_t trunk = i / budgets;
        t->trunk[i] = trunk;
        t->col[FIT_PARAMS][i] = size * pow(step, (double)(trunk / seeds));
        t->col[FIT_TOKENS][i] = tokens_at(at, i % budgets, t->col[FIT_PARAMS][i]);
        t->col[FIT_FLOPS][i] = 6 * t->col[FIT_PARAMS][i] * t->col[FIT_TOKENS][i];
        t->col[FIT_LOSS][i] = 2;
        t->col[FIT_SEED][i] = first_seed + (double)(trunk % seeds);
        use[i] = true;
    }
    t->n_trunks = sizes * seeds;
    EXPECT(design_make(d, t, use, true, FIT_PARAMS, "", FIT_COUNT_TOTAL, &err) == OK);
}

static void grid(struct fit_table *t, struct fit_design *d, double size, double step, size_t sizes, size_t budgets, size_t seeds,
                 double first_seed)
{
    const struct budgets at = {TOKENS, 1e5, 2};
    grid_at(t, d, size, step, sizes, budgets, seeds, first_seed, &at);
}

struct met {
    struct pairs p;
    struct fit_table t[2];
    struct fit_design d[2];
};

static void meet(struct met *m)
{
    struct err err;
    EXPECT(pairs_make(&m->p, &m->d[0], m->t[0].col[FIT_SEED], &m->d[1], m->t[1].col[FIT_SEED], &err) == OK);
}

static void part(struct met *m)
{
    pairs_free(&m->p);
    for (int k = 0; k < 2; k++) {
        design_free(&m->d[k]);
        fit_table_free(&m->t[k]);
    }
}

static void runs_of_one_seed_are_paired(void)
{
    struct met m = {0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 4, 2, 1);
    grid(&m.t[1], &m.d[1], 1.01e4, 2, 3, 4, 2, 2); /* seeds 2 and 3 */
    meet(&m);
    EXPECT(m.p.how == PAIRS_VALUE && m.p.n == 24 && m.p.n_cells == 12 && m.p.same_seed == 12);
    EXPECT(m.p.n_clusters == 6);
    for (size_t i = 0; i < m.p.n; i++) {
        double a = m.t[0].col[FIT_SEED][m.d[0].rows[m.p.items[i].base]];
        double b = m.t[1].col[FIT_SEED][m.d[1].rows[m.p.items[i].variant]];
        EXPECT(a == b || (a == 1 && b == 3));
    }
    part(&m);
}

/* Budgets of unlike warm-up have trunks of their own, but the weights that they begin with and their data are the same. */
static void runs_of_a_size_and_seed_are_one_cluster(void)
{
    struct met m = {0};
    for (int known = 1; known >= 0; known--) {
        m = (struct met){0};
        for (int k = 0; k < 2; k++) {
            grid(&m.t[k], &m.d[k], 1e4, 2, 3, 4, 2, 1);
            for (size_t i = 0; i < m.d[k].n; i++)
                m.d[k].cluster[i] = i;
            m.d[k].n_clusters = m.d[k].n;
            for (size_t i = 0; i < m.t[k].n && !known; i++)
                m.t[k].col[FIT_SEED][i] = (double)NAN;
        }
        meet(&m);
        EXPECT(m.p.n == 24 && m.p.n_clusters == (known ? 6 : 24) && m.p.n_seeds == (known ? 2 : 1));
        for (size_t i = 0; i < m.p.n && known; i++)
            for (size_t j = 0; j < m.p.n; j++) {
                const struct pair *a = &m.p.items[i], *b = &m.p.items[j];
                EXPECT((a->cluster == b->cluster) == (a->size == b->size && a->seed == b->seed));
            }
        part(&m);
    }
}

static void larger_models_are_paired_by_rank(void)
{
    struct met m = {0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 4, 1, 1);
    grid(&m.t[1], &m.d[1], 1.4e4, 1.9, 3, 4, 1, 1);
    meet(&m);
    EXPECT(m.p.how == PAIRS_RANK && m.p.n == 12 && m.p.n_clusters == 3);
    for (size_t i = 0; i < m.p.n; i++)
        EXPECT(m.p.items[i].base == m.p.items[i].variant);
    part(&m);
    m = (struct met){0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 4, 1, 1);
    grid(&m.t[1], &m.d[1], 1.4e4, 1.9, 4, 4, 1, 1); /* another form */
    meet(&m);
    EXPECT(m.p.how == PAIRS_NONE && m.p.lone_base == 12);
    part(&m);
}

static void what_one_grid_lacks_is_left_out(void)
{
    struct met m = {0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 4, 4, 1, 1);
    grid(&m.t[1], &m.d[1], 2e4, 2, 3, 5, 1, 1);
    meet(&m);
    EXPECT(m.p.how == PAIRS_VALUE && m.p.n == 12 && m.p.lone_base == 4 && m.p.lone_variant == 3);
    part(&m);
}

/* Pairs of 3 sizes x 3 budgets with a variant's, whose sizes are so many times as large. */
static void expect_pairs(const struct budgets *base, const struct budgets *variant, double larger, enum pairs_how how,
                         enum pairs_budgets budgets, size_t n)
{
    struct met m = {0};
    grid_at(&m.t[0], &m.d[0], 1e4, 2, 3, 3, 1, 1, base);
    grid_at(&m.t[1], &m.d[1], larger * 1e4, 2, 3, 3, 1, 1, variant);
    meet(&m);
    EXPECT_MSG(m.p.how == how && m.p.n == n, "%d, %zu pairs", m.p.how, m.p.n);
    EXPECT_MSG(how == PAIRS_NONE || m.p.budgets == budgets, "by %d", m.p.budgets);
    EXPECT(m.p.sizes_differ == (larger > 1.03));
    for (size_t i = 0; i < m.p.n && m.p.how != PAIRS_NONE; i++) {
        size_t b = m.d[0].rows[m.p.items[i].base], v = m.d[1].rows[m.p.items[i].variant];
        enum fit_column c = budgets == PAIRS_FLOPS ? FIT_FLOPS : FIT_TOKENS;
        EXPECT_NEAR(m.t[1].col[FIT_PARAMS][v] / m.t[0].col[FIT_PARAMS][b], larger, 1e-9);
        EXPECT_NEAR(m.t[1].col[c][v] / m.t[0].col[c][b], budgets == PAIRS_ORDER ? larger : 1, 0.03);
    }
    part(&m);
}

/* A grid that begins elsewhere has runs in common with the base's; a larger model has none of a size, but of the budgets. */
static void unlike_budgets_are_no_pairs(void)
{
    const struct budgets base = {TOKENS, 4e4, 2}, later = {TOKENS, 8e4, 2}, others = {TOKENS, 1.7e4, 1.6};
    expect_pairs(&base, &later, 1, PAIRS_VALUE, PAIRS_TOKENS, 6);
    expect_pairs(&later, &base, 1.02, PAIRS_VALUE, PAIRS_TOKENS, 6);
    expect_pairs(&base, &later, 1.12, PAIRS_RANK, PAIRS_TOKENS, 6);
    expect_pairs(&base, &base, 1.3, PAIRS_RANK, PAIRS_TOKENS, 9);
    expect_pairs(&base, &others, 1, PAIRS_NONE, PAIRS_TOKENS, 0);
    expect_pairs(&base, &others, 1.12, PAIRS_NONE, PAIRS_TOKENS, 0);
}

/* Budgets in FLOPs, or in tokens a parameter, are unlike tokens for models that a tweak has made larger. */
static void budgets_that_follow_sizes_are_paired(void)
{
    const struct budgets flops = {FLOPS, 1e10, 4}, more = {FLOPS, 4e10, 4}, per = {PER_PARAM, 10, 3};
    expect_pairs(&flops, &flops, 1.12, PAIRS_RANK, PAIRS_FLOPS, 9);
    expect_pairs(&flops, &more, 1.12, PAIRS_RANK, PAIRS_FLOPS, 6);
    expect_pairs(&flops, &flops, 1.02, PAIRS_VALUE, PAIRS_TOKENS, 9);
    expect_pairs(&per, &per, 1.3, PAIRS_RANK, PAIRS_ORDER, 9);
}

/* One size of three is off by more than 3 %, the others are not: the tweak has changed them all. */
static void sizes_that_nearly_meet_are_ranked(void)
{
    struct met m = {0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 3, 1, 1);
    grid(&m.t[1], &m.d[1], 1.04e4, 1.97, 3, 3, 1, 1);
    meet(&m);
    EXPECT(m.p.how == PAIRS_RANK && m.p.n == 9 && m.p.sizes_differ && !m.p.budgets_differ);
    part(&m);
    m = (struct met){0}; /* doubled on a grid of doublings: sizes meet, and are what they seem */
    grid(&m.t[0], &m.d[0], 1e4, 2, 4, 3, 1, 1);
    grid(&m.t[1], &m.d[1], 2.02e4, 2, 4, 3, 1, 1);
    meet(&m);
    EXPECT(m.p.how == PAIRS_VALUE && m.p.n == 9);
    part(&m);
    m = (struct met){0}; /* one size is the same to the digit: no tweak has changed the others */
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 3, 1, 1);
    grid(&m.t[1], &m.d[1], 1e4, 3, 3, 3, 1, 1);
    meet(&m);
    EXPECT(m.p.how == PAIRS_VALUE && m.p.n == 3);
    part(&m);
}

static void a_run_beside_itself_is_counted(void)
{
    struct met m = {0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 3, 1, 1);
    grid(&m.t[1], &m.d[1], 1e4, 2, 3, 3, 1, 1);
    m.d[1].loss[4] = 2.001;
    meet(&m);
    EXPECT(m.p.n == 9 && m.p.same_run == 8);
    part(&m);
    m = (struct met){0};
    grid(&m.t[0], &m.d[0], 1e4, 2, 3, 3, 1, 1);
    grid(&m.t[1], &m.d[1], 1e4, 2, 3, 3, 1, 2); /* of another seed */
    meet(&m);
    EXPECT(m.p.n == 9 && m.p.same_run == 0);
    part(&m);
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static void holm_is_in_order(void)
{
    struct compare_variant v[4] = {{.p_any_alone = 0.03}, {.p_any_alone = 0.005}, {.p_any_alone = 0.02}, {.p_any_alone = 0.6}};
    for (size_t i = 0; i < 4; i++)
        v[i].probability[CHANGE_FLOOR] = 1;
    compare_correct(v, 4);
    EXPECT_NEAR(v[1].p_any, 0.02, 1e-12);
    EXPECT_NEAR(v[2].p_any, 0.06, 1e-12);
    EXPECT_NEAR(v[0].p_any, 0.06, 1e-12);
    EXPECT_NEAR(v[3].p_any, 0.6, 1e-12);
    EXPECT(v[1].changed == COMPARE_FLOOR && v[0].changed == COMPARE_NOTHING && v[3].changed == COMPARE_NOTHING);
}

/* A whole comparison, for whatever a build changes: noise in the data, which no change of one thing explains. How often answers are
 * right is asked by test_compare_truth.c. */
static void floor_and_level_are_told_together(void)
{
    struct compare_tally t = {0};
    struct err err = {0};
    size_t k = 0;
    while (k < compare_n_sims && strcmp(compare_sims[k].name, "floor + .187, excess x .9") != 0)
        k++;
    EXPECT(k < compare_n_sims);
    EXPECT_OK(compare_sim_run(&t, &compare_sims[k], 0, 1, &err));
    EXPECT(t.n == 1 && t.called[COMPARE_FLOOR] == 1 && t.both == 1);
}

/* A term that no longer falls is a second floor, and must not pass for another exponent. */
static void an_exponent_near_nothing_counts_little(void)
{
    const struct law *law = law_find("chinchilla");
    struct change forms[CHANGE_MAX];
    const struct law_centre c = {0, 0};
    const double p[] = {0.5, 0, 0, 0.5, 0.4}; /* E, ln A, ln B, alpha, beta */
    size_t n = change_forms(forms, law, &c);
    for (size_t i = 0; i < n; i++) {
        double b[MIXED_MAX] = {0};
        EXPECT_NEAR(change_prior(&forms[i], law, p, b), forms[i].prior, 0);
        b[0] = forms[i].kind == CHANGE_FLOOR ? -0.6 : -0.3; /* to below 0, and to less than half */
        EXPECT((change_prior(&forms[i], law, p, b) < forms[i].prior) == (forms[i].kind != CHANGE_LEVEL));
    }
}

static void forms_share_the_weight_of_their_kind(void)
{
    struct change forms[CHANGE_MAX];
    const struct law_centre c = {9, 12};
    static const char *const laws[] = {"chinchilla", "joint", "floor", "power"};
    for (size_t k = 0; k < 4; k++) {
        double sum[CHANGE_N_KINDS] = {0};
        size_t n = change_forms(forms, law_find(laws[k]), &c);
        for (size_t i = 0; i < n; i++)
            sum[forms[i].kind] += forms[i].prior;
        for (size_t i = 0; i < CHANGE_N_KINDS; i++)
            EXPECT(fabs(sum[i] - 1) < 1e-12 || (i == CHANGE_FLOOR && law_find(laws[k])->level < 0 && sum[i] == 0));
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"regression_is_the_textbooks", regression_is_the_textbooks},
        {"bic_of_many_is_the_regressions", bic_of_many_is_the_regressions},
        {"draws_spread_as_the_standard_error", draws_spread_as_the_standard_error},
        {"simulated_errors_go_together", simulated_errors_go_together},
        {"runs_of_one_seed_are_paired", runs_of_one_seed_are_paired},
        {"runs_of_a_size_and_seed_are_one_cluster", runs_of_a_size_and_seed_are_one_cluster},
        {"larger_models_are_paired_by_rank", larger_models_are_paired_by_rank},
        {"what_one_grid_lacks_is_left_out", what_one_grid_lacks_is_left_out},
        {"unlike_budgets_are_no_pairs", unlike_budgets_are_no_pairs},
        {"budgets_that_follow_sizes_are_paired", budgets_that_follow_sizes_are_paired},
        {"sizes_that_nearly_meet_are_ranked", sizes_that_nearly_meet_are_ranked},
        {"a_run_beside_itself_is_counted", a_run_beside_itself_is_counted},
        {"holm_is_in_order", holm_is_in_order},
        {"forms_share_the_weight_of_their_kind", forms_share_the_weight_of_their_kind},
        {"floor_and_level_are_told_together", floor_and_level_are_told_together},
        {"an_exponent_near_nothing_counts_little", an_exponent_near_nothing_counts_little},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
