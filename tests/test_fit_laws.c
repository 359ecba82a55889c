/* The laws: their derivatives, the papers' formulas, and the parameters that are found again in tables of a known truth. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit_grid.h"

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
        {"ties_and_fixed", ties_and_fixed},
        {"random_design", random_design},
        {"not_identified", not_identified},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
