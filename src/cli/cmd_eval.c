/* plateau eval: the loss of trained weights, of ours or another program's, on a held-out set or on files. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/system.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "cli/stopping.h"
#include "cli/text.h"
#include "harness/evaluate.h"

static const double LN2 = 0.69314718055994531;

struct words {
    struct arg_list data, sets;
    const char *json, *isa;
    size_t tokens, threads;
};

/* What is evaluated, and on what. */
struct job {
    const struct words *words;
    const char *source;
    struct weights w;
    struct config own, *cfg; /* the data's: the run's, or its own */
    struct data *d;
    size_t tokens; /* as in struct evaluate_how */
    struct loss_sum sum;
};

/* --- the data ------------------------------------------------------------------------------------------------------------ */

static bool sets_key(const struct words *w, const char *key)
{
    for (size_t i = 0; i < w->sets.n; i++)
        if (strncmp(w->sets.items[i], key, strlen(key)) == 0)
            return true;
    return false;
}

/* The whole of the files, token by token: what is held out of none of them. */
static enum status open_files(struct job *j, struct err *err)
{
    const struct words *w = j->words;
    struct data_spec spec = config_data_spec(j->cfg);
    const char *first = w->data.items[0];
    bool tokens = text_ends_with(first, ".bin") || text_ends_with(first, ".npy");
    if (!sets_key(w, "data.source=") && (tokens || spec.kind != DATA_TOKENS || text_ends_with(first, ".txt")))
        spec.kind = tokens ? DATA_TOKENS : DATA_TEXT;
    spec.val_files = w->data.items;
    spec.n_val_files = w->data.n;
    spec.n_files = 0;
    spec.eval_tokens = (size_t)1e9;
    spec.unique_tokens = 0;
    if (spec.kind == DATA_TOKENS && spec.vocab == 0)
        spec.vocab = j->w.shape.V;
    j->tokens = w->tokens ? w->tokens : SIZE_MAX;
    return data_open(&j->d, &spec, 1, err);
}

/* A config's own held-out set: the run's, or what --data and --set describe. */
static enum status open_config(struct job *j, struct err *err)
{
    j->cfg->model.ctx = j->w.shape.T;
    return config_open_data(&j->d, j->cfg, err);
}

static enum status open_data(struct job *j, struct err *err)
{
    const struct words *w = j->words;
    bool config = w->data.n == 1 && text_ends_with(w->data.items[0], ".json");
    if (!j->w.is_run && w->data.n == 0 && !sets_key(w, "data."))
        return err_set(err, E_USAGE, "eval: --data FILE says on what (a text, tokens, or a config)");
    j->cfg = j->w.is_run && !config ? &j->w.cfg : &j->own;
    if (config)
        TRY(config_load(j->cfg, w->data.items[0], err));
    for (size_t i = 0; i < w->sets.n; i++)
        if (strncmp(w->sets.items[i], "data.", 5) == 0)
            TRY(config_set(j->cfg, w->sets.items[i], err));
        else
            return err_set(err, E_USAGE, "--set %s: eval changes keys of data alone", w->sets.items[i]);
    return w->data.n > 0 && !config ? open_files(j, err) : open_config(j, err);
}

/* --- what comes of it ---------------------------------------------------------------------------------------------------- */

struct result {
    double loss, se, bpb, perplexity;
    size_t tokens, windows;
};

static struct result result_of(const struct job *j)
{
    size_t T = j->w.shape.T;
    struct result r = {.loss = loss_sum_mean(&j->sum, T), .se = loss_sum_se(&j->sum)};
    r.bpb = r.loss / (LN2 * data_bytes_per_token(j->d));
    r.perplexity = exp(r.loss);
    r.tokens = j->sum.n * T + j->sum.part;
    r.windows = j->sum.n + (j->sum.part > 0);
    return r;
}

/* A number, or null where there is none. */
static void add(cJSON *o, const char *key, double v)
{
    if (isfinite(v))
        cJSON_AddNumberToObject(o, key, v);
    else
        cJSON_AddNullToObject(o, key);
}

static enum status put_json(const struct job *j, const struct result *r, const char *path, struct err *err)
{
    size_t failures = json_memory_failures();
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "weights", j->w.is_run ? j->w.dir : j->source);
    cJSON_AddStringToObject(o, "data", data_name(j->d));
    cJSON_AddStringToObject(o, "isa", kern_isa_name(j->w.k.isa));
    add(o, "params", gpt_params(&j->w.shape));
    add(o, "vocab", (double)j->w.shape.V);
    add(o, "ctx", (double)j->w.shape.T);
    add(o, "tokens", (double)r->tokens);
    add(o, "windows", (double)r->windows);
    add(o, "loss", r->loss);
    add(o, "loss_se", r->se);
    add(o, "bpb", r->bpb);
    add(o, "perplexity", r->perplexity);
    if (strcmp(path, "-") != 0)
        return json_write(path, o, failures, err);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory for the JSON");
    printf("%s\n", text);
    cJSON_free(text);
    return OK;
}

/* As few digits as say it exactly, so that it can be held against result.json. */
static const char *exact(char *buf, size_t size, double v)
{
    double back = 0;
    snprintf(buf, size, "%.15g", v);
    if (sscanf(buf, "%lf", &back) != 1 || back != v)
        snprintf(buf, size, "%.17g", v);
    return buf;
}

static void print(const struct job *j, const struct result *r)
{
    char loss[40];
    printf("loss %s nats per token", exact(loss, sizeof loss, r->loss));
    if (isfinite(r->se))
        printf(" (standard error %.2g)", r->se);
    if (isfinite(r->bpb))
        printf(", %.4f bits per byte", r->bpb);
    if (isfinite(r->perplexity))
        printf(", perplexity %.4g", r->perplexity);
    printf("\n%zu tokens in %zu window%s of %zu%s, %s%s\n", r->tokens, r->windows, r->windows == 1 ? "" : "s", j->w.shape.T,
           j->sum.part ? ", the last one shorter" : "", j->tokens ? "all of " : "held out of ", data_name(j->d));
    if (isfinite(data_floor(j->d)))
        printf("the floor of the language is %.6g: %.4g above it\n", data_floor(j->d), r->loss - data_floor(j->d));
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

struct shown {
    double next_s;
    bool terminal, any;
};

static void progress(void *ctx, double share, double loss)
{
    struct shown *s = ctx;
    double now = clock_now_s();
    if (now < s->next_s)
        return;
    s->next_s = now + (s->terminal ? 0.2 : 30);
    fprintf(stderr, s->terminal ? "\r  %3.0f %%, loss %.4f " : "  %3.0f %%, loss %.4f\n", 100 * share, loss);
    fflush(stderr);
    s->any = true;
}

static enum status run(struct job *j, struct err *err)
{
    struct shown shown = {.terminal = text_is_terminal(STDERR_FILENO)};
    shown.next_s = clock_now_s() + (shown.terminal ? 1 : 10);
    struct weights_how how = {.B = EVALUATE_CHUNK, .threads = (int)j->words->threads};
    TRY(setup_isa(&how.isa, j->words->isa, err));
    TRY(weights_open(&j->w, j->source, &how, err));
    TRY(open_data(j, err));
    if (j->w.notes[0])
        text_message(stderr, "", "%s", j->w.notes);
    bool own = j->w.finished && j->words->data.n == 0 && j->words->sets.n == 0;
    char now[24];
    snprintf(now, sizeof now, "%016llx", (unsigned long long)data_fingerprint(j->d));
    if (own && j->w.row.data_fingerprint[0] && strcmp(j->w.row.data_fingerprint, now) != 0)
        text_message(stderr, "", "the data are no longer those that the run learnt from: %s then, %s now",
                     j->w.row.data_fingerprint, now);
    const struct evaluate_how e = {.tokens = j->tokens, .stop = stopping_watch(), .progress = progress, .ctx = &shown};
    enum status st = evaluate(&j->sum, &j->w, j->d, &e, err);
    if (shown.any && shown.terminal)
        fprintf(stderr, "\r                              \r");
    TRY(st);
    struct result r = result_of(j);
    if (!j->words->json || strcmp(j->words->json, "-") != 0)
        print(j, &r);
    return j->words->json ? put_json(j, &r, j->words->json, err) : OK;
}

static void close_job(struct job *j)
{
    data_close(j->d);
    config_free(&j->own);
    weights_free(&j->w);
}

enum status cmd_eval(int argc, char **argv, struct err *err)
{
    struct words words = {.threads = (size_t)system_cores_all()};
    struct arg_list paths;
    bool help;
    const struct arg args[] = {
        {"--data", ARG_LIST, &words.data, "PATH",
         "on what: a text or files of tokens (.bin, .npy), all of it; or a config, whose held-out set; may be given several times. "
         "Default: the run's own held-out set"},
        {"--set", ARG_LIST, &words.sets, "DATA.KEY=VALUE", "change a key of the data; may be given several times"},
        {"--tokens", ARG_SIZE, &words.tokens, "N", "of files: the first N tokens alone"},
        {"--threads", ARG_SIZE, &words.threads, "N", "threads (default: all cores)"},
        {"--isa", ARG_STRING, &words.isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
        {"--json", ARG_STRING, &words.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "eval",
        .positionals = "RUN|FILE.safetensors",
        .summary = "The loss of a run (of a sweep's best, of what export wrote, of a GPT-2, Llama or Olmo 3 of transformers, of "
                   "llm.c's weights) on a held-out set or on files. Of a run on its own held-out set it is result.json's loss.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &paths, &help, argc, argv, err);
    if (st == OK && !help && (words.threads < 1 || words.threads > 256))
        st = err_set(err, E_USAGE, "--threads %zu: expected 1 to 256", words.threads);
    if (st == OK && !help && words.tokens > 0 && words.data.n == 0)
        st = err_set(err, E_USAGE, "--tokens goes with --data: a held-out set is evaluated whole");
    if (st == OK && !help) {
        struct job j = {.words = &words, .source = paths.items[0]};
        config_init(&j.own);
        st = run(&j, err);
        close_job(&j);
    }
    args_free(&spec, &paths);
    return st;
}
