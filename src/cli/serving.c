#include "cli/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/text.h"

enum status serving_port(struct live_port *port, const char *option, const struct arg_maybe *maybe, struct err *err)
{
    *port = (struct live_port){.given = maybe->has_value, .number = (unsigned)maybe->value};
    if (maybe->has_value && maybe->value > 65535)
        return err_set(err, E_USAGE, "%s %zu: expected a port, 1 to 65535, or 0 for any that is free", option, maybe->value);
    return OK;
}

/* The terminal's Ctrl-C is for the sweep: this process ends with it, when the pipe is closed. */
_Noreturn static void serve(struct live_host *h, int control)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    live_host_serve_beside(h, control);
    live_host_free(h);
    _exit(0);
}

static enum status start(struct serving *s, struct live_host *h, struct err *err)
{
    int fd[2];
    if (pipe(fd) != 0)
        return err_set(err, E_IO, "cannot start the page's server: %s", strerror(errno));
    fflush(NULL); /* what is buffered is the parent's to print */
    pid_t pid = fork();
    int e = errno;
    if (pid == 0) {
        close(fd[1]);
        serve(h, fd[0]);
    }
    close(fd[0]);
    if (pid < 0) {
        close(fd[1]);
        return err_set(err, E_IO, "cannot start the page's server: %s", strerror(e));
    }
    (void)!fcntl(fd[1], F_SETFD, FD_CLOEXEC);
    *s = (struct serving){pid, fd[1]};
    text_message(stderr, "", "the sweep's page, while it runs: %s", live_host_url(h));
    return OK;
}

enum status serving_start(struct serving *s, const char *dir, const struct live_port *port, struct err *err)
{
    struct live_host *h;
    *s = (struct serving){0, -1};
    enum status st = live_host_open(&h, dir, port, err);
    if (st == OK)
        st = start(s, h, err);
    live_host_free(h);
    return st;
}

static void forget(struct serving *s)
{
    close(s->control);
    *s = (struct serving){0, -1};
}

void serving_mind(void *ctx, const struct log *log)
{
    struct serving *s = ctx;
    int ws;
    if (s->pid == 0 || waitpid(s->pid, &ws, WNOHANG) != s->pid)
        return;
    if (WIFSIGNALED(ws))
        log_msg(log, LOG_WARN, "the page's server was ended by signal %d (%s); the sweep goes on", WTERMSIG(ws),
                strsignal(WTERMSIG(ws)));
    else
        log_msg(log, LOG_WARN, "the page's server has ended with code %d; the sweep goes on", WEXITSTATUS(ws));
    forget(s);
}

void serving_end(struct serving *s, bool whole)
{
    int ws;
    if (s->pid == 0)
        return;
    signal(SIGPIPE, SIG_IGN);
    if (whole)
        (void)!write(s->control, "e", 1);
    else
        close(s->control);
    while (waitpid(s->pid, &ws, 0) < 0 && errno == EINTR)
        continue;
    if (whole)
        close(s->control);
    *s = (struct serving){0, -1};
}
