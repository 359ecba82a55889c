#include "cli/args.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/nearest.h"
#include "cli/cmd.h"
#include "cli/help.h"

static enum status append(struct arg_list *list, const char *item, struct err *err)
{
    const char **p = realloc(list->items, (list->n + 1) * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory reading the command line");
    p[list->n++] = item;
    list->items = p;
    return OK;
}

static const struct arg *find(const struct args_spec *spec, const char *name, size_t n)
{
    for (size_t i = 0; i < spec->n_args; i++)
        if (strlen(spec->args[i].name) == n && strncmp(spec->args[i].name, name, n) == 0)
            return &spec->args[i];
    return NULL;
}

static enum status unknown_option(const struct args_spec *spec, const char *name, struct err *err)
{
    const char *best = NULL;
    size_t best_distance = NEAREST_MAX;
    for (size_t i = 0; i < spec->n_args; i++)
        nearest_consider(&best, &best_distance, name, spec->args[i].name);
    if (best)
        return err_set(err, E_USAGE, "%s: unknown option %s (did you mean %s?)", spec->command, name,
                       best);
    return err_set(err, E_USAGE, "%s: unknown option %s (see plateau %s --help)", spec->command,
                   name, spec->command);
}

static enum status set_whole(const struct arg *a, const char *value, struct err *err)
{
    double v;
    if (!count_parse(&v, value) || v != floor(v) || v > 9e15)
        return err_set(err, E_USAGE, "%s %s: expected a whole number", a->name, value);
    *(size_t *)a->target = (size_t)v;
    return OK;
}

static enum status set_u64(const struct arg *a, const char *value, struct err *err)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno)
        return err_set(err, E_USAGE, "%s %s: expected a whole number", a->name, value);
    *(uint64_t *)a->target = v;
    return OK;
}

static enum status set_double(const struct arg *a, const char *value, struct err *err)
{
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(v))
        return err_set(err, E_USAGE, "%s %s: expected a number", a->name, value);
    *(double *)a->target = v;
    return OK;
}

static enum status set_maybe(const struct arg *a, const char *value, struct err *err)
{
    struct arg_maybe *m = a->target;
    struct arg number = *a;
    *m = (struct arg_maybe){.given = true, .has_value = value != NULL};
    number.target = &m->value;
    return value ? set_whole(&number, value, err) : OK;
}

static enum status set_value(const struct arg *a, const char *value, struct err *err)
{
    double v;
    switch (a->type) {
    case ARG_MAYBE:
        return set_maybe(a, value, err);
    case ARG_FLAG:
        *(bool *)a->target = true;
        return OK;
    case ARG_STRING:
        *(const char **)a->target = value;
        return OK;
    case ARG_LIST:
        return append(a->target, value, err);
    case ARG_SIZE:
        return set_whole(a, value, err);
    case ARG_U64:
        return set_u64(a, value, err);
    case ARG_DOUBLE:
        return set_double(a, value, err);
    case ARG_COUNT:
        if (!count_parse(&v, value) || !(v > 0))
            return err_set(err, E_USAGE, "%s %s: expected a number above 0, such as 250k or 1e13",
                           a->name, value);
        *(double *)a->target = v;
        return OK;
    }
    return OK;
}

static enum status parse_option(const struct args_spec *spec, int *i, int argc, char **argv,
                                struct err *err)
{
    const char *word = argv[*i], *eq = strchr(word, '=');
    size_t n = eq ? (size_t)(eq - word) : strlen(word);
    const struct arg *a = find(spec, word, n);
    if (!a)
        return unknown_option(spec, word, err);
    if (a->type == ARG_FLAG) {
        if (eq)
            return err_set(err, E_USAGE, "%s: %s takes no value", spec->command, a->name);
        return set_value(a, NULL, err);
    }
    const char *value = eq ? eq + 1 : NULL, *next = *i + 1 < argc ? argv[*i + 1] : "";
    bool may_be_next = next[0] && next[strspn(next, "0123456789")] == '\0';
    if (a->type == ARG_MAYBE && !value && may_be_next)
        value = argv[++*i];
    if (!value && a->type != ARG_MAYBE) {
        if (*i + 1 >= argc)
            return err_set(err, E_USAGE, "%s: %s needs a value (%s)", spec->command, a->name,
                           a->metavar);
        value = argv[++*i];
    }
    return set_value(a, value, err);
}

enum status args_parse(const struct args_spec *spec, struct arg_list *positionals, bool *help,
                       int argc, char **argv, struct err *err)
{
    *positionals = (struct arg_list){0};
    *help = false;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        enum status st = OK;
        const struct help_form *form = options ? help_asked(argv[i], &st, err) : NULL;
        if (form) {
            form->command(stdout, spec);
            *help = true;
        }
        if (form || st != OK)
            return st;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
            TRY(parse_option(spec, &i, argc, argv, err));
        else
            TRY(append(positionals, argv[i], err));
    }
    if (positionals->n < spec->min_positionals)
        return err_set(err, E_USAGE, "usage: plateau %s %s (see plateau %s --help)", spec->command,
                       spec->positionals, spec->command);
    if (positionals->n > spec->max_positionals)
        return err_set(err, E_USAGE, "%s: unexpected argument '%s'", spec->command,
                       positionals->items[spec->max_positionals]);
    return OK;
}

/* Add a word; false where there is no room for it. */
static bool quote(char *out, size_t size, size_t *n, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=.,:/+@%";
    bool bare = word[0] && word[strspn(word, plain)] == '\0';
    size_t need = strlen(word) + 4;
    for (const char *p = word; *p; p++)
        need += *p == '\'' ? 3 : 0;
    if (*n + need >= size)
        return false;
    if (*n)
        out[(*n)++] = ' ';
    if (!bare)
        out[(*n)++] = '\'';
    for (const char *p = word; *p; p++) {
        const char *as = *p == '\'' ? "'\\''" : (const char[]){*p, '\0'};
        size_t len = strlen(as);
        memcpy(out + *n, as, len);
        *n += len;
    }
    if (!bare)
        out[(*n)++] = '\'';
    out[*n] = '\0';
    return true;
}

void args_quote(char *out, size_t size, const char *command, int argc, char **argv, const char *skip)
{
    size_t n = 0;
    const char *script = getenv("PLATEAU_AGAIN"); /* of a script that calls us, such as scripts/demo */
    if (script && strlen(script) < size) {
        strcpy(out, script);
        return;
    }
    bool fits = quote(out, size, &n, cmd_program()) && quote(out, size, &n, command);
    for (int i = 0; i < argc && fits; i++)
        if (!skip || strcmp(argv[i], skip) != 0)
            fits = quote(out, size, &n, argv[i]);
    if (!fits)
        snprintf(out, size, "the same command");
}

void args_free(const struct args_spec *spec, struct arg_list *positionals)
{
    free(positionals->items);
    *positionals = (struct arg_list){0};
    for (size_t i = 0; i < spec->n_args; i++) {
        if (spec->args[i].type != ARG_LIST)
            continue;
        struct arg_list *list = spec->args[i].target;
        free(list->items);
        *list = (struct arg_list){0};
    }
}
