/* A comparison from its words to its folder: what `plateau compare` does, and a step of the lab. */
#ifndef PLATEAU_CLI_COMPARE_RUN_H
#define PLATEAU_CLI_COMPARE_RUN_H

#include "cli/args.h"
#include "cli/fit_options.h"
#include "cli/setup.h"

struct compare_words {
    const char *out, *json, *format, *isa;
    const char *again;
    struct setup_how how;
    struct fit_words fit;
};

/* Train what is missing, fit, weigh, tell on stdout as the words say, and keep compare.json, charts and page where there is a
 * folder for them. words: the base, then the variants. E_RUN where a variant could not be trained. */
enum status compare_run(const struct compare_words *w, const struct arg_list *words, const struct arg_list *sets,
                        struct err *err) WARN_UNUSED;

#endif
