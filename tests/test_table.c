/* Tables as people keep them: names, units, states, formats, and what must be refused. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fit/analysis.h"

static const struct fit_read_options by_name = {.count = FIT_COUNT_TOTAL};
static const struct fit_read_options dropping = {.count = FIT_COUNT_TOTAL, .drop_missing = true};

static enum status read_as(struct fit_table *t, const char *name, const char *text, const struct fit_read_options *opt,
                           struct err *err)
{
    memset(err, 0, sizeof *err);
    return fit_table_read_text(t, name, text, strlen(text), opt, err);
}

/* Three rows of one truth: (1e6, 2e7, 4.21), (4e6, 2e7, 4.02), (1.6e7, 8e7, 3.33). */
static void expect_three(const struct fit_table *t, size_t which)
{
    static const double want[3][3] = {{1e6, 2e7, 4.21}, {4e6, 2e7, 4.02}, {1.6e7, 8e7, 3.33}};
    static const enum fit_column cols[3] = {FIT_PARAMS, FIT_TOKENS, FIT_LOSS};
    EXPECT_MSG(t->n == 3, "table %zu: %zu rows", which, t->n);
    for (size_t i = 0; i < 3 && t->n == 3; i++)
        for (size_t k = 0; k < 3; k++)
            EXPECT_MSG(fabs(t->col[cols[k]][i] / want[i][k] - 1) <= 1e-12, "table %zu, row %zu, %zu: %.17g, want %.17g", which,
                       i, k, t->col[cols[k]][i], want[i][k]);
}

static bool said(const struct fit_lines *lines, const char *text)
{
    for (size_t i = 0; i < lines->n; i++)
        if (strstr(lines->text[i], text))
            return true;
    return false;
}

static void formats(void)
{
    static const struct {
        const char *name, *text;
    } forms[] = {
        {"t.csv", "params;tokens;loss\n1e6;2e7;4,21\n4e6;2e7;4,02\n1.6e7;8e7;3,33\n"},
        {"t.csv", "params;tokens;loss\r\n1000000;20000000;4.21\r\n4000000;2e7;4.02\r\n16000000;8e7;3.33\r\n"},
        {"t.csv", "params;tokens;loss\n1.000.000;20.000.000;4,210\n4.000.000;20.000.000;4,020\n16.000.000;80.000.000;3,330\n"},
        {"t.tsv", "params\ttokens\tloss\n1e6\t2e7\t4.21\n4e6\t2e7\t4.02\n16e6\t8e7\t3.33\n"},
        {"t.txt", "params|tokens|loss\n1e6|2e7|4.21\n4e6|2e7|4.02\n16e6|8e7|3.33\n"},
        {"t.md", "| params | tokens | loss |\n|--------|-------:|:----:|\n| 1M | 20M | 4.21 |\n| 4M | 20M | 4.02 |\n| 16M | 80M | 3.33 |\n"},
        {"t.csv", "params,tokens,loss\n1M,20M,4.21\n4m,0.02B,4.02\n16 M,80e6,3.33\n"},
        {"t.csv", "params,tokens,loss\n\"1,000,000\",2e7,4.21\n\"4,000,000\",2e7,4.02\n16_000_000,\"80,000,000\",3.33\n"},
        {"t.csv", "N (M),Tokens (B),Loss\n1,0.02,4.21\n4,0.02,4.02\n16,0.08,3.33\n"},
        {"t.csv", "params_M,tokens_B,loss\n1,0.02,4.21\n4,0.02,4.02\n16,0.08,3.33\n"},
        {"t.csv", ",params,tokens,loss\n0,1e6,2e7,4.21\n1,4e6,2e7,4.02\n2,1.6e7,8e7,3.33\n"},
        {"t.jsonl", "{\"params\":1000000,\"tokens\":2e7,\"loss\":4.21}\n{\"params\":4e6,\"tokens\":2e7,\"loss\":4.02}\n\n"
                    "{\"loss\":3.33,\"more\":[1],\"tokens\":8e7,\"params\":1.6e7}\n"},
        {"t.json", "[{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21},{\"params\":4e6,\"tokens\":2e7,\"loss\":4.02,\"x\":1},\n"
                   " {\"params\":1.6e7,\"tokens\":8e7,\"loss\":3.33}]"},
        {"t.json", "{\"params\":[1e6,4e6,1.6e7],\"tokens\":[2e7,2e7,8e7],\"loss\":[4.21,4.02,3.33]}"},
        {"t.json", "{\"params\":{\"0\":1e6,\"1\":4e6,\"2\":1.6e7},\"tokens\":{\"0\":2e7,\"1\":2e7,\"2\":8e7},"
                   "\"loss\":{\"0\":4.21,\"1\":4.02,\"2\":3.33}}"},
        {"t.json", "{\"runs\":[{\"total_params\":1e6,\"train\":{\"n_tokens\":2e7,\"l\":[1,2]},\"eval\":{\"loss\":4.21}},"
                   "{\"total_params\":4e6,\"train\":{\"n_tokens\":2e7},\"eval\":{\"loss\":4.02}},"
                   "{\"total_params\":1.6e7,\"train\":{\"n_tokens\":8e7},\"eval\":{\"loss\":3.33}}]}"},
        {"t.csv", "nParams,Train Tokens,val/loss\n1e6,2e7,4.21\n4e6,2e7,4.02\n1.6e7,8e7,3.33\n"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct err err;
        struct fit_table t;
        EXPECT_OK(read_as(&t, forms[i].name, forms[i].text, &by_name, &err));
        expect_three(&t, i);
        fit_table_free(&t);
    }
}

static void states(void)
{
    static const char *const done[] = {"finished", "FINISHED", "Completed", "complete", "OK", "success", "SUCCEEDED", "done", "true", ""};
    struct err err;
    struct fit_table t;
    char text[300];
    for (size_t i = 0; i < sizeof done / sizeof *done; i++) {
        snprintf(text, sizeof text, "params,tokens,loss,status\n1,2,3,%s\n", done[i]);
        EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
        EXPECT_MSG(t.n == 1, "%s", done[i]);
        fit_table_free(&t);
    }
    EXPECT_OK(read_as(&t, "t.csv",
                      "params,tokens,loss,State\n1,2,3,finished\n1,2,,crashed\n1,2,,Killed\n1,2,,NaN\n1,2,3,running\n1,2,3,queued\n",
                      &by_name, &err));
    EXPECT(t.n == 1 && t.n_failed == 2 && t.n_diverged == 1 && t.n_unfinished == 2 && t.n_missing == 0);
    EXPECT(said(&t.notes, "2 runs are not finished"));
    fit_table_free(&t);
    EXPECT_ERR(read_as(&t, "t.csv", "params,tokens,loss,status\n1,2,3,done\n1,2,3,splendid\n", &by_name, &err), E_DATA,
               "t.csv:3:7: column status: 'splendid' is no status");
    EXPECT(strstr(err.msg, "finished") && strstr(err.msg, "crashed"));
    fit_table_free(&t);
    EXPECT_OK(read_as(&t, "t.csv", "params,tokens,loss,converged\n1,2,3,1\n1,2,3,0\n1,2,3,True\n", &by_name, &err));
    EXPECT(t.n == 2 && t.n_diverged == 1);
    fit_table_free(&t);
    EXPECT_OK(read_as(&t, "t.csv", "params,tokens,loss,diverged\n1,2,3,false\n1,2,3,true\n", &by_name, &err));
    EXPECT(t.n == 1 && t.n_diverged == 1);
    fit_table_free(&t);
}

static void names_and_values(void)
{
    /* params, tokens and loss of the first row, and what is noted */
    static const struct {
        const char *text;
        double n, d, loss;
        const char *note;
    } cases[] = {
        {"params,tokens,L,loss\n1e6,2e7,4,4.21\n1e6,2e7,6,4.1\n", 1e6, 2e7, 4.21, "L stands beside it"},
        {"N,params,D,tokens,loss\n4,1e6,64,2e7,4.21\n", 1e6, 2e7, 4.21, "D stands beside it"},
        {"params,tokens,loss,val_loss\n1e6,2e7,3.3,4.21\n", 1e6, 2e7, 4.21, "taken from val_loss (column 4"},
        {"params,tokens,train_loss,loss\n1e6,2e7,3.3,4.21\n", 1e6, 2e7, 4.21, "train_loss stands beside it"},
        {"params,tokens,Train Loss,Test Loss,loss\n1e6,2e7,3.3,4.21,3.4\n", 1e6, 2e7, 4.21, "Train Loss, loss stand beside it"},
        {"N (non-emb),D (tokens),Val Loss\n1M,20M,4.21\n", 1e6, 2e7, 4.21, "N (non-emb) stands for it"},
        {"params,tokens,loss,val_bpb\n1e6,2e7,4.21,1.3\n", 1e6, 2e7, 4.21, NULL},
        {"params,tokens,loss,final_loss\n1e6,2e7,4.21,4.21\n", 1e6, 2e7, 4.21, NULL},
        {"params,tokens,perplexity\n1e6,2e7,7.38905609893065\n", 1e6, 2e7, 2, "logarithm of the perplexity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct fit_table t;
        EXPECT_OK(read_as(&t, "t.csv", cases[i].text, &by_name, &err));
        if (t.n > 0) {
            EXPECT_REL(t.col[FIT_PARAMS][0], cases[i].n, 1e-12);
            EXPECT_REL(t.col[FIT_TOKENS][0], cases[i].d, 1e-12);
            EXPECT_REL(t.col[FIT_LOSS][0], cases[i].loss, 1e-12);
        }
        EXPECT_MSG(cases[i].note ? said(&t.notes, cases[i].note) : !said(&t.notes, "beside"), "case %zu", i);
        fit_table_free(&t);
    }
    struct err err;
    struct fit_table t;
    EXPECT_ERR(read_as(&t, "t.csv", "params,tokens,L\n1e6,1e7,4\n1e6,2e7,4\n1e6,4e7,4\n2e6,1e7,6\n2e6,2e7,6\n", &by_name, &err), E_DATA,
               "L holds whole numbers");
    fit_table_free(&t);
}

static void asked_columns(void)
{
    struct err err;
    struct fit_table t;
    const char *column[] = {"loss=my score", "params=weights", "status=how"};
    const char *scale[] = {"tokens=1e6", "flops=PF-days"};
    struct fit_read_options o = {.column = column, .n_column = 3, .scale = scale, .n_scale = 2};
    static const char text[] = "weights,tokens,my score,loss,how\n1e6,20,4.21,9,ok\n4e6,20,4.02,9,ok\n1.6e7,80,3.33,9,ok\n";
    EXPECT_OK(read_as(&t, "t.csv", text, &o, &err));
    expect_three(&t, 0);
    EXPECT(t.loss_unit[0] == '\0');
    fit_table_free(&t);
    o = (struct fit_read_options){.y = "my score", .column = column + 1, .n_column = 1, .scale = scale, .n_scale = 1};
    EXPECT_OK(read_as(&t, "t.csv", text, &o, &err));
    expect_three(&t, 1);
    fit_table_free(&t);
    static const struct {
        const char *column;
        enum status st;
        const char *says;
    } bad[] = {
        {"loss=my scorr", E_DATA, "did you mean my score?"}, {"loss=my scorr", E_DATA, "the columns are: weights, tokens"},
        {"los=loss", E_USAGE, "did you mean loss?"},         {"loss", E_USAGE, "expected role=NAME"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o = (struct fit_read_options){.column = &bad[i].column, .n_column = 1};
        EXPECT_ERR(read_as(&t, "t.csv", text, &o, &err), bad[i].st, bad[i].says);
        fit_table_free(&t);
    }
}

static void units(void)
{
    static const struct {
        const char *text;
        double flops; /* of the first row */
        const char *note, *careful;
    } cases[] = {
        {"params,tokens,loss,compute\n1e6,2e7,4,1.38889e-6\n4e6,2e7,4,5.55556e-6\n", 1.2e14, "PF-days", NULL},
        {"params,tokens,loss,flops\n1e6,2e7,4,120000\n4e6,2e7,4,480000\n", 1.2e14, "GFLOPs", NULL},
        {"params,tokens,loss,flops (PF-days)\n1e6,2e7,4,1.38889e-6\n4e6,2e7,4,5.55556e-6\n", 1.2e14, "as its name says", NULL},
        {"params,tokens,loss,gflops\n1e6,2e7,4,120000\n4e6,2e7,4,480000\n", 1.2e14, "as its name says", NULL},
        {"params,tokens,loss,tflops\n1e6,2e7,4,55\n4e6,2e7,4,54\n", 1.2e14, "not in step", NULL},
        {"params,tokens,loss,flops\n1e6,2e7,4,1.2e16\n4e6,2e7,4,4.8e16\n", 1.2e16, NULL, "steady 100 times"},
        {"params,tokens,loss,flops\n1e6,2e7,4,1.5e14\n4e6,2e7,4,5.2e14\n", 1.5e14, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct fit_table t;
        EXPECT_OK(read_as(&t, "t.csv", cases[i].text, &by_name, &err));
        EXPECT_MSG(t.n == 2 && fabs(t.col[FIT_FLOPS][0] / cases[i].flops - 1) < 1e-5, "case %zu: %g", i, t.col[FIT_FLOPS][0]);
        EXPECT_MSG(cases[i].note ? said(&t.notes, cases[i].note) : !said(&t.notes, "steady"), "case %zu: note", i);
        EXPECT_MSG(cases[i].careful ? said(&t.careful, cases[i].careful) : t.careful.n == 0, "case %zu: careful", i);
        fit_table_free(&t);
    }
    static const struct {
        const char *name, *unit;
    } losses[] = {{"val_bpb", "bits per byte"}, {"bits_per_byte", "bits per byte"}, {"Val Loss", "nats"}, {"loss (bits)", "bits"},
                  {"bpc", "bits per character"}, {"ppl", "nats"}};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        struct err err;
        struct fit_table t;
        char text[100];
        snprintf(text, sizeof text, "tokens,params,%s\n1e6,2e7,4\n", losses[i].name);
        EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
        EXPECT_MSG(strcmp(t.loss_unit, losses[i].unit) == 0, "%s: %s", losses[i].name, t.loss_unit);
        fit_table_free(&t);
    }
}

/* Of N, D and C = 6 N D any two give the third; epochs say how much of the tokens is new. */
static void what_is_derived(void)
{
    static const struct {
        const char *text;
        double n, d, c, unique;
    } cases[] = {
        {"params,flops,loss\n1e6,1.2e14,4\n4e6,4.8e14,4\n", 1e6, 2e7, 1.2e14, 0},
        {"tokens,flops,loss\n2e7,1.2e14,4\n2e7,4.8e14,4\n", 1e6, 2e7, 1.2e14, 0},
        {"params,tokens,loss\n1e6,2e7,4\n4e6,2e7,4\n", 1e6, 2e7, 1.2e14, 0},
        {"params,tokens,loss,epochs\n1e6,2e7,4,8\n4e6,2e7,4,0.5\n", 1e6, 2e7, 1.2e14, 2.5e6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        struct fit_table t;
        EXPECT_OK(read_as(&t, "t.csv", cases[i].text, &by_name, &err));
        EXPECT(t.n == 2);
        EXPECT_REL(t.col[FIT_PARAMS][0], cases[i].n, 1e-12);
        EXPECT_REL(t.col[FIT_TOKENS][0], cases[i].d, 1e-12);
        EXPECT_REL(t.col[FIT_FLOPS][0], cases[i].c, 1e-12);
        EXPECT_REL(t.col[FIT_FLOPS][1], 4 * cases[i].c, 1e-12);
        if (cases[i].unique > 0) {
            EXPECT_REL(t.col[FIT_UNIQUE_TOKENS][0], cases[i].unique, 1e-12);
            EXPECT_REL(t.col[FIT_UNIQUE_TOKENS][1], 2e7, 1e-12); /* less than once: all of them */
        }
        fit_table_free(&t);
    }
}

static void left_out(void)
{
    static const char *const nothing[] = {"", "NaN", "nan", "N/A", "-", "null", "None"};
    struct err err;
    struct fit_table t;
    char text[300];
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        snprintf(text, sizeof text, "params,tokens,loss\n1,2,3\n1,2,%s\n1,3,4\n,2,5\n", nothing[i]);
        EXPECT_OK(read_as(&t, "t.csv", text, &dropping, &err));
        EXPECT_MSG(t.n == 2 && t.n_missing == 2, "%s", nothing[i]);
        EXPECT(said(&t.notes, "1 row without a loss is left out (line 3)") && said(&t.notes, "(line 5)"));
        fit_table_free(&t);
    }
    EXPECT_OK(read_as(&t, "t.jsonl", "{\"N\":1,\"D\":2,\"loss\":NaN}\n{\"N\":1,\"D\":2,\"loss\":null}\n{\"N\":1,\"D\":2,\"loss\":3}\n{\"N\":3}\n",
                      &dropping, &err));
    EXPECT(t.n == 1 && said(&t.notes, "3 rows without a loss are left out (lines 1, 2, 4)"));
    fit_table_free(&t);
    EXPECT_ERR(read_as(&t, "t.csv", "N,D,loss\n1,2,\n1,3,nan\n", &dropping, &err), E_DATA, "no run is left: 2 without a loss (line 2, 3)");
    fit_table_free(&t);
}

static void checkpoints(void)
{
    struct err err;
    struct fit_table t;
    static const char body[] = "%s,params,tokens,loss\na,1,2,4\na,1,3,3.5\na,1,4,3.2\nb,2,2,3.9\nb,2,3,3.4\nc,3,2,3\n";
    static const char *const names[] = {"run", "run_id", "name", "Name", "id", "trunk"};
    char text[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, body, names[i]);
        EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
        EXPECT_MSG(t.n == 6 && t.n_trunks == 3, "%s: %zu trunks", names[i], t.n_trunks);
        fit_table_free(&t);
    }
    /* a name that spans sizes names no run; runs with names of their own are runs */
    EXPECT_OK(read_as(&t, "t.csv", "name,params,tokens,loss\ng,1,2,4\ng,1,3,3.5\ng,2,2,3.9\n", &by_name, &err));
    EXPECT(t.n_trunks == 3);
    fit_table_free(&t);
    /* seeds of one name are runs of their own */
    EXPECT_OK(read_as(&t, "t.csv", "name,params,tokens,loss,seed\na,1,2,4,1\na,1,2,3.9,2\nb,2,2,3.9,1\nb,2,2,3.8,2\n", &by_name, &err));
    EXPECT(t.n_trunks == 4);
    fit_table_free(&t);
}

/* A law with residuals that drift along each of eight sizes, or that are independent. */
static void neighbours(void)
{
    for (int drifts = 0; drifts < 2; drifts++) {
        struct err err;
        struct fit_table t;
        struct fit_report r;
        struct fit_options o = fit_options_default();
        o.law = "chinchilla";
        o.bootstrap = 0;
        EXPECT_OK(fit_table_init(&t, 8 * 14, &err));
        for (size_t s = 0; s < 8; s++) {
            double e = 0;
            for (size_t k = 0; k < 14; k++) {
                size_t i = s * 14 + k;
                double n = 1e6 * pow(2, (double)s), d = 1e8 * pow(1.4, (double)k);
                e = drifts ? 0.95 * e + 0.3 * rng_normal(test_rng()) : rng_normal(test_rng());
                t.col[FIT_PARAMS][i] = n;
                t.col[FIT_TOKENS][i] = d;
                t.col[FIT_FLOPS][i] = 6 * n * d;
                t.col[FIT_LOSS][i] = (1.7 + 400 * pow(n, -0.34) + 400 * pow(d, -0.28)) * exp(0.003 * e);
            }
        }
        EXPECT_OK(fit_analyse(&r, &t, &o, &err));
        EXPECT_MSG(said(&r.warnings, "neighbouring rows") == (drifts == 1), "drifts %d", drifts);
        fit_report_free(&r);
        fit_table_free(&t);
    }
}

static void settings_tried(void)
{
    static const char text[] = "params,tokens,variant,loss\n1,2,.1,4\n1,2,.2,3.5\n1,2,.3,3.7\n2,2,.1,3.9\n2,2,.2,3.4\n2,2,.3,3.6\n"
                               "2,4,.1,3.8\n2,4,.2,3.2\n2,4,.3,3.3\n";
    static const char seeds[] = "params,tokens,seed,loss\n1,2,1,4\n1,2,2,3.5\n1,2,3,3.7\n2,2,1,3.9\n2,2,2,3.4\n2,2,3,3.6\n"
                                "2,4,1,3.8\n2,4,2,3.2\n2,4,3,3.3\n";
    struct err err;
    struct fit_table t;
    EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
    EXPECT(t.n == 9 && said(&t.careful, "--best"));
    fit_table_free(&t);
    EXPECT_OK(read_as(&t, "t.csv", seeds, &by_name, &err));
    EXPECT(t.n == 9 && !said(&t.careful, "--best"));
    fit_table_free(&t);
    const struct fit_read_options best = {.best = true};
    EXPECT_OK(read_as(&t, "t.csv", text, &best, &err));
    EXPECT(t.n == 3 && t.n_beaten == 6 && t.col[FIT_LOSS][0] == 3.5 && t.col[FIT_LOSS][1] == 3.4 && t.col[FIT_LOSS][2] == 3.2);
    EXPECT(t.n_trunks == 3 && !said(&t.careful, "--best"));
    fit_table_free(&t);
}

/* Of each size and budget the rate whose seeds have the lowest mean loss, not the luckiest seed; tokens that differ by a batch
 * are one budget; what stands alone stays. */
static void rates_tried(void)
{
    static const char text[] = "params,tokens,lr,beta2,seed,loss\n1,200,.1,.9,1,3\n1,200,.1,.9,2,4\n1,201,.2,.9,1,3.4\n1,201,.2,.9,2,3.3\n"
                               "1,200,.4,.9,1,3.7\n2,200,.1,.9,1,3.1\n2,200,.2,.9,1,3.2\n2,200,.1,.5,1,3.4\n2,400,.3,.9,1,3\n";
    static const char *const one[] = {"lr=.2"};
    struct err err;
    struct fit_table t;
    EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
    EXPECT_MSG(t.n == 4 && t.n_beaten == 5 && t.n_tried == 9, "%zu rows, %zu set aside, %zu tried", t.n, t.n_beaten, t.n_tried);
    const double *loss = t.col[FIT_LOSS];
    EXPECT(t.n == 4 && loss[0] == 3.4 && loss[1] == 3.3 && loss[2] == 3.1 && loss[3] == 3);
    EXPECT(said(&t.notes, "of 9 rows 5 are set aside: at 2 of 3 sizes and budgets several values of lr, beta2 were tried, and the "
                          "one with the lowest mean loss is fitted (--where lr=0.1 takes one for all)"));
    EXPECT(said(&t.careful, "at 1 of these 2 sizes and budgets the best learning rate is the lowest or the highest"));
    EXPECT(t.tried && t.tried[3].lr == 0.2 && t.tried[3].tokens == 201 && t.tried[5].others != t.tried[7].others);
    fit_table_free(&t);
    const struct fit_read_options at = {.where = one, .n_where = 1};
    EXPECT_OK(read_as(&t, "t.csv", text, &at, &err));
    EXPECT(t.n == 3 && t.n_beaten == 0 && !t.tried);
    fit_table_free(&t);
}

static void several_data_sets(void)
{
    for (int apart = 0; apart < 2; apart++) {
        struct err err;
        struct fit_table t;
        char text[2000] = "params,tokens,dataset,loss\n";
        for (int i = 0; i < 18; i++) {
            size_t at = strlen(text);
            double loss = 3 + 0.1 * (i / 2 % 9) + 1e-3 * rng_normal(test_rng()) + (apart && i % 2 ? 0.5 : 0);
            snprintf(text + at, sizeof text - at, "%d,%d,%s,%.5f\n", 1 + i / 2 % 3, 10 + i / 6, i % 2 ? "pile" : "c4", loss);
        }
        EXPECT_OK(read_as(&t, "t.csv", text, &by_name, &err));
        EXPECT(t.n == 18 && said(&t.careful, "column dataset holds c4 (9 rows), pile (9 rows): --where 'dataset=c4'") == (apart == 1));
        fit_table_free(&t);
    }
}

static void where(void)
{
    static const char text[] = "params,tokens,loss,set\n1e6,2000124,4,a\n2e6,4000000,3.9,b\n4e6,8000000,3.8,a\n";
    static const struct {
        const char *where[2];
        size_t n;
    } good[] = {
        {{"params=2M", NULL}, 1}, {{"set!=a", NULL}, 1}, {{"params>1M", NULL}, 2}, {{"params>=1M", NULL}, 3},
        {{"tokens<4e6", NULL}, 1}, {{"tokens<=4M", NULL}, 2}, {{"set=a", "params>1e6"}, 1}, {{"set == a", NULL}, 2},
    };
    static const struct {
        const char *where;
        enum status st;
        const char *says;
    } bad[] = {
        {"tokens=2M", E_DATA, "no row has tokens=2M (nearest: 2000124)"},
        {"set=c", E_DATA, "no row has set=c (it holds a, b)"},
        {"token=2M", E_DATA, "did you mean tokens?"},
        {"params>x", E_USAGE, "is not a number"},
        {"params", E_USAGE, "expected column=value"},
        {"=3", E_USAGE, "expected column=value"},
    };
    struct err err;
    struct fit_table t;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct fit_read_options o = {.where = good[i].where, .n_where = good[i].where[1] ? 2 : 1};
        EXPECT_OK(read_as(&t, "t.csv", text, &o, &err));
        EXPECT_MSG(t.n == good[i].n && t.n_filtered == 3 - t.n, "%s: %zu rows", good[i].where[0], t.n);
        fit_table_free(&t);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct fit_read_options o = {.where = &bad[i].where, .n_where = 1};
        EXPECT_ERR(read_as(&t, "t.csv", text, &o, &err), bad[i].st, bad[i].says);
        fit_table_free(&t);
    }
}

static void hostile(void)
{
    static const struct {
        const char *name, *text;
        size_t size; /* 0: up to the end */
        const char *says;
    } bad[] = {
        {"t.csv", "N,D,loss\n1,2\0junk,3\n", 20, "t.csv:2:4: a zero byte"},
        {"t.csv", "N,D,loss\n\"1\0x\",2,3\n", 19, "t.csv:2:3: a zero byte"},
        {"t.csv", "N,D,loss\n1,2,3\n\0more", 19, "t.csv:3:1: a zero byte"},
        {"t.csv", "N\0,D,loss\n1,2,3\n", 17, "t.csv:1:2: a zero byte"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":3}]\0junk", 29, "a zero byte"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":3}] junk", 0, "t.json:1: text follows the end"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":\"3\\u0000x\"}]", 0, "zero byte (\\u0000)"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":true}]", 0, "column loss: 'true' is not a number"},
        {"t.json", "[{\"N\":1,\"N\":2,\"D\":2,\"loss\":3}]", 0, "key 'N' stands there twice"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":1e999}]", 0, "'above 1.8e308' is not a number"},
        {"t.json", "[{\"N\":1,\"D\":2,\"loss\":-Infinity}]", 0, "is not"},
        {"t.json", "[1]", 0, "expected an array of objects"},
        {"t.json", "[]", 0, "expected an array of objects"},
        {"t.json", "{}", 0, "expected an array of objects"},
        {"t.json", "[", 0, "not valid JSON"},
        {"t.json", "[{\"a\":1},2]", 0, "element 2 is not an object"},
        {"t.jsonl", "{\"N\":1,\"D\":2,\"loss\":3}\n{\"N\":1,\"D\":2,\"loss\":x}\n", 0, "t.jsonl:2:"},
        {"t.csv", "N,D,loss\n1,2,true\n", 0, "'true' is not a number"},
        {"t.csv", "N,D,loss\n1,2,0x10\n", 0, "'0x10' is not a number"},
        {"t.csv", "N,D,loss\n1,2,3e\n", 0, "'3e' is not a number"},
        {"t.csv", "N,D,loss\n1,2,inf\n", 0, "is not a number"},
        {"t.csv", "N,D,loss\n1,2,3M\n", 0, "'3M' is not a number"},
        {"t.csv", "N,D,loss\n1e308P,2,3\n", 0, "not a finite number"},
        {"t.csv", "N,D,loss\n1Mx,2,3\n", 0, "'1Mx' is not a number"},
        {"t.csv", "N,D,loss\n\"1,00,000\",2,3\n", 0, "is not a number"},
        {"t.csv", "N;D;loss\n1.000;2,5;3,1\n", 0, "may be a thousand"},
        {"t.csv", "N,D,loss\n1,2,3\n1,2\n", 0, "t.csv:3: the line ends before column loss"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        struct fit_table t;
        size_t size = bad[i].size ? bad[i].size : strlen(bad[i].text);
        EXPECT_ERR(fit_table_read_text(&t, bad[i].name, bad[i].text, size, &by_name, &err), E_DATA, bad[i].says);
        fit_table_free(&t);
    }
}

static void one_file_a_run(void)
{
    struct err err;
    struct fit_table t;
    const char *dir = test_tmpdir();
    char path[3][FILE_PATH_MAX], text[200];
    static const double rows[3][3] = {{1e6, 2e7, 4.21}, {4e6, 2e7, 4.02}, {1.6e7, 8e7, 3.33}};
    for (size_t i = 0; i < 3; i++) {
        char name[20];
        snprintf(name, sizeof name, "%zu.json", i);
        EXPECT_OK(file_join(path[i], sizeof path[i], dir, name, &err));
        snprintf(text, sizeof text, "{\"n_params\": %g, \"n_tokens\": %g, \"losses\": [9, 8], \"final_loss\": %g}", rows[i][0], rows[i][1], rows[i][2]);
        EXPECT_OK(file_write_atomic(path[i], text, strlen(text), &err));
    }
    EXPECT_OK(fit_table_read(&t, &dir, 1, &by_name, &err));
    expect_three(&t, 0);
    EXPECT(t.notes.n == 1); /* once, not once a file */
    fit_table_free(&t);
    const char *each[3] = {path[0], path[1], path[2]};
    EXPECT_OK(fit_table_read(&t, each, 3, &by_name, &err));
    expect_three(&t, 1);
    fit_table_free(&t);
    static const char lacks[] = "{\"n_params\": 5, \"n_tokens\": 7}", wrong[] = "{\"n_params\": 5, \"n_tokens\": 7, \"final_loss\": true}";
    EXPECT_OK(file_write_atomic(path[2], lacks, strlen(lacks), &err));
    EXPECT_ERR(fit_table_read(&t, each, 3, &by_name, &err), E_DATA, "2.json: element 1: column final_loss is blank");
    fit_table_free(&t);
    EXPECT_OK(fit_table_read(&t, each, 3, &dropping, &err));
    EXPECT(t.n == 2 && said(&t.notes, "2.json)"));
    fit_table_free(&t);
    EXPECT_OK(file_write_atomic(path[2], wrong, strlen(wrong), &err));
    EXPECT_ERR(fit_table_read(&t, each, 3, &by_name, &err), E_DATA, "2.json");
    fit_table_free(&t);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"formats", formats}, {"states", states}, {"names_and_values", names_and_values}, {"asked_columns", asked_columns},
        {"units", units}, {"what_is_derived", what_is_derived}, {"left_out", left_out}, {"checkpoints", checkpoints}, {"neighbours", neighbours},
        {"settings_tried", settings_tried}, {"rates_tried", rates_tried}, {"several_data_sets", several_data_sets}, {"where", where}, {"hostile", hostile}, {"one_file_a_run", one_file_a_run},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
