#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fit_options.h"
#include "cli/fit_print.h"
#include "cli/folder.h"
#include "fit/analysis.h"
#include "fit/fit_json.h"

struct fit_words {
    const char *law, *objective, *count, *x, *y, *json, *scale;
    size_t bootstrap;
    double holdout, window;
    uint64_t seed;
    bool raw, stratify, profile;
    struct arg_list where, tie, fix;
};

static enum status parse_scale(enum solve_scale *out, const struct fit_words *w, struct err *err)
{
    static const char *const names[] = {"log", "raw", "log1p"};
    *out = w->raw ? SOLVE_RAW : SOLVE_LOG;
    for (int i = 0; w->scale && i < 3; i++)
        if (strcmp(w->scale, names[i]) == 0) {
            *out = (enum solve_scale)i;
            return OK;
        }
    return w->scale ? err_set(err, E_USAGE, "--scale %s: expected log, raw or log1p", w->scale) : OK;
}

static enum status copy_list(const char **out, size_t *n, const struct arg_list *list, const char *name,
                             struct err *err)
{
    if (list->n > FIT_MAX_CONDITIONS)
        return err_set(err, E_USAGE, "%s: at most %d times", name, FIT_MAX_CONDITIONS);
    for (size_t i = 0; i < list->n; i++)
        out[i] = list->items[i];
    *n = list->n;
    return OK;
}

static enum status to_options(struct fit_options *opt, const struct fit_words *w, struct err *err)
{
    opt->law = w->law;
    opt->bootstrap = w->bootstrap;
    opt->holdout = w->holdout;
    opt->isoflop_window = w->window;
    opt->seed = w->seed;
    opt->stratify = w->stratify;
    opt->profile = w->profile;
    TRY(parse_scale(&opt->obj.scale, w, err));
    TRY(fit_options_objective(&opt->obj, w->objective, err));
    TRY(fit_options_count(&opt->count, w->count, err));
    TRY(copy_list(opt->tie, &opt->n_tie, &w->tie, "--tie", err));
    TRY(copy_list(opt->fix, &opt->n_fix, &w->fix, "--fix", err));
    if (!(w->holdout >= 0 && w->holdout < 1))
        return err_set(err, E_USAGE, "--holdout %g: expected a share from 0 to below 1", w->holdout);
    if (!(w->window > 1))
        return err_set(err, E_USAGE, "--window %g: expected a factor above 1", w->window);
    if (w->bootstrap > 1000000 || (w->bootstrap > 0 && w->bootstrap < 20))
        return err_set(err, E_USAGE, "--bootstrap %zu: expected 0, or 20 to 1000000", w->bootstrap);
    if (w->y && !w->x)
        return err_set(err, E_USAGE, "--y needs --x");
    return fit_options_check(opt, err);
}

/* A folder keeps its own fit.json; --json writes one more, or prints it and nothing else. */
static enum status write_json(const struct fit_report *r, const struct arg_list *sources,
                              const char *json_path, struct err *err)
{
    char path[FILE_PATH_MAX], *json;
    TRY(fit_json_report(&json, r, err));
    enum status st = OK;
    size_t n = strlen(json);
    json[n] = '\n'; /* in place of the end: written with its length */
    if (sources->n == 1 && file_is_dir(sources->items[0])) {
        st = file_join(path, sizeof path, sources->items[0], "fit.json", err);
        if (st == OK)
            st = file_write_atomic(path, json, n + 1, err);
    }
    if (st == OK && json_path && strcmp(json_path, "-") == 0)
        fwrite(json, 1, n + 1, stdout);
    else if (st == OK && json_path)
        st = file_write_atomic(json_path, json, n + 1, err);
    free(json);
    return st;
}

/* The training curves of every source that is a folder. */
struct all_curves {
    struct curves *folders; /* (sources) */
    struct envelope_curve *curves;
    size_t n;
};

static enum status read_curves(struct all_curves *a, const struct arg_list *sources, struct err *err)
{
    TRY(size_calloc(&a->folders, sources->n, sizeof *a->folders, "training curves", err));
    for (size_t i = 0; i < sources->n; i++) {
        if (!file_is_dir(sources->items[i]))
            continue;
        TRY(curves_read(&a->folders[i], sources->items[i], err));
        TRY(folder_curves(&a->curves, &a->n, &a->folders[i], err));
    }
    return OK;
}

static void free_curves(struct all_curves *a, size_t n)
{
    for (size_t i = 0; i < n && a->folders; i++)
        curves_free(&a->folders[i]);
    free(a->folders);
    free(a->curves);
}

static enum status run(const struct fit_words *w, const struct arg_list *sources, struct err *err)
{
    struct fit_options opt = fit_options_default();
    struct fit_table table = {0};
    struct fit_report report = {0};
    TRY(to_options(&opt, w, err));
    const struct fit_read_options read = {
        .where = w->where.items, .n_where = w->where.n, .x = w->x, .y = w->y, .count = opt.count};
    enum status st = fit_table_read(&table, sources->items, sources->n, &read, err);
    struct all_curves curves = {0};
    if (st == OK)
        st = read_curves(&curves, sources, err);
    opt.curves = curves.n > 0 ? curves.curves : NULL;
    opt.n_curves = curves.n;
    if (st == OK)
        st = fit_analyse(&report, &table, &opt, err);
    if (st == OK)
        st = write_json(&report, sources, w->json, err);
    if (st == OK && !(w->json && strcmp(w->json, "-") == 0)) {
        fit_print_tables(&report, w->profile);
        fit_print_verdict(&report);
    }
    fit_report_free(&report);
    fit_table_free(&table);
    free_curves(&curves, sources->n);
    return st;
}

enum status cmd_fit(int argc, char **argv, struct err *err)
{
    const struct fit_options def = fit_options_default();
    struct fit_words w = {.objective = "huber:1e-3",
                          .count = "total",
                          .bootstrap = def.bootstrap,
                          .holdout = def.holdout,
                          .window = def.isoflop_window,
                          .seed = def.seed};
    const struct arg args[] = {
        {"--law", ARG_STRING, &w.law, "L", "power, floor, bnsl, chinchilla, joint or repeat (default: choose)"},
        {"--objective", ARG_STRING, &w.objective, "O", "huber:DELTA (default huber:1e-3, summed), lad or lsq"},
        {"--raw", ARG_FLAG, &w.raw, NULL, "residuals of the loss itself, not of its logarithm (--scale raw)"},
        {"--scale", ARG_STRING, &w.scale, "S", "residuals of log loss (default), raw loss or log1p"},
        {"--bootstrap", ARG_SIZE, &w.bootstrap, "N", "resamples for the intervals (default 1000; 0: none)"},
        {"--stratify", ARG_FLAG, &w.stratify, NULL, "resample within each compute budget"},
        {"--profile", ARG_FLAG, &w.profile, NULL, "print every law fitted, BCa and profile-likelihood intervals, and profiles of the objective"},
        {"--holdout", ARG_DOUBLE, &w.holdout, "F", "share of the runs, the largest, to predict (default 0.2)"},
        {"--count", ARG_STRING, &w.count, "WHICH", "parameters counted: total, nonembd or matmul"},
        {"--where", ARG_LIST, &w.where, "COL=VALUE", "only rows that match (may be repeated)"},
        {"--x", ARG_STRING, &w.x, "COLUMN", "the variable of a one-variable law"},
        {"--y", ARG_STRING, &w.y, "COLUMN", "the column to fit (default: the loss)"},
        {"--tie", ARG_LIST, &w.tie, "A=B", "keep two parameters equal, such as alpha=beta"},
        {"--fix", ARG_LIST, &w.fix, "P=VALUE", "hold a parameter, such as E=0"},
        {"--window", ARG_DOUBLE, &w.window, "F", "IsoFLOP parabola within this factor of the minimum (default 4)"},
        {"--seed", ARG_U64, &w.seed, "S", "seed of the resamples (default 1)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "fit",
        .positionals = "DIR|FILE.csv|FILE.json...",
        .summary = "Fit scaling laws to finished runs, with intervals, and say what they carry. A folder\n"
                   "is a sweep (its results.csv is read, its fit.json written); a table needs a loss and\n"
                   "two of params, tokens and flops.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = sizeof args / sizeof *args};
    struct arg_list sources;
    bool help;
    enum status st = args_parse(&spec, &sources, &help, argc, argv, err);
    if (st == OK && !help)
        st = run(&w, &sources, err);
    args_free(&spec, &sources);
    return st;
}
