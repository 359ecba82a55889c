#include <signal.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/serving.h"
#include "cli/text.h"

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

static enum status serve(const char *dir, const struct live_port *port, struct err *err)
{
    struct live_host *h;
    const struct sigaction sa = {.sa_handler = on_signal};
    enum status st = live_host_open(&h, dir, port, err);
    if (st == OK) {
        sigaction(SIGINT, &sa, NULL);
        sigaction(SIGTERM, &sa, NULL);
        signal(SIGPIPE, SIG_IGN);
        if (!file_exists(dir))
            text_message(stderr, "", "%s is not there yet: the page waits for it", dir);
        text_message(stderr, "", "the page of %s: %s until Ctrl-C", dir, live_host_url(h));
        live_host_serve(h, &stop_asked);
        st = err_set(err, E_INTERRUPTED, "the page of %s is no longer served", dir);
    }
    live_host_free(h);
    return st;
}

enum status cmd_serve(int argc, char **argv, struct err *err)
{
    size_t number = SIZE_MAX; /* not given */
    struct arg_list dirs;
    struct live_port port;
    bool help;
    const struct arg args[] = {
        {"--port", ARG_SIZE, &number, "P",
         "the port to listen on (default: 7357, or the next that is free); 0: any that is free"},
    };
    const struct args_spec spec = {
        .command = "serve",
        .positionals = "DIR",
        .summary = "Show a sweep's page to browsers on this machine, until Ctrl-C: how far it is, the curves as they\n"
                   "grow, what loss each run will end with, the law and the charts of the runs that have finished.\n"
                   "The sweep may be at work in another process, may have ended, or not have begun. Only this\n"
                   "machine is answered, and nothing but the folder's own page, results.csv and fit.json can be\n"
                   "asked for. From another machine: ssh -L 7357:127.0.0.1:7357 HOST, then http://127.0.0.1:7357/.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &dirs, &help, argc, argv, err);
    const struct arg_maybe given = {.given = number != SIZE_MAX, .has_value = number != SIZE_MAX, .value = number};
    if (st == OK && !help)
        st = serving_port(&port, "--port", &given, err);
    if (st == OK && !help)
        st = serve(dirs.items[0], &port, err);
    args_free(&spec, &dirs);
    return st;
}
