#include "cli/answer.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/text.h"
#include "fit/verdict/words.h"
#include "harness/folder.h"

double answer_speed(const struct fitted *f, double params)
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

/* ---- the loss ---- */

/* A best size that may as well be a million times as large is none. */
static void doubt_size(struct answer *a)
{
    const struct fit_value none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    bool interval = isfinite(a->params.lo) || isfinite(a->tokens.lo);
    bool quotable = words_quotable(a->params.lo, a->params.hi) && words_quotable(a->tokens.lo, a->tokens.hi);
    if (interval && !quotable) {
        a->no_size = "the runs do not determine it: they allow values more than six decades apart";
        a->params = a->tokens = none;
    }
}

static bool repeated(const struct answer *a)
{
    return a->tokens.value > a->unique;
}

/* What a law of repeated data makes of them; the others know nothing of repeats, nor does a frontier. */
static void count_repeats(struct answer *a)
{
    if (fit_report_selected(a->report)->law->for_repeats && repeated(a))
        a->loss_curve = fit_curve(a->report, a->params.value, a->tokens.value, a->unique);
}

static void predict(struct answer *a)
{
    const struct fit_report *r = a->report;
    const struct fit_law *f = fit_report_selected(r);
    bool one = f->law->n_vars == 1, is_data = f->x == FIT_TOKENS, is_size = !is_data && f->x != FIT_FLOPS;
    double n = one ? (is_size ? a->x : (double)NAN) : a->params.value;
    double d = one ? (is_data ? a->x : (double)NAN) : a->tokens.value;
    a->noise = fit_run_noise_at(r, n, d);
    a->loss = fit_new_run(a->loss_curve, &a->noise);
    if (!isfinite(a->loss_curve.lo) || !isfinite(a->loss_curve.hi))
        a->no_interval = "no resamples were made, or too few could be fitted";
    else if (!isfinite(a->noise.half))
        a->no_interval = "the noise of one run is not known";
}

/* ---- what only a sweep's folder tells: shapes, the data, this machine ---- */

/* The words that train the shape as the sweep's runs were trained; the config of any of them holds the rest. */
static void say_command(struct answer *a, const struct fitted *f)
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

/* The shapes of the runs in the table. */
static void know_ran(struct answer *a, const struct fitted *f)
{
    struct plan_shapes w = {{SIZE_MAX, 0}, {SIZE_MAX, 0}};
    for (size_t i = 0; i < f->curves.n; i++) {
        const struct curve *c = &f->curves.items[i];
        if (!(c->d_model >= 1 && c->n_layer >= 1))
            continue;
        size_t wide = (size_t)c->d_model, deep = (size_t)c->n_layer;
        w = (struct plan_shapes){{size_min(w.d_model[0], wide), size_max(w.d_model[1], wide)},
                                 {size_min(w.n_layer[0], deep), size_max(w.n_layer[1], deep)}};
    }
    a->ran = w;
    a->ran_known = w.d_model[1] > 0;
}

static bool within(size_t v, const size_t range[2])
{
    return v >= range[0] && v <= range[1];
}

/* Sizes that a shape may have for one that was asked for: within a tenth where it is to be one that ran, and at all. */
#define NEAR 0.1
#define FAR 0.7

/* A shape like those that ran, where one has the size; else the nearest of all. */
static void choose_shape(struct answer *a, const struct fitted *f, size_t vocab)
{
    static plan_count_fn *const counts[FIT_N_COUNTS] = {gpt_params, gpt_params_nonembd, gpt_params_matmul};
    plan_count_fn *count = counts[a->report->count];
    const struct plan_shapes *const tried[] = {&a->ran, &plan_all_shapes};
    know_ran(a, f);
    for (size_t i = !a->ran_known; i < 2 && !a->has_shape; i++) {
        struct config_shape s = plan_shape_within(tried[i], count, a->params.value, &f->cfg, vocab);
        struct gpt_shape g = config_gpt_shape(&f->cfg, vocab);
        g.C = s.d_model, g.L = s.n_layer, g.NH = s.n_head;
        double off = s.d_model ? fabs(log(count(&g) / a->params.value)) : (double)INFINITY;
        a->has_shape = off < (i == 0 ? NEAR : FAR);
        a->shape = s;
        a->shape_params = s.d_model ? gpt_params(&g) : (double)NAN;
    }
    a->within_ran = a->ran_known && within(a->shape.d_model, a->ran.d_model) && within(a->shape.n_layer, a->ran.n_layer);
    if (!a->has_shape)
        a->no_shape = a->no_command = "no shape up to d_model 4096 and 48 layers has that size";
}

/* v in units of the largest value of a column, or of the smallest: 1 between them. */
static double times_beyond(const struct fit_table *t, enum fit_column column, double v)
{
    double lo = (double)INFINITY, hi = 0;
    for (size_t i = 0; i < t->n; i++) {
        double x = t->col[column][i];
        if (x > 0 && isfinite(x))
            lo = fmin(lo, x), hi = fmax(hi, x);
    }
    return !(hi > 0) || !isfinite(v) ? 1 : v > hi ? v / hi : v < lo ? v / lo : 1;
}

static enum status know_data(struct answer *a, const struct fitted *f, size_t *vocab, struct err *err)
{
    struct folder_data d;
    const bool mixed = f->cfg.data.mix_source != 0;
    const struct data_mix mix = config_data_mix(&f->cfg);
    TRY(folder_data_of(&d, f->folder, &f->cfg, err));
    *vocab = d.vocab;
    a->corpus = (double)d.train_tokens;
    a->epochs = data_mix_passes(&mix, a->corpus, a->tokens.value);
    if (a->corpus > 0 && isnan(a->unique)) /* of a mixture, all tokens by the time that the first source is through */
        a->unique = !mixed ? a->corpus : a->epochs > 0 ? a->tokens.value / a->epochs : (double)NAN;
    return OK;
}

static enum status fill_here(struct answer *a, const struct fitted *f, struct err *err)
{
    size_t vocab;
    TRY(know_data(a, f, &vocab, err));
    count_repeats(a);
    if (!(a->corpus > 0))
        a->no_epochs = "the language has no end: nothing is seen twice";
    choose_shape(a, f, vocab);
    a->seconds = a->flops / answer_speed(f, a->params.value) / (double)a->jobs;
    if (!isfinite(a->seconds))
        a->no_time = "no run of this sweep says how fast it was";
    if (a->has_shape)
        say_command(a, f);
    return OK;
}

enum status answer_fill(struct answer *a, const struct fitted *f, struct err *err)
{
    static const char table[] = "a table does not say it: only a sweep's folder does";
    static const char one[] = "the law is one of a single variable";
    const char *why = !f->folder ? table : NULL;
    a->epochs = a->seconds = (double)NAN;
    if (fit_report_selected(a->report)->law->n_vars > 1 && !(a->params.value >= 1 && a->tokens.value >= 1))
        return err_set(err, E_USAGE, "that is less than a parameter, or than a token: %.3g and %.3g", a->params.value,
                       a->tokens.value);
    if (isfinite(a->x) ? !isfinite(a->times_largest) : !(a->flops <= ANSWER_FLOPS_MAX))
        return err_set(err, E_USAGE, "that is more than %g FLOPs, which no machine will see", ANSWER_FLOPS_MAX);
    a->times_size = times_beyond(&f->table, fit_count_column(a->report->count), a->params.value);
    a->times_tokens = times_beyond(&f->table, FIT_TOKENS, a->tokens.value);
    doubt_size(a);
    if (fit_report_selected(a->report)->law->n_vars == 1)
        a->no_size = one;
    if (a->no_size)
        why = a->no_size;
    a->runs_repeat = fit_table_repeats(&f->table) > 0;
    if (!why)
        TRY(fill_here(a, f, err));
    else
        a->no_shape = a->no_epochs = a->no_time = a->no_command = why;
    if (why == table)
        count_repeats(a);
    predict(a);
    return OK;
}

enum status answer_show(const struct answer *a, const struct fitted *f, const char *json, struct err *err)
{
    const struct log log = cmd_log();
    if (f->own && !f->current)
        log_msg(&log, LOG_INFO, "%s/fit.json is no fit of these runs (%s): they are fitted anew with the folder's options",
                f->folder, f->why);
    if (json && strcmp(json, "-") == 0) {
        answer_print_json(stdout, a);
        return OK;
    }
    answer_print_text(a);
    if (f->folder && !f->own)
        text_message(stdout, "", "a what-if: with these options it is not the sweep's own fit");
    for (size_t i = 0; i < f->table.careful.n; i++)
        text_beside(stdout, "careful: ", "%s", f->table.careful.text[i]);
    for (size_t i = 0; i < f->careful.n; i++)
        text_beside(stdout, "careful: ", "%s", f->careful.text[i]);
    if (!json)
        return OK;
    struct file_writer out;
    TRY(file_writer_open(&out, json, err));
    answer_print_json(out.out, a);
    return file_writer_commit(&out, err);
}
