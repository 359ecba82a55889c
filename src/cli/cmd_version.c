#include <stdio.h>

#include "cli/args.h"
#include "cli/cmd.h"

enum status cmd_version(int argc, char **argv, struct err *err)
{
    const struct args_spec spec = {.command = "version",
                                   .positionals = "",
                                   .summary = "Print the version and what this build can do."};
    struct arg_list words;
    bool help;
    TRY(args_parse(&spec, &words, &help, argc, argv, err));
    if (!help)
        printf("plateau %s\n", PLATEAU_VERSION);
    return OK;
}
