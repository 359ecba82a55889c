/* plateau sample: words of a trained model, as they come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "cli/speak.h"
#include "cli/stopping.h"
#include "cli/text.h"
#include "harness/generate.h"

struct words {
    const char *prompt, *isa;
    size_t tokens, top_k;
    double temperature, top_p;
    uint64_t seed;
};

/* A model, what its tokens mean, and who says it. */
struct job {
    const struct words *words;
    const char *source;
    struct weights w;
    struct data *d; /* of a language or tokeniser; NULL: tokens are bytes, or nothing but numbers */
    bool bytes;
    struct speaker out;
    bool colour, new_line; /* the last thing said ended a line */
    int32_t *prompt; /* owned */
    size_t n_prompt;
    size_t given;    /* of them that were asked for, and are said again */
    size_t marked, right;
};

/* --- what tokens mean ------------------------------------------------------------------------------------------------- */

static bool is_language(const struct job *j)
{
    return j->d && !data_kind_reads_files((enum data_kind)j->w.cfg.data.source);
}

/* Text needs none of its files to be read again. */
static enum status open_language(struct job *j, struct err *err)
{
    struct config *c = &j->w.cfg;
    struct err why;
    j->bytes = j->w.is_run ? c->data.source == DATA_TEXT : j->w.shape.V == 256;
    if (j->bytes || !j->w.is_run)
        return OK;
    struct config plain = *c; /* its own source alone says what a token means */
    plain.data.mix_source = 0;
    plain.data.eval_tokens = c->model.ctx;
    if (c->data.source != DATA_TOKENS)
        return config_open_data(&j->d, &plain, err);
    if (config_open_data(&j->d, &plain, &why) != OK)
        text_message(stderr, "", "tokens are shown as numbers: %s", why.msg);
    return OK;
}

/* Symbols of a language, as numbers with blanks between. */
static enum status symbols_of(struct job *j, const char *text, struct err *err)
{
    size_t room = strlen(text) / 2 + 2;
    TRY(size_calloc(&j->prompt, room + 1, sizeof *j->prompt, "the prompt", err));
    if (j->d && data_start(j->d) >= 0)
        j->prompt[j->n_prompt++] = data_start(j->d);
    for (const char *at = text + strspn(text, " \t\n"); *at; at += strspn(at, " \t\n")) {
        char *end;
        unsigned long v = strtoul(at, &end, 10);
        size_t limit = j->w.shape.V - (j->d && data_start(j->d) >= 0);
        if (end == at || *at == '-' || *at == '+' || v >= limit || (*end && !strchr(" \t\n", *end)))
            return err_set(err, E_USAGE, "--prompt: '%.20s' is no symbol of this language: numbers from 0 to %zu, blanks between",
                           at, limit - 1);
        j->prompt[j->n_prompt++] = (int32_t)v;
        at = end;
    }
    return OK;
}

/* Where nothing is asked for: a new line, or how a window of the language begins. */
static enum status usual_prompt(struct job *j, struct err *err)
{
    int32_t *window;
    TRY(size_calloc(&j->prompt, 1, sizeof *j->prompt, "the prompt", err));
    j->n_prompt = 1;
    j->prompt[0] = j->bytes ? '\n' : 0;
    if (!j->d)
        return OK;
    TRY(size_calloc(&window, 2 * data_ctx(j->d), sizeof *window, "a window", err));
    data_train(j->d, window, window + data_ctx(j->d), j->words->seed, 0, 1);
    j->prompt[0] = window[0];
    free(window);
    return OK;
}

static enum status make_prompt(struct job *j, struct err *err)
{
    const char *text = j->words->prompt;
    size_t most = j->w.shape.T;
    if (!text || !text[0])
        return usual_prompt(j, err);
    if (j->bytes) {
        j->n_prompt = j->given = strlen(text);
        TRY(size_calloc(&j->prompt, j->n_prompt, sizeof *j->prompt, "the prompt", err));
        for (size_t i = 0; i < j->n_prompt; i++)
            j->prompt[i] = (unsigned char)text[i];
        return OK;
    }
    if (j->d && !is_language(j)) {
        TRY(data_encode(&j->prompt, &j->n_prompt, j->d, text, strlen(text), err));
        j->given = j->n_prompt;
        return OK;
    }
    TRY(symbols_of(j, text, err));
    j->given = j->n_prompt - (j->d && data_start(j->d) >= 0);
    if (j->n_prompt == 0)
        return usual_prompt(j, err);
    if (j->d && j->n_prompt > most)
        return err_set(err, E_USAGE, "--prompt: %zu symbols, and a window of the model has %zu", j->n_prompt, most);
    return OK;
}

/* --- saying it ------------------------------------------------------------------------------------------------------------ */

/* Right ones in green or with a +, wrong ones in red or with a !. */
static void say_symbol(struct job *j, int32_t token, enum data_mark mark)
{
    static const char *const colours[] = {"", "\x1b[31m", "\x1b[32m"}, *const plain[] = {"", "!", "+"};
    char text[64];
    if (j->d)
        data_token_text(j->d, text, sizeof text, token);
    else
        snprintf(text, sizeof text, "%d ", (int)token);
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (j->colour && mark != DATA_FREE)
        fprintf(j->out.out, "%s%.*s\x1b[0m%s", colours[mark], (int)n, text, text + n);
    else
        fprintf(j->out.out, "%.*s%s%s", (int)n, text, plain[mark], text + n);
}

/* A record or a text of the language is a line. */
static void say(struct job *j, int32_t token, enum data_mark mark, size_t place)
{
    unsigned char byte = (unsigned char)token;
    size_t n = 1, unit = is_language(j) ? config_data_unit(&j->w.cfg) : 1;
    const unsigned char *bytes = j->bytes ? &byte : j->d ? data_token_bytes(j->d, token, &n) : NULL;
    if (bytes)
        speak(&j->out, bytes, n);
    else
        say_symbol(j, token, mark);
    j->new_line = unit > 1 && (place + 1) % unit == 0;
    if (j->new_line)
        fputc('\n', j->out.out);
}

static void say_prompt(struct job *j)
{
    size_t begin = j->n_prompt - j->given;
    for (size_t i = begin; i < j->n_prompt; i++)
        say(j, j->prompt[i], DATA_FREE, i - begin);
}

/* The best of a sweep, how fast, and how much of it is right. */
static void say_ending(struct job *j, size_t tokens, double seconds, double cpu_s)
{
    struct data_marks m = j->d ? data_marks(j->d) : (struct data_marks){.what = NULL};
    speak_end(&j->out);
    if (!j->new_line)
        fprintf(j->out.out, "\n");
    if (m.what && j->marked > 0)
        printf("%s: %zu of %zu right, %.1f %%; at best %.1f %%\n", m.what, j->right, j->marked,
               100 * (double)j->right / (double)j->marked, 100 * m.best);
    else if (is_language(j) && !m.what)
        printf("no token of %s is right or wrong\n", data_name(j->d));
    fflush(stdout);
    text_message(stderr, "", "%s: %zu tokens, %.0f a second, %.0f a second of the processor", j->w.is_run ? j->w.dir : j->source,
                 tokens, seconds > 0 ? (double)tokens / seconds : 0, cpu_s > 0 ? (double)tokens / cpu_s : 0);
}

/* Said at once to a person, and to a program some times a second: what it reads comes as it is written. */
static enum status flush(const struct job *j, double *next_s, struct err *err)
{
    double now = j->out.terminal ? 0 : clock_now_s();
    if (!j->out.terminal && now < *next_s)
        return OK;
    *next_s = now + 0.05;
    errno = 0;
    return fflush(j->out.out) == 0 ? OK : err_set(err, E_IO, "cannot write to stdout: %s", strerror(errno ? errno : EIO));
}

static enum status write_tokens(struct job *j, struct generator *g, struct err *err)
{
    const volatile sig_atomic_t *stop = stopping_watch();
    double began = clock_now_s(), cpu_began = clock_cpu_s(), next_s = 0;
    size_t i = 0;
    enum status st = OK;
    say_prompt(j);
    for (; i < j->words->tokens && st == OK && !*stop; i++) {
        int32_t token = 0;
        st = generator_draw(g, &token, err);
        if (st != OK)
            break;
        size_t place = g->n - 1;
        enum data_mark mark = is_language(j) ? data_mark(j->d, g->x, g->y, place) : DATA_FREE;
        j->marked += mark != DATA_FREE;
        j->right += mark == DATA_RIGHT;
        say(j, token, mark, place);
        st = flush(j, &next_s, err);
        if (i + 1 < j->words->tokens)
            generator_feed(g);
    }
    say_ending(j, i, clock_now_s() - began, clock_cpu_s() - cpu_began);
    return st == OK && *stop ? err_set(err, E_INTERRUPTED, "interrupted") : st;
}

/* --- the command ------------------------------------------------------------------------------------------------------------- */

static enum status run(struct job *j, struct err *err)
{
    const struct words *w = j->words;
    const struct generate_how how = {.temperature = w->temperature, .top_k = w->top_k, .top_p = w->top_p};
    struct weights_how with = {.B = 1, .threads = 1};
    struct generator g = {.n = 0};
    TRY(setup_isa(&with.isa, w->isa, err));
    TRY(weights_open(&j->w, j->source, &with, err));
    TRY(open_language(j, err));
    TRY(make_prompt(j, err));
    if (j->w.notes[0])
        text_message(stderr, "", "%s", j->w.notes);
    enum status st = generator_init(&g, &j->w, &how, w->seed, is_language(j) ? data_start(j->d) : -1, j->prompt, j->n_prompt, err);
    if (st == OK)
        st = write_tokens(j, &g, err);
    generator_free(&g);
    return st;
}

static enum status check_words(const struct words *w, struct err *err)
{
    if (!(w->temperature >= 0 && w->temperature <= 100))
        return err_set(err, E_USAGE, "--temperature %g: expected 0 to 100", w->temperature);
    if (!(w->top_p > 0 && w->top_p <= 1))
        return err_set(err, E_USAGE, "--top-p %g: expected above 0, at most 1", w->top_p);
    if (w->tokens < 1)
        return err_set(err, E_USAGE, "--tokens 0: expected 1 or more");
    return OK;
}

enum status cmd_sample(int argc, char **argv, struct err *err)
{
    struct words words = {.tokens = 256, .temperature = 1, .top_p = 1, .seed = 1};
    struct arg_list paths;
    bool help;
    const struct arg args[] = {
        {"--prompt", ARG_STRING, &words.prompt, "TEXT", 
         "what it goes on with; of a language its symbols, as numbers (default: a new line, or how a window of the language "
         "begins)"},
        {"--tokens", ARG_SIZE, &words.tokens, "N", "how many to write (default 256)"},
        {"--temperature", ARG_DOUBLE, &words.temperature, "T", "divides the logits; 0: always the most probable token (default 1)"},
        {"--top-k", ARG_SIZE, &words.top_k, "K", "draw from the K most probable tokens alone (default: from all)"},
        {"--top-p", ARG_DOUBLE, &words.top_p, "P", 
         "draw from the fewest tokens that have this share of the probability (default 1: from all)"},
        {"--seed", ARG_U64, &words.seed, "S", "another seed, other words (default 1)"},
        {"--isa", ARG_STRING, &words.isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
    };
    const struct args_spec spec = {
        .command = "sample",
        .positionals = "RUN|DIR",
        .summary = "Words of a run, or of a sweep's best run, as they come. Of a language whose law is known it marks which tokens "
                   "are right, and says how many could be.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &paths, &help, argc, argv, err);
    if (st == OK && !help)
        st = check_words(&words, err);
    if (st == OK && !help) {
        struct job j = {.words = &words, .source = paths.items[0], .out = {stdout, text_is_terminal(STDOUT_FILENO), {0}, 0}};
        j.colour = j.out.terminal && !getenv("NO_COLOR");
        st = run(&j, err);
        free(j.prompt);
        data_close(j.d);
        weights_free(&j.w);
    }
    args_free(&spec, &paths);
    return st;
}
