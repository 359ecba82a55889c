/* A command's options as a table: what args.h parses by, and what help.h prints. */
#ifndef PLATEAU_CLI_ARGS_SPEC_H
#define PLATEAU_CLI_ARGS_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
