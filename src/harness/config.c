#include "harness/config_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"

void config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        if (k->type == T_STRING)
            snprintf(config_field(c, k), CONFIG_NAME_MAX, "%s", k->text);
        else if (key_is_whole(k))
            *(size_t *)config_field(c, k) = (size_t)k->number;
        else if (k->type == T_COUNT || k->type == T_DOUBLE || k->type == T_RATE || k->type == T_SECONDS)
            *(double *)config_field(c, k) = k->number;
    }
}

void config_strings_free(struct config_strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i]);
    free(s->items);
    *s = (struct config_strings){0};
}

void config_free(struct config *c)
{
    config_strings_free(&c->data.files);
    config_strings_free(&c->data.val_files);
    config_strings_free(&c->data.mix_files);
    struct config_counts *counts[] = {&c->grid.params, &c->grid.tokens, &c->grid.flops, &c->grid.seeds,
                                       &c->grid.corner_seeds};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        free(counts[i]->items);
    free(c->data.tokeniser);
    c->data.tokeniser = NULL;
    free(c->train.teacher);
    c->train.teacher = NULL;
    free(c->grid.models.items);
    free(c->grid.runs.items);
    free(c->grid.vary.items);
    free(c->search.keys.items);
    memset(&c->grid, 0, sizeof c->grid);
    memset(&c->search, 0, sizeof c->search);
}

/* Those of every cell are there already. */
static enum status check_corner_seeds(const struct config *c, struct err *err)
{
    for (size_t i = 0; i < c->grid.corner_seeds.n; i++) {
        double seed = c->grid.corner_seeds.items[i];
        if (seed != floor(seed))
            return err_set(err, E_CONFIG, "grid.corner_seeds: %g is not a whole number", seed);
        if (c->grid.seeds.n == 0 && seed == (double)c->train.seed)
            return err_set(err, E_CONFIG, "grid.corner_seeds: %.15g is train.seed, which every cell has", seed);
        for (size_t j = 0; j < c->grid.seeds.n; j++)
            if (seed == c->grid.seeds.items[j])
                return err_set(err, E_CONFIG, "grid.corner_seeds: %.15g is one of grid.seeds, which every cell has", seed);
    }
    return OK;
}

bool config_has_grid(const struct config *c)
{
    return c->grid.params.n + c->grid.models.n + c->grid.runs.n > 0;
}

enum status config_set_runs(struct config *c, const struct config_cell *cells, size_t n, struct err *err)
{
    CHECK(n <= CONFIG_RUNS_MAX);
    if (!c->grid.runs.items)
        TRY(size_calloc(&c->grid.runs.items, CONFIG_RUNS_MAX, sizeof *cells, "grid.runs", err));
    memcpy(c->grid.runs.items, cells, n * sizeof *cells);
    c->grid.runs.n = n;
    c->grid.params.n = c->grid.models.n = c->grid.tokens.n = c->grid.flops.n = c->grid.seeds.n = 0;
    c->grid.corner_seeds.n = 0;
    return OK;
}

static enum status check_heads(const struct config *c, const struct config_shape *s, const char *key, struct err *err)
{
    if (s->n_head && s->d_model % s->n_head)
        return err_set(err, E_CONFIG, "%s: d_model=%zu is not a multiple of n_head=%zu", key, s->d_model, s->n_head);
    if (!s->n_head && s->d_model % c->model.head_size)
        return err_set(err, E_CONFIG, "%s: d_model=%zu is not a multiple of model.head_size=%zu; give n_head", key, s->d_model,
                       c->model.head_size);
    return OK;
}

static enum status check_runs(const struct config *c, struct err *err)
{
    if (c->grid.runs.n && (c->grid.params.n || c->grid.models.n))
        return err_set(err, E_CONFIG, "grid.runs and %s: give one of them", c->grid.params.n ? "grid.params" : "grid.models");
    if (c->grid.runs.n && (c->grid.tokens.n || c->grid.flops.n))
        return err_set(err, E_CONFIG, "grid.runs and %s: each of the runs has its own tokens",
                       c->grid.tokens.n ? "grid.tokens" : "grid.flops");
    if (c->grid.runs.n && c->grid.seeds.n)
        return err_set(err, E_CONFIG, "grid.runs and grid.seeds: each of the runs has its own seed");
    if (c->grid.runs.n && c->grid.corner_seeds.n)
        return err_set(err, E_CONFIG, "grid.runs and grid.corner_seeds: each of the runs has its own seed");
    for (size_t i = 0; i < c->grid.runs.n; i++)
        TRY(check_heads(c, &c->grid.runs.items[i].shape, "grid.runs", err));
    return OK;
}

static enum status check_grid(const struct config *c, struct err *err)
{
    if (c->grid.params.n && c->grid.models.n)
        return err_set(err, E_CONFIG, "grid.params and grid.models: give one of them");
    if (c->grid.tokens.n && c->grid.flops.n)
        return err_set(err, E_CONFIG, "grid.tokens and grid.flops: give one of them");
    for (size_t i = 0; i < c->grid.seeds.n; i++)
        if (c->grid.seeds.items[i] != floor(c->grid.seeds.items[i]))
            return err_set(err, E_CONFIG, "grid.seeds: %g is not a whole number",
                           c->grid.seeds.items[i]);
    TRY(check_corner_seeds(c, err));
    for (size_t i = 0; i < c->grid.models.n; i++)
        TRY(check_heads(c, &c->grid.models.items[i], "grid.models", err));
    return check_runs(c, err);
}

/* It names a folder below runs/ and stands in every table and message. */
static enum status check_name(const char *name, struct err *err)
{
    if (name[0] == '\0')
        return err_set(err, E_CONFIG, "name is empty: it is the sweep's folder below runs/");
    if (!utf8_is_plain(name))
        return err_set(err, E_CONFIG,
                       "name cannot be a folder's name: it holds control characters, such as a line break");
    if (strchr(name, '/') || name[0] == '.')
        return err_set(err, E_CONFIG, "name '%s' cannot be a folder's name: it %s", name,
                       name[0] == '.' ? "begins with a dot" : "holds a slash");
    if (name[strspn(name, " ")] == '\0')
        return err_set(err, E_CONFIG, "name '%s' cannot be a folder's name: it is blank", name);
    return OK;
}

/* A key that only some optimisers read, and not the one that is chosen, must be at its default, whoever wrote it. */
enum status config_check_optimizer(const struct config *c, struct err *err)
{
    const char section[] = "train.";
    const struct optim_kind *chosen = optim_kinds[c->train.optimizer];
    struct config defaults;
    config_init(&defaults);
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        const char *name = k->path + sizeof section - 1;
        char takers[128] = "";
        if (strncmp(k->path, section, sizeof section - 1) != 0 || config_has_word(chosen->keys, name) ||
            memcmp(config_field(c, k), config_field(&defaults, k), config_value_size(k)) == 0)
            continue;
        for (size_t j = 0, used = 0; j < OPTIM_N_KINDS; j++)
            if (config_has_word(optim_kinds[j]->keys, name))
                used += (size_t)snprintf(takers + used, sizeof takers - used, "%s%s", used ? ", " : "", optim_kinds[j]->name);
        if (takers[0])
            return err_set(err, E_CONFIG, "%s is for train.optimizer %s; this one is %s", k->path, takers, chosen->name);
    }
    if ((c->train.muon_block > 0) != (c->train.muon_period > 1))
        return err_set(err, E_CONFIG, "train.muon_block=%zu and train.muon_period=%zu: one says how wide blocks are, the other "
                                      "how often whole matrices come between: give both", c->train.muon_block,
                       c->train.muon_period);
    return OK;
}

/* Keys of a second source where there is none, of texts where it is a language, and the end of a ramp that has no length. */
static enum status check_mix(const struct config *c, struct err *err)
{
    const char section[] = "data.mix_";
    struct config defaults;
    config_init(&defaults);
    for (size_t i = 0; i < config_n_keys && c->data.mix_source == 0; i++) {
        const struct key *k = &config_keys[i];
        if (strncmp(k->path, section, sizeof section - 1) == 0 &&
            memcmp(config_field(c, k), config_field(&defaults, k), config_value_size(k)) != 0)
            return err_set(err, E_CONFIG, "%s is of data.mix_source, which is none", k->path);
    }
    enum data_kind kind = (enum data_kind)(c->data.mix_source ? c->data.mix_source - 1 : DATA_UNIGRAM);
    bool files = data_kind_reads_files(kind);
    if (files && c->data.mix_files.n == 0)
        return err_set(err, E_CONFIG, "data.mix_files is empty: data.mix_source %s needs files", data_kind_name(kind));
    if (!files && c->data.mix_files.n > 0)
        return err_set(err, E_CONFIG, "data.mix_files is for data.mix_source text and tokens only");
    if (c->data.mix_end_weight > 0 && !(c->data.mix_tokens > 0))
        return err_set(err, E_CONFIG, "data.mix_end_weight=%g is reached after data.mix_tokens, which is 0",
                       c->data.mix_end_weight);
    return OK;
}

bool config_is_optimizers(const char *assignment)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(assignment, "="), assignment);
    bool found = false;
    for (size_t i = 0; strncmp(name, "train.", 6) == 0 && i < OPTIM_N_KINDS; i++)
        found = found || config_has_word(optim_kinds[i]->keys, name + 6);
    return found;
}

static enum status check_windows(const char *key, size_t tokens, size_t ctx, struct err *err)
{
    if (tokens % ctx == 0)
        return OK;
    return err_set(err, E_CONFIG, "%s=%zu is not a multiple of model.ctx=%zu (nearest: %zu)", key, tokens, ctx,
                   size_max(1, (tokens + ctx / 2) / ctx) * ctx);
}

static enum status check_batch(const struct config *c, struct err *err)
{
    size_t full = c->train.batch_tokens, from = c->train.batch_ramp_from;
    double ramp = c->train.batch_ramp_tokens;
    TRY(check_windows("train.batch_tokens", full, c->model.ctx, err));
    TRY(check_windows("train.batch_ramp_from", from, c->model.ctx, err));
    if (from > 0 && !(ramp > 0))
        return err_set(err, E_CONFIG, "train.batch_ramp_from=%zu: train.batch_ramp_tokens says over how many tokens", from);
    if (ramp > 0 && from == 0)
        return err_set(err, E_CONFIG, "train.batch_ramp_tokens=%.15g: train.batch_ramp_from says with what batch it begins", ramp);
    if (from > 0 && from >= full)
        return err_set(err, E_CONFIG, "train.batch_ramp_from=%zu is not below train.batch_tokens=%zu", from, full);
    return OK;
}

static enum status check_epochs(const struct config *c, struct err *err)
{
    if (c->data.epochs > 0 && c->data.epochs < 1)
        return err_set(err, E_CONFIG, "data.epochs=%g: expected 1 or more, or 0", c->data.epochs);
    if (c->data.epochs > 0 && c->data.unique_tokens > 0)
        return err_set(err, E_CONFIG, "data.epochs=%g and data.unique_tokens=%zu: the one follows each run's budget, the other "
                       "is one number for all: give one of them", c->data.epochs, c->data.unique_tokens);
    return OK;
}

/* Keys that say how to learn from a teacher, without one. */
static enum status check_teacher(const struct config *c, struct err *err)
{
    struct config usual;
    if (c->train.teacher)
        return OK;
    config_init(&usual);
    if (c->train.teacher_weights)
        return err_set(err, E_CONFIG, "train.teacher_weights=%zu names a teacher, but train.teacher is empty",
                       c->train.teacher_weights);
    if (c->train.distill_weight != usual.train.distill_weight)
        return err_set(err, E_CONFIG, "train.distill_weight=%g says how to learn from train.teacher, which is empty",
                       c->train.distill_weight);
    if (c->train.distill_temperature != usual.train.distill_temperature)
        return err_set(err, E_CONFIG, "train.distill_temperature=%g says how to learn from train.teacher, which is empty",
                       c->train.distill_temperature);
    return OK;
}

static bool varies(const struct config_vary *vary, const char *path)
{
    for (size_t i = 0; i < vary->n; i++)
        if (strcmp(vary->items[i].path, path) == 0)
            return true;
    return false;
}

/* One search finds one law, for runs that differ in nothing but size and budget. */
static enum status check_search(const struct config *c, struct err *err)
{
    bool on = c->train.lr_law.kind == LR_AUTO;
    for (size_t i = 0; i < c->grid.vary.n && on; i++)
        if (strcmp(c->grid.vary.items[i].path, "train.order_seed") != 0)
            return err_set(err, E_CONFIG, "train.lr auto: one search finds one law, and grid.vary has %s: sweep each value into a "
                           "folder of its own, or give train.lr", c->grid.vary.items[i].path);
    if (!on && c->search.keys.n > 0)
        return err_set(err, E_CONFIG, "search.keys is for train.lr auto");
    if (varies(&c->search.keys, "train.lr"))
        return err_set(err, E_CONFIG, "search.keys: train.lr is searched in any case");
    return OK;
}

/* What is fitted must be there. */
static enum status check_loss(const struct config *c, struct err *err)
{
    static const char *const averages[] = {"train.ema", "train.tail_average"};
    const double on[] = {c->train.ema, c->train.tail_average};
    _Static_assert(sizeof on / sizeof *on == OPTIM_N_AVERAGES, "a key for each average");
    size_t i = c->fit.loss;
    if (i == 0 || on[i - 1] > 0 || varies(&c->grid.vary, averages[i - 1]))
        return OK;
    return err_set(err, E_CONFIG, "fit.loss=%s is that of an average of the weights, but %s is 0", config_loss_name(c),
                   averages[i - 1]);
}

static enum status check_beta2(const struct config *c, struct err *err)
{
    struct config defaults;
    config_init(&defaults);
    if (c->train.beta2_tokens == 0)
        return OK;
    if (!config_has_word(optim_kinds[c->train.optimizer]->keys, "beta2"))
        return err_set(err, E_CONFIG, "train.beta2_tokens: train.optimizer %s has no beta2", optim_kinds[c->train.optimizer]->name);
    if (c->train.beta2 != defaults.train.beta2)
        return err_set(err, E_CONFIG, "train.beta2 and train.beta2_tokens: give one of them");
    return OK;
}

static enum status check_source(const struct config *c, struct err *err)
{
    enum data_kind kind = (enum data_kind)c->data.source;
    if (data_kind_reads_files(kind) && c->data.files.n == 0)
        return err_set(err, E_CONFIG, "data.files is empty: data.source %s needs files%s", data_kind_name(kind),
                       kind == DATA_TEXT ? " or folders" : "");
    if (!data_kind_reads_files(kind) && c->data.files.n + c->data.val_files.n > 0)
        return err_set(err, E_CONFIG, "data.files is for data.source text and tokens only");
    if (kind != DATA_TOKENS && c->data.tokeniser && c->data.tokeniser[0])
        return err_set(err, E_CONFIG, "data.tokeniser is for data.source tokens only");
    if (kind != DATA_TOKENS && c->data.vocab > 0)
        return err_set(err, E_CONFIG, "data.vocab is for data.source tokens only");
    return OK;
}

const char *config_loss_name(const struct config *c)
{
#define X(name) "loss_" #name,
    static const char *const names[] = {"loss", OPTIM_AVERAGES(X)};
#undef X
    return names[c->fit.loss];
}

enum status config_check(const struct config *c, struct err *err)
{
    TRY(check_name(c->name, err));
    TRY(check_batch(c, err));
    TRY(check_source(c, err));
    TRY(check_mix(c, err));
    TRY(check_epochs(c, err));
    if (c->model.d_model && c->model.n_head && c->model.d_model % c->model.n_head)
        return err_set(err, E_CONFIG, "model.d_model=%zu is not a multiple of model.n_head=%zu",
                       c->model.d_model, c->model.n_head);
    TRY(config_check_optimizer(c, err));
    TRY(config_check_pairs(c, err));
    TRY(check_teacher(c, err));
    TRY(check_beta2(c, err));
    TRY(check_loss(c, err));
    TRY(check_search(c, err));
    return check_grid(c, err);
}

void config_settle(struct config *c)
{
    enum { USUAL = 256 }; /* docs/protocol.md */
    if (c->train.batch_tokens == 0)
        c->train.batch_tokens = size_max(1, (USUAL + c->model.ctx / 2) / c->model.ctx) * c->model.ctx;
}

struct config config_of_run(const struct config *c)
{
    struct config run = *c, defaults;
    config_init(&defaults);
    memset(&run.grid, 0, sizeof run.grid);
    run.search = defaults.search;
    return run;
}

size_t config_order_seed(const struct config *c)
{
    return c->train.order_seed ? c->train.order_seed : c->train.seed;
}

struct data_spec config_data_spec(const struct config *c)
{
    return (struct data_spec){
        .kind = (enum data_kind)c->data.source,
        .files = (const char *const *)c->data.files.items,
        .n_files = c->data.files.n,
        .val_files = (const char *const *)c->data.val_files.items,
        .n_val_files = c->data.val_files.n,
        .heldout = (enum data_heldout)c->data.heldout,
        .tokeniser = c->data.tokeniser,
#define X(name, type, min, max, number, hashed, help) .name = c->data.name,
        DATA_NUMBERS(X)
#undef X
    };
}

struct data_spec config_mix_spec(const struct config *c)
{
    struct data_spec s = data_spec_default();
    s.kind = (enum data_kind)(c->data.mix_source - 1);
    s.files = (const char *const *)c->data.mix_files.items;
    s.n_files = c->data.mix_files.n;
    s.tokeniser = "none";
#define X(name, type, min, max, number, hashed, help) s.name = c->data.mix_##name;
    DATA_SOURCE_NUMBERS(X)
#undef X
    return s;
}

size_t config_data_unit(const struct config *c)
{
    const struct data_spec first = config_data_spec(c);
    size_t a = data_unit(&first), b = 1;
    if (c->data.mix_source) {
        const struct data_spec second = config_mix_spec(c);
        b = data_unit(&second);
    }
    size_t x = a, y = b; /* Euclid */
    while (y > 0) {
        size_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

struct data_mix config_data_mix(const struct config *c)
{
    if (!c->data.mix_source)
        return (struct data_mix){0};
    return (struct data_mix){c->data.mix_weight, c->data.mix_end_weight, c->data.mix_tokens};
}

enum status config_open_data(struct data **d, const struct config *c, struct err *err)
{
    const struct data_spec first = config_data_spec(c);
    TRY(data_open(d, &first, c->model.ctx, err));
    if (!c->data.mix_source)
        return OK;
    const struct data_spec second = config_mix_spec(c);
    const struct data_mix mix = config_data_mix(c);
    enum status st = data_mix_in(*d, &second, &mix, err);
    if (st != OK) {
        data_close(*d);
        *d = NULL;
    }
    return st;
}

struct gpt_shape config_gpt_shape(const struct config *c, size_t vocab)
{
    return (struct gpt_shape){
#define X(name_, type, least, most, number, words, help) .name_ = c->model.name_,
        GPT_SWITCHES(X)
#undef X
        .V = vocab,
        .T = c->model.ctx,
        .C = c->model.d_model,
        .L = c->model.n_layer,
        .NH = c->model.n_head ? c->model.n_head : size_max(1, c->model.d_model / c->model.head_size),
    };
}

/* Of anything that is multiplied: what the level hangs on. */
static enum kern_precision any_precision(const struct config *c)
{
    return c->train.precision == KERN_BF16 || c->train.muon_precision == KERN_BF16 ? KERN_BF16 : KERN_FP32;
}

void config_kern(struct kern *k, const struct config *c, enum kern_isa isa)
{
    kern_init_for(k, isa, any_precision(c));
    k->precision = (enum kern_precision)c->train.precision;
}

enum kern_isa config_isa(const struct config *c, enum kern_isa isa)
{
    return kern_isa_for(isa, any_precision(c));
}

const char *config_isa_name(const struct config *c, enum kern_isa isa)
{
    return kern_isa_name(config_isa(c, isa));
}

struct param_rules config_param_rules(const struct config *c)
{
    return param_rules_make((enum param_kind)c->model.parametrisation, c->model.d_model,
                            c->model.n_layer, c->model.base_d_model, c->model.base_n_layer);
}

struct schedule config_schedule(const struct config *c)
{
    return (struct schedule){.kind = (enum schedule_kind)c->train.schedule,
                             .peak = c->train.lr,
                             .warmup = c->train.warmup_tokens,
                             .total = c->train.tokens,
                             .cooldown = c->train.cooldown,
                             .min_lr = c->train.min_lr,
                             .tail = c->train.tail_average};
}

struct batch config_batch(const struct config *c)
{
    return (struct batch){.window = (double)c->model.ctx,
                          .full = (double)c->train.batch_tokens,
                          .from = (double)c->train.batch_ramp_from,
                          .ramp = c->train.batch_ramp_tokens};
}

struct optim_config config_optim(const struct config *c)
{
    return (struct optim_config){.kind = c->train.optimizer,
                                 .beta1 = c->train.beta1,
                                 /* half of the average is of the last beta2_tokens */
                                 .beta2 = c->train.beta2_tokens > 0 ? exp2(-(double)c->train.batch_tokens / c->train.beta2_tokens)
                                                                    : c->train.beta2,
                                 .eps = c->train.eps,
                                 .weight_decay = c->train.weight_decay,
                                 .clip = c->train.clip,
                                 .ema = c->train.ema,
                                 .tail = c->train.tail_average,
                                 .cautious_decay = c->train.cautious_decay,
                                 .momentum = c->train.momentum,
                                 .nesterov = c->train.nesterov,
                                 .muon_steps = c->train.muon_steps,
                                 .muon_coefficients = c->train.muon_coefficients,
                                 .muon_block = c->train.muon_block,
                                 .muon_period = c->train.muon_period,
                                 .muon_precision = (enum kern_precision)c->train.muon_precision,
                                 .adam_lr_ratio = c->train.adam_lr_ratio,
                                 .soap_every = c->train.soap_every,
                                 .soap_max_dim = c->train.soap_max_dim};
}
