#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fitted.h"
#include "cli/plan_print.h"
#include "cli/text.h"
#include "data/data.h"
#include "harness/plan.h"
#include "harness/sweep.h"

struct plan_words {
    const char *time, *json;
    double flops, loss; /* 0: not given */
    size_t jobs;
};

/* Compute that no machine will see; the search for a loss or a time stays below it. */
static const double FLOPS_MAX = 1e40;

/* In seconds, as a config takes times; 0 where it is none. */
static double parse_time(const char *text)
{
    double v = 0;
    return count_parse_seconds(&v, text) ? v : 0;
}

/* Flops a second of one core at this size, from the speed of the sweep's runs: that of the run nearest in
 * ln N; NaN where no run has a speed. */
static double speed_at(const struct fitted *f, double params)
{
    const double *n = f->table.col[fit_count_column(f->report.count)], *c = f->table.col[FIT_FLOPS];
    const double *d = f->table.col[FIT_TOKENS], *v = f->table.col[FIT_TOKENS_PER_S];
    double best = (double)INFINITY, speed = (double)NAN;
    for (size_t i = 0; i < f->table.n; i++) {
        double away = fabs(log(n[i] / params));
        if (v[i] > 0 && away < best) {
            best = away;
            speed = v[i] * c[i] / d[i];
        }
    }
    return speed;
}

static double seconds_for(const struct fitted *f, double flops)
{
    return flops / speed_at(f, fit_frontier_params(&f->report, flops).value);
}

static double loss_for(const struct fitted *f, double flops)
{
    return fit_frontier_loss(&f->report, flops).value;
}

/* The compute at which a monotone function of it reaches y; NaN where it does not below FLOPS_MAX. */
static double reach(const struct fitted *f, double (*fn)(const struct fitted *, double), double y)
{
    double lo = log(1e3), hi = log(FLOPS_MAX);
    bool rises = fn(f, FLOPS_MAX) > fn(f, 1e3);
    if (!(rises ? fn(f, FLOPS_MAX) >= y : fn(f, FLOPS_MAX) <= y))
        return (double)NAN;
    for (int i = 0; i < 200; i++) {
        double mid = (lo + hi) / 2;
        if ((fn(f, exp(mid)) < y) == rises)
            lo = mid;
        else
            hi = mid;
    }
    return exp((lo + hi) / 2);
}

static enum status find_flops(double *flops, const struct fitted *f, const struct plan_words *w,
                              struct err *err)
{
    *flops = w->flops;
    if (w->time) {
        double seconds = parse_time(w->time);
        if (!f->folder)
            return err_set(err, E_USAGE, "--time: a table does not say how fast this machine trains: give --flops or --loss");
        if (!(seconds > 0))
            return err_set(err, E_USAGE, "--time %s: expected a time such as 90s, 30m, 2h or 1d", w->time);
        *flops = reach(f, seconds_for, seconds * (double)w->jobs);
        if (isnan(*flops))
            return err_set(err, E_DATA, "--time: no run of this sweep says how fast it was");
    }
    if (w->loss > 0) {
        *flops = reach(f, loss_for, w->loss);
        if (isnan(*flops))
            return err_set(err, E_USAGE,
                           "--loss %g: the fit never gets there: it levels off at %.4g (95 %% interval %.4g to %.4g)",
                           w->loss, f->report.frontier_e.value, f->report.frontier_e.lo,
                           f->report.frontier_e.hi);
    }
    return OK;
}

/* The loss of one new run: its own noise on top of what is not known of the curve. */
static void predict(struct plan_answer *a, const struct fit_report *r)
{
    const double none = (double)NAN;
    struct fit_value c = a->loss_curve;
    a->loss = (struct fit_value){c.value, none, none, none};
    if (!isfinite(c.lo) || !isfinite(c.hi)) {
        a->no_interval = "no resamples were made";
    } else if (!(r->sigma > 0)) {
        a->no_interval = "the noise of one run is not known";
    } else {
        double noise = STATS_Z95 * r->sigma;
        a->loss.lo = fmax(0, c.value - hypot(c.value - c.lo, noise));
        a->loss.hi = c.value + hypot(c.hi - c.value, noise);
    }
}

/* The words that train the shape as the sweep's runs were trained; the config of any of them holds the rest. */
static void say_command(struct plan_answer *a, const struct fitted *f)
{
    char config[FILE_PATH_MAX], out[FILE_PATH_MAX], size[3][48], tokens[48];
    size_t n = strlen(f->folder);
    while (n > 1 && f->folder[n - 1] == '/')
        n--;
    a->no_command = "no run's config to start from is left in the folder, or its path is too long";
    if (f->curves.n == 0 || n > 500)
        return;
    snprintf(config, sizeof config, "%.*s/%s/config.json", (int)n, f->folder, f->curves.items[0].run);
    snprintf(out, sizeof out, "%.*s-next", (int)n, f->folder);
    snprintf(size[0], sizeof size[0], "model.d_model=%zu", a->shape.d_model);
    snprintf(size[1], sizeof size[1], "model.n_layer=%zu", a->shape.n_layer);
    snprintf(size[2], sizeof size[2], "model.n_head=%zu", a->shape.n_head);
    snprintf(tokens, sizeof tokens, "train.tokens=%.0f", a->tokens.value);
    char set[] = "--set", no_warmup[] = "train.warmup_tokens=0", to[] = "--out";
    char *words[] = {config, set, size[0], set, size[1], set, size[2], set, tokens, set, no_warmup, to, out};
    if (!file_exists(config))
        return;
    args_quote(a->command, sizeof a->command, "train", sizeof words / sizeof *words, words, NULL);
    a->no_command = NULL;
}

/* What only a sweep's folder tells: shapes, the data, this machine. */
static enum status answer_here(struct plan_answer *a, const struct fitted *f, struct err *err)
{
    struct data *d;
    struct data_spec spec = config_data_spec(&f->cfg);
    TRY(data_open(&d, &spec, f->cfg.model.ctx, err));
    size_t vocab = data_vocab(d), corpus = data_train_tokens(d);
    data_close(d);
    a->shape = plan_shape(a->params.value, &f->cfg, vocab);
    struct gpt_shape g = {vocab, f->cfg.model.ctx, a->shape.d_model, a->shape.n_layer, a->shape.n_head};
    a->shape_params = gpt_params(&g);
    a->has_shape = true;
    if (corpus > 0)
        a->epochs = a->tokens.value / (double)corpus;
    else
        a->no_epochs = "the language has no end: nothing is seen twice";
    a->seconds = a->flops / speed_at(f, a->params.value) / (double)a->jobs;
    if (!isfinite(a->seconds))
        a->no_time = "no run of this sweep says how fast it was";
    say_command(a, f);
    return OK;
}

static enum status answer(struct plan_answer *a, const struct fitted *f, const struct plan_words *w, double flops,
                          struct err *err)
{
    const struct fit_report *r = &f->report;
    static const char table[] = "a table does not say it: only a sweep's folder does";
    *a = (struct plan_answer){.report = r,
                              .unit = fitted_unit(f),
                              .flops = flops,
                              .largest_flops = r->max_flops,
                              .params = fit_frontier_params(r, flops),
                              .tokens = fit_frontier_tokens(r, flops),
                              .loss_curve = fit_frontier_loss(r, flops),
                              .seconds = (double)NAN,
                              .epochs = (double)NAN,
                              .jobs = w->jobs};
    predict(a, r);
    if (f->folder)
        return answer_here(a, f, err);
    a->no_shape = a->no_epochs = a->no_time = a->no_command = table;
    return OK;
}

static enum status show(const struct plan_answer *a, const struct fitted *f, const struct plan_words *w, struct err *err)
{
    const struct log log = cmd_log();
    if (f->own && !f->current)
        log_msg(&log, LOG_INFO, "%s/fit.json is no fit of these runs (%s): they are fitted anew with the folder's options",
                f->folder, f->why);
    if (w->json && strcmp(w->json, "-") == 0) {
        plan_print_json(stdout, a);
        return OK;
    }
    plan_print_text(a);
    if (f->folder && !f->own)
        text_message(stdout, "", "a what-if: with these options it is not the sweep's own fit");
    for (size_t i = 0; i < f->table.careful.n; i++)
        text_beside(stdout, "careful: ", "%s", f->table.careful.text[i]);
    for (size_t i = 0; i < f->careful.n; i++)
        text_beside(stdout, "careful: ", "%s", f->careful.text[i]);
    if (!w->json)
        return OK;
    struct file_writer out;
    TRY(file_writer_open(&out, w->json, err));
    plan_print_json(out.out, a);
    return file_writer_commit(&out, err);
}

static enum status plan(struct fitted *f, const struct plan_words *w, struct err *err)
{
    struct plan_answer a;
    double flops;
    TRY(fitted_read(f, err));
    if (w->json && strcmp(w->json, "-") != 0)
        TRY(fitted_check_place(f, "--json", w->json, err));
    TRY(fitted_analyse(f, err));
    TRY(fitted_need_law(f, err));
    if (!f->report.has_frontier || isnan(fit_frontier_params(&f->report, f->report.max_flops).value))
        return err_set(err, E_DATA, "%s: these runs carry no law in size and data, so there is nothing to plan by",
                       fitted_name(f));
    TRY(find_flops(&flops, f, w, err));
    TRY(answer(&a, f, w, flops, err));
    return show(&a, f, w, err);
}

enum status cmd_plan(int argc, char **argv, struct err *err)
{
    struct fitted f;
    struct plan_words w = {.jobs = (size_t)sweep_cores()};
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + 5] = {
        {"--flops", ARG_COUNT, &w.flops, "C", "a budget of compute: 1e15"},
        {"--time", ARG_STRING, &w.time, "T", "or of time on this machine: 90s, 30m, 2h, 1d"},
        {"--loss", ARG_COUNT, &w.loss, "X", "or the loss to reach"},
        {"--jobs", ARG_SIZE, &w.jobs, "N", "cores that train (default: all)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "plan",
        .positionals = "DIR|TABLE...",
        .summary = "From a sweep's own fit: the best size and amount of data for a budget, the loss to expect with\n"
                   "its interval, the nearest shape, the time it takes here, and the command that trains it. From\n"
                   "a table, or with options of another fit: size, data and loss.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = 5 + fit_words_args(args + 5, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help) {
        if ((w.flops > 0) + (w.time != NULL) + (w.loss > 0) != 1)
            st = err_set(err, E_USAGE, "plan: give one of --flops, --time and --loss");
        else if (w.jobs < 1 || w.jobs > 4096)
            st = err_set(err, E_USAGE, "--jobs %zu: expected 1 to 4096", w.jobs);
        else
            st = plan(&f, &w, err);
    }
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
