/* From a table to the runs that are fitted: what is read and what is refused, and designs with few sizes or budgets. */
#include "test.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "fit/levels.h"
#include "fit_grid.h"

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

/* --- thin designs ------------------------------------------------------------------------------------ */

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
        {"thin_designs", thin_designs},
        {"fullest_level", fullest_level},
        {"levels_within_a_factor", levels_within_a_factor},
        {"trunks_and_seeds", trunks_and_seeds},
        {"good_tables", good_tables},
        {"bad_tables", bad_tables},
        {"sweep_folder", sweep_folder},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
