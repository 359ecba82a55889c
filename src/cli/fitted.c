#include "cli/fitted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/alike.h"
#include "cli/cmd.h"
#include "cli/text.h"
#include "cli/waiting.h"
#include "fit/fit_json.h"
#include "harness/worker.h"
#include "harness/live.h"
#include "harness/results_check.h"

void fitted_init(struct fitted *f)
{
    *f = (struct fitted){0};
    config_init(&f->cfg);
    f->words = f->own_words = fit_words_default();
}

void fitted_close(struct fitted *f)
{
    free(f->json);
    fit_report_free(&f->report);
    stored_free(&f->stored);
    fit_lines_free(&f->careful);
    free(f->lines);
    for (size_t i = 0; f->all && i < f->n_sources; i++)
        curves_free(&f->all[i]);
    free(f->all);
    free(f->curves.items);
    free(f->curve_source);
    fit_table_free(&f->table);
    config_free(&f->cfg);
    *f = (struct fitted){0};
}

const char *fitted_name(const struct fitted *f)
{
    return f->folder ? f->folder : f->sources[0];
}

const char *fitted_unit(const struct fitted *f)
{
    const struct config *c = f->about ? f->about : f->of_sweeps ? &f->cfg : NULL;
    if (!c || strcmp(f->table.loss_unit, "nats") != 0)
        return f->table.loss_unit;
    return config_data_spec(c).kind == DATA_TEXT ? "nats per byte" : "nats per token";
}

/* ---- the folder's own fit ---- */

/* Options of a fit that a config can ask for. */
static const char *const config_options[] = {"law", "objective", "count", "bootstrap", "holdout", "seed"};
enum { N_CONFIG_OPTIONS = sizeof config_options / sizeof *config_options };

/* The stored fit's options in place of the config's: a sweep may have been asked for them with --set. Only where all
 * its other options are the defaults: else it is no fit that a sweep wrote. */
static enum status take_stored(struct fitted *f, struct err *err)
{
    const struct fit_words plain = fit_words_default();
    struct fit_options opt;
    struct fit_settings settings;
    bool same;
    TRY(fit_words_options(&opt, &plain, err));
    fit_words_settings(&settings, &plain, &opt);
    const struct fit_input in = {.version = "", .settings = settings.items, .n_settings = settings.n};
    TRY(stored_same_options(&same, &f->stored, &in, config_options, N_CONFIG_OPTIONS, err));
    for (size_t i = 0; same && i < N_CONFIG_OPTIONS; i++) {
        char value[128], assignment[160];
        if (!stored_option(value, sizeof value, &f->stored, config_options[i]))
            continue;
        snprintf(assignment, sizeof assignment, "fit.%s=%s", config_options[i],
                 strcmp(value, "null") == 0 ? "\"\"" : value);
        TRY(config_set(&f->cfg, assignment, err));
    }
    return OK;
}

static enum status read_stored(struct fitted *f, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, "fit.json", err));
    return stored_read(&f->stored, path, err);
}

/* A folder with a sweep.json: what its own fit is. */
static enum status know_folder(struct fitted *f, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    if (!file_is_dir(dir) || !file_exists(path))
        return OK;
    TRY(config_load_sweep(&f->cfg, dir, err));
    f->folder = dir;
    f->about = &f->cfg;
    TRY(read_stored(f, dir, err));
    TRY(take_stored(f, err));
    fit_words_config(&f->own_words, &f->cfg);
    return OK;
}

enum status fitted_parse(struct fitted *f, struct arg_list *sources, bool *help, const struct args_spec *spec,
                         int argc, char **argv, struct err *err)
{
    TRY(args_parse(spec, sources, help, argc, argv, err));
    if (*help)
        return OK;
    if (sources->n == 1)
        TRY(know_folder(f, sources->items[0], err));
    if (f->folder) {
        /* what was given, over the folder's own options */
        args_free(spec, sources);
        f->words = f->own_words;
        TRY(args_parse(spec, sources, help, argc, argv, err));
        f->folder = sources->items[0];
    }
    f->sources = sources->items;
    f->n_sources = sources->n;
    return OK;
}

enum status fitted_of_sweep(struct fitted *f, const char *const *dir, const struct config *c, struct err *err)
{
    f->sources = dir;
    f->n_sources = 1;
    f->folder = *dir;
    f->about = c;
    fit_words_config(&f->own_words, c);
    f->words = f->own_words;
    return read_stored(f, *dir, err);
}

enum status fitted_of_source(struct fitted *f, const char *const *source, const struct fit_words *words, struct err *err)
{
    TRY(know_folder(f, *source, err));
    f->folder = NULL; /* its own fit is another's matter */
    f->sources = source;
    f->n_sources = 1;
    f->words = *words;
    f->words.loss = f->own_words.loss;
    return OK;
}

/* ---- reading ---- */

/* Of several folders, whose data are alike, the first tells what a token is. */
static enum status know_folders(struct fitted *f, struct err *err)
{
    char path[FILE_PATH_MAX];
    for (size_t i = 0; i < f->n_sources; i++) {
        TRY(file_join(path, sizeof path, f->sources[i], "sweep.json", err));
        if (f->about || !file_is_dir(f->sources[i]) || !file_exists(path))
            return OK;
    }
    f->of_sweeps = true;
    return config_load_sweep(&f->cfg, f->sources[0], err);
}

static size_t row_of(const struct fit_table *t, const struct curve *c)
{
    size_t i = 0;
    while (i < t->n && !(t->col[FIT_LOSS][i] == c->final_loss && t->col[FIT_TOKENS][i] == c->budget_tokens))
        i++;
    return i;
}

/* Room for n more curves to be drawn. */
static enum status grow_curves(struct fitted *f, size_t n, struct err *err)
{
    struct curve *items = realloc(f->curves.items, (f->curves.n + n + 1) * sizeof *items);
    if (items)
        f->curves.items = items;
    size_t *of = realloc(f->curve_source, (f->curves.n + n + 1) * sizeof *of);
    if (of)
        f->curve_source = of;
    if (!items || !of)
        return err_set(err, E_NOMEM, "out of memory for %zu training curves", f->curves.n + n);
    return OK;
}

/* Curves of the runs in the table, of the source with this number; where the source is a folder alone and no rows were
 * picked those of runs that diverged beside them. */
static enum status take_curves(struct fitted *f, const struct curves *c, size_t source, struct err *err)
{
    struct envelope_curve *grown = realloc(f->lines, (f->opt.n_curves + c->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, E_NOMEM, "out of memory for %zu training curves", f->opt.n_curves + c->n);
    f->lines = grown;
    TRY(grow_curves(f, c->n, err));
    for (size_t i = 0; i < c->n; i++) {
        const struct curve *x = &c->items[i];
        bool in_table = strcmp(x->status, "done") == 0 && row_of(&f->table, x) < f->table.n;
        if (in_table)
            grown[f->opt.n_curves++] =
                (struct envelope_curve){.params = {x->params, x->params_nonembd, x->params_matmul},
                                        .n = x->n, .tokens = x->tokens, .flops = x->flops, .loss = x->loss};
        if (in_table || (f->folder && f->words.where.n == 0)) {
            f->curve_source[f->curves.n] = source;
            f->curves.items[f->curves.n++] = *x;
        }
    }
    return OK;
}

static enum status read_curves(struct fitted *f, struct err *err)
{
    TRY(size_calloc(&f->all, f->n_sources, sizeof *f->all, "training curves", err));
    for (size_t i = 0; i < f->n_sources; i++) {
        if (!file_is_dir(f->sources[i]))
            continue;
        TRY(curves_read(&f->all[i], f->sources[i], err));
        TRY(take_curves(f, &f->all[i], i, err));
    }
    f->opt.curves = f->opt.n_curves ? f->lines : NULL;
    return OK;
}

/* Two sets of options, as fit.json would have them, are the same. */
static enum status same_words(bool *same, const struct fit_words *a, const struct fit_words *b, struct err *err)
{
    struct fit_options opt[2];
    struct fit_settings s[2];
    TRY(fit_words_options(&opt[0], a, err));
    TRY(fit_words_options(&opt[1], b, err));
    fit_words_settings(&s[0], a, &opt[0]);
    fit_words_settings(&s[1], b, &opt[1]);
    *same = input_same_settings(s[0].items, s[0].n, s[1].items, s[1].n);
    return OK;
}

/* Where it lies, a folder's own fit names its table without the folder, which may move. */
static const char *const own_files[] = {"results.csv"};

static enum status stand(struct fitted *f, struct err *err)
{
    if (f->folder)
        TRY(same_words(&f->own, &f->words, &f->own_words, err));
    fit_words_settings(&f->settings, &f->words, &f->opt);
    f->input = (struct fit_input){.version = PLATEAU_VERSION,
                                  .files = f->own ? own_files : f->sources,
                                  .n_files = f->own ? 1 : f->n_sources,
                                  .rows = f->table.n,
                                  .fingerprint = input_fingerprint(&f->table, f->opt.curves, f->opt.n_curves),
                                  .settings = f->settings.items,
                                  .n_settings = f->settings.n};
    if (f->own)
        TRY(stored_compare(&f->current, f->why, sizeof f->why, &f->stored, &f->input, err));
    return OK;
}

/* The tables of sweeps as their runs have them: what workers have finished is gathered, and whether they are what was written
 * is checked. A sweep that is at work writes its own again as runs end. */
static enum status check_tables(struct fitted *f, struct err *err)
{
    const struct log log = cmd_log();
    char path[FILE_PATH_MAX];
    struct live live;
    size_t missing;
    for (size_t i = 0; i < f->n_sources; i++) {
        TRY(file_join(path, sizeof path, f->sources[i], "sweep.json", err));
        if (!file_is_dir(f->sources[i]) || !file_exists(path) || live_read(&live, f->sources[i]))
            continue;
        TRY(worker_gather(f->sources[i], &log, err));
        TRY(results_check(&missing, f->sources[i], err));
        if (missing)
            fit_lines_add(&f->careful, "finished runs that %s/results.csv lacks: %zu (the sweep's command adds them)",
                          f->sources[i], missing);
    }
    return OK;
}

enum status fitted_read(struct fitted *f, struct err *err)
{
    TRY(fit_words_options(&f->opt, &f->words, err));
    TRY(check_tables(f, err));
    const struct fit_read_options read = fit_words_read(&f->words, &f->opt);
    TRY(fit_table_read(&f->table, f->sources, f->n_sources, &read, err));
    TRY(alike_judge(&f->careful, f->sources, f->n_sources, &f->table, f->words.where.n > 0, err));
    TRY(know_folders(f, err));
    TRY(read_curves(f, err));
    return stand(f, err);
}

/* ---- fitting ---- */

enum status fitted_analyse(struct fitted *f, struct err *err)
{
    struct waiting wait;
    waiting_start(&wait);
    f->opt.progress = waiting_show;
    f->opt.progress_ctx = &wait;
    enum status st = fit_analyse(&f->report, &f->table, &f->opt, err);
    f->opt.progress = NULL;
    waiting_end(&wait);
    TRY(st);
    for (size_t i = 0; i < f->careful.n; i++)
        fit_lines_add(&f->report.warnings, "%s", f->careful.text[i]);
    TRY(fit_json_report(&f->json, &f->report, err));
    return input_seal(&f->json, &f->input, err);
}

enum status fitted_need_law(const struct fitted *f, struct err *err)
{
    if (f->report.laws.n > 0)
        return OK;
    return err_set(err, E_DATA, "%s%s: nothing to fit: %s%s%s", f->sources[0], f->n_sources > 1 ? " and the others" : "",
                   f->report.nothing, f->careful.n ? "; " : "", f->careful.n ? f->careful.text[0] : "");
}

void fitted_say_columns(const struct fitted *f)
{
    for (size_t i = 0; i < f->table.understood.n; i++)
        text_beside(stderr, "", "%s", f->table.understood.text[i]);
}

/* ---- where numbers go ---- */

static bool same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* The folder that a path lies in. */
static enum status parent_of(char *dir, const char *path, struct err *err)
{
    TRY(file_join(dir, FILE_PATH_MAX, path, "", err));
    size_t n = (size_t)(file_basename(path) - path);
    if (n == 0)
        strcpy(dir, ".");
    else
        dir[n] = '\0';
    return OK;
}

enum status fitted_check_place(const struct fitted *f, const char *option, const char *path, struct err *err)
{
    static const char *const kept[] = {"fit.json", "results.csv", "sweep.json"};
    char dir[FILE_PATH_MAX], sweep[FILE_PATH_MAX];
    for (size_t i = 0; i < f->n_sources; i++)
        if (same_file(path, f->sources[i]))
            return err_set(err, E_USAGE, "%s %s: that is one of the tables to fit", option, path);
    TRY(parent_of(dir, path, err));
    TRY(file_join(sweep, sizeof sweep, dir, "sweep.json", err));
    for (size_t i = 0; i < sizeof kept / sizeof *kept && file_exists(sweep); i++)
        if (strcmp(file_basename(path), kept[i]) == 0)
            return err_set(err, E_USAGE, "%s %s: that file is the sweep's own: give another", option, path);
    return OK;
}
