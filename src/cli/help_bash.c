/* Completions for bash 3.2 and later, with or without the package bash-completion. */
#include <stdio.h>

#include "cli/help.h"
#include "harness/config.h"

static const char *const kinds[] = {
    [HELP_ANY] = "any", [HELP_FILE] = "file",       [HELP_JSON] = "json",
    [HELP_DIR] = "dir", [HELP_SETTING] = "setting", [HELP_WORDS] = "words",
};

/* Where = ends a word for readline (COMP_WORDBREAKS), a setting comes in pieces, and only the last piece is replaced. */
static const char helpers[] =
    "# bash completion for plateau; written by plateau --help=bash\n"
    "\n"
    "_plateau_words() { # those of $1 that begin with $cur, with $2 after them\n"
    "    local word\n"
    "    for word in $1; do\n"
    "        [[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$word$2\")\n"
    "    done\n"
    "}\n"
    "\n"
    "_plateau_paths() { # -f or -d, and a pattern for the files\n"
    "    local path\n"
    "    while IFS= read -r path; do\n"
    "        [[ $1 = -d || -d $path || $path == $2 ]] && COMPREPLY+=(\"$path\")\n"
    "    done < <(compgen \"$1\" -- \"$cur\")\n"
    "    type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null\n"
    "}\n"
    "\n"
    "_plateau_value() { # by what it can be\n"
    "    case $1 in\n"
    "    file) _plateau_paths -f '*' ;;\n"
    "    json) _plateau_paths -f '*.json' ;;\n"
    "    dir) _plateau_paths -d ;;\n"
    "    setting) _plateau_setting ;;\n"
    "    words) _plateau_words \"$2\" ' ' ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_plateau_setting() { # KEY=VALUE\n"
    "    local key=${cur%%=*} of\n"
    "    if [[ $cur != *=* ]]; then\n"
    "        _plateau_words \"$_plateau_keys\" =\n"
    "        return\n"
    "    fi\n"
    "    head+=$key= cur=${cur#*=}\n"
    "    _plateau_key \"$key\"\n"
    "    _plateau_words \"$of\" ' '\n"
    "}\n"
    "\n";

static const char tail[] =
    "    *) rest=any first= options= ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_plateau() {\n"
    "    local IFS=$' \\t\\n' word cur prev command= head= first rest value options n=0 i\n"
    "    local words\n"
    "    words=()\n"
    "    COMPREPLY=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if ((n > 0)) && [[ $word == =* || ${words[n - 1]} == *= ]]; then\n"
    "            words[n - 1]+=$word\n"
    "        else\n"
    "            words[n++]=$word\n"
    "        fi\n"
    "    done\n"
    "    cur=${words[n - 1]} prev=\n"
    "    ((n < 2)) || prev=${words[n - 2]}\n"
    "    for ((i = 1; i < n - 1; i++)); do\n"
    "        [[ ${words[i]} == -* ]] || { command=${words[i]}; break; }\n"
    "    done\n"
    "    if [ -z \"$command\" ]; then\n"
    "        _plateau_words \"$_plateau_commands --help --version\" ' '\n"
    "    elif [ \"$command\" = help ]; then\n"
    "        _plateau_words \"$_plateau_commands\" ' '\n"
    "    else\n"
    "        if [[ $cur == --*=* ]]; then\n"
    "            prev=${cur%%=*} head=$prev= cur=${cur#*=}\n"
    "        fi\n"
    "        _plateau_command \"$command\" \"$prev\"\n"
    "        if [ \"$value\" != none ]; then\n"
    "            _plateau_value \"$value\" \"$first\"\n"
    "        elif [[ $cur == -* ]]; then\n"
    "            _plateau_words \"$options --help\" ' '\n"
    "        elif [ \"$prev\" = \"$command\" ] && [ -n \"$first\" ]; then\n"
    "            _plateau_words \"$first\" ' '\n"
    "        else\n"
    "            _plateau_value \"$rest\"\n"
    "        fi\n"
    "    fi\n"
    "    [[ $COMP_WORDBREAKS == *=* ]] && head=\n"
    "    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do\n"
    "        COMPREPLY[i]=$head${COMPREPLY[i]}\n"
    "    done\n"
    "}\n"
    "complete -o nospace -F _plateau plateau\n";

/* The keys, and what each chooses from. */
static void put_keys(FILE *out)
{
    struct config_key key;
    char words[HELP_WORDS_MAX];
    fputs("_plateau_keys='", out);
    for (size_t i = 0; config_key_at(&key, i); i++)
        fprintf(out, "%s%s", i ? " " : "", key.path);
    fputs("'\n\n_plateau_key() { # what the key $1 chooses from, in $of\n    case $1 in\n", out);
    for (size_t i = 0; config_key_at(&key, i); i++) {
        help_key_words(words, &key);
        if (words[0])
            fprintf(out, "    %s) of='%s' ;;\n", key.path, words);
    }
    fputs("    *) of= ;;\n    esac\n}\n\n", out);
}

static void begin(FILE *out)
{
    struct help_command c;
    fputs(helpers, out);
    fputs("_plateau_commands='help", out);
    for (size_t i = 0; (c = help_command_at(i)).name; i++)
        fprintf(out, " %s", c.name);
    fputs("'\n", out);
    put_keys(out);
    fputs("# Of the command $1: its options, the words that come first, what else there is; of its option $2 what the value is,\n"
          "# none where it has none.\n"
          "_plateau_command() {\n    value=none\n    case $1 in\n", out);
}

static void end(FILE *out)
{
    fputs(tail, out);
}

static void put_option_value(FILE *out, const struct args_spec *spec, const struct arg *a)
{
    char words[HELP_WORDS_MAX];
    enum help_value v = help_value_of(words, spec->command, a);
    if (a->type == ARG_FLAG || a->type == ARG_MAYBE)
        return;
    fprintf(out, "        %s) value=%s", a->name, kinds[v]);
    if (v == HELP_WORDS)
        fprintf(out, " first='%s'", words);
    fputs(" ;;\n", out);
}

static void command(FILE *out, const struct args_spec *spec)
{
    char words[HELP_WORDS_MAX];
    enum help_value rest = help_positionals_of(words, spec);
    fprintf(out, "    %s)\n        rest=%s first='%s' options='", spec->command, kinds[rest], words);
    for (size_t i = 0; i < spec->n_args; i++)
        fprintf(out, "%s%s", i ? " " : "", spec->args[i].name);
    fputs("'\n        case $2 in\n", out);
    for (size_t i = 0; i < spec->n_args; i++)
        put_option_value(out, spec, &spec->args[i]);
    fputs("        esac\n        ;;\n", out);
}

const struct help_form help_bash = {"bash", begin, end, command};
