/* Completions for fish, which shows beside each word what it is for. */
#include <stdio.h>

#include "cli/help.h"
#include "harness/config.h"

enum { SHORT = 90 }; /* of a help text, in a column of the list */

/* The keys, and of those that choose from a few words each of them too. */
static void put_keys(FILE *out)
{
    struct config_key key;
    char words[HELP_WORDS_MAX];
    fputs("function __plateau_settings\n", out);
    for (size_t i = 0; config_key_at(&key, i); i++) {
        help_key_words(words, &key);
        fprintf(out, "    printf '%%s\\t%%s\\n' %s= '", key.path);
        help_quoted(out, key.help, SHORT);
        fputs("'\n", out);
        if (words[0])
            fprintf(out, "    printf '%s=%%s\\n' %s\n", key.path, words);
    }
    fputs("end\n\n", out);
}

static void begin(FILE *out)
{
    struct help_command c;
    fputs("# fish completion for plateau; written by plateau --help=fish\n\n", out);
    put_keys(out);
    fputs("complete -c plateau -f\ncomplete -c plateau -s h -l help -d 'help, in short'\n"
          "complete -c plateau -n __fish_use_subcommand -s V -l version -d 'what this build is'\n"
          "complete -c plateau -n __fish_use_subcommand -a help -d 'help on a command'\n", out);
    for (size_t i = 0; (c = help_command_at(i)).name; i++) {
        fprintf(out, "complete -c plateau -n __fish_use_subcommand -a %s -d '", c.name);
        help_quoted(out, c.brief, SHORT);
        fputs("'\n", out);
    }
}

static void end(FILE *out)
{
    (void)out;
}

static void put_value(FILE *out, enum help_value v, const char *words)
{
    switch (v) {
    case HELP_ANY:
        break;
    case HELP_FILE:
        fputs(" -F", out);
        break;
    case HELP_JSON:
        fputs(" -k -a '(__fish_complete_suffix .json)'", out);
        break;
    case HELP_DIR:
        fputs(" -a '(__fish_complete_directories)'", out);
        break;
    case HELP_SETTING:
        fputs(" -a '(__plateau_settings)'", out);
        break;
    case HELP_WORDS:
        fprintf(out, " -a '%s'", words);
        break;
    }
}

static void command(FILE *out, const struct args_spec *spec)
{
    char words[HELP_WORDS_MAX];
    const char *name = spec->command;
    fprintf(out, "\n# %s\n", name);
    for (size_t i = 0; i < spec->n_args; i++) {
        const struct arg *a = &spec->args[i];
        enum help_value v = help_value_of(words, name, a);
        const char *needs = a->type == ARG_FLAG || a->type == ARG_MAYBE ? "" : v == HELP_FILE ? " -r" : " -x";
        fprintf(out, "complete -c plateau -n '__fish_seen_subcommand_from %s' -l %s%s", name, a->name + 2, needs);
        if (needs[0])
            put_value(out, v, words);
        fputs(" -d '", out);
        help_quoted(out, a->help, SHORT);
        fputs("'\n", out);
    }
    enum help_value rest = help_positionals_of(words, spec);
    if (words[0])
        fprintf(out, "complete -c plateau -n '__fish_seen_subcommand_from %s' -a '%s'\n", name, words);
    if (rest != HELP_ANY) {
        fprintf(out, "complete -c plateau -n '__fish_seen_subcommand_from %s'", name);
        put_value(out, rest, "");
        fputs("\n", out);
    }
}

const struct help_form help_fish = {"fish", begin, end, command};
