/* What --help prints, in each form that it has: text, a manual page, completions for a shell. All of them come from the
 * tables of options of the commands, the list of commands and the table of config keys, so that none can lag behind.
 *
 * `plateau COMMAND --help=FORM` prints the command's part in that form; `plateau --help=FORM` the whole, which for a shell
 * holds the parts of all commands. */
#ifndef PLATEAU_CLI_HELP_H
#define PLATEAU_CLI_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "cli/args_spec.h"

struct help_form {
    const char *name; /* "man" */
    /* The whole, before and after the commands' parts; without an end it holds none of these. */
    void (*begin)(FILE *out), (*end)(FILE *out);
    void (*command)(FILE *out, const struct args_spec *spec);
};

extern const struct help_form help_text, help_man, help_bash, help_zsh, help_fish;

/* The form that `--help` or `--help=FORM` asks for; NULL with err untouched where the word is neither, NULL with E_USAGE in
 * *st for a form that there is none of. */
const struct help_form *help_asked(const char *word, enum status *st, struct err *err);

/* What a command is for, in a line; NULL after the last command, name too. */
struct help_command {
    const char *name, *brief;
};
struct help_command help_command_at(size_t i);
const char *help_brief(const char *command);

/* What the value of an option can be. */
enum help_value {
    HELP_ANY,     /* a number or a word of the user's own */
    HELP_FILE,    /* a path */
    HELP_JSON,    /* a config: *.json, or a folder on the way to one */
    HELP_DIR,     /* a folder */
    HELP_SETTING, /* KEY=VALUE with a key of the config */
    HELP_WORDS,   /* one of a few */
};

/* Of an option of that command. words: HELP_WORDS_MAX bytes for them with a blank between two, "" where the kind is another. */
enum { HELP_WORDS_MAX = 512 };
enum help_value help_value_of(char *words, const char *command, const struct arg *a);
/* Of the words that are no options: where the first is one of a few, these are in words. */
enum help_value help_positionals_of(char *words, const struct args_spec *spec);

/* The words that a config key chooses from, with a blank between two; "" where it is no choice. */
struct config_key;
void help_key_words(char *words, const struct config_key *key);

/* text without what the shell gives a meaning to between single quotes, cut at its first sentence or at most bytes. */
void help_quoted(FILE *out, const char *text, size_t most);

#endif
