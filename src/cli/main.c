#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cmd.h"

static const struct {
    const char *name;
    cmd_fn *fn;
    const char *summary;
} commands[] = {
#define X(name, summary) {#name, cmd_##name, summary},
    CMD_LIST(X)
#undef X
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
    fprintf(out, "plateau: train small GPTs at a grid of sizes, fit scaling laws, chart the returns\n\n"
                 "usage: plateau COMMAND ... (plateau COMMAND --help for each)\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
}

static enum status unknown_command(const char *name, struct err *err)
{
    const char *best = NULL;
    size_t distance = NEAREST_MAX;
    for (size_t i = 0; i < N_COMMANDS; i++)
        nearest_consider(&best, &distance, name, commands[i].name);
    if (best)
        return err_set(err, E_USAGE, "unknown command '%s' (did you mean %s?)", name, best);
    return err_set(err, E_USAGE, "unknown command '%s' (see plateau --help)", name);
}

static enum status dispatch(int argc, char **argv, struct err *err)
{
    if (argc < 2) {
        usage(stderr);
        return err_set(err, E_USAGE, "no command given");
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(stdout);
        return OK;
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].fn(argc - 2, argv + 2, err);
    return unknown_command(name, err);
}

static void to_stderr(void *ctx, enum log_level level, const char *msg)
{
    (void)ctx;
    static const char *const prefix[] = {"", "warning: ", "error: "};
    fprintf(stderr, "%s%s\n", prefix[level], msg);
}

struct log cmd_log(void)
{
    return (struct log){.fn = to_stderr, .ctx = NULL};
}

int main(int argc, char **argv)
{
    struct err err = {0};
    enum status st = dispatch(argc, argv, &err);
    /* A full disk or a closed pipe behind stdout must not pass for success. */
    if (fflush(stdout) != 0 && st == OK)
        st = err_set(&err, E_IO, "cannot write to stdout");
    if (st != OK && err.msg[0] != '\0')
        fprintf(stderr, "plateau: %s\n", err.msg);
    return status_exit_code(st);
}
