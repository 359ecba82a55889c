#include "cli/args.h"
#include "cli/cmd.h"
#include "harness/config.h"

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
        config_print_keys(stdout);
    return OK;
}
