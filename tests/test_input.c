/* What a fit was made from: the stored fit's seal and input, runs that are not alike, and the resamples as a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fit/analysis.h"
#include "fit/draws.h"
#include "fit/fit_json.h"
#include "fit/input.h"
#include "fit/unlike.h"
#include "test.h"

static enum status read_text(struct fit_table *t, const char *name, const char *text, struct err *err)
{
    static const struct fit_read_options by_alias = {.count = FIT_COUNT_TOTAL};
    char buf[8192];
    size_t n = strlen(text);
    memcpy(buf, text, n + 1);
    return fit_table_read_csv(t, name, buf, n, &by_alias, err);
}

/* ---- unlike runs ---- */

/* Judge a table of a text; the sentences go to said, one a line. */
static enum status judge(char *said, size_t size, const char *text, struct err *err)
{
    struct fit_table t;
    struct fit_lines careful = {0};
    said[0] = '\0';
    enum status st = read_text(&t, "t.csv", text, err);
    if (st == OK)
        st = unlike_judge(&careful, t.unlike, &t, false, false, err);
    for (size_t i = 0; i < careful.n; i++)
        snprintf(said + strlen(said), size - strlen(said), "%s\n", careful.text[i]);
    fit_lines_free(&careful);
    fit_table_free(&t);
    return st;
}

static void unlike_data_is_refused(void)
{
    struct err err = {0};
    char said[2048];
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,data\n1,2,3,wiki\n2,4,2,wiki\n4,8,1,books\n", &err), E_DATA,
               "column data holds 'wiki' (2 runs, t.csv), 'books' (1 run, t.csv)");
    EXPECT(strstr(err.msg, "--where 'data=wiki'") != NULL);
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,Vocab_Size\n1,2,3,256\n2,4,2,512\n", &err), E_DATA,
               "column Vocab_Size holds 256 (1 run, t.csv), 512 (1 run, t.csv)");
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,tokenizer\n1,2,3,bpe\n2,4,2,byte\n", &err), E_DATA, "tokenizer");
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,data_fingerprint\n1,2,3,1e00000000000000\n2,4,2,10e0000000000000\n",
                     &err), E_DATA, "data_fingerprint");
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,dataset\n1,2,3,a\n2,4,2,b\n3,4,2,c\n3,5,2,d\n3,6,2,e\n", &err),
               E_DATA, "and 2 values more");
    EXPECT_ERR(judge(said, sizeof said, "params,tokens,loss,eval_set\n1,2,3,v1\n2,4,2,v2\n", &err), E_DATA, "eval_set");
}

static void alike_runs_pass_in_silence(void)
{
    struct err err = {0};
    char said[2048];
    static const char *const texts[] = {
        /* a sweep: shapes, seeds and the warm-up of each size vary */
        ("run,data,d_model,n_layer,vocab,params,tokens,loss,lr,batch_tokens,seed,warmup_tokens\n"
         "a,w,8,1,17,10,100,3,0.008,64,1,5\nb,w,8,1,17,10,200,2.9,8e-3,64,2,5\nc,w,16,2,17,40,100,2.5,0."
         "0080000000000000002,64,1,9\n"),
        /* the default: a token a parameter, at most a fifth of the budget */
        "params,tokens,loss,warmup_tokens\n1000,4000,3,800\n1000,20000,2.8,1000\n1000,90000,2.5,1000\n2000,4000,2.7,"
        "800\n",
        /* a warm-up that is a share of the budget */
        "params,tokens,loss,warmup_tokens\n10,1000,3,100\n10,2000,2.8,200\n20,1000,2.7,101\n",
        /* what is empty says nothing, nor does an amount of data */
        "params,tokens,loss,data,lr\n1,2,3,100,\n2,4,2,200,0.1\n3,4,2,300,0.1\n",
        /* one corpus under two names */
        "params,tokens,loss,data,data_fingerprint\n1,2,3,a.txt,ff\n2,4,2,b.txt,ff\n",
        "params,tokens,loss,vocab,ctx\n1,2,3,512,64\n2,4,2,512.0,64\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum status st = judge(said, sizeof said, texts[i], &err);
        EXPECT_MSG(st == OK && said[0] == '\0', "table %zu: %s%s", i, said, st == OK ? "" : err.msg);
    }
}

static void unlike_training_is_told(void)
{
    struct err err = {0};
    char said[2048];
    EXPECT_OK(judge(said, sizeof said, "params,tokens,loss,learning_rate\n10,1,3,0.1\n10,2,2,0.2\n20,1,2,0.1\n", &err));
    EXPECT_MSG(strstr(said, "learning rate, column learning_rate: 0.1 (2 runs, t.csv), 0.2 (1 run, t.csv): its effect is mixed"),
               "%s", said);
    EXPECT_OK(judge(said, sizeof said, "params,tokens,loss,batch_size\n10,1,3,64\n10,2,2,64\n20,1,2,128\n", &err));
    EXPECT_MSG(strstr(said, "batch, column batch_size") && strstr(said, "every size has its own"), "%s", said);
    EXPECT_OK(judge(said, sizeof said, "params,tokens,loss,warmup_tokens\n10,100,3,10\n10,200,2,10\n10,400,2,40\n", &err));
    EXPECT_MSG(strstr(said, "warm-up, column warmup_tokens"), "%s", said);
    EXPECT_OK(judge(said, sizeof said, "params,tokens,loss,optimizer,schedule\n10,1,3,adamw,wsd\n20,2,2,sgd,cosine\n", &err));
    EXPECT_MSG(strstr(said, "'adamw'") && strstr(said, "'cosine'"), "%s", said);
}

/* More values than are kept apart: counted, and no fault. */
static void many_values(void)
{
    struct err err = {0};
    char text[12000] = "params,tokens,loss,lr\n", said[2048];
    for (int i = 0; i < 300; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,2,%g\n", 10 + i % 7, 100 + i, 0.001 * (i + 1));
    EXPECT_OK(judge(said, sizeof said, text, &err));
    EXPECT_MSG(strstr(said, "or more values more"), "%s", said);
}

/* Rows that a table gives up are not judged. */
static void rows_given_up(void)
{
    struct err err = {0};
    struct fit_table t;
    struct fit_lines careful = {0};
    static const bool keep[] = {true, false, true};
    EXPECT_OK(read_text(&t, "t.csv", "params,tokens,loss,data,lr\n1,2,3,a,1\n2,4,2,b,1\n3,4,2,a,2\n", &err));
    EXPECT_ERR(unlike_judge(&careful, t.unlike, &t, false, false, &err), E_DATA, "column data");
    unlike_keep(t.unlike, keep, 3);
    t.n = 2;
    EXPECT_OK(unlike_judge(&careful, t.unlike, &t, false, false, &err));
    EXPECT_MSG(careful.n == 1 && strstr(careful.text[0], "1 (1 run, t.csv), 2 (1 run, t.csv)"), "%s",
               careful.n ? careful.text[0] : "nothing said");
    EXPECT(unlike_rows_of(t.unlike, "t.csv") == 2 && unlike_rows_of(t.unlike, "x.csv") == 0);
    unlike_keep(NULL, keep, 3);
    fit_lines_free(&careful);
    fit_table_free(&t);
}

/* ---- the stored fit ---- */

static const char rows[] = "params,tokens,flops,loss,tokens_per_s\n"
                           "1e6,2e7,1.2e14,4.1,10\n1e6,8e7,4.8e14,3.7,10\n4e6,2e7,4.8e14,3.6,10\n4e6,8e7,1.92e15,3.2,10\n"
                           "16e6,2e7,1.92e15,3.4,10\n16e6,8e7,7.68e15,2.9,10\n16e6,32e7,3.07e16,2.6,10\n1e6,32e7,1.92e15,3.5,10\n";

static void fingerprint_of_rows(void)
{
    struct err err;
    struct fit_table t;
    EXPECT_OK(read_text(&t, "t.csv", rows, &err));
    uint64_t before = input_fingerprint(&t, NULL, 0);
    t.col[FIT_TOKENS_PER_S][3] = 99;
    EXPECT(input_fingerprint(&t, NULL, 0) == before);
    double *const cells[] = {&t.col[FIT_LOSS][7], &t.col[FIT_PARAMS][0], &t.col[FIT_SEED][2], &t.col[FIT_LOSS_SE][1]};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        double was = *cells[i];
        *cells[i] = isnan(was) ? 1 : nextafter(was, 1e30);
        EXPECT(input_fingerprint(&t, NULL, 0) != before);
        *cells[i] = was;
    }
    EXPECT(input_fingerprint(&t, NULL, 0) == before);
    t.trunk[1] = t.trunk[0];
    EXPECT(input_fingerprint(&t, NULL, 0) != before);
    t.trunk[1] = 1;
    t.n_diverged++;
    EXPECT(input_fingerprint(&t, NULL, 0) != before);
    t.n_diverged--;
    t.truth_known = true;
    t.truth_floor = 1;
    EXPECT(input_fingerprint(&t, NULL, 0) != before);
    t.truth_known = false;
    const double one[] = {1};
    const struct envelope_curve curve = {.n = 1, .tokens = one, .flops = one, .loss = one};
    EXPECT(input_fingerprint(&t, &curve, 1) != before);
    fit_table_free(&t);
}

static const char *const no_files[] = {"t.csv"};

static struct fit_input input_of(const struct input_setting *settings, size_t n)
{
    return (struct fit_input){.version = "1", .files = no_files, .n_files = 1, .rows = 8, .fingerprint = 0xabc,
                              .settings = settings, .n_settings = n};
}

static char *sealed_report(const struct fit_input *in)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    char *json = NULL;
    o.law = "chinchilla";
    o.bootstrap = o.break_sims = 0;
    EXPECT_OK(read_text(&t, "t.csv", rows, &err));
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    EXPECT_OK(fit_json_report(&json, &r, &err));
    EXPECT_OK(input_seal(&json, in, &err));
    fit_report_free(&r);
    fit_table_free(&t);
    return json;
}

static void seal_and_compare(void)
{
    struct err err;
    struct stored_fit s;
    char path[FILE_PATH_MAX], why[200], value[64];
    const char *fixes[] = {"E=0"};
    struct input_setting set[] = {{.name = "law", .kind = INPUT_TEXT, .text = "joint"},
                                  {.name = "fix", .kind = INPUT_LIST},
                                  {.name = "seed", .kind = INPUT_WHOLE, .whole = 18446744073709551615u},
                                  {.name = "holdout", .kind = INPUT_NUMBER, .number = 0.2}};
    struct fit_input in = input_of(set, 4);
    bool same;
    char *json = sealed_report(&in);
    size_t n = strlen(json);
    EXPECT(json[n - 1] == '\n' && strstr(json, "18446744073709551615") != NULL);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "fit.json", &err));
    EXPECT_OK(stored_read(&s, path, &err));
    EXPECT(!s.there && !s.intact);
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT(!same && strstr(why, "none"));
    stored_free(&s);
    EXPECT_OK(file_write_atomic(path, json, n, &err));
    EXPECT_OK(stored_read(&s, path, &err));
    EXPECT(s.there && s.intact);
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT(same && why[0] == '\0');
    EXPECT(stored_option(value, sizeof value, &s, "law") && strcmp(value, "\"joint\"") == 0);
    EXPECT(!stored_option(value, sizeof value, &s, "laws"));
    /* each difference is found and named */
    set[0].text = NULL;
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT_MSG(!same && strstr(why, "law \"joint\", not null"), "%s", why);
    static const char *const but_law[] = {"law"};
    EXPECT_OK(stored_same_options(&same, &s, &in, but_law, 1, &err));
    EXPECT(same);
    set[0].text = "joint";
    set[1].list = fixes, set[1].n = 1;
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT_MSG(!same && strstr(why, "fix"), "%s", why);
    EXPECT_OK(stored_same_options(&same, &s, &in, but_law, 1, &err));
    EXPECT(!same);
    set[1].n = 0;
    in.fingerprint++;
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT_MSG(!same && strstr(why, "other results"), "%s", why);
    in.fingerprint--;
    in.version = "2";
    EXPECT_OK(stored_compare(&same, why, sizeof why, &s, &in, &err));
    EXPECT_MSG(!same && strstr(why, "version"), "%s", why);
    stored_free(&s);
    free(json);
}

/* Any byte that changed, went or came is seen. */
static void damage_is_seen(void)
{
    struct err err;
    struct stored_fit s;
    char path[FILE_PATH_MAX];
    const struct fit_input in = input_of(NULL, 0);
    char *json = sealed_report(&in);
    size_t n = strlen(json), step = n / 97;
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "fit.json", &err));
    for (size_t i = 0; i < n && !test_failed(); i += step) {
        json[i] ^= 1;
        EXPECT_OK(file_write_atomic(path, json, n, &err));
        EXPECT_OK(stored_read(&s, path, &err));
        EXPECT_MSG(s.there && !s.intact, "a changed byte %zu of %zu is not seen", i, n);
        stored_free(&s);
        json[i] ^= 1;
        EXPECT_OK(file_write_atomic(path, json, i, &err));
        EXPECT_OK(stored_read(&s, path, &err));
        EXPECT_MSG(!s.intact, "a file cut at %zu of %zu is not seen", i, n);
        stored_free(&s);
    }
    free(json);
}

/* ---- resamples ---- */

static void draws_as_csv(void)
{
    struct err err;
    struct fit_table t;
    struct fit_report r;
    struct fit_options o = fit_options_default();
    const double none = (double)NAN;
    char *text = NULL;
    size_t size;
    o.law = "chinchilla";
    o.bootstrap = 40;
    o.break_sims = 0;
    EXPECT_OK(read_text(&t, "t.csv", rows, &err));
    EXPECT_OK(fit_analyse(&r, &t, &o, &err));
    FILE *out = open_memstream(&text, &size);
    draws_write(out, &r);
    fclose(out);
    char *line = strtok(text, "\n");
    EXPECT(strcmp(line, "law,resample,E,A,B,alpha,beta") == 0);
    size_t n = 0;
    for (; (line = strtok(NULL, "\n")); n++) {
        double p[5] = {none, none, none, none, none}, outer[LAW_MAX_PARAMS];
        unsigned number;
        EXPECT(sscanf(line, "chinchilla,%u,%lf,%lf,%lf,%lf,%lf", &number, &p[0], &p[1], &p[2], &p[3], &p[4]) == 6);
        EXPECT(number == n + 1);
        law_external(outer, r.laws.at[0].law, r.laws.at[0].boot + n * 5, &r.laws.at[0].problem.centre);
        for (int j = 0; j < 5; j++)
            EXPECT(p[j] == outer[j]);
    }
    EXPECT(n == r.laws.at[0].n_boot && n > 30);
    free(text);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* ---- nothing to fit ---- */

static void says_what_it_takes(void)
{
    static const struct {
        const char *rows, *law, *words;
    } cases[] = {
        {"1,2,3\n2,4,2\n", NULL, "2 finished runs; a law needs at least 5"},
        {"1,2,3\n1,2,3.1\n1,2,3.2\n1,2,3.3\n1,2,3.2\n1,2,3.25\n", NULL, "1 value of tokens; a law needs at least 3"},
        {"1,2,3\n1,2,3.1\n1,2,3.2\n1,4,2.3\n1,4,2.2\n1,4,2.25\n", NULL, "2 values of tokens; a law needs at least 3"},
        {"1,2,3\n1,4,2.5\n1,8,2.2\n1,16,2\n1,32,1.9\n", "bnsl", "law bnsl needs at least 7 runs; these are 5"},
        {"1,2,3\n1,4,2.5\n2,2,2.4\n2,4,2\n2,4,2.1\n1,4,2.6\n", NULL, "on 3 runs; a law needs at least 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct fit_table t;
        struct fit_report r;
        struct fit_options o = fit_options_default();
        char text[512];
        snprintf(text, sizeof text, "params,tokens,loss\n%s", cases[i].rows);
        o.law = cases[i].law;
        o.bootstrap = 0;
        EXPECT_OK(read_text(&t, "t.csv", text, &err));
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_MSG(r.laws.n == 0 && strstr(r.nothing, cases[i].words), "case %zu: %zu laws, '%s'", i, r.laws.n, r.nothing);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"unlike_data_is_refused", unlike_data_is_refused},
        {"alike_runs_pass_in_silence", alike_runs_pass_in_silence},
        {"unlike_training_is_told", unlike_training_is_told},
        {"many_values", many_values},
        {"rows_given_up", rows_given_up},
        {"fingerprint_of_rows", fingerprint_of_rows},
        {"seal_and_compare", seal_and_compare},
        {"damage_is_seen", damage_is_seen},
        {"draws_as_csv", draws_as_csv},
        {"says_what_it_takes", says_what_it_takes},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
