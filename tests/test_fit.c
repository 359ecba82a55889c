/* The fitter on known truth, on its own derivatives, and on bad tables. */
#include "fit/levels.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fit/analysis.h"
#include "fit/solve/boot.h"
#include "fit/fit_json.h"
#include "fit/stats.h"
#include "fit/verdict/words.h"

static const struct fit_read_options by_alias = {.count = FIT_COUNT_TOTAL};

static enum status read_text(struct fit_table *t, const char *text, const struct fit_read_options *opt,
                             struct err *err)
{
    char buf[4096];
    size_t n = strlen(text);
    CHECK(n < sizeof buf);
    memcpy(buf, text, n + 1);
    return fit_table_read_csv(t, "t.csv", buf, n, opt, err);
}

/* --- laws -------------------------------------------------------------------------------------------- */

static void inner_point(double *p, const struct law *law, struct rng *rng)
{
    for (size_t i = 0; i < law->n_params; i++) {
        const struct law_param *q = &law->params[i];
        double z = rng_double(rng);
        p[i] = q->kind == LAW_LEVEL      ? 1 + z
               : q->kind == LAW_EXPONENT ? 0.2 + 0.5 * z
               : q->kind == LAW_LOG      ? z
                                         : z - 0.5;
    }
}

static void law_derivatives(void)
{
    for (size_t i = 0; law_nth(i / 2); i++) {
        const struct law bent = law_bent(law_nth(i / 2));
        const struct law *law = i % 2 ? &bent : law_nth(i / 2);
        const struct law_centre c = {12, 17};
        for (int trial = 0; trial < 20; trial++) {
            double p[LAW_MAX_PARAMS];
            inner_point(p, law, test_rng());
            struct law_point x = {rng_normal(test_rng()), rng_normal(test_rng()), 0,
                                  {rng_double(test_rng()), rng_double(test_rng())}};
            struct law_at at = law_at(law, p, &c);
            x.ln_unique = x.v + c.v - 1.5 * rng_double(test_rng());
            struct law_jet j, up, down;
            law_at_jet(&j, &at, &x);
            EXPECT_REL(law_value(law, p, &x, &c), j.v, 1e-14);
            for (size_t a = 0; a < law->n_params; a++) {
                double step = 1e-5, keep = p[a];
                p[a] = keep + step;
                at = law_at(law, p, &c);
                law_at_jet(&up, &at, &x);
                p[a] = keep - step;
                at = law_at(law, p, &c);
                law_at_jet(&down, &at, &x);
                p[a] = keep;
                /* the difference is off by a sixth of the third derivative, in which law repeat is steep, times step^2 */
                double cut = step * fabs(up.h[a][a] - down.h[a][a]) / 12;
                EXPECT_NEAR(j.g[a], (up.v - down.v) / (2 * step), 1e-8 * (1 + fabs(j.g[a])) + 2 * cut);
                for (size_t b = a; b < law->n_params; b++)
                    EXPECT_NEAR(j.h[a][b], (up.g[b] - down.g[b]) / (2 * step),
                                1e-7 * (1 + fabs(j.h[a][b])));
            }
        }
    }
}

static void inner_and_outer(void)
{
    for (size_t k = 0; law_nth(k); k++) {
        const struct law *law = law_nth(k);
        const struct law_centre c = {12, 17};
        double p[LAW_MAX_PARAMS], o[LAW_MAX_PARAMS], back[LAW_MAX_PARAMS];
        inner_point(p, law, test_rng());
        law_external(o, law, p, &c);
        law_internal(back, law, o, &c);
        for (size_t i = 0; i < law->n_params; i++)
            EXPECT_NEAR(back[i], p[i], 1e-12);
    }
}

/* What solve.c, starts.c and the report take for granted of every row of the table. */
static void law_table(void)
{
    char names[LAW_NAMES];
    size_t of_one = 0, n = 0;
    for (const struct law *law; (law = law_nth(n)); n++) {
        of_one += law->n_vars == 1;
        EXPECT(law_find(law->name) == law && strstr(law_names(names), law->name));
        EXPECT(law->n_params < LAW_MAX_PARAMS); /* law_bent adds one */
        EXPECT(law->level == -1 || (law->level == 0 && law->params[0].kind == LAW_LEVEL));
        for (size_t j = 0; j < n; j++)
            EXPECT(law_nth(j)->stream != law->stream);
        for (size_t j = 0, first = (size_t)(law->level + 1), m = (size_t)law->n_terms; j < m; j++) {
            const struct law_param *a = &law->params[first + j];
            EXPECT(a->kind == LAW_COEF && a->var == (int)j && a->partner == (int)(first + m + j));
        }
        for (size_t j = 0; j < law->pair.n; j++)
            EXPECT(law->params[law->pair.a].kind == LAW_LOG && law->params[law->pair.b].kind == LAW_LOG);
        if (strstr(law->ties, "alpha=beta"))
            EXPECT(law_param_find(law, "alpha") > 0 && law_param_find(law, "beta") > 0);
    }
    EXPECT(of_one <= FIT_MAX_LAWS && n - of_one <= FIT_MAX_LAWS);
}

/* The basis times its coefficients is the law, as is what the frontier is computed from. */
static void law_parts(void)
{
    const struct law_centre c = {12, 17};
    for (size_t k = 0; law_nth(k); k++) {
        const struct law *law = law_nth(k);
        double p[LAW_MAX_PARAMS], phi[3], coef[] = {1.5, 0.7, 0.4}, o[LAW_MAX_PARAMS], sum = 0;
        /* little data of which all is new: law repeat is as the plain one there */
        const struct law_point x = {-1, 0.3, 17.3, {0, 0}};
        inner_point(p, law, test_rng());
        size_t m = law_basis(phi, law, p, &x, &c);
        law_set_linear(p, law, coef);
        for (size_t j = 0; j < m; j++)
            sum += coef[j] * phi[j];
        law_external(o, law, p, &c);
        if (law->powers) {
            struct law_powers w = law->powers(o);
            double a = w.a * exp(-w.alpha * (x.u + c.u)), b = w.b * exp(-w.beta * (x.v + c.v));
            double f = w.e + (law->n_vars == 1 ? a : pow(pow(a, 1 / w.g) + pow(b, 1 / w.g), w.g));
            EXPECT_REL(sum, f, 1e-12);
        }
        if (!law->for_repeats)
            EXPECT_REL(sum, law_value(law, p, &x, &c), 1e-12);
    }
}

/* Which laws are tried, and in which order, where none is asked for. */
static void tried(char *out, size_t size, bool two, bool repeats, size_t n)
{
    const struct law_runs runs = {two, repeats, n};
    size_t at = 0;
    out[0] = '\0';
    for (size_t k = 0; law_nth(k); k++)
        if (law_suits(law_nth(k), &runs))
            at += (size_t)snprintf(out + at, size - at, "%s ", law_nth(k)->name);
}

static void laws_tried(void)
{
    static const struct {
        bool two, repeats;
        size_t n;
        const char *laws;
    } cases[] = {
        {false, false, 15, "floor power "},       {false, true, 16, "floor power bnsl "},
        {false, false, 5000, "floor power bnsl "}, {false, false, 5001, "floor power "},
        {true, false, 11, "chinchilla "},          {true, false, 12, "chinchilla joint "},
        {true, true, 11, "chinchilla repeat "},    {true, true, 5000, "chinchilla repeat joint "},
        {true, true, 5001, "chinchilla repeat "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char names[LAW_NAMES];
        tried(names, sizeof names, cases[i].two, cases[i].repeats, cases[i].n);
        EXPECT_MSG(strcmp(names, cases[i].laws) == 0, "%zu runs: %s", cases[i].n, names);
    }
}

/* Written out from the papers, apart from laws/. */
static void law_formulas(void)
{
    const struct law_centre c = {log(1e6), log(2e7)};
    double n = 3e6, d = 8e7, p[LAW_MAX_PARAMS];
    struct law_point x = {log(n) - c.u, log(d) - c.v, log(1.6e7), {0, 0}};
    const double ch[] = {1.8, 480, 2100, 0.35, 0.37};
    law_internal(p, law_find("chinchilla"), ch, &c);
    EXPECT_REL(law_value(law_find("chinchilla"), p, &x, &c),
               1.8 + 480 / pow(n, 0.35) + 2100 / pow(d, 0.37), 1e-12);
    const double jo[] = {1.8, 480, 2100, 0.35, 0.37, 0.6};
    law_internal(p, law_find("joint"), jo, &c);
    EXPECT_REL(law_value(law_find("joint"), p, &x, &c),
               1.8 + pow(pow(480 / pow(n, 0.35), 1 / 0.6) + pow(2100 / pow(d, 0.37), 1 / 0.6), 0.6),
               1e-12);
    const double bn[] = {0.4, 2.3, 0.05, 5.6, 2e6, 0.3};
    law_internal(p, law_find("bnsl"), bn, &c);
    EXPECT_REL(law_value(law_find("bnsl"), p, &x, &c),
               0.4 + 2.3 * pow(n, -0.05) * pow(1 + pow(n / 2e6, 1 / 0.3), -5.6 * 0.3), 1e-12);
    const double re[] = {1.87, 521, 1488, 0.353, 0.36, 5.3, 15.4};
    double ud = 1.6e7, g = pow(0.353 * 521 / (0.36 * 1488), 1 / (0.353 + 0.36));
    double un = fmin(n, g * pow(ud * g, 0.36 / 0.353)), rn = n / un - 1, rd = d / ud - 1;
    double nn = un + un * 5.3 * (1 - exp(-rn / 5.3)), dd = ud + ud * 15.4 * (1 - exp(-rd / 15.4));
    law_internal(p, law_find("repeat"), re, &c);
    EXPECT_REL(law_value(law_find("repeat"), p, &x, &c),
               1.87 + 521 / pow(nn, 0.353) + 1488 / pow(dd, 0.36), 1e-12);
    EXPECT(un < n && rd > 1);
}

/* --- recovery ---------------------------------------------------------------------------------------- */

/* A grid of 7 sizes x 8 budgets under the outer parameters `truth`; log-normal noise. */
static void grid_table(struct fit_table *t, const struct law *law, const double *truth, double noise,
                       double repeat)
{
    struct err err;
    const struct law_centre c = {log(1e6), log(3e7)};
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(t, 56, &err));
    for (size_t i = 0; i < 56; i++) {
        double n = 1e5 * pow(2.5, (double)(i % 7)), d = 2e6 * pow(2.2, (double)(i / 7));
        double unique = repeat > 1 && i % 3 ? d / pow(repeat, (double)(i % 3)) : d;
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(unique), {0, 0}};
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_UNIQUE_TOKENS][i] = unique;
        t->col[FIT_LOSS][i] = law_value(law, p, &x, &c) * exp(noise * rng_normal(test_rng()));
    }
}

static struct fit_options quick(const char *law, size_t bootstrap)
{
    struct fit_options o = fit_options_default();
    o.law = law;
    o.bootstrap = bootstrap;
    return o;
}

static void check_params(const struct fit_law *f, const double *truth, double rel)
{
    for (size_t j = 0; j < f->law->n_params; j++)
        EXPECT_MSG(fabs(f->outer[j] - truth[j]) <= rel * fabs(truth[j]), "%s: %s = %.9g, truth %.9g",
                   f->law->name, f->law->params[j].name, f->outer[j], truth[j]);
}

static void recovers_without_noise(void)
{
    static const double chinchilla[] = {1.8, 480, 2100, 0.35, 0.37};
    static const double joint[] = {1.8, 480, 2100, 0.35, 0.37, 0.6};
    static const double repeat[] = {1.87, 521, 1488, 0.353, 0.36, 5.3, 15.4};
    static const struct {
        const char *name;
        const double *truth;
    } cases[] = {{"chinchilla", chinchilla}, {"joint", joint}, {"repeat", repeat}};
    for (size_t k = 0; k < 3; k++) {
        struct err err;
        struct fit_table t;
        struct fit_report r;
        struct fit_options o = quick(cases[k].name, 0);
        o.obj.loss = SOLVE_LSQ;
        grid_table(&t, law_find(cases[k].name), cases[k].truth, 0, 8);
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        if (r.laws.n == 1)
            check_params(&r.laws.at[0], cases[k].truth, 1e-4);
        EXPECT(r.laws.n == 1 && r.laws.at[0].best.converged);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

static void line_table(struct fit_table *t, size_t n, double e, double k, double g, double noise)
{
    struct err err;
    EXPECT_OK(fit_table_init(t, n, &err));
    snprintf(t->x_name, sizeof t->x_name, "x");
    for (size_t i = 0; i < n; i++) {
        double x = 1e3 * pow(1.7, (double)i);
        t->col[FIT_X][i] = x;
        t->col[FIT_LOSS][i] = (e + k * pow(x, -g)) * exp(noise * rng_normal(test_rng()));
    }
}

static void one_variable(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {0.7, 30, 0.4};
    struct fit_options o = quick("floor", 0);
    line_table(&t, 20, 0.7, 30, 0.4, 0);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    check_params(&r.laws.at[0], truth, 1e-5);
    fit_report_free(&r);
    fit_table_free(&t);

    const double plain[] = {30, 0.4};
    o = quick(NULL, 200);
    line_table(&t, 20, 0, 30, 0.4, 0.003);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.laws.n == 3 && !r.verdict.floor.supported);
    EXPECT(fit_report_selected(&r)->law != law_find("bnsl")); /* what does not bend needs no bend */
    for (size_t i = 0; i < r.laws.n; i++)
        if (r.laws.at[i].law == law_find("power"))
            check_params(&r.laws.at[i], plain, 0.02);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* A curve of one variable that breaks is fitted by the law with a break, unasked. */
static void one_variable_breaks(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick(NULL, 100);
    line_table(&t, 24, 0, 30, 0.2, 0);
    for (size_t i = 0; i < t.n; i++)
        t.col[FIT_LOSS][i] = 1 + t.col[FIT_LOSS][i] * pow(1 + pow(t.col[FIT_X][i] / 3e5, 4), -0.3 / 4) *
                                     exp(0.002 * rng_normal(test_rng()));
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct fit_law *f = fit_report_selected(&r);
    EXPECT(f && f->law == law_find("bnsl"));
    EXPECT_REL(f->outer[f->law->level], 1, 0.05);
    fit_report_free(&r);
    fit_table_free(&t);
}

static void intervals_cover(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_options o = quick("chinchilla", 400);
    size_t covered = 0, wide = 0;
    for (int k = 0; k < 20; k++) {
        grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
        o.seed = (uint64_t)k;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        const struct fit_value *e = &r.laws.at[0].params[0];
        covered += e->lo <= 1.8 && 1.8 <= e->hi;
        wide += e->hi - e->lo > 0 && e->hi - e->lo < 0.4;
        fit_report_free(&r);
        fit_table_free(&t);
    }
    /* 15 of 20 has a chance of 0.0003 to be missed where the true coverage is 95 % */
    EXPECT_MSG(covered >= 15, "E covered in %zu of 20", covered);
    EXPECT_MSG(wide == 20, "%zu of 20 intervals of E have a sensible width", wide);
}

static void same_seed_same_report(void)
{
    struct err err;
    struct fit_table t;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    char *json[3];
    grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
    for (int k = 0; k < 3; k++) {
        struct fit_report r;
        struct fit_options o = quick("chinchilla", 50);
        o.seed = k < 2 ? 5 : 6;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_OK(fit_json_report(&json[k], &r, &err));
        fit_report_free(&r);
    }
    EXPECT(strcmp(json[0], json[1]) == 0);
    EXPECT(strcmp(json[0], json[2]) != 0);
    for (int k = 0; k < 3; k++)
        free(json[k]);
    fit_table_free(&t);
}

static void ties_and_fixed(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.36, 0.36};
    struct fit_options o = quick("chinchilla", 0);
    o.obj.loss = SOLVE_LSQ;
    grid_table(&t, law_find("chinchilla"), truth, 0, 1);
    o.tie[0] = "alpha=beta";
    o.n_tie = 1;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    check_params(&r.laws.at[0], truth, 1e-5);
    EXPECT(r.laws.at[0].outer[3] == r.laws.at[0].outer[4]);
    fit_report_free(&r);
    o.fix[0] = "A=480";
    o.fix[1] = "E=1.8";
    o.n_fix = 2;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    check_params(&r.laws.at[0], truth, 1e-6);
    fit_report_free(&r);
    o.fix[1] = "Q=1";
    EXPECT_ERR(fit_analyse(&r, &t, &o, &err), E_USAGE, "no parameter 'Q'");
    fit_report_free(&r);
    o.fix[1] = "B=-1";
    EXPECT_ERR(fit_analyse(&r, &t, &o, &err), E_USAGE, "above 0");
    fit_report_free(&r);
    o.law = "parabola";
    EXPECT_ERR(fit_analyse(&r, &t, &o, &err), E_USAGE, "no such law");
    fit_report_free(&r);
    /* without a law named: those that have the parameters */
    o.law = NULL;
    o.fix[0] = "g=0.5";
    o.n_tie = 0;
    o.n_fix = 1;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.laws.n == 1 && r.laws.at[0].law == law_find("joint") && r.laws.at[0].outer[5] == 0.5);
    fit_report_free(&r);
    o.fix[0] = "RD=5";
    EXPECT_ERR(fit_analyse(&r, &t, &o, &err), E_USAGE, "no law of size and data");
    fit_report_free(&r);
    o.fix[0] = "Q=1";
    EXPECT_ERR(fit_analyse(&r, &t, &o, &err), E_USAGE, "no parameter 'Q'");
    fit_report_free(&r);
    fit_table_free(&t);
}

static bool warned(const struct fit_report *r, const char *words)
{
    bool found = false;
    for (size_t i = 0; i < r->warnings.n; i++)
        found = found || strstr(r->warnings.text[i], words);
    return found;
}

/* Sizes and budgets that differ in every run are many sizes, not one that drifts. */
static void random_design(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    const struct law_centre c = {log(1e6), log(3e7)};
    double p[LAW_MAX_PARAMS];
    struct fit_options o = quick("chinchilla", 0);
    law_internal(p, law_find("chinchilla"), truth, &c);
    EXPECT_OK(fit_table_init(&t, 400, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = exp(log(1e5) + 5 * rng_double(test_rng())), d = exp(log(2e6) + 6 * rng_double(test_rng()));
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = law_value(law_find("chinchilla"), p, &x, &c);
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(!warned(&r, "model size"));
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Without repetition nothing tells how soon repeated data wear out; with it, the runs do. */
static void not_identified(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.87, 521, 1488, 0.353, 0.36, 5.3, 15.4};
    struct fit_options o = quick("repeat", 60);
    o.break_sims = 0;
    for (int k = 0; k < 2; k++) {
        grid_table(&t, law_find("repeat"), truth, 0.001, k ? 16 : 1);
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(warned(&r, "RD not identified") == (k == 0));
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

/* Within strata of one run each nothing can be drawn anew; without strata it can. */
static void stratified(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("floor", 40);
    o.break_sims = 0;
    line_table(&t, 60, 0.7, 30, 0.4, 0.01);
    for (int k = 0; k < 2; k++) {
        o.stratify = k;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(r.laws.at[0].n_boot == 40);
        for (size_t j = 0; j < 3; j++)
            EXPECT((r.laws.at[0].params[j].se <= 1e-9 * r.laws.at[0].outer[j]) == o.stratify);
        fit_report_free(&r);
    }
    fit_table_free(&t);
}

/* t with n - 1 degrees of freedom times sqrt(n / (n - 1)) (Hesterberg 2015, section 4.3). */
static void expanded_quantiles(void)
{
    EXPECT_NEAR(stats_expanded(10), 2.262157163 * sqrt(10.0 / 9), 1e-4);
    EXPECT_NEAR(stats_expanded(1000000), 1.959963985, 1e-4);
    /* tables of chi-squared */
    EXPECT_REL(stats_chi2_quantile(0.025, 5), 0.8312116, 1e-6);
    EXPECT_REL(stats_chi2_quantile(0.975, 35), 53.203349, 1e-6);
    EXPECT_REL(stats_chi2_quantile(0.975, 1000), 1089.5309, 1e-4);
}

/* Tables of the normal law; order statistics of 0, 1, ... 100 shuffled, whose sd is sqrt(101 102 / 12). */
static void quantiles(void)
{
    EXPECT_NEAR(stats_normal_quantile(0.999), 3.090232306, 1e-7);
    EXPECT_NEAR(stats_normal_quantile(0.001), -3.090232306, 1e-7);
    EXPECT_NEAR(stats_normal_quantile(0.975), STATS_Z95, 1e-8);
    EXPECT_NEAR(stats_normal_quantile(0.9), 1.281551566, 1e-8);
    const double five[] = {1, 2, 4, 8, 16};
    EXPECT_NEAR(stats_quantile(five, 5, 0.5), 4, 0);
    EXPECT_NEAR(stats_quantile(five, 5, 0.9), 12.8, 1e-12);
    EXPECT_NEAR(stats_quantile(five, 5, 1), 16, 0);
    double draws[101];
    for (size_t i = 0; i < 101; i++)
        draws[i] = (double)(37 * i % 101);
    struct fit_value v = stats_summary(7, draws, 101, STATS_Z95);
    EXPECT_NEAR(v.value, 7, 0);
    EXPECT_REL(v.se, sqrt(101 * 102 / 12.0), 1e-12);
    EXPECT_NEAR(v.lo, 2.5, 1e-6);
    EXPECT_NEAR(v.hi, 97.5, 1e-6);
}

/* 0 .. 99 shuffled, the lower half three times as heavy: the middle of value i < 50 lies at (3 i + 1.5) / 200 of the
 * weight, that of a higher one at (i + 100.5) / 200. The median's distances are stretched, and the value is inside. */
static void quantiles_of_a_mixture(void)
{
    struct stats_draw draws[101];
    for (size_t i = 0; i < 100; i++) {
        double v = (double)(37 * i % 100);
        draws[i] = (struct stats_draw){v, v < 50 ? 3 : 1};
    }
    draws[100] = (struct stats_draw){(double)NAN, 100};
    double middle = 98.5 / 3, lo = 3.5 / 3, hi = 94.5, mean = (3 * 1225 + 3725) / 200.0;
    struct fit_value v = stats_mixture(40, draws, 101, 1);
    EXPECT_NEAR(v.value, 40, 0);
    EXPECT_NEAR(v.lo, lo, 1e-9);
    EXPECT_NEAR(v.hi, hi, 1e-9);
    EXPECT_REL(v.se, sqrt((3 * 40425 + 287925) / 200.0 - mean * mean), 1e-9);
    v = stats_mixture(40, draws, 100, 2);
    EXPECT_NEAR(v.lo, middle - 2 * (middle - lo), 1e-9);
    EXPECT_NEAR(v.hi, middle + 2 * (hi - middle), 1e-9);
    EXPECT_NEAR(stats_mixture(-99, draws, 100, 1).lo, -99, 0);
    EXPECT_NEAR(stats_mixture(200, draws, 100, 1).hi, 200, 0);
}

/* Weights of a resample sum to the clusters: counts where they are many, shares where they are few. */
static void weights_of_a_resample(void)
{
    double share[80];
    for (int many = 0; many < 2; many++) {
        size_t n = many ? 80 : 12;
        bool whole = true;
        double sum = 0;
        boot_weights(share, n, NULL, n, test_rng());
        for (size_t i = 0; i < n; i++) {
            sum += share[i];
            whole = whole && share[i] == floor(share[i]);
        }
        EXPECT_REL(sum, (double)n, 1e-12);
        EXPECT(whole == (many == 1));
    }
}

/* An exponent that halves beyond a point: found there, with the sign and the size that it has. */
static void break_found(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("floor", 100);
    line_table(&t, 36, 0, 1, 0, 0);
    double at = t.col[FIT_X][20], first = t.col[FIT_X][0];
    for (size_t i = 0; i < t.n; i++) {
        double x = t.col[FIT_X][i], bend = x > at ? pow(x / at, 0.2) : 1;
        t.col[FIT_LOSS][i] = (0.5 + 3 * pow(x / first, -0.4) * bend) * exp(0.001 * rng_normal(test_rng()));
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct breaks_out *b = &r.verdict.brk;
    EXPECT(b->tested && b->found && b->p < 0.05);
    EXPECT_NEAR(b->change.value, -0.2, 0.08);
    EXPECT(b->change.lo < -0.2 && b->change.hi > -0.2 && b->change.hi < 0);
    EXPECT(b->place.value > at / 6 && b->place.value < at * 6);
    char place[32], said[200];
    size_t n_said = 0;
    snprintf(said, sizeof said, "beyond x = %s (", words_count(place, sizeof place, b->place.value, false));
    for (size_t i = 0; i < r.verdict.lines.n; i++)
        n_said += strstr(r.verdict.lines.text[i], said) != NULL;
    snprintf(said, sizeof said, "are missed by %.2g %% with the bend and %.2g %% without", 100 * b->cv_bent, 100 * b->cv);
    for (size_t i = 0; i < r.verdict.lines.n; i++)
        n_said += strstr(r.verdict.lines.text[i], said) != NULL;
    EXPECT_MSG(n_said == 2, "the verdict does not say where, or '%s'", said);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Of 7 sizes and 8 budgets, windows leave out up to 2 and 3 of the smallest, and one of them none; a law in a window
 * counts as one over its mean squared error on larger runs, to whose sum the square of 1e-4 is added. */
static void windows_and_their_weights(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_options o = quick(NULL, 20);
    o.break_sims = 0;
    grid_table(&t, law_find("chinchilla"), truth, 0.003, 1);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct ensemble *e = &r.spread;
    EXPECT(e->n_windows == 12 && e->n_cells == 12 * r.laws.n && r.odd.n == 0);
    double share[12 * FIT_MAX_LAWS] = {0}, want[12 * FIT_MAX_LAWS] = {0}, all = 0;
    for (size_t i = 0; i < e->n_members; i++)
        share[e->members[i].cell] += e->members[i].weight;
    for (size_t i = 0; i < e->n_cells; i++) {
        const struct ensemble_cell *c = &e->cells[i];
        const struct ensemble_window *w = &e->windows[c->window];
        double ss = 0;
        EXPECT(w->sizes == c->window / 4 && w->budgets == c->window % 4);
        EXPECT(c->n == (7 - w->sizes) * (8 - w->budgets) && c->fitted);
        for (size_t k = 0; k < ENSEMBLE_ORIGINS; k++)
            ss += c->error[k] * c->error[k] / ENSEMBLE_ORIGINS;
        all += want[i] = 1 / (ss + 1e-8 / ENSEMBLE_ORIGINS);
    }
    for (size_t i = 0; i < e->n_cells; i++)
        EXPECT_REL(share[i], want[i] / all, 1e-9);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The floor of the law that made the runs is covered, and a law that is wrong for them counts for little; where the
 * language's floor is another, the verdict says that it does not cover it. */
static void floor_and_truth(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37, 2.2};
    struct fit_options o = quick(NULL, 100);
    grid_table(&t, law_find("joint"), truth, 0.003, 1);
    t.truth_known = true;
    t.truth_floor = 1.8;
    t.truth_heldout = (double)NAN;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    const struct fit_verdict *v = &r.verdict;
    EXPECT(r.laws.at[r.laws.selected].law == law_find("joint") && v->floor.supported);
    EXPECT(v->truth.known && v->truth.covered && v->truth.covered_over_laws);
    /* chinchilla, the wrong law here, puts the floor lower */
    EXPECT(v->floor.laws_lo == r.laws.at[0].params[0].lo && v->floor.laws_lo < v->floor.at.lo);
    EXPECT(v->floor.at.lo <= r.laws.at[1].params[0].value && r.laws.at[1].params[0].value <= v->floor.at.hi);
    EXPECT(strstr(v->lines.text[0], "over laws, windows of the runs and resamples"));
    /* how sure the choice is */
    EXPECT(r.laws.n == 2 && r.laws.at[1].share > 0.9);
    EXPECT_NEAR(r.laws.at[0].share + r.laws.at[1].share, 1, 1e-12);
    EXPECT_NEAR(r.laws.at[0].weight + r.laws.at[1].weight, 1, 1e-12);
    EXPECT_REL(r.laws.at[0].weight / r.laws.at[1].weight, exp(0.5 * (r.laws.at[1].aicc - r.laws.at[0].aicc)), 1e-9);
    t.truth_floor = 0.5 * (v->floor.laws_lo + v->floor.at.lo);
    fit_report_free(&r);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(!v->truth.covered && v->truth.covered_over_laws);
    EXPECT(strstr(v->lines.text[1], "does NOT cover it"));
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The frontier in closed form against a walk over sizes at fixed compute. */
static void frontier_is_the_minimum(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37, 0.6};
    static const char *const names[] = {"chinchilla", "joint"};
    for (int k = 0; k < 2; k++) {
        struct fit_options o = quick(names[k], 0);
        grid_table(&t, law_find(names[k]), truth, 0, 1);
        for (size_t i = 0; i < t.n; i++) /* a cost that is not 6 N D */
            t.col[FIT_FLOPS][i] = 11 * pow(t.col[FIT_PARAMS][i], 0.9) * t.col[FIT_TOKENS][i];
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(r.frontier.holds);
        double c = 1e15, best = (double)INFINITY, at = 0;
        for (double ln = log(1e4); ln < log(1e10); ln += 1e-3) {
            double n = exp(ln), d = c / (11 * pow(n, 0.9)), l = fit_predict(&r.laws.at[0], n, d).value;
            if (l < best) {
                best = l;
                at = n;
            }
        }
        EXPECT_REL(fit_frontier_loss(&r.frontier, c).value, best, 1e-6);
        EXPECT_REL(fit_frontier_params(&r.frontier, c).value, at, 2e-3);
        EXPECT_NEAR(fit_frontier_gain(&r.frontier, c).value,
                    fit_frontier_loss(&r.frontier, c).value - fit_frontier_loss(&r.frontier, 2 * c).value, 1e-9);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

static void isoflop_minima(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 200);
    EXPECT_OK(fit_table_init(&t, 45, &err));
    for (size_t i = 0; i < 45; i++) {
        double c = 1e13 * pow(4, (double)(i / 9)), best = 40 * pow(c / 1e8, 0.5);
        double n = best * pow(1.5, (double)(i % 9) - 4), z = log(n / best);
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = c / (6 * n);
        t.col[FIT_FLOPS][i] = c;
        t.col[FIT_LOSS][i] = 2 + 100 * pow(c, -0.15) + 0.05 * z * z + 0.0005 * rng_normal(test_rng());
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.isoflop.n == 5);
    for (size_t i = 0; i < r.isoflop.n; i++) {
        EXPECT_REL(r.isoflop.at[i].n_opt.value, 40 * pow(r.isoflop.at[i].flops / 1e8, 0.5), 0.03);
        EXPECT(!r.isoflop.at[i].at_edge && r.isoflop.at[i].n_opt.lo < r.isoflop.at[i].n_opt.hi);
    }
    EXPECT_NEAR(r.isoflop.n_exponent.value, 0.5, 0.01);
    EXPECT(r.isoflop.n_exponent.lo < 0.5 && 0.5 < r.isoflop.n_exponent.hi);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* --- thin designs ------------------------------------------------------------------------------------ */

/* All methods agree on a law without noise, and counting N^1.2 in place of N multiplies the exponent by 1.2. */
static void methods_and_counts(void)
{
    static const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options o = quick("chinchilla", 50);
    double a = 0.37 / (0.35 + 0.37);
    const struct law *law = law_find("chinchilla");
    const struct law_centre c = {log(1e6), log(1e8)};
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(&t, 13 * 13, &err));
    for (size_t i = 0; i < t.n; i++) {
        /* budgets a factor 2 apart, sizes a factor sqrt 2 */
        double n = 1e5 * pow(2, 0.5 * (double)(i % 13)), d = 2e6 * pow(2, 0.5 * (double)(i / 13));
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_PARAMS_NONEMBD][i] = 0.01 * pow(n, 1.2);
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = law_value(law, p, &x, &c);
    }
    t.has[FIT_PARAMS] = t.has[FIT_PARAMS_NONEMBD] = true;
    o.isoflop_window = 3;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.methods.n == 2);
    for (size_t k = 0; k < r.methods.n; k++) {
        const struct fit_methods *m = &r.methods.at[k];
        double want = a * (k ? 1.2 : 1);
        EXPECT(m->count == (k ? FIT_COUNT_NONEMBD : FIT_COUNT_TOTAL));
        EXPECT_NEAR(m->law_n.value, want, 1e-6);
        EXPECT_NEAR(m->isoflop_n.value, want, 0.03);
        EXPECT_NEAR(m->law_d.value, 1 - a, 1e-6);
        EXPECT_NEAR(m->isoflop_d.value, 1 - a, 0.03);
        EXPECT_NEAR(m->envelope.n_exponent.value, want, 0.03);
        EXPECT_NEAR(m->envelope.d_exponent.value, 1 - a, 0.03);
        EXPECT(m->envelope.n_crossings > 6);
        EXPECT(m->envelope.n_exponent.lo < want && want < m->envelope.n_exponent.hi);
    }
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Three sizes: the best one changes twice, and a line through two points is no exponent. */
static void envelope_of_two_steps(void)
{
    struct fit_table t;
    struct fit_report r;
    struct err err;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    const struct law *law = law_find("chinchilla");
    const struct law_centre c = {log(1e6), log(1e8)};
    struct fit_options o = quick("chinchilla", 50);
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    EXPECT_OK(fit_table_init(&t, 3 * 12, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = 1e5 * pow(8, (double)(i % 3)), d = 2e6 * pow(2, (double)(i / 3));
        struct law_point x = {log(n) - c.u, log(d) - c.v, log(d), {0, 0}};
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = law_value(law, p, &x, &c);
    }
    t.has[FIT_PARAMS] = true;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.methods.n == 1 && r.methods.at[0].envelope.n_crossings == 2);
    EXPECT(isnan(r.methods.at[0].envelope.n_exponent.value) && isnan(r.methods.at[0].envelope.n_exponent.hi));
    EXPECT(isfinite(r.methods.at[0].law_n.value));
    fit_report_free(&r);
    fit_table_free(&t);
}

static void thin_designs(void)
{
    struct err err;
    struct fit_table t, u;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    for (size_t n = 0; n < 5; n++) {
        struct fit_options o = quick(NULL, 50);
        grid_table(&t, law_find("chinchilla"), truth, 0, 1);
        t.n = t.n_trunks = n;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT(!r.verdict.enough && r.laws.n == 0 && r.verdict.lines.n == 1);
        EXPECT(strstr(r.verdict.lines.text[0], "Not enough runs"));
        fit_report_free(&r);
        fit_table_free(&t);
    }
    /* one size: a law in tokens; one budget: a law in parameters */
    for (int k = 0; k < 2; k++) {
        struct fit_options o = quick(NULL, 50);
        size_t n = k ? 7 : 8;
        grid_table(&t, law_find("chinchilla"), truth, 0, 1);
        EXPECT_OK(fit_table_init(&u, n, &err));
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < FIT_N_COLUMNS; c++)
                u.col[c][i] = t.col[c][k ? i : 7 * i];
        EXPECT_OK(fit_analyse(&r, &u, &o, &err));
        EXPECT(r.verdict.enough && r.laws.at[0].x == (k ? FIT_PARAMS : FIT_TOKENS) && r.frontier.holds);
        double c = r.cost.max_flops, at = u.col[FIT_LOSS][n - 1];
        EXPECT_REL(fit_frontier_loss(&r.frontier, c).value, at, 1e-4);
        fit_report_free(&r);
        fit_table_free(&t);
        fit_table_free(&u);
    }
}

/* Two sizes: a law in tokens alone, on the size that was trained on more budgets. */
static void fullest_level(void)
{
    struct err err;
    struct fit_table t, u;
    struct fit_report r;
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    struct fit_options o = quick(NULL, 0);
    grid_table(&t, law_find("chinchilla"), truth, 0, 1);
    EXPECT_OK(fit_table_init(&u, 13, &err));
    for (size_t i = 0; i < u.n; i++)
        for (int c = 0; c < FIT_N_COLUMNS; c++)
            u.col[c][i] = t.col[c][i < 8 ? 7 * i : 7 * (i - 8) + 3];
    EXPECT_OK(fit_analyse(&r, &u, &o, &err));
    EXPECT(r.laws.n > 0 && r.laws.at[0].x == FIT_TOKENS && r.laws.at[0].n == 8);
    fit_report_free(&r);
    fit_table_free(&t);
    fit_table_free(&u);
}

/* Levels are counted from the smallest of each, so that they do not chain. */
static void levels_within_a_factor(void)
{
    const double x[] = {2.05, 1, 1.06, 2, 1.02};
    double out[5];
    EXPECT(levels_distinct(out, x, 5, 1.03) == 3);
    EXPECT_NEAR(out[0], 1, 0);
    EXPECT_NEAR(out[1], 1.06, 0);
    EXPECT_NEAR(out[2], 2, 0);
    EXPECT(levels_distinct(out, x, 5, 1.01) == 5 && levels_distinct(out, x, 5, 1.07) == 2);
}

/* Seven budgets on two trajectories are one comparison of seeds; seven pairs of runs are seven. */
static void noise_counts_trajectories(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r[2];
    struct fit_options o = quick("chinchilla", 100);
    const double truth[] = {1.8, 480, 2100, 0.35, 0.37};
    o.break_sims = 0;
    struct fit_table g;
    grid_table(&g, law_find("chinchilla"), truth, 0, 1);
    for (int k = 0; k < 2; k++) {
        EXPECT_OK(fit_table_init(&t, 2 * g.n, &err));
        for (size_t i = 0; i < t.n; i++) {
            for (int c = 0; c < FIT_N_COLUMNS; c++)
                t.col[c][i] = g.col[c][i % g.n];
            t.col[FIT_SEED][i] = (double)(i / g.n);
            t.col[FIT_LOSS][i] *= i < g.n ? 1.001 : 0.999;
            if (k == 1)
                t.trunk[i] = i % 7 + 7 * (i / g.n);
        }
        if (k == 1)
            t.n_trunks = 14;
        EXPECT_OK(fit_analyse(&r[k], &t, &o, &err));
        EXPECT(r[k].noise.df == 56 && r[k].noise.independent == (k ? 7 : 56));
        fit_table_free(&t);
    }
    EXPECT(r[0].noise.sigma == r[1].noise.sigma);
    /* chi-squared of 7 for the level, and some more for the way from the middle of the grid to its corner */
    EXPECT(r[1].noise.hi / r[1].noise.sigma > sqrt(7 / 1.6898692) && r[1].noise.hi / r[1].noise.sigma < 4);
    EXPECT(r[0].noise.hi < r[1].noise.hi && r[0].noise.lo > r[1].noise.lo);
    fit_report_free(&r[0]);
    fit_report_free(&r[1]);
    fit_table_free(&g);
}

static void trunks_and_seeds(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = quick("chinchilla", 100);
    static const char text[] = "status,params,tokens,loss,seed,trunk,loss_se\n"
                               "done,100,1000,3.0,1,a,.01\ndone,100,1000,3.1,2,b,.01\n"
                               "done,100,2000,2.9,1,a,.01\ndiverged,100,2000,,2,b,\n"
                               "failed,200,2000,,2,c,\ndone,200,2000,2.5,2,c,.01\n";
    EXPECT_OK(read_text(&t, text, &by_alias, &err));
    EXPECT(t.n == 4 && t.n_trunks == 3 && t.n_diverged == 1 && t.n_failed == 1);
    EXPECT(t.trunk[0] == 0 && t.trunk[1] == 1 && t.trunk[2] == 0 && t.trunk[3] == 2);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT_NEAR(r.noise.sigma, 0.1 / sqrt(2.0), 1e-12);
    EXPECT(r.noise.df == 1 && r.noise.independent == 1);
    /* chi-squared with one degree: 5.0238862, 0.00098206912; the cell is not that of the largest budget */
    EXPECT(r.noise.lo < r.noise.sigma / 2.2414027 && r.noise.hi > r.noise.sigma / 0.031337981);
    EXPECT(r.noise.lo > r.noise.sigma / 5 && r.noise.hi < r.noise.sigma / 0.02);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* --- tables ------------------------------------------------------------------------------------------ */

static void good_tables(void)
{
    struct err err;
    struct fit_table t;
    static const char *const same[] = {
        "N,D,L\n10,20,3\n30,40,2.5\n",
        "\xef\xbb\xbfN,D,L\r\n10,20,3\r\n\r\n30,40,2.5\r\n",
        "\"N\",\"D\",\"L\",\n\"10\",20,3,\n 30 ,4e1,\"2.5\",,",
        "name,n_params,train_tokens,final_loss\n\"a,\"\"b\"\"\nc\",10,20,3\nx,30,40,2.5",
        "compute,N,val_loss\n1200,10,3\n7200,30,2.5\n",
        "flops,tokens,loss\n1200,20,3\n7200,40,2.5\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        EXPECT_OK(read_text(&t, same[i], &by_alias, &err));
        EXPECT_MSG(t.n == 2, "table %zu: %zu rows", i, t.n);
        if (t.n == 2) {
            EXPECT_NEAR(t.col[FIT_PARAMS][1], 30, 1e-12);
            EXPECT_NEAR(t.col[FIT_TOKENS][0], 20, 1e-12);
            EXPECT_NEAR(t.col[FIT_FLOPS][1], 7200, 1e-9);
            EXPECT_NEAR(t.col[FIT_LOSS][1], 2.5, 0);
        }
        fit_table_free(&t);
    }
    const char *where[] = {"keep=1.0", "set=train"};
    struct fit_read_options o = {.where = where, .n_where = 2, .x = "x", .y = "err"};
    EXPECT_OK(read_text(&t, "x,err,keep,set\n1,2,1,train\n2,1,0,train\n3,.5,1,test\n", &o, &err));
    EXPECT(t.n == 1 && t.n_filtered == 2 && t.col[FIT_X][0] == 1 && t.col[FIT_LOSS][0] == 2);
    fit_table_free(&t);
    EXPECT_OK(read_text(&t, "N,D,L\n1,2,3\n1,2,3\n1,2,4\n", &by_alias, &err));
    EXPECT(t.n == 3 && t.n_duplicates == 1);
    fit_table_free(&t);
}

static void bad_tables(void)
{
    struct err err;
    struct fit_table t;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "is empty"},
        {"\n\n", "is empty"},
        {"N,D\n1,2\n", "no column for the loss"},
        {"N,L\n1,2\n", "found only params"},
        {"N,D,L\n1,2,x\n", "t.csv:2:5: column L: 'x' is not a number"},
        {"N,D,L\n1,2,3\n1,2,3e\n", "t.csv:3:5"},
        {"N,D,L\n1,2,nan\n", "t.csv:2: column L holds no number"},
        {"N,D,L\n1,2,0x10\n", "not a number"},
        {"N,D,L\n1,2,1e999\n", "not a finite number"},
        {"N,D,L\n1,2,-3\n", "column L: '-3' must be above 0"},
        {"N,D,L\n0,2,3\n", "t.csv:2:1: column N: '0' must be above 0"},
        {"N,D,L\n1,2,\n", "t.csv:2: column L is blank"},
        {"N,D,L\n1,2\n", "the line ends before column L"},
        {"N,D,L\n1,2,3,4\n", "4 fields, but the header has 3"},
        {"N,D,L\n,2,3\n", "t.csv:2: column N is blank"},
        {"N,D,D,L\n1,2,5,3\n", "tokens may be column 2, D, or column 3, D (column 3)"},
        {"N,D,L\n1,2,\"3\n", "t.csv:2:5: a quote is opened"},
        {"N,D,L\n1,2,\"3\"4\n", "text follows a closing quote"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT_ERR(read_text(&t, bad[i].text, &by_alias, &err), E_DATA, bad[i].says);
        fit_table_free(&t);
    }
    const char *where[] = {"kep=1"};
    struct fit_read_options o = {.where = where, .n_where = 1};
    EXPECT_ERR(read_text(&t, "N,D,L,keep\n1,2,3,1\n", &o, &err), E_DATA, "did you mean keep?");
    fit_table_free(&t);
    o = (struct fit_read_options){.count = FIT_COUNT_MATMUL};
    EXPECT_ERR(read_text(&t, "N,D,L\n1,2,3\n", &o, &err), E_DATA, "no column params_matmul");
    fit_table_free(&t);
    o = (struct fit_read_options){.x = "size"};
    EXPECT_ERR(read_text(&t, "N,L\n1,3\n", &o, &err), E_DATA, "no column 'size'");
    fit_table_free(&t);
}

static void sweep_folder(void)
{
    struct err err;
    struct fit_table t;
    char path[FILE_PATH_MAX];
    static const char rows[] = "run,status,params,tokens,loss\na,done,1,2,3\nb,diverged,1,2,\n";
    static const char sweep[] = "{\"truth\": {\"floor\": 0.683999}}";
    const char *dir = test_tmpdir();
    EXPECT_ERR(fit_table_read(&t, &dir, 1, &by_alias, &err), E_DATA, "no results.csv");
    fit_table_free(&t);
    EXPECT_OK(file_join(path, sizeof path, dir, "results.csv", &err));
    EXPECT_OK(file_write_atomic(path, rows, strlen(rows), &err));
    EXPECT_OK(fit_table_read(&t, &dir, 1, &by_alias, &err));
    EXPECT(t.n == 1 && t.n_diverged == 1 && !t.truth_known);
    fit_table_free(&t);
    EXPECT_OK(file_join(path, sizeof path, dir, "sweep.json", &err));
    EXPECT_OK(file_write_atomic(path, sweep, strlen(sweep), &err));
    const char *twice[] = {dir, dir};
    EXPECT_OK(fit_table_read(&t, twice, 2, &by_alias, &err));
    EXPECT(t.n == 2 && t.truth_known && t.truth_floor == 0.683999);
    fit_table_free(&t);
    const char *missing = "/nonexistent/x.csv";
    EXPECT_ERR(fit_table_read(&t, &missing, 1, &by_alias, &err), E_DATA, "x.csv");
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"law_derivatives", law_derivatives},
        {"inner_and_outer", inner_and_outer},
        {"law_formulas", law_formulas},
        {"law_table", law_table},
        {"law_parts", law_parts},
        {"laws_tried", laws_tried},
        {"recovers_without_noise", recovers_without_noise},
        {"one_variable", one_variable},
        {"one_variable_breaks", one_variable_breaks},
        {"intervals_cover", intervals_cover},
        {"same_seed_same_report", same_seed_same_report},
        {"ties_and_fixed", ties_and_fixed},
        {"random_design", random_design},
        {"floor_and_truth", floor_and_truth},
        {"not_identified", not_identified},
        {"stratified", stratified},
        {"expanded_quantiles", expanded_quantiles},
        {"quantiles", quantiles},
        {"quantiles_of_a_mixture", quantiles_of_a_mixture},
        {"weights_of_a_resample", weights_of_a_resample},
        {"windows_and_their_weights", windows_and_their_weights},
        {"break_found", break_found},
        {"frontier_is_the_minimum", frontier_is_the_minimum},
        {"isoflop_minima", isoflop_minima},
        {"methods_and_counts", methods_and_counts},
        {"envelope_of_two_steps", envelope_of_two_steps},
        {"thin_designs", thin_designs},
        {"fullest_level", fullest_level},
        {"levels_within_a_factor", levels_within_a_factor},
        {"noise_counts_trajectories", noise_counts_trajectories},
        {"trunks_and_seeds", trunks_and_seeds},
        {"good_tables", good_tables},
        {"bad_tables", bad_tables},
        {"sweep_folder", sweep_folder},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
