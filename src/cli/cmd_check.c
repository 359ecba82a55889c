#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/size.h"
#include "base/system.h"
#include "cli/check.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "cli/text.h"

/* Steps of a trial where the budget is not given, and rounds in which ladders grow at their ends. */
enum { TRIAL_STEPS = 200, ROUNDS = 6 };
/* Of the coordinate check at least: with fewer, the intervals of three sizes are too wide to say anything. */
enum { SCALE_SEEDS = 4 };

struct check_words {
    const char *out, *isa, *json, *widths, *depths, *rates, *only;
    double tokens;
    size_t steps, seeds;
    double tolerance;
    struct arg_list sets;
    struct setup_how how;
    const char *again; /* the whole command, without --fresh */
};

/* ---- lists ---- */

/* "32,64,128": numbers above 0, rising; "none" is an empty list. */
static enum status parse_list(double *out, size_t *n, size_t room, const char *option, const char *text, struct err *err)
{
    char item[32];
    *n = 0;
    if (strcmp(text, "none") == 0)
        return OK;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        snprintf(item, sizeof item, "%.*s", (int)size_min(length, sizeof item - 1), at);
        if (*n == room)
            return err_set(err, E_USAGE, "%s %s: more than %zu values", option, text, room);
        if (!count_parse(&out[*n], item) || !(out[*n] > 0))
            return err_set(err, E_USAGE, "%s %s: '%s' is no number above 0 (expected such as 32,64,128)", option, text, item);
        if (*n > 0 && !(out[*n] > out[*n - 1]))
            return err_set(err, E_USAGE, "%s %s: the values must rise", option, text);
        (*n)++;
        at += length;
        if (*at == '\0')
            return OK;
    }
}

static enum status parse_sizes(struct transfer_sizes *z, const char *option, const char *text, struct err *err)
{
    double items[TRANSFER_SIZES_MAX];
    TRY(parse_list(items, &z->n, TRANSFER_SIZES_MAX, option, text, err));
    if (z->n == 1)
        return err_set(err, E_USAGE, "%s %s: one size tells nothing: give two or more, or none", option, text);
    for (size_t i = 0; i < z->n; i++) {
        if (items[i] != floor(items[i]) || items[i] > 1 << 15)
            return err_set(err, E_USAGE, "%s %s: %g is no whole number up to 32768", option, text, items[i]);
        z->items[i] = (size_t)items[i];
    }
    return OK;
}

/* A ladder of factors of 2 about the config's rate. */
static enum status make_rates(struct transfer_spec *s, const struct config *c, const char *text, struct err *err)
{
    enum { SIDE = 3 };
    s->step = 2;
    if (text) {
        TRY(parse_list(s->rates, &s->n_rates, CONFIG_LIST_MAX / 2, "--rates", text, err));
        if (s->n_rates < 3)
            return err_set(err, E_USAGE, "--rates %s: a parabola needs three rates or more", text);
        if (s->rates[s->n_rates - 1] > TRANSFER_RATE_MAX)
            return err_set(err, E_USAGE, "--rates %s: train.lr is at most %d", text, TRANSFER_RATE_MAX);
        s->step = pow(s->rates[s->n_rates - 1] / s->rates[0], 1 / (double)(s->n_rates - 1));
        return OK;
    }
    if (!(c->train.lr > 0))
        return err_set(err, E_CONFIG, "train.lr is %g: give the rates to try with --rates", c->train.lr);
    for (int i = -SIDE; i <= SIDE; i++)
        if (ldexp(c->train.lr, i) <= TRANSFER_RATE_MAX)
            s->rates[s->n_rates++] = ldexp(c->train.lr, i);
    return OK;
}

/* ---- what is asked ---- */

/* Every shape, before anything is trained. */
static enum status check_shapes(const struct check *k, const struct data *d, struct err *err)
{
    for (enum transfer_axis axis = 0; axis < TRANSFER_N_AXES; axis++)
        for (size_t i = 0; i < k->spec.sizes[axis].n; i++) {
            struct config one = config_of_run(k->c);
            one.model.d_model = transfer_d_model(&k->spec, axis, i);
            one.model.n_layer = transfer_n_layer(&k->spec, axis, i);
            one.model.n_head = 0;
            if (one.model.d_model % one.model.head_size != 0)
                return err_set(err, E_CONFIG,
                               "width %zu is not a multiple of model.head_size=%zu, which widths share: give others with --widths",
                               one.model.d_model, one.model.head_size);
            struct gpt_shape shape = config_gpt_shape(&one, data_vocab(d));
            TRY(gpt_shape_check(&shape, err));
        }
    return OK;
}

static enum status make_spec(struct check *k, const struct check_words *w, struct setup *s, struct err *err)
{
    struct transfer_spec *spec = &k->spec;
    double batch = (double)s->cfg.train.batch_tokens;
    k->c = &s->cfg;
    k->steps = w->steps;
    k->scale_seeds = size_max(SCALE_SEEDS, w->seeds);
    k->tolerance = w->tolerance;
    spec->d_model = s->cfg.model.base_d_model;
    spec->n_layer = s->cfg.model.base_n_layer;
    spec->seeds = w->seeds;
    spec->tokens = w->tokens > 0 ? w->tokens : TRIAL_STEPS * batch;
    if (!(spec->tokens >= 5 * batch))
        return err_set(err, E_USAGE, "--tokens %.6g is less than five steps of %.6g", spec->tokens, batch);
    TRY(make_rates(spec, &s->cfg, w->rates, err));
    return check_shapes(k, s->data, err);
}

static enum status check_words(struct check *k, const struct check_words *w, struct err *err)
{
    k->asked_scales = !w->only || strcmp(w->only, "scales") == 0;
    k->asked_rates = !w->only || strcmp(w->only, "rates") == 0;
    if (!k->asked_scales && !k->asked_rates)
        return err_set(err, E_USAGE, "--only %s: expected scales or rates", w->only);
    if (w->how.jobs < 1 || w->how.jobs > 256)
        return err_set(err, E_USAGE, "--jobs %zu: expected 1 to 256", w->how.jobs);
    if (w->seeds < 1 || w->seeds > TRANSFER_SEEDS_MAX)
        return err_set(err, E_USAGE, "--seeds %zu: expected 1 to %d", w->seeds, TRANSFER_SEEDS_MAX);
    if (w->steps < 1 || w->steps > 1000)
        return err_set(err, E_USAGE, "--steps %zu: expected 1 to 1000", w->steps);
    if (!(w->tolerance > 0 && w->tolerance <= 2))
        return err_set(err, E_USAGE, "--tolerance %g: expected a number above 0, up to 2", w->tolerance);
    TRY(parse_sizes(&k->spec.sizes[TRANSFER_WIDTH], "--widths", w->widths, err));
    TRY(parse_sizes(&k->spec.sizes[TRANSFER_DEPTH], "--depths", w->depths, err));
    if (k->spec.sizes[TRANSFER_WIDTH].n + k->spec.sizes[TRANSFER_DEPTH].n == 0)
        return err_set(err, E_USAGE, "check transfer: neither widths nor depths to check");
    return OK;
}

/* ---- trials ---- */

/* One sweep of what is missing; runs that are there are skipped. */
static enum status train_round(struct check *k, struct setup *s, const char *dir, const struct check_words *w, bool first,
                               struct err *err)
{
    struct sweep_outcome outcome;
    struct setup_how how = w->how;
    how.fresh = how.fresh && first;
    plan_free(&s->plan);
    TRY(transfer_config(&s->cfg, &k->bowls, err));
    TRY(transfer_plan(&s->plan, &k->bowls, &s->cfg, s->data, err));
    enum status st = setup_sweep(&outcome, s, dir, &how, err);
    if (st == E_INTERRUPTED)
        return err_set(err, st, "interrupted; everything is kept. Go on with: %s", w->again);
    TRY(st);
    return transfer_read(&k->bowls, &s->plan, dir, err);
}

static enum status find_bowls(struct check *k, struct setup *s, const char *dir, const struct check_words *w, struct err *err)
{
    TRY(train_round(k, s, dir, w, true, err));
    for (int i = 0; i < ROUNDS && transfer_extend(&k->bowls); i++) {
        text_message(stderr, "", "some bowls have their bottom at an edge: their ladders grow");
        TRY(train_round(k, s, dir, w, false, err));
    }
    return OK;
}

static enum status find_scales(struct check *k, const struct setup *s, struct err *err)
{
    const struct coordinates_how how = {
        .c = &s->cfg, .data = s->data, .isa = s->isa, .steps = k->steps, .seeds = k->scale_seeds};
    text_message(stderr, "", "activations of %zu widths and %zu depths, before and after %zu steps",
                 k->spec.sizes[TRANSFER_WIDTH].n, k->spec.sizes[TRANSFER_DEPTH].n, k->steps);
    return transfer_scales(&k->scales, &k->spec, &how, k->tolerance, err);
}

/* Whether there is a place for it, before hours of trials. */
static enum status try_json(const char *path, struct err *err)
{
    struct file_writer w;
    if (!path || strcmp(path, "-") == 0)
        return OK;
    TRY(file_writer_open(&w, path, err));
    file_writer_abandon(&w);
    return OK;
}

/* All that can be wrong with what is asked, before anything is trained. */
static enum status prepare(struct check *k, struct setup *s, const struct check_words *w, struct err *err)
{
    TRY(make_spec(k, w, s, err));
    if (!k->asked_rates)
        return OK;
    transfer_bowls_init(&k->bowls, &k->spec);
    TRY(transfer_config(&s->cfg, &k->bowls, err));
    return transfer_plan(&s->plan, &k->bowls, &s->cfg, s->data, err);
}

static enum status answer(const struct check *k, const char *dir, const char *json, struct err *err)
{
    char why[256];
    bool alone = json && strcmp(json, "-") == 0;
    if (!alone)
        check_print(k);
    TRY(check_draw(k, dir, !alone, err));
    if (json)
        TRY(check_write_json(k, json, err));
    check_failure(why, sizeof why, k);
    if (!why[0])
        return OK;
    return err_set(err, E_RUN, "check transfer: under %s %s", transfer_parametrisations[check_parametrisation(k)], why);
}

static enum status check_transfer(struct check *k, struct setup *s, const char *config, const struct check_words *w,
                                  struct err *err)
{
    char dir[FILE_PATH_MAX], name[CONFIG_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s-transfer", s->cfg.name);
    TRY(w->out ? file_join(dir, sizeof dir, w->out, "", err) : file_join(dir, sizeof dir, "runs", name, err));
    enum status st = prepare(k, s, w, err);
    if (st != OK)
        return st == E_CONFIG ? err_wrap(err, "%s", config) : st;
    TRY(try_json(w->json, err));
    if (k->asked_scales)
        TRY(find_scales(k, s, err));
    if (k->asked_rates)
        TRY(find_bowls(k, s, dir, w, err));
    return answer(k, dir, w->json, err);
}

static enum status run(const struct arg_list *words, const struct check_words *w, struct err *err)
{
    struct setup s = {0};
    struct check *k;
    if (strcmp(words->items[0], "transfer") != 0)
        return err_set(err, E_USAGE, "check %s: the one check that there is is transfer", words->items[0]);
    TRY(size_calloc(&k, 1, sizeof *k, "the check", err));
    enum status st = check_words(k, w, err);
    if (st == OK)
        st = setup_open_data(&s, words->items[1], &w->sets, w->isa, err);
    if (st == OK)
        st = check_transfer(k, &s, words->items[1], w, err);
    transfer_scales_free(&k->scales);
    free(k);
    setup_free(&s);
    return st;
}

enum status cmd_check(int argc, char **argv, struct err *err)
{
    struct check_words w = {.widths = "32,64,128,256", .depths = "2,4,8", .steps = 5, .seeds = 2, .tolerance = 0.25,
                            .how = {.jobs = (size_t)system_cores_all()}};
    struct arg_list words;
    bool help;
    const struct arg args[] = {
        {"--out", ARG_STRING, &w.out, "DIR", "folder of the trials (default runs/NAME-transfer)"},
        {"--set", ARG_LIST, &w.sets, "KEY=VALUE", "change a config key; may be given several times"},
        {"--widths", ARG_STRING, &w.widths, "LIST", "widths at model.base_n_layer (default 32,64,128,256; or none)"},
        {"--depths", ARG_STRING, &w.depths, "LIST", "layers at model.base_d_model (default 2,4,8; or none)"},
        {"--rates", ARG_STRING, &w.rates, "LIST", "learning rates to begin with (default: train.lr times 1/8 to 8)"},
        {"--tokens", ARG_COUNT, &w.tokens, "D", "tokens of a trial (default: 200 steps)"},
        {"--seeds", ARG_SIZE, &w.seeds, "N", "runs at each rate (default 2), models at each size (at least 4)"},
        {"--steps", ARG_SIZE, &w.steps, "N", "steps of the coordinate check (default 5)"},
        {"--tolerance", ARG_DOUBLE, &w.tolerance, "E", "an exponent within E is flat (default 0.25)"},
        {"--only", ARG_STRING, &w.only, "WHAT", "scales (the coordinate check) or rates (the bowls)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
        {"--jobs", ARG_SIZE, &w.how.jobs, "N", "trials side by side (default: one a core)"},
        {"--isa", ARG_STRING, &w.isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
        {"--fresh", ARG_FLAG, &w.how.fresh, NULL, "train again what is done already"},
    };
    const struct args_spec spec = {
        .command = "check",
        .positionals = "transfer CONFIG",
        .summary = "Does one learning rate serve all widths and depths? Two checks of the config's model and optimiser, under\n"
                   "completep and under standard: whether activations, and what a few steps change of them, stay the same,\n"
                   "and whether the best rate of short runs does. The config's grid is not read. Trials are kept and the\n"
                   "check goes on where it was interrupted. Exit code 1 where transfer does not hold under the config's own\n"
                   "parametrisation.",
        .min_positionals = 2,
        .max_positionals = 2,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help) {
        char again[900];
        args_quote(again, sizeof again, "check", argc, argv, "--fresh");
        w.again = again;
        st = run(&words, &w, err);
    }
    args_free(&spec, &words);
    return st;
}
