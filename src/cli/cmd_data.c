#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/data_info.h"
#include "cli/data_make.h"
#include "data/tokenisers/tokeniser.h"
#include "harness/config.h"

#define SEED_MAX 9000000000000000 /* data.seed's */
#define SEED_NOT_GIVEN UINT64_MAX

struct options {
    const char *language;
    struct arg_list sets;
    uint64_t seed;
    struct arg_list val;
    struct data_make_options make;
};

static bool is_config(const char *path)
{
    size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

/* The language as a config would have it: its defaults are the config's. */
static enum status language_config(struct config *c, const struct options *w, struct err *err)
{
    enum data_kind kind;
    if (!data_kind_parse(&kind, w->language) || data_kind_reads_files(kind))
        return err_set(err, E_USAGE, "--language %s: no such language (see plateau data --help)", w->language);
    if (w->seed > SEED_MAX && w->seed != SEED_NOT_GIVEN)
        return err_set(err, E_USAGE, "--seed %llu: expected 0 to %llu", (unsigned long long)w->seed,
                       (unsigned long long)SEED_MAX);
    if (w->seed != SEED_NOT_GIVEN)
        c->data.seed = w->seed;
    for (size_t i = 0; i < w->sets.n; i++) {
        const char *set = w->sets.items[i];
        if (strncmp(set, "data.", 5) != 0 || strncmp(set, "data.source=", 12) == 0)
            return err_set(err, E_USAGE, "--set %s: a language is described by keys such as data.symbols", set);
        TRY(config_set(c, set, err));
    }
    c->data.source = kind;
    return config_check(c, err);
}

static enum status load_config(struct config *c, const char *path, const struct options *w, struct err *err)
{
    TRY(config_load(c, path, err));
    for (size_t i = 0; i < w->sets.n; i++)
        TRY(config_set(c, w->sets.items[i], err));
    return config_check(c, err) == OK ? OK : err_wrap(err, "%s", path);
}

/* Without a config whole records fill a window that is long enough for a sample. */
static size_t window_of(const struct config *c)
{
    enum { LONG_ENOUGH = 100 };
    size_t unit = config_data_unit(c);
    return unit * size_max(1, LONG_ENOUGH / unit);
}

static enum status info(const char *path, const struct options *w, struct err *err)
{
    struct config c;
    config_init(&c);
    enum status st = w->language ? language_config(&c, w, err) : load_config(&c, path, w, err);
    if (st == OK) {
        if (w->language)
            c.model.ctx = window_of(&c);
        st = data_info(&c, err);
        if (st != OK && !w->language)
            st = err_wrap(err, "%s", path);
    }
    config_free(&c);
    return st;
}

static enum status make(const struct arg_list *paths, const struct options *w, struct err *err)
{
    struct data_make_options o = w->make;
    if (w->language || w->sets.n > 0 || w->seed != SEED_NOT_GIVEN)
        return err_set(err, E_USAGE, "data make: --language, --set and --seed go with info");
    if (paths->n == 0)
        return err_set(err, E_USAGE, "data make: give files or folders of text");
    o.files = paths->items;
    o.n_files = paths->n;
    o.val_files = w->val.items;
    o.n_val_files = w->val.n;
    o.heldout = o.heldout ? o.heldout : "spread";
    o.shard_tokens = o.shard_tokens ? o.shard_tokens : 100000000;
    return data_make(&o, err);
}

static enum status run(const struct arg_list *words, const struct options *w, struct err *err)
{
    const char *verb = words->items[0];
    const struct arg_list paths = {.items = words->items + 1, .n = words->n - 1};
    if (strcmp(verb, "make") == 0)
        return make(&paths, w, err);
    if (w->make.tokeniser || w->make.out || w->val.n > 0 || w->make.heldout || w->make.shard_tokens)
        return err_set(err, E_USAGE, "data %s: --tokeniser, --out, --val, --heldout and --shard-tokens go with make", verb);
    bool bigram = strcmp(verb, "bigram") == 0, config = !bigram && paths.n == 1 && is_config(paths.items[0]);
    if (!bigram && strcmp(verb, "info") != 0)
        return err_set(err, E_USAGE, "data: unknown word '%s' (expected info, make or bigram)", verb);
    if (w->language && (bigram || paths.n > 0))
        return err_set(err, E_USAGE, "data: --language goes with info and without paths");
    if (w->sets.n > 0 && !w->language && !config)
        return err_set(err, E_USAGE, "data: --set goes with --language or a config");
    if (w->seed != SEED_NOT_GIVEN && !w->language)
        return err_set(err, E_USAGE, "data: --seed goes with --language");
    if (w->language || config)
        return info(config ? paths.items[0] : NULL, w, err);
    if (paths.n == 0)
        return err_set(err, E_USAGE, "data %s: give files or folders", verb);
    struct config usual;
    struct data_spec s = data_spec_default();
    config_init(&usual);
    s.files = paths.items;
    s.n_files = paths.n;
    if (data_info_is_tokens(paths.items[0])) {
        s.kind = DATA_TOKENS;
        return data_info_files(&s, usual.model.ctx, bigram, err);
    }
    return data_info_text(&s, usual.model.ctx, bigram, err);
}

#define WORD(id, source, name) " " name
#define KIND(name, form, says) " " form " (" says ")"

enum status cmd_data(int argc, char **argv, struct err *err)
{
    struct options w = {.seed = SEED_NOT_GIVEN};
    const struct arg args[] = {
        {"--language", ARG_STRING, &w.language, "NAME", "one of:" DATA_LANGUAGES(WORD)},
        {"--set", ARG_LIST, &w.sets, "KEY=VALUE",
         "a key of the language, such as data.symbols=16, or of the config; may be given several times"},
        {"--seed", ARG_U64, &w.seed, "S", "seed of the language (default 1)"},
        {"--tokeniser", ARG_STRING, &w.make.tokeniser, "KIND", "make:" TOKENISER_KINDS(KIND)},
        {"--tokenizer", ARG_STRING, &w.make.tokeniser, "KIND", "the same"},
        {"--out", ARG_STRING, &w.make.out, "DIR", "make: folder for the shards and the tokeniser"},
        {"--val", ARG_LIST, &w.val, "FILE",
         "make: a held-out text, may be given several times (default: a tenth of each file)"},
        {"--heldout", ARG_STRING, &w.make.heldout, "spread|tail",
         "make: which tenth, blocks spread over each file (default) or its end"},
        {"--shard-tokens", ARG_SIZE, &w.make.shard_tokens, "N", "make: tokens in a shard at most (default 100M)"},
    };
    const struct args_spec spec = {
        .command = "data",
        .positionals = "info|make|bigram CONFIG|PATH...",
        .summary = "Look at a corpus, a language or the data of a config (a name that ends in .json): sizes, numbers, "
                   "the floor, what "
                   "theory predicts and a sample; of files and folders the held-out loss of a bigram byte model. make turns texts "
                   "into shards of tokens, with their tokeniser beside them.",
        .min_positionals = 1,
        .max_positionals = 100000,
        .args = args,
        .n_args = sizeof args / sizeof *args};
    struct arg_list words;
    bool help;
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help)
        st = run(&words, &w, err);
    args_free(&spec, &words);
    return st;
}
