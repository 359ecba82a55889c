/* Running out of memory where files are read and written: every allocation made to fail in turn, alone and with all that
 * follow, those of cJSON among them. What comes back is E_NOMEM with a message, or the whole answer: no key, row or line is
 * missing in silence. What else leaks, AddressSanitizer sees. */
#include "test.h"
#include "wrap.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_memory.h"
#include "base/seal.h"
#include "fit/analysis.h"
#include "fit/fit_json.h"
#include "fit/input.h"
#include "fit/table.h"
#include "harness/config.h"
#include "harness/curves.h"
#include "harness/plan.h"
#include "harness/results.h"
#include "harness/results_check.h"
#include "harness/rundir.h"

/* An item that cJSON has no room to add is lost to it (cJSON_AddItemToObject): what ends for want of memory may leak that. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:cJSON_\n";
}

static char path[FILE_PATH_MAX];

static void write_text(const char *name, const char *text)
{
    struct err err;
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), name, &err));
    FILE *f = fopen(path, "wb");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* What is tried: E_NOMEM, or OK with an answer as text, which the caller frees. */
typedef enum status work_fn(char **answer, const void *ctx, struct err *err);

static void fail_each(const char *what, work_fn *work, const void *ctx)
{
    char *whole = NULL;
    struct err err;
    if (!wrap_works())
        return;
    json_memory_watch(); /* whose allocations are counted with ours */
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(work(&whole, ctx, &err));
    size_t n = wrap_stop(), refused = 0;
    EXPECT_MSG(n > 0 && whole, "%s: %zu allocations", what, n);
    /* in slow builds each in one of the two ways; of thousands every few */
    size_t step = test_slow() ? 2 * (n / 300) + 1 : n / 2000 + 1;
    for (size_t k = 0; whole && k < 2 * n && !test_failed(); k += step) {
        char *answer = NULL;
        err.msg[0] = '\0';
        wrap_fail(k / 2, k % 2);
        enum status st = work(&answer, ctx, &err);
        wrap_stop();
        refused += st == E_NOMEM;
        EXPECT_MSG(st == OK ? answer && strcmp(answer, whole) == 0 : st == E_NOMEM && strstr(err.msg, "memory"),
                   "%s: allocation %zu of %zu%s: status %d, '%s'", what, k / 2 + 1, n, k % 2 ? " and all after" : "", (int)st,
                   st == OK ? "another answer" : err.msg);
        free(answer);
    }
    EXPECT_MSG(refused > 0, "%s: none was refused", what);
    printf("    %s: %zu allocations\n", what, n);
    free(whole);
    cJSON_InitHooks(NULL);
}

/* ---- config ---- */

static const char config_text[] =
    "{\"name\":\"a\",\"data\":{\"source\":\"text\",\"files\":[\"a.txt\",\"b.txt\"]},\"model\":{\"preset\":\"olmo3\"},"
    "\"train\":{\"lr\":{\"lr\":0.003,\"params\":1e5,\"params_exponent\":-0.2,\"tokens\":1e6,\"tokens_exponent\":0}},"
    "\"grid\":{\"models\":[{\"d_model\":16,\"n_layer\":1},{\"d_model\":32,\"n_layer\":2}],\"tokens\":[\"40k\",\"80k\"],"
    "\"seeds\":[1,2],\"vary\":{\"train.weight_decay\":[0.1,0.2]}}}";

static enum status config_and_back(char **answer, const void *ctx, struct err *err)
{
    struct config c;
    (void)ctx;
    config_init(&c);
    enum status st = config_load(&c, path, err);
    if (st == OK)
        st = config_set(&c, "train.min_lr=0.1", err);
    config_settle(&c);
    if (st == OK)
        st = config_to_json(answer, &c, false, err);
    config_free(&c);
    return st;
}

static enum status plan_of(char **answer, const void *ctx, struct err *err)
{
    struct config c;
    struct plan p = {0};
    (void)ctx;
    config_init(&c);
    enum status st = config_load(&c, path, err);
    config_settle(&c);
    if (st == OK)
        st = plan_make(&p, &c, 65, 100000, err);
    if (st == OK) {
        *answer = calloc(p.n, RUN_NAME_MAX + 1);
        for (size_t i = 0; i < p.n && *answer; i++)
            strcat(strcat(*answer, p.runs[i].name), "\n");
        st = *answer ? OK : err_set(err, E_NOMEM, "memory of the test's own");
    }
    plan_free(&p);
    config_free(&c);
    return st;
}

static void config(void)
{
    write_text("config.json", config_text);
    fail_each("config", config_and_back, NULL);
    fail_each("plan", plan_of, NULL);
}

/* ---- table ---- */

struct table_text {
    const char *name, *text;
};

static enum status table_of(char **answer, const void *ctx, struct err *err)
{
    const struct table_text *in = ctx;
    const struct fit_read_options opt = {.count = FIT_COUNT_TOTAL};
    struct fit_table t;
    enum status st = fit_table_read_text(&t, in->name, in->text, strlen(in->text), &opt, err);
    if (st == OK) {
        *answer = malloc(100 * t.n + 1);
        for (size_t i = 0, used = 0; *answer && i < t.n; i++)
            used += (size_t)sprintf(*answer + used, "%g %g %g\n", t.col[FIT_PARAMS][i], t.col[FIT_TOKENS][i], t.col[FIT_LOSS][i]);
        st = *answer ? OK : err_set(err, E_NOMEM, "memory of the test's own");
    }
    fit_table_free(&t);
    return st;
}

static void table(void)
{
    static const struct table_text all[] = {
        {"t.csv", "run,params,tokens,loss,status\na,1e6,2e7,4.21,done\nb,4e6,2e7,4.02,done\nc,\"1,600,000\",8e7,3.33,done\n"},
        {"t.json", "[{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21,\"a\":{\"b\":[1,2]}},"
                   "{\"params\":\"70M\",\"tokens\":2e7,\"loss\":3}]"},
        {"t.jsonl", "{\"N\":1e6,\"D\":2e7,\"loss\":4.21}\n{\"N\":4e6,\"D\":2e7,\"loss\":4.02}\n"},
        {"t.tex", "N & D & loss \\\\ \\hline\n1e6 & 2e7 & 4{,}21 \\\\\n4e6 & 2e7 & 4,02 \\\\\n16e6 & 8e7 & 3,33\n"},
        {"t.md", "| N | D | Loss |\n|---|:-:|--:|\n| 1M | 2M | 3.1 |\n| 2M | 4M | 2.9 |\n"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all && !test_failed(); i++)
        fail_each(all[i].name, table_of, &all[i]);
}

/* ---- results ---- */

static struct run_row row_of(const char *run)
{
    struct run_row r = {.d_model = 8, .n_layer = 1, .n_head = 1, .ctx = 32, .vocab = 17, .params = 1280, .params_nonembd = 888,
                        .params_matmul = 1024, .tokens = 59904, .flops = 4e8, .flops_6nd = 4e8, .batch_tokens = 512, .lr = 0.008,
                        .seed = 1, .loss = 1.365, .loss_se = 0.03, .bpb = (double)NAN, .wall_s = 1, .tokens_per_s = 60000,
                        .epochs = (double)NAN, .warmup_tokens = 512, .log_bytes = 0, .params_active = (double)NAN,
                        .loss_member = (double)NAN, .teacher_flops = (double)NAN, .teacher_train_flops = (double)NAN};
    for (size_t i = 0; i < OPTIM_N_AVERAGES; i++)
        r.loss_average[i] = (double)NAN;
    snprintf(r.run, sizeof r.run, "%s", run);
    strcpy(r.status, "done");
    strcpy(r.data, "zipf-facts");
    strcpy(r.trunk, "t");
    strcpy(r.isa, "ref");
    strcpy(r.data_fingerprint, "0123456789abcdef");
    strcpy(r.varied, "order_seed=3");
    return r;
}

static enum status result_written(char **answer, const void *ctx, struct err *err)
{
    struct run_row r = row_of("run");
    size_t size;
    (void)ctx;
    TRY(run_row_write(path, &r, err));
    return file_read_regular(answer, &size, path, err);
}

static enum status result_read(char **answer, const void *ctx, struct err *err)
{
    struct run_row r;
    bool found;
    TRY(run_row_read(&r, &found, ctx, err));
    *answer = malloc(64);
    if (!found || !*answer)
        return err_set(err, E_NOMEM, "memory of the test's own");
    snprintf(*answer, 64, "%.17g", r.loss);
    return OK;
}

static enum status table_checked(char **answer, const void *ctx, struct err *err)
{
    size_t missing;
    TRY(results_check(&missing, ctx, err));
    *answer = calloc(1, 32);
    if (!*answer)
        return err_set(err, E_NOMEM, "memory of the test's own");
    snprintf(*answer, 32, "%zu", missing);
    return OK;
}

static void results(void)
{
    char dir[FILE_PATH_MAX];
    struct run_row r = row_of("run");
    struct err err;
    snprintf(dir, sizeof dir, "%s/run", test_tmpdir());
    EXPECT_OK(file_mkdirs(dir, &err));
    EXPECT_OK(file_join(path, sizeof path, dir, "result.json", &err));
    fail_each("result written", result_written, NULL);
    fail_each("result read", result_read, dir);
    EXPECT_OK(results_write(test_tmpdir(), &r, 1, &err));
    fail_each("results.csv checked", table_checked, test_tmpdir());
}

/* A run's config.json, of an empty config: written with its seal, or not at all. */
static enum status run_config(char **answer, const void *ctx, struct err *err)
{
    size_t size;
    TRY(rundir_write_config(path, ctx, err));
    return file_read_regular(answer, &size, path, err);
}

static void run_configs(void)
{
    struct run r = {.params = 1};
    struct err err;
    config_init(&r.cfg);
    config_settle(&r.cfg);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "config.json", &err));
    fail_each("a run's config", run_config, &r);
    config_free(&r.cfg);
}

/* ---- the fit's own file ---- */

static enum status report_json(char **answer, const void *ctx, struct err *err)
{
    static const char *const files[] = {"t.csv"};
    const struct fit_input in = {.version = "0", .files = files, .n_files = 1, .rows = 12};
    TRY(fit_json_report(answer, ctx, err));
    enum status st = input_seal(answer, &in, err);
    if (st != OK) {
        free(*answer);
        *answer = NULL;
    }
    return st;
}

static void fit_json(void)
{
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    struct err err;
    struct rng rng = rng_make(3, RNG_TEST, 0, 0);
    o.law = "chinchilla";
    o.bootstrap = 0;
    EXPECT_OK(fit_table_init(&t, 12, &err));
    for (size_t i = 0; i < t.n; i++) {
        double n = 1e5 * pow(4, (double)(i % 3)), d = 2e6 * pow(4, (double)(i / 3));
        t.col[FIT_PARAMS][i] = n;
        t.col[FIT_TOKENS][i] = t.col[FIT_UNIQUE_TOKENS][i] = d;
        t.col[FIT_FLOPS][i] = 6 * n * d;
        t.col[FIT_LOSS][i] = (1.8 + 480 / pow(n, 0.35) + 2100 / pow(d, 0.37)) * exp(0.003 * rng_normal(&rng));
    }
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    fail_each("fit.json", report_json, &r);
    fit_report_free(&r);
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"config", config}, {"table", table}, {"results", results}, {"run_configs", run_configs},
                                        {"fit_json", fit_json}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
