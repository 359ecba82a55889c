#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/size.h"
#include "base/sort.h"
#include "base/system.h"
#include "cli/args.h"
#include "cli/bench_fit.h"
#include "cli/bench_print.h"
#include "cli/cmd.h"
#include "harness/config.h"
#include "harness/sweep.h"
#include "model/team.h"

struct bench_words {
    size_t threads, repeat;
    const char *isa, *json, *optimizer;
    /* one shape in place of the table where any is above 0 */
    size_t d_model, n_layer, n_head, ctx, batch, vocab;
    struct arg_list where, sets;
};

/* The shapes to measure: the table's, or the one given. */
struct bench_list {
    const struct bench_shape *shapes;
    size_t n;
};

/* A figure of several minutes says on stderr where it is. */
static void say(const char *what, const struct bench_shape *s)
{
    fprintf(stderr, "bench: %s, d_model %zu\n", what, s->shape.C);
}

/* On its own; every figure has one of its own beside it. */
static void look_at_peak(struct bench_report *r, const struct bench_options *o)
{
    r->peak_gflops = bench_peak(o, &r->load);
    r->peak_one_gflops = o->threads == 1 ? r->peak_gflops
                                         : bench_peak(&(struct bench_options){.k = o->k, .threads = 1}, &r->load);
}

static enum status measure_gemm(struct bench_report *r, const struct bench_options *o,
                                const struct bench_list *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        say("matrix products", &list->shapes[i]);
        r->gemms[i].shape = &list->shapes[i];
        TRY(bench_gemms(r->gemms[i].gemm, &r->gemms[i].n, o, &list->shapes[i], err));
        r->n_gemms = i + 1;
    }
    return OK;
}

static enum status measure_train(struct bench_report *r, const struct bench_options *o,
                                 const struct bench_list *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        say("training steps", &list->shapes[i]);
        r->trains[i].shape = &list->shapes[i];
        TRY(bench_train(&r->trains[i].train, o, &list->shapes[i], err));
        r->n_trains = i + 1;
    }
    return OK;
}

static void add_load(struct bench_load *sum, const struct bench_load *l)
{
    sum->wanted_s += l->wanted_s;
    sum->had_s += l->had_s;
}

/* The run's peak, the median of those that its figures are shares of; and what other programs took of all of it. */
static void settle_peak(struct bench_report *r)
{
    const struct bench_rate *rates[BENCH_N_SHAPES * (BENCH_GEMMS_MAX + 1)];
    double peaks[BENCH_N_SHAPES * (BENCH_GEMMS_MAX + 1)];
    size_t n = 0;
    for (size_t i = 0; i < r->n_gemms; i++)
        for (size_t j = 0; j < r->gemms[i].n; j++)
            rates[n++] = &r->gemms[i].gemm[j].rate;
    for (size_t i = 0; i < r->n_trains; i++)
        rates[n++] = &r->trains[i].train.rate;
    for (size_t i = 0; i < n; i++) {
        peaks[i] = rates[i]->peak_gflops;
        add_load(&r->load, &rates[i]->load);
        add_load(&r->load, &rates[i]->peak_load);
    }
    if (n == 0)
        return;
    r->peak_gflops = sort_median(peaks, n);
    if (r->threads == 1)
        r->peak_one_gflops = r->peak_gflops;
}

/* What can be measured. A bench that names nothing measures all of it, in this order; the peak is measured in any case. */
static const struct {
    const char *name;
    enum status (*measure)(struct bench_report *, const struct bench_options *,
                           const struct bench_list *, struct err *);
} parts[] = {{"peak", NULL}, {"gemm", measure_gemm}, {"train", measure_train}};

enum { N_PARTS = sizeof parts / sizeof *parts };

static enum status measure(struct bench_report *r, const char *word, const struct bench_options *o,
                           const struct bench_list *list, struct err *err)
{
    bool found = false;
    for (size_t i = 0; i < N_PARTS; i++)
        if (!word || strcmp(word, parts[i].name) == 0) {
            if (!found)
                look_at_peak(r, o);
            found = true;
            if (parts[i].measure)
                TRY(parts[i].measure(r, o, list, err));
        }
    if (found)
        return OK;
    const char *best = NULL;
    size_t distance = NEAREST_MAX;
    for (size_t i = 0; i < N_PARTS; i++)
        nearest_consider(&best, &distance, word, parts[i].name);
    return err_set(err, E_USAGE, "bench %s: expected peak, gemm, train or fit%s%s%s", word,
                   best ? " (did you mean " : "", best ? best : "", best ? "?)" : "");
}

static enum status write_json(const struct bench_report *r, const char *path, struct err *err)
{
    if (strcmp(path, "-") == 0) {
        bench_print_json(stdout, r);
        return OK;
    }
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    bench_print_json(w.out, r);
    return file_writer_commit(&w, err);
}

static enum status pick_optimizer(size_t *kind, const char *word, struct err *err)
{
    char words[128] = "";
    for (size_t i = 0, used = 0; i < OPTIM_N_KINDS; i++) {
        *kind = i;
        if (!word || strcmp(word, optim_kinds[i]->name) == 0)
            return OK;
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", i == 0 ? "" : ", ", optim_kinds[i]->name);
    }
    return err_set(err, E_USAGE, "--optimizer %s: expected one of %s", word, words);
}

/* Keys of training that every optimiser's step has, or that a step cannot show: why not is said. */
static const struct {
    const char *key, *refused; /* refused NULL: taken */
} step_keys[] = {{"train.precision", NULL},
                 {"train.z_loss", NULL},
                 {"train.cautious_decay", NULL},
                 {"train.ema", NULL},
                 {"train.tail_average", NULL},
                 {"train.batch_ramp_from", "the batch grows over many steps, a step has one: --batch"},
                 {"train.batch_ramp_tokens", "the batch grows over many steps, a step has one: --batch"},
                 {"train.beta2_tokens", "a step costs the same with any beta2: train.beta2"},
                 {"train.teacher", "a teacher is a finished run with data of its own, tokens here are random: time plateau train"}};

/* Whether a setting is one of the model, of an optimiser, or of a step. */
static enum status check_switch(const char *set, struct err *err)
{
    size_t n = strcspn(set, "=");
    for (size_t i = 0; i < sizeof step_keys / sizeof *step_keys; i++)
        if (strlen(step_keys[i].key) == n && memcmp(step_keys[i].key, set, n) == 0)
            return step_keys[i].refused ? err_set(err, E_USAGE, "--set %s: %s", set, step_keys[i].refused) : OK;
    if (strncmp(set, "model.", 6) == 0 || config_is_optimizers(set))
        return OK;
    return err_set(err, E_USAGE, "--set %s: bench takes the switches of the model, model.norm, model.mlp, ..., of the "
                                 "optimiser, train.muon_steps, ..., train.precision, train.z_loss, train.cautious_decay, "
                                 "train.ema and train.tail_average", set);
}

/* What --set and --optimizer say: the model's switches in a shape, the precision of products, the z-loss, and the optimiser. */
static enum status read_switches(struct gpt_shape *out, struct kern *k, struct optim_config *optim, struct bench_options *o,
                                 const struct bench_words *w, struct err *err)
{
    struct config c;
    config_init(&c);
    enum status st = pick_optimizer(&c.train.optimizer, w->optimizer, err);
    for (size_t i = 0; st == OK && i < w->sets.n; i++) {
        st = check_switch(w->sets.items[i], err);
        if (st == OK)
            st = config_set(&c, w->sets.items[i], err);
    }
    if (st == OK)
        st = config_check_optimizer(&c, err);
    if (st == OK)
        st = config_check_pairs(&c, err);
    *out = config_gpt_shape(&c, 0);
    *optim = config_optim(&c);
    o->z_loss = (float)c.train.z_loss;
    config_kern(k, &c, k->cap);
    config_free(&c);
    return st;
}

static size_t or_else(size_t given, size_t otherwise)
{
    return given ? given : otherwise;
}

/* The shape of the words, or the table's; with the switches. */
static enum status pick_shapes(struct bench_shape shapes[BENCH_N_SHAPES], struct bench_list *list, struct kern *k,
                               struct optim_config *optim, struct bench_options *o, const struct bench_words *w, struct err *err)
{
    struct gpt_shape switches;
    bool one = w->d_model || w->n_layer || w->n_head || w->ctx || w->batch || w->vocab;
    *list = (struct bench_list){shapes, one ? 1 : BENCH_N_SHAPES};
    TRY(read_switches(&switches, k, optim, o, w, err));
    for (size_t i = 0; i < list->n; i++) {
        const struct bench_shape *def = &bench_shapes[one ? 3 : i];
        struct gpt_shape *s = &shapes[i].shape;
        *s = switches;
        s->V = or_else(w->vocab, def->shape.V), s->T = or_else(w->ctx, def->shape.T), s->C = or_else(w->d_model, def->shape.C);
        s->L = or_else(w->n_layer, def->shape.L), s->NH = or_else(w->n_head, def->shape.NH);
        shapes[i].batch = or_else(w->batch, def->batch);
        TRY(gpt_shape_check(s, err));
    }
    return shapes[0].batch > 1 << 20 ? err_set(err, E_USAGE, "--batch %zu: at most %d", w->batch, 1 << 20) : OK;
}

/* A run on the threads that it measures, which stand by from its start to its end as in training. */
struct bench_run {
    struct bench_report *r;
    const char *word;
    const struct bench_options *o;
    const struct bench_list *list;
    enum status st;
    struct err *err;
};

static void run_on_team(void *ctx)
{
    struct bench_run *b = ctx;
    b->r->fork_join_s = bench_fork_join(b->o);
    b->st = measure(b->r, b->word, b->o, b->list, b->err);
}

static enum status run(const struct bench_words *w, const char *word, struct err *err)
{
    enum kern_isa cap;
    char expected[64];
    if (!kern_isa_cap(&cap, w->isa, expected, sizeof expected))
        return err_set(err, E_USAGE, "--isa %s: expected %s", w->isa, expected);
    if (w->threads < 1 || w->threads > 256)
        return err_set(err, E_USAGE, "--threads %zu: expected 1 to 256", w->threads);
    struct kern k;
    kern_init(&k, cap);
    struct optim_config optim;
    struct bench_options o = {.k = &k, .optim = &optim, .threads = (int)w->threads, .repeat = w->repeat};
    struct bench_report r = {.threads = o.threads, .cores = system_cores(), .isa = k.isa};
    struct bench_shape shapes[BENCH_N_SHAPES];
    struct bench_list list;
    TRY(pick_shapes(shapes, &list, &k, &optim, &o, w, err));
    if (k.precision == KERN_BF16)
        r.bf16 = true, r.bf16_isa = k.isa, r.instruction = kern_bf16_instruction(&k);
    struct bench_run all = {.r = &r, .word = word, .o = &o, .list = &list, .err = err};
    team_run(o.threads, run_on_team, &all);
    TRY(all.st);
    settle_peak(&r);
    if (w->json)
        TRY(write_json(&r, w->json, err));
    if (w->json && strcmp(w->json, "-") == 0)
        return OK;
    bench_print(stdout, &r);
    return OK;
}

enum status cmd_bench(int argc, char **argv, struct err *err)
{
    struct bench_words w = {.threads = (size_t)system_cores_all(), .repeat = 5};
    const struct arg args[] = {
        {"--threads", ARG_SIZE, &w.threads, "N", "cores to use (default: all)"},
        {"--isa", ARG_STRING, &w.isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
        {"--repeat", ARG_SIZE, &w.repeat, "N", "runs for each median (default 5)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the figures as JSON; - prints them alone"},
        {"--d-model", ARG_SIZE, &w.d_model, "C", "measure one shape in place of the table: width"},
        {"--n-layer", ARG_SIZE, &w.n_layer, "L", "  layers (default 4)"},
        {"--n-head", ARG_SIZE, &w.n_head, "H", "  heads (default 4)"},
        {"--ctx", ARG_SIZE, &w.ctx, "T", "  tokens of a sequence (default 128)"},
        {"--batch", ARG_SIZE, &w.batch, "B", "  sequences of a step (default 16)"},
        {"--vocab", ARG_SIZE, &w.vocab, "V", "  symbols (default 256)"},
        {"--set", ARG_LIST, &w.sets, "KEY=VALUE", "a switch, as model.norm=rmsnorm or train.muon_steps=3"},
        {"--optimizer", ARG_STRING, &w.optimizer, "KIND", "of training steps (default adamw)"},
        {"--where", ARG_LIST, &w.where, "COL=VALUE", "bench fit: only rows that match"},
    };
    const struct args_spec spec = {
        .command = "bench",
        .positionals = "[peak|gemm|train|fit [TABLE]]",
        .summary = "Measure this machine: the peak of its multiply-adds, every matrix product of a training\n"
                   "step and whole training steps, as a share of that peak. Without a word: all of it. fit: one fit\n"
                   "and 4000 resamples, of a table or of simulated runs.",
        .min_positionals = 0,
        .max_positionals = 2,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    struct arg_list words;
    bool help;
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help && (w.repeat < 1 || w.repeat > 1000))
        st = err_set(err, E_USAGE, "--repeat %zu: expected 1 to 1000", w.repeat);
    bool fit = words.n > 0 && strcmp(words.items[0], "fit") == 0;
    if (st == OK && !help && !fit && words.n > 1)
        st = err_set(err, E_USAGE, "bench: '%s' after '%s': one word at a time", words.items[1], words.items[0]);
    else if (st == OK && !help && fit)
        st = bench_fit(words.n > 1 ? words.items[1] : NULL, &w.where, w.repeat, w.json, err);
    else if (st == OK && !help)
        st = run(&w, words.n ? words.items[0] : NULL, err);
    args_free(&spec, &words);
    return st;
}
