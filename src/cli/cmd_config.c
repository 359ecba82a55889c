#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/text.h"
#include "harness/config.h"

/* As wide as the longest key, and a blank. */
enum { KEY_WIDTH = 26 };

static void print_key(const struct config_key *k, size_t width)
{
    char range[64] = "", text[512];
    if (k->ranged)
        snprintf(range, sizeof range, ", %g to %g", k->min, k->max);
    snprintf(text, sizeof text, "type %s, default %s%s", k->type, k->usual, range);
    printf("%-*s ", KEY_WIDTH - 1, k->path);
    text_wrap(stdout, width, KEY_WIDTH, KEY_WIDTH, k->help);
    printf("%*s", KEY_WIDTH + 2, "");
    text_wrap(stdout, width, KEY_WIDTH + 2, KEY_WIDTH + 2, text);
}

static void print_keys(void)
{
    struct config_key key;
    size_t width = text_width(stdout, TEXT_WIDTH_MAX);
    for (size_t i = 0; config_key_at(&key, i); i++)
        print_key(&key, width);
}

enum status cmd_config(int argc, char **argv, struct err *err)
{
    bool schema = false, help;
    const struct arg args[] = {
        {"--schema", ARG_FLAG, &schema, NULL, "print a JSON Schema for editors"},
    };
    const struct args_spec spec = {
        .command = "config",
        .positionals = "",
        .summary = "Print every config key with its meaning, type, default and range.",
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    struct arg_list words;
    TRY(args_parse(&spec, &words, &help, argc, argv, err));
    if (help)
        return OK;
    if (schema)
        config_print_schema(stdout);
    else
        print_keys();
    return OK;
}
