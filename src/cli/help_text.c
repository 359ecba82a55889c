/* For a terminal: an option and beside it what it does. */
#include <stdio.h>

#include "cli/help.h"
#include "cli/text.h"

enum { HELP_WIDTH = 60 }; /* into a file or a pipe: narrow enough for half a screen, a slide, a phone */

static void whole(FILE *out)
{
    size_t width = text_width(out, HELP_WIDTH);
    text_wrap(out, width, 0, 0,
              "plateau: train small GPTs at a grid of sizes, fit scaling laws, chart the returns\n\n"
              "usage: plateau COMMAND ... (plateau COMMAND --help for each)");
    fputc('\n', out);
    struct help_command c;
    for (size_t i = 0; (c = help_command_at(i)).name; i++) {
        fprintf(out, "  %-10s ", c.name);
        text_wrap(out, width, 13, 13, c.brief);
    }
    fputc('\n', out);
    text_wrap(out, width, 0, 0, "--help=man prints a manual page, --help=bash, zsh or fish completions for that shell");
}

/* The help of an option stands beside it, or below where the option is long or the lines are short. */
static void print_option(FILE *out, const struct arg *a, size_t width)
{
    size_t indent = width < 70 ? 18 : 26;
    int wrote = fprintf(out, "  %s%s%s", a->name, a->metavar ? " " : "", a->metavar ? a->metavar : "");
    size_t at = wrote > 0 ? (size_t)wrote : 0;
    if (at + 2 > indent) {
        fprintf(out, "\n");
        at = 0;
    }
    fprintf(out, "%*s", (int)(indent - at), "");
    text_wrap(out, width, indent, indent, a->help);
}

static void command(FILE *out, const struct args_spec *spec)
{
    size_t width = text_width(out, HELP_WIDTH);
    int wrote = fprintf(out, "usage: plateau %s", spec->command);
    char rest[256];
    snprintf(rest, sizeof rest, "%s%s", spec->positionals, spec->n_args ? " [options]" : "");
    if (rest[0])
        fprintf(out, " ");
    text_wrap(out, width, (size_t)wrote + 1, 7, rest);
    fprintf(out, "\n");
    text_wrap(out, width, 0, 0, spec->summary);
    if (spec->n_args)
        fprintf(out, "\n");
    for (size_t i = 0; i < spec->n_args; i++)
        print_option(out, &spec->args[i], width);
}

const struct help_form help_text = {"text", whole, NULL, command};
