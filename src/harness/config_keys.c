#include "harness/config_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "harness/aliases.h"
#include "harness/presets.h"
#include "model/optim/orthogonal.h"

#define AT(member) offsetof(struct config, member)

const struct key config_keys[] = {
    /* clang-format off */
    {"name", T_STRING, AT(name), 0, 0, 0, "sweep", NEVER, "name of the sweep: its folder below runs/"},
#define X(id, source, name) "|" name
    {"data.source", T_ENUM, AT(data.source), 0, DATA_N_KINDS - 1, DATA_ZIPF_FACTS, "text" DATA_LANGUAGES(X) "|tokens", FIRST, "text files, files of tokens, or a language whose true floor is known"},
#undef X
    {"data.files", T_STRINGS, AT(data.files), 0, 0, 0, NULL, FIRST, "text: files and folders, read as bytes; tokens: files, or patterns such as train_*.bin, of nanoGPT (bare uint16), llm.c or NumPy (.npy), in their order one stream"},
    {"data.val_files", T_STRINGS, AT(data.val_files), 0, 0, 0, NULL, FIRST, "text, tokens: held-out files (default: 10 % of each text, or of all tokens, see data.heldout)"},
    {"data.heldout", T_ENUM, AT(data.heldout), 0, DATA_HELDOUT_TAIL, DATA_HELDOUT_SPREAD, "spread|tail", LATER, "text and tokens without data.val_files: the 10 % that are held out. spread: in blocks of 4 kB and more (a tail differs from the rest of its file by .03 to .09 nats); tail: its end, as in folders of versions without this key"},
    {"data.tokeniser", T_PATH, AT(data.tokeniser), 0, 0, 0, NULL, NEVER, "tokens: the file that tells their bytes, for bits per byte and samples: tokenizer.json of a byte-level BPE, tiktoken's ranks or llm.c's tokenizer.bin (empty: tokenizer.json beside the first file, if it is there; none: none)"},
#define X(name, type, min, max, number, hashed, help) {"data." #name, T_##type, AT(data.name), min, max, number, NULL, hashed, help},
    DATA_NUMBERS(X)
#undef X
    {"data.epochs", T_DOUBLE, AT(data.epochs), 0, 1e9, 0, NULL, NEVER, "every run has unique tokens for its own budget, which it sees so many times: data.unique_tokens is its tokens over this, in whole windows. Runs of unlike budgets then see unlike data and share no trunk (0: data.unique_tokens for all)"},
#define X(id, source, name) "|" name
    {"data.mix_source", T_ENUM, AT(data.mix_source), 0, DATA_N_KINDS, 0, "none|text" DATA_LANGUAGES(X) "|tokens", LATER, "a second source of training windows, with as many symbols; the held-out set stays data.source's"},
#undef X
    {"data.mix_files", T_STRINGS, AT(data.mix_files), 0, 0, 0, NULL, LATER, "mix_source text or tokens: its files, as data.files, trained on whole"},
    {"data.mix_weight", T_DOUBLE, AT(data.mix_weight), 0, 1, 0.5, NULL, LATER, "share of the windows from the second source (Xie et al. 2023)"},
    {"data.mix_tokens", T_COUNT, AT(data.mix_tokens), 0, 1e15, 0, NULL, LATER, "training tokens over which that share goes to mix_end_weight in a straight line: a curriculum (Bengio et al. 2009), alike for all budgets (0: it stays)"},
    {"data.mix_end_weight", T_DOUBLE, AT(data.mix_end_weight), 0, 1, 0, NULL, LATER, "mix_tokens: the share from then on"},
#define X(name, type, min, max, number, hashed, help) {"data.mix_" #name, T_##type, AT(data.mix_##name), min, max, number, NULL, LATER, "mix_source: as data." #name},
    DATA_SOURCE_NUMBERS(X)
#undef X
    {"model.ctx", T_SIZE, AT(model.ctx), 1, 65536, 63, NULL, FIRST, "context length in tokens"},
    {"model.d_model", T_SIZE, AT(model.d_model), 0, 32768, 0, NULL, FIRST, "width of one run (a sweep's grid sets it)"},
    {"model.n_layer", T_SIZE, AT(model.n_layer), 0, 4096, 0, NULL, FIRST, "layers of one run"},
    {"model.n_head", T_SIZE, AT(model.n_head), 0, 4096, 0, NULL, FIRST, "heads of one run (0: d_model / head_size)"},
    {"model.head_size", T_SIZE, AT(model.head_size), 1, 4096, 8, NULL, NEVER, "head size where the planner picks the heads"},
    {"model.aspect", T_DOUBLE, AT(model.aspect), 0.1, 1e4, 16, NULL, NEVER, "d_model / n_layer that the planner aims at"},
    {"model.parametrisation", T_ENUM, AT(model.parametrisation), 0, 1, 0, "completep|standard", FIRST, "how scales and rates follow width and depth; completep: one rate for all, Dey et al. 2025 (arXiv 2505.01618); standard: GPT-2's, Radford et al. 2019"},
    {"model.base_d_model", T_SIZE, AT(model.base_d_model), 1, 32768, 64, NULL, FIRST, "completep: width at which lr was tuned (Dey et al. 2025)"},
    {"model.base_n_layer", T_SIZE, AT(model.base_n_layer), 1, 4096, 2, NULL, FIRST, "completep: depth at which lr was tuned (Dey et al. 2025)"},
#define WORD(name, source) "|" #name
#define HELP(name, source) "; " #name ": " source
    {"model.preset", T_ENUM, AT(model.preset), 0, 0, 0, &PRESETS(WORD)[1], NEVER, "sets all switches below but ensemble; they may then be changed" PRESETS(HELP)},
#define WORDS_ENUM(words) &words[1]
#define WORDS_BOOL(words) NULL
#define WORDS_SIZE(words) NULL
#define WORDS_DOUBLE(words) NULL
#define X(name, type, least, most, number, words, help) {"model." #name, T_##type, AT(model.name), least, most, number, WORDS_##type(words), LATER, help},
    GPT_SWITCHES(X)
#undef X
    {"train.tokens", T_COUNT, AT(train.tokens), 0, 1e15, 0, NULL, FIRST, "training tokens of one run (a sweep's grid sets it)"},
    {"train.batch_tokens", T_SIZE, AT(train.batch_tokens), 0, 1e8, 0, NULL, FIRST, "tokens a step, a multiple of model.ctx (0: that nearest to 256)"},
    {"train.batch_ramp_from", T_SIZE, AT(train.batch_ramp_from), 0, 1e8, 0, NULL, LATER, "tokens of the first step, where the batch grows to train.batch_tokens in whole windows, in proportion to the tokens seen (Brown et al. 2020; Smith et al. 2018; McCandlish et al. 2018; Merrill et al. 2025; 0: it does not)"},
    {"train.batch_ramp_tokens", T_COUNT, AT(train.batch_ramp_tokens), 0, 1e15, 0, NULL, LATER, "tokens over which it grows; no share of the budget, so that budgets share a trunk"},
    {"train.lr", T_RATE, AT(train.lr), 0, 10, 0.002, NULL, FIRST, "peak learning rate at the base shape; or a law {\"lr\": a, \"params\": N0, \"params_exponent\": p, \"tokens\": D0, \"tokens_exponent\": q}, the rate a (N/N0)^p (D/D0)^q of a run's parameters and tokens (N0, D0 default 1); or \"auto\": such a law is searched before a sweep, see search.*"},
    {"train.schedule", T_ENUM, AT(train.schedule), 0, 3, 0, "wsd|cosine|linear|constant", FIRST, "learning-rate schedule; wsd: its peak until the cooldown, then 1 - sqrt of that, Hägele et al. 2024; cosine: Loshchilov, Hutter 2017; linear: a straight line; constant: its peak"},
    {"train.warmup_tokens", T_COUNT, AT(train.warmup_tokens), 0, 1e15, 0, NULL, FIRST, "linear warm-up (0: one token a parameter, Porian et al. 2024, arXiv 2406.19146; at most a fifth of the tokens)"},
    {"train.cooldown", T_DOUBLE, AT(train.cooldown), 0, 1, 0.2, NULL, FIRST, "wsd: share of the tokens spent cooling down (Hägele et al. 2024)"},
    {"train.min_lr", T_DOUBLE, AT(train.min_lr), 0, 1, 0, NULL, FIRST, "final rate as a share of the peak, but of constant"},
    {"train.beta1", T_DOUBLE, AT(train.beta1), 0, 0.9999, 0.9, NULL, FIRST, "AdamW, soap (Kingma, Ba 2015), lion (Chen et al. 2023)"},
    {"train.beta2", T_DOUBLE, AT(train.beta2), 0, 0.99999, 0.98, NULL, FIRST, "AdamW, soap (Kingma, Ba 2015), lion (Chen et al. 2023); the average of normuon (Li et al. 2025)"},
    {"train.beta2_tokens", T_COUNT, AT(train.beta2_tokens), 0, 1e15, 0, NULL, LATER, "beta2 as a half-life in tokens: 2^(-batch_tokens/this), whatever the batch (Porian et al. 2024, arXiv 2406.19146: decisive at small batches; 0: train.beta2)"},
    {"train.eps", T_DOUBLE, AT(train.eps), 0, 1, 1e-8, NULL, FIRST, "AdamW, soap (Kingma, Ba 2015)"},
    {"train.weight_decay", T_DOUBLE, AT(train.weight_decay), 0, 10, 0.01, NULL, FIRST, "decoupled (Loshchilov, Hutter 2019), matrices only"},
    {"train.clip", T_DOUBLE, AT(train.clip), 0, 1e6, 1, NULL, FIRST, "gradient norm is clipped to this (Pascanu et al. 2013; 0: never)"},
    {"train.ema", T_DOUBLE, AT(train.ema), 0, 0.999999, 0, NULL, LATER, "share of an average of the weights that stays at a step; its loss stands beside theirs as loss_ema (Polyak, Juditsky 1992; 0: no average)"},
    {"train.tail_average", T_DOUBLE, AT(train.tail_average), 0, 1, 0, NULL, LATER, "share of the tokens, the last ones, over which the weights of all steps are averaged; the loss of that stands beside theirs as loss_tail (Izmailov et al. 2018; Kaddour 2022; 0: no average). With wsd a run leaves its trunk no later than there; in place of a cooldown: with train.cooldown 0"},
    {"train.precision", T_ENUM, AT(train.precision), 0, KERN_BF16, 0, "fp32|bf16", LATER, "what the products of layers multiply: floats, or floats rounded to bfloat16 with sums in fp32 (Kalamkar et al. 2019). Weights, their moments, attention, norms, losses and all else stay fp32; by AMX where the processor has it (level amx), else by AVX512_BF16, which is faster than fp32 on some processors, or emulated to the bytes of that"},
    {"train.z_loss", T_DOUBLE, AT(train.z_loss), 0, 1, 0, NULL, LATER, "times the squared log of the softmax's sum, added to what is trained, not to the loss (Chowdhery et al. 2022)"},
    {"train.seed", T_SIZE, AT(train.seed), 0, 9e15, 1, NULL, FIRST, "seed of one run: initial weights and order of data"},
    {"train.order_seed", T_SIZE, AT(train.order_seed), 0, 9e15, 0, NULL, LATER, "seed of the order of data alone (0: train.seed)"},
    {"train.log_every", T_SIZE, AT(train.log_every), 1, 1e9, 20, NULL, NEVER, "steps between lines of log.jsonl"},
    {"train.checkpoint_s", T_SECONDS, AT(train.checkpoint_s), 0, 1e9, 20, NULL, NEVER, "seconds between checkpoints"},
    {"train.optimizer", T_ENUM, AT(train.optimizer), 0, OPTIM_N_KINDS - 1, 0, "adamw" OPTIM_OTHERS(WORD), LATER, "what turns gradients into steps" OPTIM_ADAMW(HELP) OPTIM_OTHERS(HELP) ". muon, normuon and soap are for the hidden layers' matrices, with AdamW for the rest"},
    {"train.momentum", T_DOUBLE, AT(train.momentum), 0, 0.9999, 0.95, NULL, LATER, "muon, normuon (an average, Jordan et al. 2024), sgd (a sum, Sutskever et al. 2013)"},
    {"train.nesterov", T_BOOL, AT(train.nesterov), 0, 1, 1, NULL, LATER, "muon, normuon, sgd: look ahead along the momentum (Sutskever et al. 2013)"},
    {"train.muon_steps", T_SIZE, AT(train.muon_steps), 1, ORTHOGONAL_MAX_STEPS, 5, NULL, LATER, "muon, normuon: Newton-Schulz iterations (Jordan et al. 2024)"},
    {"train.muon_coefficients", T_ENUM, AT(train.muon_coefficients), 0, 1, 0, "jordan|polar", LATER, "muon, normuon: of these iterations (Jordan et al. 2024; Polar Express, Amsel et al. 2025)"},
    {"train.muon_block", T_SIZE, AT(train.muon_block), 0, 32768, 0, NULL, LATER, "muon, normuon: columns of a block; most steps make blocks orthogonal in place of whole matrices, at a few percent of the cost (MuonBP, Khaled et al. 2025; 0: whole ones always)"},
    {"train.muon_period", T_SIZE, AT(train.muon_period), 1, 1e6, 1, NULL, LATER, "muon_block: every so many-th step, from the first on, is for whole matrices (Khaled et al. 2025)"},
    {"train.muon_precision", T_ENUM, AT(train.muon_precision), 0, KERN_BF16, 0, "fp32|bf16", LATER, "muon, normuon: what the products of these iterations multiply, as train.precision says of layers; bf16 as their author does (Jordan et al. 2024), and much sooner by AMX"},
    {"train.adam_lr_ratio", T_DOUBLE, AT(train.adam_lr_ratio), 0, 1000, 1, NULL, LATER, "muon, normuon: rate of what AdamW trains, as a share of train.lr"},
    {"train.soap_every", T_SIZE, AT(train.soap_every), 1, 1e6, 10, NULL, LATER, "soap: steps from one refresh of the eigenvectors to the next (Vyas et al. 2024)"},
    {"train.soap_max_dim", T_SIZE, AT(train.soap_max_dim), 0, 32768, 1024, NULL, LATER, "soap: longer sides of a matrix have no eigenvectors (Vyas et al. 2024)"},
    {"train.cautious_decay", T_BOOL, AT(train.cautious_decay), 0, 1, 0, NULL, LATER, "decay a weight only where its step goes towards 0 too (Chen et al. 2025, arXiv 2510.12402)"},
    {"train.teacher", T_PATH, AT(train.teacher), 0, 0, 0, NULL, NEVER, "folder of a finished run, whose distributions are soft targets (distillation, Hinton et al. 2015); empty: none"},
    {"train.teacher_weights", T_SIZE, AT(train.teacher_weights), 0, 9e15, 0, NULL, LATER, "fingerprint of the teacher, filled in; where it is given, another teacher is refused"},
    {"train.distill_weight", T_DOUBLE, AT(train.distill_weight), 0, 1, 0.5, NULL, LATER, "teacher: share of soft targets in what is trained; the rest is the usual loss, which alone is told (Hinton et al. 2015)"},
    {"train.distill_temperature", T_DOUBLE, AT(train.distill_temperature), 0.01, 1000, 2, NULL, LATER, "teacher: logits of both are divided by it, and the soft share is multiplied by its square (Hinton et al. 2015)"},
    {"grid.params", T_COUNTS, AT(grid.params), 1, 1e12, 0, NULL, NEVER, "target sizes in parameters: the planner picks the shapes"},
    {"grid.models", T_SHAPES, AT(grid.models), 0, 0, 0, NULL, NEVER, "or explicit shapes {d_model, n_layer, n_head}"},
    {"grid.tokens", T_COUNTS, AT(grid.tokens), 1, 1e15, 0, NULL, NEVER, "token budgets: every size at every budget"},
    {"grid.flops", T_COUNTS, AT(grid.flops), 1, 1e24, 0, NULL, NEVER, "or compute budgets: every size at each (IsoFLOP)"},
    {"grid.seeds", T_COUNTS, AT(grid.seeds), 0, 9e15, 0, NULL, NEVER, "seeds (default: train.seed alone)"},
    {"grid.corner_seeds", T_COUNTS, AT(grid.corner_seeds), 0, 9e15, 0, NULL, NEVER, "more seeds at the corners alone, where they tell most of the noise: the smallest and the largest size at their smallest and largest budgets"},
    {"grid.runs", T_RUNS, AT(grid.runs), 0, 0, 0, NULL, NEVER, "or single runs {d_model, n_layer, n_head, tokens, seed}, for grids of any form"},
    {"grid.vary", T_VARY, AT(grid.vary), 0, 0, 0, NULL, NEVER, "keys of model.* and train.* crossed with the above: {\"train.lr\": [..], ..}"},
    {"grid.vary_at", T_ENUM, AT(grid.vary_at), 0, 3, 0, "all|corners|smallest|largest", NEVER, "cells that grid.vary crosses: all, those of smallest or largest size and budget, or one; the others have the config's own values"},
    {"grid.warmup_tokens", T_COUNT, AT(grid.warmup_tokens), 0, 1e15, 0, NULL, NEVER, "unset warm-ups are a tenth of this budget (folders of version 0.1)"},
    {"grid.warmup_flops", T_COUNT, AT(grid.warmup_flops), 0, 1e24, 0, NULL, NEVER, "the same as a compute budget"},
    {"search.share", T_DOUBLE, AT(search.share), 0, 1000, 0.333, NULL, NEVER, "train.lr auto: the trials cost at most this share of the sweep's FLOPs"},
    {"search.start", T_DOUBLE, AT(search.start), 1e-9, 10, 0.002, NULL, NEVER, "train.lr auto: rate that is tried first, with those 2 and 4 times lower and higher"},
    {"search.terms", T_ENUM, AT(search.terms), 0, 2, 0, "auto|params|params_tokens", NEVER, "train.lr auto: the law's terms. params: of size alone, at the largest budget, so that budgets share wsd trunks; params_tokens: a rate for each budget; auto: params while that costs no loss beyond noise"},
    {"search.keys", T_VARY, AT(search.keys), 0, 0, 0, NULL, NEVER, "train.lr auto: keys that are searched with it, one after the other, each of the values listed: {\"train.beta2_tokens\": [\"20k\", \"80k\"], ..}"},
    {"fit.law", T_STRING, AT(fit.law), 0, 0, 0, "", NEVER, "law to fit (empty: chosen by the runs)"},
    {"fit.objective", T_STRING, AT(fit.objective), 0, 0, 0, "huber:1e-3", NEVER, "huber:DELTA, lad or lsq; with ,over=W overestimates weigh W times"},
    {"fit.count", T_STRING, AT(fit.count), 0, 0, 0, "total", NEVER, "parameters counted as total, nonembd or matmul"},
#define X(name) "|loss_" #name
    {"fit.loss", T_ENUM, AT(fit.loss), 0, OPTIM_N_AVERAGES, 0, "loss" OPTIM_AVERAGES(X), NEVER, "column of results.csv that is fitted as the loss, and by which rates are searched: loss_tail or loss_ema where averaged weights are what is used, as in place of a cooldown"},
#undef X
    {"fit.bootstrap", T_SIZE, AT(fit.bootstrap), 0, 1e6, 400, NULL, NEVER, "resamples for the intervals"},
    {"fit.holdout", T_DOUBLE, AT(fit.holdout), 0, 0.9, 0.2, NULL, NEVER, "share of the runs, the largest, that are predicted"},
    {"fit.seed", T_SIZE, AT(fit.seed), 0, 9e15, 1, NULL, NEVER, "seed of the resamples"},
#ifdef CONFIG_EXTRA_KEYS /* a test's */
    CONFIG_EXTRA_KEYS
#endif
    /* clang-format on */
};

const size_t config_n_keys = sizeof config_keys / sizeof *config_keys;
_Static_assert(sizeof config_keys / sizeof *config_keys <= CONFIG_KEYS_MAX, "a bit for each key");

static bool parts_files(const struct config *c)
{
    return data_kind_reads_files((enum data_kind)c->data.source) && c->data.val_files.n == 0;
}

static bool always(const struct config *c)
{
    (void)c;
    return true;
}

const struct key_before config_key_befores[] = {
    {"data.heldout", DATA_HELDOUT_TAIL, parts_files},
    {"train.batch_tokens", 2016, always},
    {"train.lr", 0.008, always},
};

double config_number(const struct config *c, const struct key *k)
{
    return key_is_whole(k) ? (double)*(const size_t *)config_field(c, k) : *(const double *)config_field(c, k);
}

void config_set_number(struct config *c, const struct key *k, double value)
{
    if (key_is_whole(k))
        *(size_t *)config_field(c, k) = (size_t)value;
    else
        *(double *)config_field(c, k) = value;
}

const size_t config_n_befores = sizeof config_key_befores / sizeof *config_key_befores;

const struct key_before *config_keys_before(const struct key *k)
{
    for (size_t i = 0; i < config_n_befores; i++)
        if (strcmp(config_key_befores[i].path, k->path) == 0)
            return &config_key_befores[i];
    return NULL;
}

const struct key *config_keys_find(const char *path)
{
    for (size_t i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].path, path) == 0)
            return &config_keys[i];
    return NULL;
}

bool config_keys_has_section(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < config_n_keys; i++)
        if (strncmp(config_keys[i].path, name, n) == 0 && config_keys[i].path[n] == '.')
            return true;
    return false;
}

/* The keys of that name in other sections, as "train.seed or fit.seed"; false where there is none. */
static bool same_name(char *out, size_t size, const char *path)
{
    const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
    size_t used = 0;
    for (size_t i = 0; i < config_n_keys && used < size; i++) {
        const char *own = strrchr(config_keys[i].path, '.');
        if (own && strcmp(own + 1, name) == 0) {
            int n = snprintf(out + used, size - used, "%s%s", used ? " or " : "", config_keys[i].path);
            used += n > 0 ? (size_t)n : 0;
        }
    }
    return used > 0;
}

/* Unknown: a key of another tool, of another section, or misspelt. */
enum status config_keys_unknown(const char *path, struct err *err)
{
    const struct alias *a = aliases_find(path);
    const char *best = NULL;
    char others[128];
    size_t distance = NEAREST_MAX;
    if (config_keys_has_section(path))
        return err_set(err, E_CONFIG, "'%s' is a section: give one of its keys, %s.KEY=VALUE", path, path);
    if (a && a->key)
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?%s%s)", path, a->key, a->note ? " " : "",
                       a->note ? a->note : "");
    if (a)
        return err_set(err, E_CONFIG, "unknown key '%s' (there is none: %s)", path, a->note);
    if (same_name(others, sizeof others, path))
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?)", path, others);
    for (size_t i = 0; i < config_n_keys; i++)
        nearest_consider(&best, &distance, path, config_keys[i].path);
    if (best)
        return err_set(err, E_CONFIG, "unknown key '%s' (did you mean %s?)", path, best);
    return err_set(err, E_CONFIG, "unknown key '%s' (plateau config lists them)", path);
}
