/* A manual page in roff's man macros, as every man(1) and mandoc(1) reads it. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

enum { LINE = 72 }; /* of the source; what is read is filled anew */

/* One word: a hyphen that can be copied, and nothing that roff or its fonts would take for something else. */
static size_t put_word(FILE *out, const char *word, size_t n, bool first)
{
    if (first && (word[0] == '.' || word[0] == '\''))
        fputs("\\&", out);
    static const char plain[] = "-\\'`^~\"", *const as[] = {"\\-", "\\e", "\\(aq", "\\(ga", "\\(ha", "\\(ti", "\\(dq"};
    for (size_t i = 0; i < n; i++) {
        const char *found = strchr(plain, word[i]);
        if (found)
            fputs(as[found - plain], out);
        else
            fputc(word[i], out);
    }
    return n;
}

/* A text in lines, the first of which has `at` columns already; two newlines end a paragraph, which begins anew with
 * `paragraph`. */
static void put_text_at(FILE *out, size_t at, const char *paragraph, const char *text)
{
    for (bool first = true;; first = false) {
        size_t blank = strspn(text, " \n"), n = strcspn(text + blank, " \n");
        bool ends = strstr(text, "\n\n") && strstr(text, "\n\n") < text + blank;
        text += blank;
        if (n == 0)
            break;
        if (ends && at > 0)
            fprintf(out, "\n%s\n", paragraph);
        else if (!first)
            fputc(at + 1 + n > LINE ? '\n' : ' ', out);
        if (ends || at + 1 + n > LINE)
            at = 0;
        at += put_word(out, text, n, at == 0) + 1;
        text += n;
    }
    fputc('\n', out);
}

static void put_text(FILE *out, const char *paragraph, const char *text)
{
    put_text_at(out, 0, paragraph, text);
}

static void head(FILE *out, const char *command, const char *brief)
{
    fprintf(out, ".\\\" written by plateau%s%s --help=man\n.TH PLATEAU", *command ? " " : "", command);
    for (const char *p = command; *p; p++)
        fprintf(out, "%s%c", p == command ? "\\-" : "", *p - 'a' + 'A');
    fprintf(out, " 1 %s \"plateau %s\" \"plateau\"\n.SH NAME\nplateau%s%s \\- ", PLATEAU_RELEASED, PLATEAU_VERSION,
            *command ? "\\-" : "", command);
    put_text_at(out, strlen("plateau\\- \\- ") + strlen(command), ".PP", brief);
}

static void exit_status(FILE *out)
{
    static const struct {
        int code;
        const char *means;
    } codes[] = {
        {0, "done"},
        {1, "some run failed, or a check did not hold"},
        {2, "wrong usage, config or data: the message names file, key or line and the reason, and nothing was written"},
        {3, "the system refused: a full disk, no permission, no memory"},
        {130, "interrupted; all that was done is kept, and the same command goes on with it"},
    };
    fputs(".SH EXIT STATUS\n", out);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        fprintf(out, ".TP\n.B %d\n", codes[i].code);
        put_text(out, ".IP", codes[i].means);
    }
}

static void whole(FILE *out)
{
    struct help_command c;
    head(out, "", "train small GPTs at a grid of sizes, fit scaling laws, chart the returns");
    fputs(".SH SYNOPSIS\n.B plateau\n.I COMMAND\n.RI [ options ]\n.br\n.B plateau\n.I COMMAND\n.B \\-\\-help\n"
          ".br\n.B plateau \\-\\-version\n.SH DESCRIPTION\n", out);
    put_text(out, ".PP",
             "Do returns from scale flatten, or does a power law only look flat? plateau trains a grid of small GPT models on this "
             "machine's processor, logs the loss of every run, fits scaling laws to the runs and charts where returns sink under "
             "the noise. Every number carries an interval.\n\n"
             "Some minutes on a language whose floor is known, and what was found:");
    fputs(".PP\n.nf\n.RS\nplateau sweep " PLATEAU_DOCDIR "/configs/demo.json\n.RE\n.fi\n.SH COMMANDS\n", out);
    for (size_t i = 0; (c = help_command_at(i)).name; i++) {
        fprintf(out, ".TP\n.BR plateau\\-%s (1)\n", c.name);
        put_text(out, ".IP", c.brief);
    }
    fputs(".SH OPTIONS\n.TP\n.BR \\-h \", \" \\-\\-help\n", out);
    put_text(out, ".IP", "Help, in short. --help=man as a manual page, --help=bash, --help=zsh or --help=fish as "
                         "completions for that shell.");
    fputs(".TP\n.BR \\-V \", \" \\-\\-version\n", out);
    put_text(out, ".IP", "What this build is, as plateau version.");
    exit_status(out);
    fputs(".SH FILES\n.TP\n.I runs/NAME\n", out);
    put_text(out, ".IP",
             "What a sweep leaves behind, below the folder that it was called in: results.csv, fit.json, charts, report.html and a "
             "folder for each run.");
    fputs(".TP\n.I " PLATEAU_DOCDIR "\n", out);
    put_text(out, ".IP", "The documentation, README.md first, and configs to begin with.");
}

static void option(FILE *out, const struct arg *a)
{
    fputs(".TP\n.B ", out);
    put_word(out, a->name, strlen(a->name), true);
    if (a->metavar) {
        fputs(" \\fI", out);
        put_word(out, a->metavar, strlen(a->metavar), false);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_text(out, ".IP", a->help);
}

static void command(FILE *out, const struct args_spec *spec)
{
    head(out, spec->command, help_brief(spec->command));
    fprintf(out, ".SH SYNOPSIS\n.B plateau %s\n", spec->command);
    if (spec->positionals[0]) { /* what stands after the dots is no end of a sentence */
        fputs(".I ", out);
        put_word(out, spec->positionals, strlen(spec->positionals), true);
        fputs("\\&\n", out);
    }
    if (spec->n_args)
        fputs(".RI [ options ]\n", out);
    fputs(".SH DESCRIPTION\n", out);
    put_text(out, ".PP", spec->summary);
    if (spec->n_args)
        fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < spec->n_args; i++)
        option(out, &spec->args[i]);
    exit_status(out);
    fputs(".SH SEE ALSO\n.BR plateau (1)\n", out);
}

const struct help_form help_man = {"man", whole, NULL, command};
