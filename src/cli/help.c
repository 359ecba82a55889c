#include "cli/help.h"

#include <string.h>

#include "cli/cmd.h"
#include "cli/lab/step_list.h"
#include "data/data.h"
#include "data/tokenisers/tokeniser.h"
#include "fit/laws/laws.h"
#include "fit/table.h"
#include "harness/config.h"
#include "kernels/kern.h"
#include "model/optim/optim.h"
#include "report/charts/kinds.h"

static const struct help_form *const forms[] = {&help_text, &help_man, &help_bash, &help_zsh, &help_fish};

enum { N_FORMS = sizeof forms / sizeof *forms };

const struct help_form *help_asked(const char *word, enum status *st, struct err *err)
{
    *st = OK;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return &help_text;
    if (strncmp(word, "--help=", 7) != 0)
        return NULL;
    for (size_t i = 0; i < N_FORMS; i++)
        if (strcmp(word + 7, forms[i]->name) == 0)
            return forms[i];
    *st = err_set(err, E_USAGE, "%s: expected text, man, bash, zsh or fish", word);
    return NULL;
}

static const struct help_command commands[] = {
#define X(name, summary) {#name, summary},
    CMD_LIST(X)
#undef X
};

struct help_command help_command_at(size_t i)
{
    return i < sizeof commands / sizeof *commands ? commands[i] : (struct help_command){0};
}

const char *help_brief(const char *command)
{
    for (size_t i = 0; help_command_at(i).name; i++)
        if (strcmp(commands[i].name, command) == 0)
            return commands[i].brief;
    return "";
}

static void add_word(char *words, const char *word)
{
    size_t used = strlen(words), n = strlen(word);
    if (used + n + 2 <= HELP_WORDS_MAX)
        snprintf(words + used, HELP_WORDS_MAX - used, "%s%s", used ? " " : "", word);
}

static void isa_words(char *words)
{
    for (enum kern_isa isa = KERN_REF; isa < KERN_ISA_COUNT; isa++)
        if (kern_isa_built(isa))
            add_word(words, kern_isa_name(isa));
}

static void count_words(char *words)
{
    for (int i = 0; i < FIT_N_COUNTS; i++)
        add_word(words, fit_count_name((enum fit_count)i));
}

static void optimizer_words(char *words)
{
    for (size_t i = 0; i < OPTIM_N_KINDS; i++)
        add_word(words, optim_kinds[i]->name);
}

#define LAW(name) #name " "
#define CHART(name, main, needs) #name " "
#define LANGUAGE(id, source, name) name " "
#define FORM(name, form, says) form " "
#define STEP(letter, name, needs, title, question) #letter " "

/* Options whose value is one of a few words, of one command or of any; option "": the first word that is no option. */
static const struct {
    const char *command, *option, *words;
    void (*list)(char *words);
} choices[] = {
    {NULL, "--isa", NULL, isa_words},
    {NULL, "--law", LAWS(LAW), NULL},
    {NULL, "--count", NULL, count_words},
    {NULL, "--objective", "huber:1e-3 lad lsq", NULL},
    {NULL, "--language", DATA_LANGUAGES(LANGUAGE), NULL},
    {NULL, "--optimizer", NULL, optimizer_words},
    {NULL, "--tokeniser", TOKENISER_KINDS(FORM), NULL},
    {NULL, "--tokenizer", TOKENISER_KINDS(FORM), NULL},
    {"chart", "--only", CHART_KINDS(CHART), NULL},
    {"chart", "--theme", "light dark", NULL},
    {"check", "--only", "scales rates", NULL},
    {"compare", "--format", "csv md latex", NULL},
    {"results", "--format", "csv json md latex", NULL},
    {"results", "--table", "cells laws parameters", NULL},
    {"export", "--format", "safetensors llm.c", NULL},
    {"lab", "", LAB_STEPS(STEP) "assignment", NULL},
};

static bool chosen(char *words, const char *command, const char *option)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (strcmp(choices[i].option, option) != 0 || (choices[i].command && strcmp(choices[i].command, command) != 0))
            continue;
        if (choices[i].list)
            choices[i].list(words);
        else
            snprintf(words, HELP_WORDS_MAX, "%s", choices[i].words);
        return true;
    }
    return false;
}

/* The words of small letters in "info|make|bigram CONFIG|PATH...", up to the first that has others. */
static void small_words(char *words, const char *form)
{
    while (*form) {
        form += strspn(form, "[]| ");
        size_t n = strcspn(form, "[]| ");
        if (n == 0 || n >= 32 || strspn(form, "abcdefghijklmnopqrstuvwxyz") != n)
            return;
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)n, form);
        add_word(words, word);
        form += n;
    }
}

enum help_value help_value_of(char *words, const char *command, const struct arg *a)
{
    words[0] = '\0';
    if (!a->metavar)
        return HELP_ANY;
    if (strcmp(a->name, "--set") == 0)
        return HELP_SETTING;
    if (chosen(words, command, a->name))
        return HELP_WORDS;
    small_words(words, a->metavar);
    if (words[0])
        return HELP_WORDS;
    if (strcmp(a->metavar, "DIR") == 0)
        return HELP_DIR;
    if (strcmp(a->metavar, "CONFIG") == 0)
        return HELP_JSON;
    return strncmp(a->metavar, "FILE", 4) == 0 || strcmp(a->metavar, "PATH") == 0 ? HELP_FILE : HELP_ANY;
}

enum help_value help_positionals_of(char *words, const struct args_spec *spec)
{
    words[0] = '\0';
    if (chosen(words, spec->command, ""))
        return HELP_ANY;
    small_words(words, spec->positionals);
    const char *rest = spec->positionals + strcspn(spec->positionals, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (*rest == '\0')
        return HELP_ANY;
    if (strcmp(rest, "DIR") == 0 || strcmp(rest, "RUN") == 0 || strcmp(rest, "RUN|DIR") == 0)
        return HELP_DIR;
    return strcmp(rest, "CONFIG") == 0 || strcmp(rest, "CONFIG]") == 0 ? HELP_JSON : HELP_FILE;
}

void help_key_words(char *words, const struct config_key *key)
{
    const char *p = key->type;
    words[0] = '\0';
    while (strstr(key->type, " | ") && *p) {
        char word[64];
        size_t n = strcspn(p, " |");
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        add_word(words, word);
        p += n;
        p += strspn(p, " |");
    }
}

void help_quoted(FILE *out, const char *text, size_t most)
{
    text += strspn(text, " ");
    const char *stop = strstr(text, ". ");
    size_t n = stop ? (size_t)(stop - text) : strlen(text);
    for (size_t i = 0; i < n && i < most && text[i]; i++)
        if (strchr("'`\"$\\[]", text[i]) == NULL)
            fputc(text[i] == '\n' ? ' ' : text[i], out);
}
