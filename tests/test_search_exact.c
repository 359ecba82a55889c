/* The search for a law's optimum where it is known: losses without error, ties and limits, weights, and degenerate tables. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/analysis.h"
#include "fit/fit_json.h"
#include "fit/solve/profile.h"
#include "search_samples.h"

/* --- ties, limits, overestimates ------------------------------------------------------------------------ */

/* Sizes x budgets without noise. */
static void exact_sample(struct sample *s, const struct law *law, const double *truth)
{
    const struct law_centre c = {log(3e6), log(1e8)};
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    s->q = (struct solve_problem){.law = law, .n = 36, .x = s->x, .loss = s->loss, .ln_loss = s->ln_loss, .centre = c,
                                  .obj = {SOLVE_HUBER, 1e-3, SOLVE_LOG, 1}};
    solve_map_identity(&s->q.map, law);
    for (size_t i = 0; i < s->q.n; i++) {
        double n = 1e5 * pow(4, (double)(i % 6)), d = 2e6 * pow(4, (double)(i / 6));
        s->x[i] = (struct law_point){log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        s->loss[i] = law_value(law, p, &s->x[i], &c);
    }
    set_losses(s, s->loss);
}

/* From a start that lies in the result itself as from a copy of it. */
static void start_in_the_result(void)
{
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct sample s;
    struct solve_result r, copy;
    double start[LAW_MAX_PARAMS] = {1.5, 0.1, 0.2, 0.5, 0.5};
    exact_sample(&s, law_find("chinchilla"), truth);
    memset(&r, 0, sizeof r);
    memcpy(r.p, start, sizeof start);
    solve_from(&copy, &s.q, start);
    solve_from(&r, &s.q, r.p);
    EXPECT(r.iterations == copy.iterations && memcmp(r.p, copy.p, sizeof copy.p) == 0);
}

/* Kaplan et al. 2020, equation 1.5, from exact losses: alpha_N .076, alpha_D .095, N_c 6.4e13, D_c 1.8e13. */
static void kaplan(void)
{
    struct sample s;
    struct solve_result r;
    struct err err;
    const double an = 0.076, ad = 0.095, nc = 6.4e13, dc = 1.8e13;
    const double truth[] = {0, pow(nc, an), pow(dc, ad), an, ad, ad};
    static const char *const ties[] = {"g=beta", "beta=g"};
    for (int k = 0; k < 2; k++) {
        double outer[LAW_MAX_PARAMS];
        exact_sample(&s, law_find("joint"), truth);
        for (size_t i = 0; i < s.q.n; i++) {
            double n = exp(s.x[i].u + s.q.centre.u), d = exp(s.x[i].v + s.q.centre.v);
            EXPECT_REL(s.loss[i], pow(pow(nc / n, an / ad) + dc / d, ad), 1e-12);
        }
        EXPECT_OK(solve_map_fix(&s.q.map, s.q.law, "E=0", &s.q.centre, &err));
        EXPECT_OK(solve_map_tie(&s.q.map, s.q.law, ties[k], &s.q.centre, &err));
        EXPECT(s.q.map.n_free == 4);
        EXPECT_OK(search_global(&r, &s.q, &err));
        law_external(outer, s.q.law, r.p, &s.q.centre);
        EXPECT(r.converged && r.unsettled == 0);
        for (size_t j = 0; j < 6; j++)
            EXPECT_NEAR(outer[j], truth[j], 1e-5 * truth[j]);
        /* the curvature through the tie, against differences of the objective */
        double cov[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
        EXPECT(solve_covariance(cov, &s.q, r.p, 1));
        EXPECT_REL(cov[5][5], cov[4][4] / (ad * ad), 1e-6);
    }
}

static void ties_and_limits(void)
{
    struct err err;
    const struct law_centre c = {12, 17};
    static const struct {
        const char *law, *tie[2], *fix;
        size_t n_free; /* 0: an error that says ... */
        const char *says;
    } cases[] = {
        {"joint", {"g=beta", "alpha=g"}, NULL, 4, NULL},
        {"joint", {"alpha=beta", "g=beta"}, NULL, 4, NULL},
        {"joint", {"g=beta", "alpha=beta"}, "g=0.3", 3, NULL},
        {"joint", {"g=beta", "beta=g"}, NULL, 0, "settled already"},
        {"joint", {"E=beta", NULL}, NULL, 0, "law joint takes A=B alpha=beta g=alpha g=beta"},
        {"floor", {"E=g", NULL}, NULL, 0, "law floor has no ties"},
        {"repeat", {"RN=RD", "A=B"}, NULL, 5, NULL},
        {"repeat", {"RN=alpha", NULL}, NULL, 0, "cannot be tied"},
        {"chinchilla", {NULL, NULL}, "alpha=10.5", 0, "from 0.001 to 10"},
        {"chinchilla", {NULL, NULL}, "alpha=0", 0, "from 0.001 to 10"},
        {"chinchilla", {NULL, NULL}, "E=-1", 0, "from 0 to"},
        {"joint", {NULL, NULL}, "g=1e-9", 0, "from 0.00674 to"},
        {"joint", {NULL, NULL}, "A=0", 0, "above 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct law *law = law_find(cases[i].law);
        struct solve_map map;
        enum status st = OK;
        solve_map_identity(&map, law);
        for (int k = 0; k < 2 && st == OK && cases[i].tie[k]; k++)
            st = solve_map_tie(&map, law, cases[i].tie[k], &c, &err);
        if (st == OK && cases[i].fix)
            st = solve_map_fix(&map, law, cases[i].fix, &c, &err);
        if (cases[i].n_free > 0)
            EXPECT_MSG(st == OK && map.n_free == cases[i].n_free, "case %zu: %d, %zu free", i, (int)st, map.n_free);
        else
            EXPECT_MSG(st == E_USAGE && strstr(err.msg, cases[i].says), "case %zu: %d %s", i, (int)st, err.msg);
    }
    /* held first, tied afterwards: the other one follows, whichever it is */
    static const char *const first[] = {"g=0.3", "beta=0.3"};
    for (int k = 0; k < 2; k++) {
        struct solve_map map;
        double z[LAW_MAX_PARAMS] = {1, 0, 0, 0.4}, p[LAW_MAX_PARAMS];
        const struct law *law = law_find("joint");
        solve_map_identity(&map, law);
        EXPECT_OK(solve_map_fix(&map, law, first[k], &c, &err));
        EXPECT_OK(solve_map_tie(&map, law, "g=beta", &c, &err));
        solve_map_inner(p, &map, z, 6);
        EXPECT_NEAR(p[4], 0.3, 1e-15);
        EXPECT_NEAR(p[5], log(0.3), 1e-15);
        EXPECT(map.n_free == 4);
    }
}

/* Weight on overestimates: the optimum is stationary under every objective, and the law moves to where runs lie above
 * it; with absolute deviations, over = W leaves one in 1 + W below. */
static void overestimates(void)
{
    struct err err;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    for (int k = 0; k < 9; k++) {
        struct sample s;
        struct solve_result r;
        struct rng rng = rng_make(2, RNG_TEST, 0, 0);
        size_t above = 0;
        exact_sample(&s, law_find("chinchilla"), truth);
        for (size_t i = 0; i < s.q.n; i++)
            s.loss[i] *= exp(0.01 * rng_normal(&rng));
        set_losses(&s, s.loss);
        s.q.obj = (struct solve_objective){(enum solve_loss)(k % 3), 1e-3, (enum solve_scale)(k / 3), 8};
        EXPECT_OK(search_global(&r, &s.q, &err));
        EXPECT(r.converged);
        for (size_t i = 0; i < s.q.n; i++)
            above += law_value(s.q.law, r.p, &s.x[i], &s.q.centre) > s.loss[i];
        EXPECT_MSG(above <= 12, "objective %d: the law lies above %zu of 36 runs", k, above);
        if (k % 3 == SOLVE_LAD)
            EXPECT_MSG(above <= 4 + 5, "lad: %zu above", above);
        for (size_t j = 0; j < 5; j++)
            for (int side = -1; side <= 1; side += 2) {
                double p[LAW_MAX_PARAMS];
                memcpy(p, r.p, sizeof p);
                p[j] += side * 1e-4;
                EXPECT_MSG(solve_objective(&s.q, p) > r.objective, "objective %d: lower beside %s", k,
                           s.q.law->params[j].name);
            }
    }
}

/* A Newton step is exact on squares: from near the optimum of an exact sample, one-sided weights change nothing there,
 * and the deviance's normalisation is the integral that it stands for. */
static void deviance_is_normalised(void)
{
    static const enum solve_loss losses[] = {SOLVE_HUBER, SOLVE_LAD, SOLVE_LSQ};
    for (size_t k = 0; k < 3; k++) {
        const struct solve_objective o = {losses[k], 0.5, SOLVE_LOG, 4};
        double tau, sum = 0, dev = solve_deviance(&tau, &o, 0.7, 1);
        for (double r = -60; r < 60; r += 1e-3) {
            double a = fabs(r), w = r > 0 ? 4 : 1;
            double rho = losses[k] == SOLVE_LSQ   ? r * r
                         : losses[k] == SOLVE_LAD ? a
                         : a <= 0.5               ? 0.5 * r * r
                                                  : 0.5 * (a - 0.25);
            sum += 1e-3 * exp(-w * rho / tau);
        }
        EXPECT_NEAR(dev, 2 * (0.7 / tau + log(sum)), 1e-3);
    }
}

/* --- degenerate data -------------------------------------------------------------------------------------- */

/* Rows of which laws can make little or nothing: numbers or words, never NaN. */
static void degenerate_tables(void)
{
    for (int kind = 0; kind < 6; kind++) {
        struct fit_table t;
        struct fit_report r;
        struct err err;
        char *json;
        struct fit_options o = fit_options_default();
        static const size_t rows[] = {12, 2, 8, 12, 12, 6};
        o.bootstrap = 40;
        o.break_sims = 20;
        o.profile = true;
        EXPECT_OK(fit_table_init(&t, rows[kind], &err));
        for (size_t i = 0; i < t.n; i++) {
            double n = kind == 2 ? 1e6 : 1e6 * pow(3, (double)(i % 4)), d = 1e7 * pow(3, (double)(i / (t.n > 8 ? 4 : 1)));
            t.col[FIT_PARAMS][i] = n;
            t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
            t.col[FIT_FLOPS][i] = 6 * n * d;
            t.col[FIT_LOSS][i] = kind == 0   ? 3
                                 : kind == 3 ? 2 + 0.1 * log(n * d / 1e13)         /* rising */
                                 : kind == 4 ? (i == 5 ? 1e4 : 1e-4)               /* one of another world */
                                 : kind == 5 ? (i ? 3 : 4)                         /* a step */
                                             : 2 + 40 * pow(n, -0.3) + 90 * pow(d, -0.3);
        }
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        for (size_t k = 0; k < r.laws.n; k++) {
            const struct fit_law *f = &r.laws.at[k];
            EXPECT(isfinite(f->best.objective));
            for (size_t j = 0; j < f->law->n_params; j++) {
                struct fit_value v = profile_value(f, j);
                EXPECT(isfinite(v.value));
                EXPECT(isnan(v.se) == isnan(v.lo) && isnan(v.lo) == isnan(v.hi) && !isinf(v.se));
                EXPECT_MSG(kind != 0 || j == 0 || isnan(v.se), "equal losses: law %s gives %s an error bar", f->law->name,
                           f->law->params[j].name);
            }
            for (size_t j = 0; j < f->n_profiles; j++)
                for (size_t i = 0; i < f->profiles[j].n; i++)
                    EXPECT(isfinite(f->profiles[j].value[i]) && isfinite(f->profiles[j].objective[i]));
        }
        EXPECT(r.laws.n > 0 || kind == 1);
        EXPECT_OK(fit_json_report(&json, &r, &err));
        char *verdict = strstr(json, "\"verdict\""); /* its words have tests of their own */
        if (verdict)
            *verdict = '\0';
        const char *odd = strstr(json, "nan") ? strstr(json, "nan") : strstr(json, "inf");
        EXPECT_MSG(!odd, "table %d: %.40s", kind, odd - 20);
        free(json);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"start_in_the_result", start_in_the_result},
        {"kaplan", kaplan},
        {"ties_and_limits", ties_and_limits},
        {"overestimates", overestimates},
        {"deviance_is_normalised", deviance_is_normalised},
        {"degenerate_tables", degenerate_tables},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
