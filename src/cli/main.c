#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_memory.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/text.h"

static const struct command {
    const char *name;
    cmd_fn *fn;
} commands[] = {
#define X(name, summary) {#name, cmd_##name},
    CMD_LIST(X)
#undef X
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

/* What people try that come from other tools, or that ask for something by its plain name. */
static const struct {
    const char *word, *hint;
} other_words[] = {
    {"run", "plateau sweep CONFIG trains a grid, plateau train CONFIG one run"},
    {"start", "plateau sweep CONFIG trains a grid, plateau train CONFIG one run"},
    {"resume", "the command that began a sweep also goes on with it: plateau sweep CONFIG"},
    {"continue", "the command that began a sweep also goes on with it: plateau sweep CONFIG"},
    {"plot", "plateau chart DIR draws the charts"},
    {"graph", "plateau chart DIR draws the charts"},
    {"charts", "plateau chart DIR draws the charts"},
    {"show", "plateau status DIR shows how far a sweep is, plateau fit DIR its laws and verdict"},
    {"convert", "plateau export RUN --format safetensors"},
    {"generate", "plateau sample RUN writes words"},
    {"ls", "plateau status DIR lists the runs of a sweep"},
    {"list", "plateau status DIR lists the runs of a sweep"},
    {"test", "plateau bench measures the machine; ./scripts/test runs the tests"},
    {"benchmark", "plateau bench measures the machine"},
    {"info", "plateau version describes this build, plateau data info a corpus or a language"},
    {"init", "plateau config prints every key; configs/ has examples"},
    {"demo", "./scripts/demo builds and runs the demo; plateau sweep configs/demo.json is its sweep"},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static enum status unknown_command(const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++)
        if (strcmp(name, other_words[i].word) == 0)
            return err_set(err, E_USAGE, "unknown command '%s': %s", name, other_words[i].hint);
    const char *best = NULL;
    size_t distance = NEAREST_MAX;
    for (size_t i = 0; i < N_COMMANDS; i++)
        nearest_consider(&best, &distance, name, commands[i].name);
    if (best)
        return err_set(err, E_USAGE, "unknown command '%s' (did you mean %s?)", name, best);
    if (file_exists(name))
        return err_set(err, E_USAGE,
                       "no command given before '%s' (a config: plateau sweep, a sweep's folder: plateau status, a table: "
                       "plateau fit)",
                       name);
    return err_set(err, E_USAGE, "unknown command '%s' (see plateau --help)", name);
}

/* help COMMAND */
static enum status help(int argc, char **argv, struct err *err)
{
    char word[] = "--help", *ask[] = {word, NULL};
    if (argc == 0) {
        help_text.begin(stdout);
        return OK;
    }
    const struct command *c = find_command(argv[0]);
    return c ? c->fn(1, ask, err) : unknown_command(argv[0], err);
}

/* The whole in one form, with the parts of all commands where it has these: each knows its options alone. */
static enum status help_as(const struct help_form *form, char *word, struct err *err)
{
    char *ask[] = {word, NULL};
    form->begin(stdout);
    for (size_t i = 0; form->end && i < N_COMMANDS; i++)
        TRY(commands[i].fn(1, ask, err));
    if (form->end)
        form->end(stdout);
    return OK;
}

static enum status dispatch(int argc, char **argv, struct err *err)
{
    if (argc < 2) {
        help_text.begin(stderr);
        return err_set(err, E_USAGE, "no command given");
    }
    const char *name = argv[1];
    enum status st;
    const struct help_form *form = help_asked(name, &st, err);
    if (st != OK)
        return st;
    if (form && form != &help_text)
        return help_as(form, argv[1], err);
    if (form || strcmp(name, "help") == 0)
        return help(argc - 2, argv + 2, err);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const struct command *c = find_command(name);
    return c ? c->fn(argc - 2, argv + 2, err) : unknown_command(name, err);
}

static void to_stderr(void *ctx, enum log_level level, const char *msg)
{
    (void)ctx;
    static const char *const prefix[] = {"", "warning: ", "error: "};
    text_message(stderr, prefix[level], "%s", msg);
}

struct log cmd_log(void)
{
    return (struct log){.fn = to_stderr, .ctx = NULL};
}

static const char *program = "plateau"; /* set once, before anything else */

const char *cmd_program(void)
{
    return program;
}

/* A descriptor of 0, 1 or 2 that is closed would be given to the next file that is opened, and what is printed would
 * land in it. In its place stands one that can only be used the wrong way round, and so fails as a closed one does. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return;
}

/* What goes to a file or a pipe is written at the end, where the reason of a failure can still be told: a stream
 * remembers that a write failed, but not why. */
static void buffer_stdout(void)
{
    static char buffer[1 << 20];
    if (!isatty(STDOUT_FILENO))
        (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

/* A full disk or a closed pipe behind stdout must not pass for success. */
static enum status finish_stdout(struct err *err)
{
    bool failed = ferror(stdout);
    errno = 0;
    failed |= fflush(stdout) != 0;
    int reason = errno;
    if (fclose(stdout) != 0) {
        failed = true;
        reason = reason ? reason : errno;
    }
    if (!failed)
        return OK;
    return err_set(err, E_IO, "cannot write to stdout: %s", reason ? strerror(reason) : "not all could be written");
}

int main(int argc, char **argv)
{
    struct err err = {0}, later = {0};
    if (argc > 0)
        program = argv[0];
    json_memory_watch();
    hold_standard_streams();
    buffer_stdout();
    /* A limit on the size of files is an error of the write that meets it, not the end of the process. */
    signal(SIGXFSZ, SIG_IGN);
    enum status st = dispatch(argc, argv, &err), out = finish_stdout(&later);
    if (st == OK && out != OK) {
        st = out;
        err = later;
    }
    utf8_make_plain(err.msg); /* one line, whatever a file or an option held that it quotes */
    if (st == E_INTERRUPTED) /* ends with a command to copy, which stays in one piece */
        fprintf(stderr, "plateau: %s\n", err.msg);
    else if (st != OK && err.msg[0] != '\0')
        text_message(stderr, "plateau: ", "%s", err.msg);
    return status_exit_code(st);
}
