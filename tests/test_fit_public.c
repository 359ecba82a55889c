/* Public run tables: the optima that their authors, or a careful second look, found. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fit/analysis.h"

/* Read shared/fits/<file>; false, with the test skipped, where the tables are absent. */
static bool read_public(struct fit_table *t, const char *file, const struct fit_read_options *opt)
{
    struct err err;
    char path[FILE_PATH_MAX];
    const char *dir = test_shared();
    *t = (struct fit_table){0};
    snprintf(path, sizeof path, "%s/fits/%s", dir ? dir : "", file);
    if (!dir || !file_exists(path)) {
        test_skip("the shared tables are absent");
        return false;
    }
    const char *source = path;
    EXPECT_OK(fit_table_read(t, &source, 1, opt, &err));
    return !test_failed();
}

static void check_optimum(const struct fit_table *t, const struct fit_options *o, const double *want,
                          double objective, double rel_coef)
{
    struct err err;
    struct fit_report r;
    EXPECT_OK(fit_analyse(&r, t, o, &err));
    if (r.laws.n == 1) {
        const struct fit_law *f = &r.laws.at[0];
        EXPECT_MSG(f->best.objective <= objective, "objective %.13g, want %.13g", f->best.objective,
                   objective);
        EXPECT(f->best.converged);
        for (size_t j = 0; j < f->law->n_params; j++) {
            bool coef = f->law->params[j].kind == LAW_COEF;
            EXPECT_NEAR(f->outer[j], want[j], coef ? rel_coef * want[j] : 1e-5);
        }
    }
    EXPECT(r.laws.n == 1);
    fit_report_free(&r);
}

static const char *const keep_rows[] = {"keep=1"};
static const struct fit_read_options kept = {.where = keep_rows, .n_where = 1};
static const struct fit_read_options all_rows = {.count = FIT_COUNT_TOTAL};

static void besiroglu_optima(void)
{
    struct fit_table t;
    struct fit_options o = fit_options_default();
    o.law = "chinchilla";
    o.bootstrap = 0;
    static const double huber[] = {1.81721810, 477.82589, 2143.41723, 0.34731050, 0.36717243};
    static const double lad[] = {1.8168641, 482.00605, 2085.43625, 0.3478131, 0.3658542};
    static const double every[] = {1.8913385, 495.726, 12845.613, 0.3493129, 0.4530493};
    if (!read_public(&t, "besiroglu_chinchilla.csv", &kept))
        return;
    EXPECT(t.n == 240);
    check_optimum(&t, &o, huber, 0.00101827402, 1e-3);
    o.obj.loss = SOLVE_LAD;
    check_optimum(&t, &o, lad, 1.12949466, 1e-3);
    fit_table_free(&t);
    o.obj.loss = SOLVE_HUBER;
    if (read_public(&t, "besiroglu_chinchilla.csv", &all_rows))
        check_optimum(&t, &o, every, 0.00182601053, 1e-3);
    fit_table_free(&t);
}

static void besiroglu_delta(void)
{
    static const struct {
        double delta, beta;
    } cases[] = {{1e-5, 0.365761}, {1e-2, 0.381538}, {1.0, 0.405883}};
    struct fit_table t;
    struct fit_options o = fit_options_default();
    o.law = "chinchilla";
    o.bootstrap = 0;
    if (!read_public(&t, "besiroglu_chinchilla.csv", &kept))
        return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct fit_report r;
        o.obj.delta = cases[i].delta;
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_NEAR(r.laws.at[0].outer[4], cases[i].beta, 1e-5);
        fit_report_free(&r);
    }
    o.obj = (struct solve_objective){SOLVE_LSQ, 0, SOLVE_RAW, 0};
    struct err err;
    struct fit_report r;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT_NEAR(r.laws.at[0].outer[0], 1.882814, 1e-5);
    EXPECT_NEAR(r.laws.at[0].outer[3], 0.357615, 1e-5);
    EXPECT_NEAR(r.laws.at[0].outer[4], 0.427621, 1e-5);
    fit_report_free(&r);
    fit_table_free(&t);
}

static void besiroglu_bootstrap(void)
{
    /* Two streams of resamples are published; their spread is the spread of streams. */
    static const double want[] = {0.02548, 122.4, 1316.4, 0.01520, 0.02045};
    struct fit_table t;
    struct err err;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    o.law = "chinchilla";
    o.bootstrap = 4000;
    if (!read_public(&t, "besiroglu_chinchilla.csv", &kept))
        return;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    for (size_t j = 0; j < 5; j++)
        EXPECT_REL(r.laws.at[0].params[j].se, want[j], 0.05);
    EXPECT(r.laws.at[0].n_boot == 4000 && r.laws.at[0].n_boot_failed == 0);
    EXPECT_NEAR(r.laws.at[0].params[3].lo, 0.317, 0.002);
    EXPECT_NEAR(r.laws.at[0].params[3].hi, 0.373, 0.002);
    EXPECT_NEAR(r.laws.at[0].params[4].lo, 0.331, 0.004);
    EXPECT_NEAR(r.laws.at[0].params[4].hi, 0.415, 0.004);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The published BNSL point is the optimum of squared differences of ln(1 + y). */
static void bnsl_addition(void)
{
    static const char *const train[] = {"split=train"}, *const rest[] = {"split=extrapolate"};
    static const double want[] = {0.413884778, 2.27727199, 0.0550773509, 5.66290635, 612.583638,
                                  0.0591930456};
    struct fit_read_options opt = {.where = train, .n_where = 1, .x = "x", .y = "y"};
    struct fit_table t;
    struct err err;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    o.law = "bnsl";
    o.bootstrap = 0;
    o.obj = (struct solve_objective){SOLVE_LSQ, 0, SOLVE_LOG1P, 0};
    if (!read_public(&t, "bnsl_4digit_addition.csv", &opt))
        return;
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    fit_table_free(&t);
    for (size_t j = 0; j < 6; j++)
        EXPECT_REL(r.laws.at[0].outer[j], want[j], 1e-4);
    EXPECT_REL(r.laws.at[0].rms_log, 5.985e-4, 1e-3);
    opt.where = rest;
    if (!read_public(&t, "bnsl_4digit_addition.csv", &opt))
        return;
    double ss = 0;
    for (size_t i = 0; i < t.n; i++) {
        double e = log(fit_predict(&r.laws.at[0], t.col[FIT_X][i], 1).value / t.col[FIT_LOSS][i]);
        ss += e * e / (double)t.n;
    }
    EXPECT_NEAR(sqrt(ss), 0.0109, 5e-5);
    fit_table_free(&t);
    fit_report_free(&r);
}

static void cs336_isoflops(void)
{
    struct fit_table t;
    struct err err;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    o.bootstrap = 0;
    if (!read_public(&t, "cs336_isoflops.json", &all_rows))
        return;
    EXPECT(t.n == 72);
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT(r.isoflop.n == 9);
    EXPECT_NEAR(r.isoflop.n_exponent.value, r.frontier.n_exponent.value, 0.005);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* Every row of the published staircase from its own runs. */
static void porian_staircase(void)
{
    static const char *const keys[] = {"hparams", "warmup", "decay", "count", "split"};
    struct fit_table t;
    struct err err;
    char *text, path[FILE_PATH_MAX];
    size_t size, checked = 0;
    const char *dir = test_shared();
    snprintf(path, sizeof path, "%s/fits/porian_rw_published.csv", dir ? dir : "");
    if (!dir || !file_exists(path)) {
        test_skip("the shared tables are absent");
        return;
    }
    EXPECT_OK(file_read(&text, &size, path, &err));
    char *save = NULL, *line = strtok_r(text, "\n", &save);
    while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
        char cell[7][64], where[5][160];
        const char *list[5];
        if (sscanf(line, "%63[^,],%63[^,],%63[^,],%63[^,],%63[^,],%63[^,],%63[^,]", cell[0], cell[1],
                   cell[2], cell[3], cell[4], cell[5], cell[6]) != 7)
            continue;
        for (int k = 0; k < 5; k++) {
            snprintf(where[k], sizeof where[k], "%s=%s", keys[k], cell[k + 1]);
            list[k] = where[k];
        }
        struct fit_read_options opt = {.where = list, .n_where = 5};
        struct fit_options o = fit_options_default();
        struct fit_report r;
        o.bootstrap = 0;
        if (!read_public(&t, "porian_rw_isoflop.csv", &opt))
            break;
        if (t.n > 0) {
            EXPECT_OK(fit_analyse(&r, &t, &o, &err));
            double a = strtod(cell[6], NULL);
            EXPECT_MSG(fabs(r.isoflop.n_exponent.value - a) <= 0.032, "%s: a = %.4f, published %.4f",
                       line, r.isoflop.n_exponent.value, a);
            checked++;
            fit_report_free(&r);
        }
        fit_table_free(&t);
    }
    EXPECT_MSG(checked >= 5, "%zu configurations compared", checked);
    free(text);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"besiroglu_optima", besiroglu_optima},       {"besiroglu_delta", besiroglu_delta},
        {"besiroglu_bootstrap", besiroglu_bootstrap}, {"bnsl_addition", bnsl_addition},
        {"cs336_isoflops", cs336_isoflops},           {"porian_staircase", porian_staircase},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
