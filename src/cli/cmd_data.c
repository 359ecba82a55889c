#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cmd.h"
#include "data/baseline.h"
#include "data/text.h"
#include "harness/config.h"

#define LN2 0.693147180559945309
#define SEED_MAX 9000000000000000 /* data.seed's */

/* The language as a config would have it: its defaults are the config's. */
static enum status language_spec(struct config *c, const char *name, const struct arg_list *sets, uint64_t seed,
                                 struct err *err)
{
    enum data_kind kind;
    if (!data_kind_parse(&kind, name) || kind == DATA_TEXT)
        return err_set(err, E_USAGE, "--language %s: no such language (see plateau data --help)", name);
    if (seed > SEED_MAX)
        return err_set(err, E_USAGE, "--seed %llu: expected 0 to %llu", (unsigned long long)seed,
                       (unsigned long long)SEED_MAX);
    c->data.seed = seed;
    for (size_t i = 0; i < sets->n; i++) {
        if (strncmp(sets->items[i], "data.", 5) != 0 || strncmp(sets->items[i], "data.source=", 12) == 0)
            return err_set(err, E_USAGE, "--set %s: a language is described by keys such as data.symbols", sets->items[i]);
        TRY(config_set(c, sets->items[i], err));
    }
    c->data.source = kind;
    return config_check(c, err);
}

static enum status language_info(const char *name, const struct arg_list *sets, uint64_t seed, struct err *err)
{
    struct config c;
    struct data *d = NULL;
    config_init(&c);
    enum status st = language_spec(&c, name, sets, seed, err);
    struct data_spec s = config_data_spec(&c);
    if (st == OK)
        st = data_open(&d, &s, data_unit(&s), err);
    if (st == OK)
        printf("%s, seed %llu: %zu symbols, floor %.6f nats per token (%.6f bits)\n", data_name(d),
               (unsigned long long)s.seed, data_vocab(d), data_floor(d), data_floor(d) / LN2);
    data_close(d);
    config_free(&c);
    return st;
}

static enum status text_info(const struct arg_list *paths, bool bigram_only, struct err *err)
{
    struct data_spec s = data_spec_default();
    struct text t;
    double nats;
    s.files = paths->items;
    s.n_files = paths->n;
    TRY(text_read(&t, &s, err));
    enum status st = t.held.n < 2
                         ? err_set(err, E_DATA, "%s: too short to hold out a tenth", s.files[0])
                         : baseline_bigram(&nats, t.train.data, t.train.n, t.held.data, t.held.n, err);
    if (st == OK && !bigram_only)
        printf("%zu files, %zu training bytes, %zu held-out bytes\n", t.n_files, t.train.n, t.held.n);
    if (st == OK)
        printf("%sbigram %.6f nats per byte, %.6f bits per byte\n", bigram_only ? "" : "held-out loss, ",
               nats, nats / LN2);
    text_free(&t);
    return st;
}

static enum status run(const struct arg_list *words, const char *language, const struct arg_list *sets,
                       uint64_t seed, struct err *err)
{
    const char *verb = words->items[0];
    const struct arg_list paths = {.items = words->items + 1, .n = words->n - 1};
    bool bigram = strcmp(verb, "bigram") == 0;
    if (!bigram && strcmp(verb, "info") != 0)
        return err_set(err, E_USAGE, "data: unknown word '%s' (expected info or bigram)", verb);
    if (language && (bigram || paths.n > 0))
        return err_set(err, E_USAGE, "data: --language goes with info and without paths");
    if (sets->n > 0 && !language)
        return err_set(err, E_USAGE, "data: --set goes with --language");
    if (language)
        return language_info(language, sets, seed, err);
    if (paths.n == 0)
        return err_set(err, E_USAGE, "data %s: give files or folders", verb);
    return text_info(&paths, bigram, err);
}

#define WORD(id, source, name) " " name

enum status cmd_data(int argc, char **argv, struct err *err)
{
    const char *language = NULL;
    uint64_t seed = 1;
    struct arg_list sets = {0};
    const struct arg args[] = {
        {"--language", ARG_STRING, &language, "NAME", "one of:" DATA_LANGUAGES(WORD)},
        {"--set", ARG_LIST, &sets, "KEY=VALUE", "a key of the language, such as data.symbols=16; may be given several times"},
        {"--seed", ARG_U64, &seed, "S", "seed of the language (default 1)"},
    };
    const struct args_spec spec = {
        .command = "data",
        .positionals = "info|bigram PATH...",
        .summary = "Look at a corpus or a language: sizes, the floor, the held-out loss of a bigram byte model.",
        .min_positionals = 1,
        .max_positionals = 100000,
        .args = args,
        .n_args = sizeof args / sizeof *args};
    struct arg_list words;
    bool help;
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help)
        st = run(&words, language, &sets, seed, err);
    args_free(&spec, &words);
    return st;
}
