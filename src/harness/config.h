/* The configuration: one table in config_keys.c holds every key, and reading, writing, --set, `plateau
 * config` and the JSON Schema all come from it.
 *
 * A config is loaded, changed by --set, checked, and const from then on. The config of one run is the
 * same structure with the shape, the tokens and the seed filled in and an empty grid.
 *
 * Adding a key: a member below and a row in config_keys.c, wherever it reads best. A key that decides a run's results
 * is LATER: it enters a run's hash only where it differs from its default, so that the folders that are there already,
 * whose runs were made without it, are found again; its default must therefore mean what the program did before. That
 * default is fixed from then on: another one would rename every run. Where new sweeps are to have another one all the
 * same, the row has that, and config_key_befores what the program did before. Rows that are FIRST are never moved, renamed
 * or dropped. */
#ifndef PLATEAU_HARNESS_CONFIG_H
#define PLATEAU_HARNESS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"
#include "data/data.h"
#include "harness/batch.h"
#include "model/gpt.h"
#include "model/optim/optim.h"
#include "model/optim/schedule.h"

enum { CONFIG_NAME_MAX = 64, CONFIG_LIST_MAX = 64, CONFIG_VARY_MAX = 8, CONFIG_RUNS_MAX = 1024, CONFIG_KEYS_MAX = 192,
       RUN_NAME_MAX = 96 };

/* Nothing was said, so that a folder may decide; of a number with a fraction, NaN is. */
#define CONFIG_UNSAID ((size_t)-1)

struct config_strings {
    char **items; /* owned */
    size_t n;
};

struct config_counts {
    double *items; /* owned (CONFIG_LIST_MAX); NULL: never set */
    size_t n;
};

struct config_shape {
    size_t d_model, n_layer, n_head;
};

struct config_shapes {
    struct config_shape *items; /* as those of config_counts */
    size_t n;
};

/* One run of a grid that is no rectangle. */
struct config_cell {
    struct config_shape shape;
    double tokens;
    size_t seed; /* 0: train.seed */
};

struct config_cells {
    struct config_cell *items; /* owned (CONFIG_RUNS_MAX); NULL: never set */
    size_t n;
};

/* Keys of a run and the values that each takes in turn. */
struct config_vary {
    struct config_varied {
        const char *path; /* of the table of keys */
        double values[CONFIG_LIST_MAX]; /* numbers, or the places of words */
        size_t n;
    } *items; /* owned (CONFIG_VARY_MAX); NULL: never set */
    size_t n;
};

/* What train.lr is: the number train.lr; a law lr (N / params)^params_exponent (D / tokens)^tokens_exponent of a run's
 * parameters and tokens; or to be searched, harness/search.h, with train.lr at its default until then. */
enum config_lr_kind { LR_NUMBER, LR_LAW, LR_AUTO };

struct config_lr_law {
    size_t kind; /* enum config_lr_kind; of one run always a number */
    double params, params_exponent, tokens, tokens_exponent;
};

/* Where grid.vary holds; elsewhere the keys have the config's own values. */
enum config_vary_at { VARY_AT_ALL, VARY_AT_CORNERS, VARY_AT_SMALLEST, VARY_AT_LARGEST };

/* Which terms the law of a search has. */
enum config_search_terms { SEARCH_TERMS_AUTO, SEARCH_TERMS_PARAMS, SEARCH_TERMS_PARAMS_TOKENS };

struct config {
    char name[CONFIG_NAME_MAX];
    struct {
        size_t source; /* enum data_kind */
        struct config_strings files, val_files;
        size_t heldout; /* enum data_heldout */
        size_t eval_tokens, seed;
        size_t base, digits, values;
        double eps, exponent, epochs;
        size_t nodes, degree, branching, depth, rules, symbols, walk, branches, unique_tokens;
        size_t vocab;
        char *tokeniser; /* owned; NULL: none is named */
        size_t mix_source; /* 0: none; else 1 + enum data_kind */
        struct config_strings mix_files;
        double mix_weight, mix_end_weight, mix_tokens;
#define DATA_FIELD_SIZE size_t
#define DATA_FIELD_DOUBLE double
#define X(name, type, min, max, number, hashed, help) DATA_FIELD_##type mix_##name;
        DATA_SOURCE_NUMBERS(X)
#undef X
    } data;
    struct {
        size_t ctx, d_model, n_layer, n_head;
        double aspect;
        size_t head_size, parametrisation, base_d_model, base_n_layer;
        size_t preset; /* of the switches below, which may have been changed since */
#define X(name, type, least, most, number, words, help) GPT_SWITCH_##type name;
        GPT_SWITCHES(X)
#undef X
    } model;
    struct {
        double tokens;
        size_t batch_tokens, batch_ramp_from, schedule, seed, order_seed;
        double batch_ramp_tokens;
        double lr, warmup_tokens, cooldown, min_lr;
        double beta1, beta2, eps, weight_decay, clip, z_loss, ema, tail_average;
        size_t precision; /* enum kern_precision */
        struct config_lr_law lr_law;
        double beta2_tokens; /* 0: beta2 */
        size_t log_every;
        double checkpoint_s;
        size_t optimizer, nesterov, muon_steps, muon_coefficients, muon_block, muon_period, soap_every, soap_max_dim;
        size_t muon_precision; /* enum kern_precision */
        size_t cautious_decay;
        double momentum, adam_lr_ratio;
        char *teacher; /* owned; NULL: none */
        size_t teacher_weights;
        double distill_weight, distill_temperature;
    } train;
    struct {
        struct config_counts params;
        struct config_shapes models;
        struct config_counts tokens, flops, seeds, corner_seeds;
        struct config_cells runs; /* in place of all of these */
        struct config_vary vary;
        size_t vary_at; /* enum config_vary_at */
        double warmup_tokens, warmup_flops; /* a budget, for folders of the first version: see config_load_sweep */
    } grid;
    struct {
        double start, share;
        size_t terms; /* enum config_search_terms */
        struct config_vary keys;
    } search;
    struct {
        char law[CONFIG_NAME_MAX], objective[CONFIG_NAME_MAX], count[CONFIG_NAME_MAX];
        size_t bootstrap, seed;
        size_t loss; /* 0: loss; else 1 + enum optim_average */
        double holdout;
    } fit;
    uint64_t written[CONFIG_KEYS_MAX / 64]; /* a bit a key, in the table's order: config_disown */
};

/* Defaults. */
void config_init(struct config *c);
void config_free(struct config *c);

/* Read a file over what c holds. E_CONFIG naming file, line or key, and the nearest known key. A file with every key of the
 * first version was written by a program: what it does not say is what that program did (config_key_befores). */
enum status config_load(struct config *c, const char *path, struct err *err) WARN_UNUSED;
/* Whether the file at path is meant as one: a JSON object of a config's sections alone. */
bool config_is_one(const char *path);
/* The config that sweep.json of this folder holds. The first version took a tenth of the size's smallest budget for a
 * warm-up that is not set: where the file comes from it, that budget is filled in as grid.warmup_tokens or
 * grid.warmup_flops (of a single run, its own budget), so that its runs keep their warm-up whatever is added. */
enum status config_load_sweep(struct config *c, const char *dir, struct err *err) WARN_UNUSED;
/* Numbers that follow from others: train.batch_tokens. */
void config_settle(struct config *c);
/* Before a config is read that a folder may complete: see config_follow_sweep. */
void config_unsay(struct config *c);
/* The defaults of what is unsaid, where no folder completes it. */
void config_say_rest(struct config *c);
/* Apply "key=value" as --set gives it; the value is JSON or a bare word. */
enum status config_set(struct config *c, const char *assignment, struct err *err) WARN_UNUSED;
/* Checks that need more than one key. */
enum status config_check(const struct config *c, struct err *err) WARN_UNUSED;
/* Of them those of keys that another key's value leaves without a reader, such as model.rope_base without rope. Refused where
 * the user wrote them: what a preset, a folder of runs or a base says may be changed in part. */
enum status config_check_pairs(const struct config *c, struct err *err) WARN_UNUSED;
/* The same of a run of the sweep of c. */
enum status config_check_run(const struct config *run, const struct config *c, struct err *err) WARN_UNUSED;
/* What c holds counts as written by nobody. */
void config_disown(struct config *c);
/* Of them those of the optimiser's keys. */
enum status config_check_optimizer(const struct config *c, struct err *err) WARN_UNUSED;
/* Whether "key=value" sets a key that only some optimisers read. */
bool config_is_optimizers(const char *assignment);

/* Plan into the folder dir as its runs were planned: take the warm-up's budget over from its sweep.json, where there is
 * one that can be read, and of what is unsaid (config_unsay) what was usual then; else that gets the default. single: c is
 * one run, without a grid. */
enum status config_follow_sweep(struct config *c, const char *dir, bool single, struct err *err) WARN_UNUSED;

/* Whether c has a grid at all: sizes, or a list of runs. */
bool config_has_grid(const struct config *c);
/* Make these runs c's grid, in place of any other; n at most CONFIG_RUNS_MAX. */
enum status config_set_runs(struct config *c, const struct config_cell *cells, size_t n, struct err *err) WARN_UNUSED;

/* c without its grid. Strings are borrowed from c, so that it is never passed to config_free. */
struct config config_of_run(const struct config *c);

/* The data of runs, with a second source mixed in where the config has one. */
enum status config_open_data(struct data **d, const struct config *c, struct err *err) WARN_UNUSED;

/* The resolved config as JSON text, every default included; free with free(). run_only leaves out
 * name, grid and fit: the config of one run. */
enum status config_to_json(char **text, const struct config *c, bool run_only,
                           struct err *err) WARN_UNUSED;
/* Hash of what decides a run's results: every key of the first version, and of later keys those that differ from their
 * defaults. */
enum status config_hash(uint64_t *hash, const struct config *c, struct err *err) WARN_UNUSED;

/* The same of many configs, each quick where it has most values in common with the one before, as the runs of a grid
 * have. All that one hasher sees borrow their strings from one config. NULL may be freed. */
struct config_hasher;
enum status config_hasher_new(struct config_hasher **h, struct err *err) WARN_UNUSED;
enum status config_hasher_hash(uint64_t *hash, struct config_hasher *h, const struct config *c,
                               struct err *err) WARN_UNUSED;
void config_hasher_free(struct config_hasher *h);

/* The keys that decide a run's results and differ, as "train.lr 0.002 -> 0.004, ..." cut to size; "" where
 * none does. */
enum status config_diff(char *out, size_t size, const struct config *from, const struct config *to,
                        struct err *err) WARN_UNUSED;

/* The keys in which two sweeps differ, in the order of the table. What their grids give each run is none, nor are seeds; switches
 * that are as each side's preset has them are told by model.preset alone, and what a search of rates found is none, as both say
 * "auto". config_differences_free also after a failure. */
struct config_differences {
    struct config_difference {
        const char *key;
        char *from, *to; /* JSON, owned */
    } *items; /* (n) */
    size_t n;
};
enum status config_differences(struct config_differences *d, const struct config *from, const struct config *to,
                               struct err *err) WARN_UNUSED;
void config_differences_free(struct config_differences *d);

/* What people are told of a key. */
struct config_key {
    const char *path, *help;
    char type[192];  /* "whole number"; of a choice its words, as "wsd | cosine" */
    char usual[192]; /* its default, as JSON */
    bool ranged;     /* a number, or a list of them, from min to max */
    double min, max;
};

/* The i-th key of the table; false after the last. */
bool config_key_at(struct config_key *key, size_t i);
/* The table as a JSON Schema (draft 2020-12). */
void config_print_schema(FILE *out);

/* How many runs a grid's vary makes of one: 1 where it varies nothing. */
double config_vary_count(const struct config *c);
/* Give c the values of the i-th of them; the last key moves fastest. */
enum status config_vary_apply(struct config *c, size_t i, struct err *err) WARN_UNUSED;
/* Give c one value of one key. */
enum status config_vary_give(struct config *c, const struct config_varied *v, size_t value, struct err *err) WARN_UNUSED;
/* What c has of the keys that vary, as "order_seed=3 lr=0.004", and of train.order_seed where it is set, as no table can
 * tell runs apart without it; "" where none does. At most CONFIG_VARIED_MAX bytes. */
enum { CONFIG_VARIED_MAX = (CONFIG_VARY_MAX + 1) * 48 };
enum status config_vary_text(char *out, const struct config *c, const struct config_vary *vary, struct err *err) WARN_UNUSED;

/* Give `to` the values that `from` has of the keys that vary, of those that such a text names, and of train.order_seed,
 * which moves nothing but chance: one table may hold both then. */
void config_vary_level(struct config *to, const struct config *from, const struct config_vary *vary, const char *text);

/* The rate of a run of so many parameters and tokens. */
double config_lr_at(const struct config *c, double params, double tokens);

/* The column of results.csv that fit.loss names. */
const char *config_loss_name(const struct config *c);

/* What the order of a run's data is drawn from. */
size_t config_order_seed(const struct config *c);

/* Views for the layers below. Strings are borrowed from c. */
struct data_spec config_data_spec(const struct config *c);
struct data_mix config_data_mix(const struct config *c); /* weight 0 where there is none */
struct data_spec config_mix_spec(const struct config *c); /* of the second source that there is */
size_t config_data_unit(const struct config *c); /* a window holds a multiple of so many tokens: see data_unit */
struct gpt_shape config_gpt_shape(const struct config *c, size_t vocab);
struct param_rules config_param_rules(const struct config *c);
/* The kernels of runs of c on a machine that is capped at isa: of the precision that layers multiply in, and of a level that
 * serves whatever else is multiplied. */
void config_kern(struct kern *k, const struct config *c, enum kern_isa isa);
/* Their level, and its name. */
enum kern_isa config_isa(const struct config *c, enum kern_isa isa);
const char *config_isa_name(const struct config *c, enum kern_isa isa);
struct schedule config_schedule(const struct config *c);
struct batch config_batch(const struct config *c);
struct optim_config config_optim(const struct config *c);

#endif
