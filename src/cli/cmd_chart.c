#include <stdio.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/verdict.h"

static enum status draw(const char *dir, const char *out, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct config c;
    config_init(&c);
    enum status st = config_load_sweep(&c, dir, err);
    if (st == OK)
        st = file_join(path, sizeof path, out ? out : dir, out ? "" : "charts", err);
    if (st == OK)
        st = verdict_charts(dir, path, &c, err);
    config_free(&c);
    return st;
}

enum status cmd_chart(int argc, char **argv, struct err *err)
{
    const char *out = NULL;
    struct arg_list dirs;
    bool help;
    const struct arg args[] = {
        {"--out", ARG_STRING, &out, "DIR", "where the charts go (default DIR/charts of the sweep)"},
    };
    const struct args_spec spec = {
        .command = "chart",
        .positionals = "DIR",
        .summary = "Draw every chart that the runs of a sweep support, as PNG and SVG: training curves,\n"
                   "loss against tokens and against size, IsoFLOP profiles, excess over the floor, and\n"
                   "returns against compute.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &dirs, &help, argc, argv, err);
    if (st == OK && !help)
        st = draw(dirs.items[0], out, err);
    args_free(&spec, &dirs);
    return st;
}
