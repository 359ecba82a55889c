#include <signal.h>
#include <string.h>

#include "base/system.h"
#include "cli/cmd.h"
#include "cli/compare_print.h"
#include "cli/compare_run.h"

static enum status check_words(const struct compare_words *w, struct err *err)
{
    if (w->how.jobs < 1 || w->how.jobs > 256)
        return err_set(err, E_USAGE, "--jobs %zu: expected 1 to 256", w->how.jobs);
    if (w->format && !compare_is_format(w->format))
        return err_set(err, E_USAGE, "--format %s: expected csv, md or latex", w->format);
    if (w->format && w->json && strcmp(w->json, "-") == 0)
        return err_set(err, E_USAGE, "--format and --json - both go to stdout: give one");
    return OK;
}

static enum status check_sides(const struct arg_list *words, struct err *err)
{
    if (words->n < 2)
        return err_set(err, E_USAGE, "%.200s alone: a base is compared with one variant or more, plateau compare BASE VARIANT...",
                       words->items[0]);
    return OK;
}

enum status cmd_compare(int argc, char **argv, struct err *err)
{
    struct compare_words w = {.how = {.jobs = (size_t)system_cores_all()}, .fit = fit_words_default()};
    struct arg_list sets = {0}, words;
    bool help;
    struct arg args[FIT_OPTIONS_MAX + 8] = {
        {"--out", ARG_STRING, &w.out, "DIR", "where configs are trained, compare.json, charts and page kept (runs/compare-BASE)"},
        {"--jobs", ARG_SIZE, &w.how.jobs, "N", "runs side by side (default: one a core)"},
        {"--set", ARG_LIST, &sets, "KEY=VALUE", "change a config key of base and variants alike"},
        {"--isa", ARG_STRING, &w.isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
        {"--format", ARG_STRING, &w.format, "F", "print a table instead: csv, md or latex"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "compare",
        .positionals = "BASE VARIANT...",
        .summary = "Does a variant move the base's curve: its level, its exponent or its floor? Each is a\n"
                   "config, a sweep's folder or a table. Configs are trained first, over the base's grid and\n"
                   "seeds; a variant's config holds what differs from the base's. Runs of one size, budget\n"
                   "and seed are held beside each other. What the search of rates, memory and a teacher take is\n"
                   "told beside the gains; configs/compare/ has the usual variants. Stopped and started again,\n"
                   "it trains nothing twice. Exit code 1: some variant could not be trained.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = 6 + fit_words_args(args + 6, &w.fit),
    };
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help) {
        char again[900];
        args_quote(again, sizeof again, "compare", argc, argv, NULL);
        w.again = again;
        signal(SIGPIPE, SIG_IGN);
        st = check_words(&w, err);
        if (st == OK)
            st = check_sides(&words, err);
        if (st == OK)
            st = compare_run(&w, &words, &sets, err);
    }
    args_free(&spec, &words);
    return st;
}
