#include "cli/bench_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "cli/text.h"
#include "fit/analysis.h"
#include "fit/solve/boot.h"
#include "fit/solve/search.h"

#define RESAMPLES 4000
/* Resamples that are searched again from every start. */
#define CHECKED 200
#define ROWS 240

struct figures {
    size_t rows, starts, same;
    double fit_s, bootstrap_s, objective;
};

/* Runs over four decades of compute around chinchilla's published law, 0.5 % noise. */
static enum status simulate(struct fit_table *t, struct err *err)
{
    static const double truth[] = {1.82, 480, 2100, 0.35, 0.37};
    const struct law *law = law_find("chinchilla");
    const struct law_centre c = {log(1e9), log(2e10)};
    struct rng rng = rng_make(1, RNG_SAMPLE, 0, 0);
    double p[LAW_MAX_PARAMS];
    law_internal(p, law, truth, &c);
    TRY(fit_table_init(t, ROWS, err));
    for (size_t i = 0; i < t->n; i++) {
        double n = 5e7 * pow(300, rng_double(&rng)), d = n * 3 * pow(60, rng_double(&rng));
        struct law_point x = law_point(law, &c, n, d, d);
        t->col[FIT_PARAMS][i] = n;
        t->col[FIT_TOKENS][i] = t->col[FIT_UNIQUE_TOKENS][i] = d;
        t->col[FIT_FLOPS][i] = 6 * n * d;
        t->col[FIT_LOSS][i] = law_value(law, p, &x, &c) * exp(0.005 * rng_normal(&rng));
    }
    return OK;
}

static enum status measure(struct figures *out, struct fit_law *f, size_t repeat, struct err *err)
{
    size_t *cluster;
    double *s;
    TRY(size_calloc(&cluster, f->n, sizeof *cluster, "rows", err));
    enum status st = size_calloc(&s, repeat, sizeof *s, "repeats", err);
    for (size_t i = 0; i < f->n; i++)
        cluster[i] = i;
    for (size_t i = 0; i < repeat && st == OK; i++) {
        double from = clock_now_s();
        st = search_global(&f->best, &f->problem, err);
        s[i] = clock_now_s() - from;
    }
    double from = clock_now_s();
    if (st == OK)
        st = boot_run(f, cluster, f->n, NULL, RESAMPLES, 1, err);
    out->bootstrap_s = clock_now_s() - from;
    if (st == OK)
        st = boot_check(&out->same, f, cluster, f->n, CHECKED, 1, err);
    if (st == OK) {
        out->fit_s = sort_median(s, repeat);
        out->rows = f->n;
        out->starts = f->best.n_starts;
        out->objective = f->best.objective;
    }
    free(cluster);
    free(s);
    return st;
}

static void print_json(FILE *out, const struct figures *g)
{
    fprintf(out,
            "{\"fit\": {\"law\": \"chinchilla\", \"rows\": %zu, \"objective\": %.12g, \"fit_s\": %.6g, \"resamples\": "
            "%d, \"bootstrap_s\": %.6g, \"checked\": %d, \"same_optimum\": %zu}}\n",
            g->rows, g->objective, g->fit_s, RESAMPLES, g->bootstrap_s, CHECKED, g->same);
}

static void print_figures(const struct figures *g)
{
    printf("Law chinchilla on %zu runs, one core\n", g->rows);
    printf("  fit, from the best %2zu starts         %8.4f s\n", g->starts, g->fit_s);
    printf("  %d resamples, each to its optimum %8.4f s\n", RESAMPLES, g->bootstrap_s);
    text_beside(stdout, "  ", "objective %.10g; of %d resamples %zu end where a search from every start ends", g->objective,
                CHECKED, g->same);
}

static enum status show(const struct figures *g, const char *path, struct err *err)
{
    if (!path || strcmp(path, "-") == 0) {
        if (path)
            print_json(stdout, g);
        else
            print_figures(g);
        return OK;
    }
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    print_json(w.out, g);
    return file_writer_commit(&w, err);
}

enum status bench_fit(const char *path, const struct arg_list *where, size_t repeat, const char *json,
                      struct err *err)
{
    const struct fit_read_options read = {.where = where->items, .n_where = where->n};
    struct fit_options o = fit_options_default();
    struct fit_table t = {0};
    struct fit_report r = {0};
    struct figures g = {0};
    o.law = "chinchilla";
    o.bootstrap = 0;
    o.exponents_only = true;
    enum status st = path ? fit_table_read(&t, &path, 1, &read, err) : simulate(&t, err);
    if (st == OK)
        st = fit_analyse(&r, &t, &o, err);
    if (st == OK && r.laws.n == 0)
        st = err_set(err, E_DATA, "%s: too few runs to fit a law to", path);
    if (st == OK && r.laws.at[0].law != law_find("chinchilla"))
        st = err_set(err, E_DATA, "%s: law chinchilla needs three sizes and three token budgets", path);
    if (st == OK)
        st = measure(&g, &r.laws.at[0], repeat, err);
    if (st == OK)
        st = show(&g, json, err);
    fit_report_free(&r);
    fit_table_free(&t);
    return st;
}
