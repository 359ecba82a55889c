/* Completions for zsh, which shows beside each word what it is for. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "harness/config.h"

enum { SHORT = 90 }; /* of a help text, in a list below the line that is typed */

static void put_commands(FILE *out)
{
    struct help_command c;
    fputs("_plateau_commands() {\n    local -a commands\n    commands=(\n", out);
    for (size_t i = 0; (c = help_command_at(i)).name; i++) {
        fprintf(out, "        '%s:", c.name);
        help_quoted(out, c.brief, SHORT);
        fputs("'\n", out);
    }
    fputs("    )\n    _describe -t commands command commands\n}\n\n", out);
}

/* KEY=VALUE: a key, or, once that stands there, what it chooses from. */
static void put_keys(FILE *out)
{
    struct config_key key;
    char words[HELP_WORDS_MAX];
    fputs("_plateau_setting() {\n    local -a keys\n    if compset -P '*='; then\n        case ${${IPREFIX%=}##*=} in\n", out);
    for (size_t i = 0; config_key_at(&key, i); i++) {
        help_key_words(words, &key);
        if (words[0])
            fprintf(out, "        %s) compadd -- %s ;;\n", key.path, words);
    }
    fputs("        esac\n        return\n    fi\n    keys=(\n", out);
    for (size_t i = 0; config_key_at(&key, i); i++) {
        fprintf(out, "        '%s:", key.path);
        help_quoted(out, key.help, SHORT);
        fputs("'\n", out);
    }
    fputs("    )\n    _describe -t keys 'config key' keys -S =\n}\n\n", out);
}

static void begin(FILE *out)
{
    fputs("#compdef plateau\n# zsh completion for plateau; written by plateau --help=zsh\n\n", out);
    put_commands(out);
    put_keys(out);
    fputs("_plateau() {\n    local curcontext=$curcontext state line\n    typeset -A opt_args\n"
          "    _arguments -C '(- *)'{-h,--help}'[help, in short]' \\\n"
          "        '(- *)'{-V,--version}'[what this build is]' '1:command:_plateau_commands' '*:: :->rest'\n"
          "    [[ $state = rest ]] || return\n    case $words[1] in\n    help) _arguments '1:command:_plateau_commands' ;;\n",
          out);
}

/* Autoloaded by compinit, or read by `source`. */
static void end(FILE *out)
{
    fputs("    esac\n}\n\n"
          "if [[ $funcstack[1] = _plateau ]]; then\n    _plateau \"$@\"\nelse\n    compdef _plateau plateau\nfi\n", out);
}

static void put_value(FILE *out, enum help_value v, const char *words)
{
    switch (v) {
    case HELP_ANY:
        break;
    case HELP_FILE:
        fputs("_files", out);
        break;
    case HELP_JSON:
        fputs("_files -g \"*.json(-.)\"", out);
        break;
    case HELP_DIR:
        fputs("_files -/", out);
        break;
    case HELP_SETTING:
        fputs("_plateau_setting", out);
        break;
    case HELP_WORDS:
        fputs("(", out);
        for (; *words; words++) /* a colon begins the next field */
            fprintf(out, "%s%c", *words == ':' ? "\\" : "", *words);
        fputs(")", out);
        break;
    }
}

static void put_option(FILE *out, const struct args_spec *spec, const struct arg *a)
{
    char words[HELP_WORDS_MAX];
    enum help_value v = help_value_of(words, spec->command, a);
    const char *joins = a->type == ARG_FLAG ? "" : a->type == ARG_MAYBE ? "=-" : "="; /* how a value follows */
    fprintf(out, " \\\n            '%s%s%s[", a->type == ARG_LIST ? "*" : "", a->name, joins);
    help_quoted(out, a->help, SHORT);
    fputs("]", out);
    if (a->type != ARG_FLAG) {
        fprintf(out, "%s:", a->type == ARG_MAYBE ? ":" : "");
        help_quoted(out, a->metavar, SHORT);
        fputs(":", out);
        put_value(out, v, words);
    }
    fputs("'", out);
}

static void command(FILE *out, const struct args_spec *spec)
{
    char words[HELP_WORDS_MAX];
    enum help_value rest = help_positionals_of(words, spec);
    fprintf(out, "    %s)\n        _arguments", spec->command);
    for (size_t i = 0; i < spec->n_args; i++)
        put_option(out, spec, &spec->args[i]);
    fputs(" \\\n            '(- *)'{-h,--help}'[help on this command]'", out);
    if (words[0]) {
        fputs(" \\\n            '1:what:", out);
        put_value(out, HELP_WORDS, words);
        fputs("'", out);
    }
    if (rest != HELP_ANY) {
        fputs(" \\\n            '*:path:", out);
        put_value(out, rest, "");
        fputs("'", out);
    }
    fputs("\n        ;;\n", out);
}

const struct help_form help_zsh = {"zsh", begin, end, command};
