/* Command-line parsing from one table per command: the table also prints --help.
 *
 * Options may stand anywhere among the positional words, as --name VALUE or --name=VALUE; "--" ends
 * them. Anything unknown is E_USAGE and names the nearest option. */
#ifndef PLATEAU_CLI_ARGS_H
#define PLATEAU_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum arg_type {
    ARG_FLAG,   /* bool *         no value */
    ARG_STRING, /* const char **  borrowed from argv */
    ARG_LIST,   /* struct arg_list *, may be given several times */
    ARG_SIZE,   /* size_t *       whole number >= 0, suffixes k M B allowed */
    ARG_U64,    /* uint64_t *     whole number >= 0 */
    ARG_DOUBLE, /* double *       plain number, sign allowed */
    ARG_COUNT,  /* double *       number > 0 with suffix: 250k, 1e13 */
    ARG_MAYBE,  /* struct arg_maybe *  no value, or a whole number: the next word where that is all digits, or =N */
};

struct arg_list {
    const char **items; /* (n), borrowed strings; args_free releases the array */
    size_t n;
};

struct arg_maybe {
    bool given, has_value;
    size_t value;
};

struct arg {
    const char *name; /* with its dashes: "--out" */
    enum arg_type type;
    void *target;
    const char *metavar; /* NULL for a flag */
    const char *help;
};

struct args_spec {
    const char *command;     /* "fit" */
    const char *positionals; /* "DIR|FILE.csv..." as shown in the usage line */
    const char *summary;     /* one paragraph for --help */
    size_t min_positionals, max_positionals;
    const struct arg *args;
    size_t n_args;
};

/* Fill the targets; `positionals` receives the other words. *help is set where --help was given: the
 * usage has been printed to stdout then and the command should return OK. */
enum status args_parse(const struct args_spec *spec, struct arg_list *positionals, bool *help,
                       int argc, char **argv, struct err *err) WARN_UNUSED;
/* What a shell would be given to run this command again: how the program was called, the command and its words, without
 * the word `skip` (may be NULL). "the same command" where that does not fit into size bytes. */
void args_quote(char *out, size_t size, const char *command, int argc, char **argv, const char *skip);

void args_free(const struct args_spec *spec, struct arg_list *positionals);

#endif
