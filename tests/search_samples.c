#include "search_samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/size.h"
#include "sim.h"
#include "test.h"

void set_losses(struct sample *s, const double *loss)
{
    for (size_t i = 0; i < s->q.n; i++) {
        s->loss[i] = loss[i];
        s->ln_loss[i] = log(loss[i]);
    }
}

/* n rows of t, drawn without putting back; false where they have fewer than three sizes or budgets. */
static bool draw_sample(struct sample *s, const struct law *law, const struct fit_table *t, size_t n, struct rng *rng)
{
    size_t row[MAX_ROWS], sizes = 0, budgets = 0;
    struct law_centre c = {0, 0};
    for (size_t i = 0; i < n; i++) {
        bool again = true;
        while (again) {
            row[i] = rng_below(rng, t->n);
            again = false;
            for (size_t k = 0; k < i; k++)
                again = again || row[k] == row[i];
        }
    }
    const double *xn = t->col[law->n_vars == 1 && t->x_name[0] ? FIT_X : FIT_PARAMS], *xd = t->col[FIT_TOKENS];
    for (size_t i = 0; i < n; i++) {
        bool new_n = true, new_d = true;
        for (size_t k = 0; k < i; k++) {
            new_n = new_n && fabs(xn[row[k]] / xn[row[i]] - 1) > 1e-3;
            new_d = new_d && fabs(xd[row[k]] / xd[row[i]] - 1) > 1e-3;
        }
        sizes += new_n;
        budgets += new_d;
        s->x[i] = (struct law_point){log(xn[row[i]]), log(xd[row[i]]), log(xd[row[i]]), {0, 0}};
        s->loss[i] = t->col[FIT_LOSS][row[i]];
        c.u += s->x[i].u / (double)n;
        c.v += s->x[i].v / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        s->x[i].u -= c.u;
        s->x[i].v -= c.v;
    }
    if (sizes < 3 || (law->n_vars == 2 && budgets < 3))
        return false;
    s->q = (struct solve_problem){.law = law, .n = n, .x = s->x, .loss = s->loss, .ln_loss = s->ln_loss, .centre = c,
                                  .obj = {SOLVE_HUBER, 1e-3, SOLVE_LOG, 1}};
    solve_map_identity(&s->q.map, law);
    set_losses(s, s->loss);
    return true;
}

static const struct law *law_of_case(size_t k)
{
    static const char *const names[] = {"chinchilla", "floor", "chinchilla", "chinchilla", "chinchilla", "joint"};
    return law_find(names[k % (sizeof names / sizeof *names)]);
}

void one_sample(const struct fit_table *t, size_t k, on_sample *fn)
{
    struct sample s;
    const struct law *law = law_of_case(k);
    size_t least = law->n_params + 1, most = size_min(least + 8, t->n);
    struct rng rng = rng_make(1, RNG_TEST, t->n, k);
    while (!draw_sample(&s, law, t, least + rng_below(&rng, most - least + 1), &rng))
        ;
    fn(&s, k);
}

static void over_samples(const struct fit_table *t, size_t first, size_t n_cases, on_sample *fn)
{
    for (size_t k = first; k < first + n_cases; k++)
        one_sample(t, k, fn);
}

/* How many samples of a kind: SEARCH_SUBSETS=1000 for a long look. */
static size_t n_samples(size_t n)
{
    const char *text = getenv("SEARCH_SUBSETS");
    return text ? strtoul(text, NULL, 10) : test_slow() ? n / 5 : n;
}

/* Runs at 20 tokens a parameter, whose two terms can hardly be told apart; noise of 5 %. */
static enum status ratio_table(struct fit_table *t, struct err *err)
{
    struct rng rng = rng_make(4, RNG_TEST, 0, 0);
    TRY(fit_table_init(t, 24, err));
    for (size_t i = 0; i < t->n; i++) {
        double n = 5e6 * pow(1.3, (double)i), d = 20 * n;
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = d;
        t->col[FIT_LOSS][i] = (1.7 + 400 / pow(n, 0.34) + 400 / pow(d, 0.28)) * exp(0.05 * rng_normal(&rng));
    }
    return OK;
}

void over_simulated(size_t n, on_sample *fn)
{
    for (size_t k = 0; k < 5; k++) {
        struct fit_table t;
        struct err err;
        struct sim_design design = sim_laws[3 + k % 2];
        design.noise *= k < 2 ? 1 : 10;
        EXPECT_OK(k < 4 ? sim_table(&t, &design, k, &err) : ratio_table(&t, &err));
        if (!test_failed())
            over_samples(&t, k, n_samples(n) / 5 + 1, fn);
        fit_table_free(&t);
    }
}

bool public_table(struct fit_table *t, const char *file)
{
    const char *dir = test_shared();
    struct err err;
    char path[FILE_PATH_MAX];
    const char *source = path;
    const struct fit_read_options all = {.count = FIT_COUNT_TOTAL};
    snprintf(path, sizeof path, "%s/fits/%s", dir ? dir : "", file);
    if (!dir || !file_exists(path)) {
        test_skip("the shared tables are absent");
        return false;
    }
    EXPECT_OK(fit_table_read(t, &source, 1, &all, &err));
    return !test_failed();
}

void over_public(size_t n, on_sample *fn)
{
    static const char *const files[] = {"besiroglu_chinchilla.csv", "gadre_overtrain.csv", "porian_rw_isoflop.csv",
                                        "cs336_isoflops.json"};
    for (size_t k = 0; k < 4; k++) {
        struct fit_table t;
        if (!public_table(&t, files[k]))
            return;
        over_samples(&t, k, n_samples(n) / 4, fn);
        fit_table_free(&t);
    }
}

static void print_rows(const struct sample *s)
{
    for (size_t i = 0; i < s->q.n && getenv("TEST_VERBOSE"); i++)
        fprintf(stderr, "%.10g,%.10g,%.10g\n", exp(s->x[i].u + s->q.centre.u), exp(s->x[i].v + s->q.centre.v),
                s->loss[i]);
}

void not_worse(const struct sample *s, size_t k, double free_, double other, double tol, const char *what)
{
    EXPECT_MSG(free_ <= other + tol, "sample %zu, law %s, %zu rows: %.14g free, %.14g with %s", k, s->q.law->name,
               s->q.n, free_, other, what);
    if (!(free_ <= other + tol))
        print_rows(s);
}
